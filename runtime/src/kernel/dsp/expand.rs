//! The inputs in the form that the multiplications take: pairs of 16-bit numbers, counted from 0 to 255.
//!
//! Of each four inputs, the first and the third make one pair, the second and the fourth another: that is what UXTB16 gives.

#![allow(unsafe_code)]

use crate::kernel::chunks::{chunks, filled};
use core::arch::naked_asm;

/// A pair that is not zero, after the place of its weights: bytes from the start of a tile.
pub(super) type Place = [u32; 2];

/// The next four inputs of the r1 inputs that are left at r0, counted from 0, to r4; those that are missing count as 0. Goes to
/// 9 where none are left.
macro_rules! next_four {
    () => {
        r"
        1:
        subs r1, #4
        blo 8f
        ldr r4, [r0], #4
        eor r4, #0x80808080
        2:
        "
    };
}

/// The end of a loop that began with [`next_four`].
macro_rules! last_inputs {
    () => {
        r"
        b 1b
        8:
        adds r1, #4
        beq 9f
        movs r4, #0
        7:
        subs r1, #1
        ldrb r12, [r0, r1]
        eor r12, #0x80
        orr r4, r12, r4, lsl #8
        bne 7b
        b 2b
        9:
        "
    };
}

/// Writes both pairs of each four inputs.
#[unsafe(naked)]
unsafe extern "C" fn write_pairs(input: *const i8, count: usize, work: *mut u32) {
    naked_asm!(
        ".arch armv7e-m",
        "push {r4, lr}",
        next_four!(),
        "uxtb16 r3, r4",
        "uxtb16 r4, r4, ror #8",
        "stm r2!, {r3, r4}",
        last_inputs!(),
        "pop {r4, pc}",
        options(raw)
    )
}

/// Writes the pairs that are not zero, as far as there is room before `end`, a multiple of eight bytes after `work`. The weights
/// of a pair take `step` bytes. Gives the end of what was written; null where the room is too small.
#[unsafe(naked)]
unsafe extern "C" fn write_nonzero(
    input: *const i8,
    count: usize,
    work: *mut u32,
    end: *mut u32,
    step: usize,
) -> *mut u32 {
    naked_asm!(
        ".arch armv7e-m",
        "push {r4-r7, lr}",
        "ldr r7, [sp, #20]",
        "movs r5, #0",
        next_four!(),
        "cbz r4, 4f",
        "uxtb16 r6, r4",
        "cbz r6, 3f",
        "cmp r2, r3",
        "beq 5f",
        "stm r2!, {r5, r6}",
        "3:",
        "uxtb16 r6, r4, ror #8",
        "cbz r6, 4f",
        "cmp r2, r3",
        "beq 5f",
        "add r12, r5, r7",
        "str r12, [r2], #4",
        "str r6, [r2], #4",
        "4:",
        "add r5, r5, r7, lsl #1",
        last_inputs!(),
        "mov r0, r2",
        "pop {r4-r7, pc}",
        "5:",
        "movs r0, #0",
        "pop {r4-r7, pc}",
        options(raw)
    )
}

/// Writes the pairs of the inputs, filled up to a multiple of `step` (of four), to the front of `work`; `None` where they do not
/// fit.
pub(super) fn pairs<'a>(input: &[i8], step: usize, work: &'a mut [u32]) -> Option<&'a mut [u32]> {
    let work = work.get_mut(..filled(input.len(), step) / 2)?;
    if step > 4 {
        // Four more than there are inputs.
        for pair in work.iter_mut().rev().take(2) {
            *pair = 0;
        }
    }
    // SAFETY: the function reads the inputs and writes two words for each four of them and for those after the last four.
    unsafe { write_pairs(input.as_ptr(), input.len(), work.as_mut_ptr()) }
    Some(work)
}

/// The inputs of a layer as its tiles read them.
#[derive(Clone, Copy)]
pub(super) enum Inputs<'a> {
    /// As they come.
    Bytes,
    /// All pairs.
    Pairs(&'a [u32]),
    /// The pairs that are not zero.
    Nonzero(&'a [Place]),
}

impl<'a> Inputs<'a> {
    /// The form in which the tiles are evaluated fastest; the weights of a pair take `step` bytes in a tile. A place costs 15
    /// instructions where one of all pairs costs 13.75, so that more than seven eighths of them are never listed; where there
    /// is less room than that, half of them at least.
    pub(super) fn new(input: &[i8], step: usize, work: &'a mut [u32]) -> Self {
        let most = work.len().min(input.len() - input.len() / 8);
        let places = work.get_mut(..most).unwrap_or_default().as_chunks_mut::<2>().0.as_mut_ptr_range();
        // SAFETY: the function reads the inputs, and writes from the start of the places on and not beyond their end.
        let end = unsafe { write_nonzero(input.as_ptr(), input.len(), places.start.cast(), places.end.cast(), step) };
        if end.is_null() {
            return pairs(input, 4, work).map_or(Self::Bytes, |pairs| Self::Pairs(pairs));
        }
        let count = (end.addr() - places.start.addr()) / size_of::<Place>();
        Self::Nonzero(work.as_chunks().0.get(..count).unwrap_or_default())
    }
}

/// The sum of all inputs.
pub(super) fn sum(input: &[i8], inputs: Inputs<'_>) -> i32 {
    /// 256 pairs sum to less than 2^16 in each half.
    const PAIRS: usize = 256;
    let halves = |pairs: u32| ((pairs & 0xffff) as i32).wrapping_add((pairs >> 16) as i32);
    match inputs {
        Inputs::Pairs(pairs) => chunks::<PAIRS, _>(pairs).fold(0, |sum: i32, chunk| {
            sum.wrapping_add(halves(chunk.iter().fold(0, |sum: u32, &pair| sum.wrapping_add(pair))))
        }),
        Inputs::Nonzero(places) => places.iter().fold(0, |sum: i32, &[_, pair]| sum.wrapping_add(halves(pair))),
        Inputs::Bytes => input.iter().fold(0, |sum: i32, &x| sum.wrapping_add(i32::from(x) + 128)),
    }
}
