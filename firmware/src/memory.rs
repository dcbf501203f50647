//! The RAM that no variable takes: frames and activations from below, the stack from above; and the model's flash.

use core::{ptr, slice};
use cortex_m::register::msp;

/// The stack's share of the RAM, in bytes. The rest is for frames and activations.
pub(crate) const STACK: usize = 2048;

/// What cortex-m-rt paints the RAM with before the program starts.
const PAINT: u32 = cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    static mut __sheap: u8;
    static _ram_start: u8;
    static _stack_start: u8;
    static _model_start: u8;
    static _model_end: u8;
}

/// All RAM between the variables and the stack's share.
/// # Safety
/// Call it once: the slice has no other owner.
pub(crate) unsafe fn arena() -> &'static mut [u8] {
    let start = &raw mut __sheap;
    let end = (&raw const _stack_start).addr() - STACK;
    // SAFETY: the linker places nothing between `__sheap` and `_stack_start`, the stack stays within its share, and the
    // bytes were painted at the start, so they are initialized.
    unsafe { slice::from_raw_parts_mut(start, end.saturating_sub(start.addr())) }
}

/// The bytes of the model's region.
pub(crate) fn model() -> &'static [u8] {
    let start = &raw const _model_start;
    let len = (&raw const _model_end).addr() - start.addr();
    // SAFETY: the linker script's region is flash that exists and that nothing writes while the program runs.
    unsafe { slice::from_raw_parts(start, len) }
}

/// Bytes of variables with a fixed place.
pub(crate) fn statics() -> usize {
    (&raw const __sheap).addr() - (&raw const _ram_start).addr()
}

/// The deepest that the stack has been, in bytes: what is no longer painted.
pub(crate) fn stack_used() -> usize {
    let top = (&raw const _stack_start).addr();
    let mut word = top - STACK;
    // SAFETY: a read within the stack's share, which nothing else writes below the stack pointer.
    while word < msp::read() as usize && unsafe { ptr::with_exposed_provenance::<u32>(word).read_volatile() } == PAINT {
        word += 4;
    }
    top - word
}
