//! What the programs share: their start, the words that they print, and the data that the host puts beside them.
#![no_std]

use core::arch::asm;
use core::fmt::{self, Write};
use core::slice;

unsafe extern "C" {
    static stack_start: u32;
    static ram_start: u32;
    static data_start: u8;
    fn bare_main();
}

/// The first stack pointer, and the entry point.
#[repr(C)]
pub struct Vectors(&'static u32, extern "C" fn() -> !);

#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: Vectors = Vectors(unsafe { &stack_start }, start);

#[unsafe(no_mangle)]
extern "C" fn start() -> ! {
    #[cfg(target_abi = "eabihf")]
    // SAFETY: the FPU's access bits, before the first instruction that needs it.
    unsafe {
        (0xe000_ed88 as *mut u32).write_volatile(0xf << 20);
        asm!("dsb", "isb");
    }
    // SAFETY: every program has this function.
    unsafe { bare_main() };
    exit(0)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(1)
}

/// Ends the emulation (semihosting's SYS_EXIT_EXTENDED, reason "application exit").
pub fn exit(code: u32) -> ! {
    let block = [0x0002_0026, code];
    // SAFETY: it reads the block and does not return.
    unsafe { asm!("bkpt #0xab", in("r0") 0x20, in("r1") &raw const block) };
    loop {}
}

/// Prints on the host (semihosting's SYS_WRITEC).
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: it reads the byte.
            unsafe { asm!("bkpt #0xab", inout("r0") 3 => _, in("r1") &raw const byte) };
        }
        Ok(())
    }
}

/// The bytes that the host has loaded, in two parts: after four words, of which the first two are their lengths in bytes.
/// The first part is filled up to a multiple of 16.
pub fn data() -> (&'static [u8], &'static [u8]) {
    let start = &raw const data_start;
    // SAFETY: the host puts the words and so many bytes there, in flash that nothing writes.
    unsafe {
        let [first, second] = start.cast::<[usize; 2]>().read();
        let begin = start.add(16);
        (slice::from_raw_parts(begin, first), slice::from_raw_parts(begin.add(first.next_multiple_of(16)), second))
    }
}

/// What the other two of the words say of the scratch that a model is evaluated in: whether it is the least, and the elements that are
/// added to it.
pub fn scratch() -> (bool, isize) {
    let words = (&raw const data_start).cast::<isize>();
    // SAFETY: as in `data`.
    let [least, added] = unsafe { words.add(2).cast::<[isize; 2]>().read() };
    (least != 0, added)
}

/// What is measured begins.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn begin() {
    // SAFETY: it does nothing.
    unsafe { core::arch::asm!("nop") };
}

/// What is measured ends.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn end() {
    // SAFETY: it does nothing, and is not the same function as the other.
    unsafe { core::arch::asm!("nop", "nop") };
}

/// Memory for `N` elements from the start of the RAM on.
/// # Safety
/// Call it once. There are so many elements below the stack, and any bits are an element.
pub unsafe fn memory<T>(count: usize) -> &'static mut [T] {
    let start = (&raw const ram_start).cast_mut().cast::<T>();
    // SAFETY: the programs have no variables with a fixed place.
    unsafe {
        start.write_bytes(0, count);
        slice::from_raw_parts_mut(start, count)
    }
}

/// The words of the stack below the caller that may be used, at most.
const WORDS: usize = 1024;
const PAINT: u32 = 0xa5a5_5a5a;

/// Runs `work` on painted stack; gives the bytes of it that were used.
#[inline(never)]
pub fn stack_of(work: impl FnOnce()) -> usize {
    let top: *mut u32;
    // SAFETY: it reads the stack pointer.
    unsafe { asm!("mov {}, sp", out(reg) top) };
    let word = |index: usize| top.wrapping_sub(1 + index);
    for index in 0..WORDS {
        // SAFETY: RAM below the stack pointer, which nothing uses now.
        unsafe { word(index).write_volatile(PAINT) };
    }
    work();
    // SAFETY: as above.
    let touched = |index: &usize| unsafe { word(*index).read_volatile() } != PAINT;
    4 * (0..WORDS).rev().find(touched).map_or(0, |index| index + 1)
}
