//! The sums of products of int4 weights and unsigned inputs, for tiles of eight rows, with plain multiplications.
//!
//! A word holds the weights of four rows and two inputs, a digit of four bits for each. The highest digit's sign is turned, so that
//! all digits are weights and 8. A digit of both inputs, masked, takes one multiplication for two products (see
//! [`pairs`](super::pairs)); eight pairs of inputs sum up to less than 2^16, then the upper half is added to the row's sum.

#![allow(unsafe_code)]

use super::pairs::{pairs, quad};
use crate::kernel::{aligned, numbers};
use core::arch::naked_asm;

/// The bytes of a tile's weights for each pair of inputs.
const STEP: usize = 8;

/// Adds the sums of the digits for the pairs from `input` up to `end`, not none.
///
/// A pair of inputs takes 21 instructions for eight products of four rows, and eight pairs 35 more.
#[cfg(thumbnet_armv6m)]
#[unsafe(naked)]
unsafe extern "C" fn eight(weights: *const u8, input: *const u32, end: *const u32, sums: *mut [i32; 8]) {
    naked_asm!(
        r"
        .macro digit sum
        mov r0, r3
        ands r0, r1
        muls r0, r2, r0
        add \sum, r0
        .endm
        .macro pair index
        ldr r2, [r4, #(4 * \index)]
        ldr r1, [r5, #(8 * \index)]
        eors r1, r6
        digit r8
        lsrs r1, r1, #4
        digit r9
        lsrs r1, r1, #4
        digit r10
        lsrs r1, r1, #4
        ands r1, r3
        muls r1, r2, r1
        add r11, r1
        .endm
        .macro row sum
        mov r0, \sum
        lsrs r0, r0, #16
        ldr r1, [r2]
        adds r0, r0, r1
        stm r2!, {r0}
        .endm
        push {r4-r7, lr}
        mov r4, r8
        mov r5, r9
        mov r6, r10
        mov r7, r11
        push {r2, r4-r7}
        mov r12, r3
        mov r5, r0
        mov r4, r1
        movs r3, #15
        lsls r0, r3, #16
        orrs r3, r0
        movs r6, #1
        lsls r6, r6, #31
        lsrs r0, r6, #16
        orrs r6, r0
        movs r0, #0
        mov r8, r0
        mov r9, r0
        mov r10, r0
        mov r11, r0
        // The first turn takes what leaves whole turns of eight pairs: it starts so many pairs before the first.
        subs r2, r1, r2
        movs r0, #28
        ands r0, r2
        subs r4, r4, r0
        lsls r1, r0, #1
        subs r5, r5, r1
        lsrs r0, r0, #2
        movs r1, #42
        muls r0, r1, r0
        adr r7, 3f
        adds r7, #1
        adds r7, r7, r0
        2:
        blx r7
        adds r5, #4
        blx r7
        adds r4, #32
        adds r5, #60
        mov r0, r12
        subs r0, #32
        mov r12, r0
        adr r7, 3f
        adds r7, #1
        ldr r0, [sp]
        cmp r4, r0
        bne 2b
        pop {r0, r4-r7}
        mov r8, r4
        mov r9, r5
        mov r10, r6
        mov r11, r7
        pop {r4-r7, pc}
        .balign 4
        3:
        pair 0
        pair 1
        pair 2
        pair 3
        pair 4
        pair 5
        pair 6
        pair 7
        mov r2, r12
        row r8
        row r9
        row r10
        row r11
        mov r12, r2
        movs r0, #0
        mov r8, r0
        mov r9, r0
        mov r10, r0
        mov r11, r0
        bx lr
        .purgem digit
        .purgem pair
        .purgem row",
        options(raw)
    )
}

/// Adds the sums of the digits for the pairs from `input` up to `end`, an even number and not none.
///
/// A pair of inputs takes 21 instructions for sixteen products, two pairs 3 more, and eight pairs 38.
#[cfg(not(thumbnet_armv6m))]
#[unsafe(naked)]
unsafe extern "C" fn eight(weights: *const u8, input: *const u32, end: *const u32, sums: *mut [i32; 8]) {
    naked_asm!(
        r"
        .macro four a, b, c, d
        ldr r0, [r12], #4
        eor r0, #0x80008000
        and r2, r3, r0
        mla \a, r2, r1, \a
        and r2, r3, r0, lsr #4
        mla \b, r2, r1, \b
        and r2, r3, r0, lsr #8
        mla \c, r2, r1, \c
        and r2, r3, r0, lsr #12
        mla \d, r2, r1, \d
        .endm
        .macro pair
        ldr r1, [lr], #4
        four r4, r5, r6, r7
        four r8, r9, r10, r11
        .endm
        push {r1-r11, lr}
        mov r12, r0
        mov lr, r1
        subs r2, r1
        ands r2, #28
        it eq
        moveq r2, #32
        add r0, r1, r2
        mov r3, #0x000f000f
        .irp sum, r4, r5, r6, r7, r8, r9, r10, r11
        mov \sum, #0
        .endr
        1:
        str r0, [sp]
        2:
        pair
        pair
        ldr r0, [sp]
        cmp lr, r0
        bne 2b
        ldr r2, [sp, #8]
        .irp sum, r4, r5, r6, r7, r8, r9, r10, r11
        ldr r0, [r2]
        add r0, r0, \sum, lsr #16
        str r0, [r2], #4
        mov \sum, #0
        .endr
        add r0, lr, #32
        ldr r2, [sp, #4]
        cmp lr, r2
        bne 1b
        pop {r1-r11, pc}
        .purgem four
        .purgem pair",
        options(raw)
    )
}

/// Adds the sums of the digits of a tile of eight rows; does nothing where the weights do not fit the pairs.
pub(super) fn add(weights: Option<&[u8]>, pairs: &[u32], sums: &mut [i32; 8]) {
    let weights = weights.unwrap_or_default();
    if !pairs.is_empty() && pairs.len().is_multiple_of(2) && pairs.len() * STEP <= weights.len() && aligned(weights) {
        let pairs = pairs.as_ptr_range();
        // SAFETY: the kernel reads the pairs, an even number and not none, and `STEP` bytes of weights for each.
        unsafe { eight(weights.as_ptr(), pairs.start, pairs.end, sums) }
    }
}

/// As [`add`] for a tile of so many rows, filled up to eight or four, with inputs as they come: word by word.
#[inline(never)]
pub(super) fn of_bytes(rows: usize, weights: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    let fours = if rows > 4 { 2 } else { 1 };
    let mut words = numbers(weights.as_chunks().0);
    let (quads, tail) = input.as_chunks();
    let last = quad(tail);
    for quad in quads.iter().chain((!tail.is_empty()).then_some(&last)) {
        for pair in pairs(*quad) {
            for sums in sums.as_chunks_mut::<4>().0.iter_mut().take(fours) {
                let Some((word, later)) = words.split_first() else { return };
                words = later;
                add_word(word ^ 0x8000_8000, pair, sums);
            }
        }
    }
}

/// Adds the products of a word's digits.
#[inline]
fn add_word(digits: u32, pair: u32, sums: &mut [i32; 4]) {
    for (sum, shift) in sums.iter_mut().zip([0, 4, 8, 12]) {
        let products = (digits >> shift & 0x000f_000f).wrapping_mul(pair);
        *sum = sum.wrapping_add_unsigned(products >> 16);
    }
}
