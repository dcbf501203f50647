//! The sums of products of int8 weights and unsigned inputs, for tiles of eight rows, with plain multiplications.
//!
//! A word holds `256 * odd row + even row` of two inputs. A product of a half gives `256 * odd + even`, one of its low byte the even
//! row's: two products each take one extraction, and nothing is unpacked further. The sums are kept in this form: for each pair
//! of rows the even sum, then the mixed one.

#![allow(unsafe_code)]

use super::pairs::{unsigned, write_words};
use crate::kernel::aligned;
use crate::kernel::chunks::{chunks, filled};
use core::arch::naked_asm;

/// Adds the sums of the inputs from `input` up to `end`, a multiple of four and not none.
///
/// Armv6-M computes in r0 to r7 only, but adds to the others: six of the sums stand there. Four inputs of eight rows take 117
/// instructions.
#[cfg(thumbnet_armv6m)]
#[unsafe(naked)]
unsafe extern "C" fn eight(weights: *const u8, input: *const u8, end: *const u8, sums: *mut [i32; 8]) {
    naked_asm!(
        r"
        .macro word offset, even, mixed
        ldr r0, [r5, #\offset]
        sxth r1, r0
        sxtb r2, r0
        muls r1, r3, r1
        muls r2, r3, r2
        add \mixed, r1
        add \even, r2
        asrs r0, r0, #16
        sxtb r2, r0
        muls r0, r4, r0
        muls r2, r4, r2
        add \mixed, r0
        add \even, r2
        .endm
        .macro words offset
        word (\offset), r8, r9
        word (\offset + 4), r10, r11
        word (\offset + 8), r12, lr
        word (\offset + 12), r6, r7
        .endm
        push {r4-r7, lr}
        mov r4, r8
        mov r5, r9
        mov r6, r10
        mov r7, r11
        push {r1-r7}
        mov r5, r0
        ldm r3!, {r0, r1, r2, r4}
        mov r8, r0
        mov r9, r1
        mov r10, r2
        mov r11, r4
        ldm r3!, {r0, r1, r6, r7}
        mov r12, r0
        mov lr, r1
        2:
        ldr r0, [sp]
        ldrb r3, [r0]
        ldrb r4, [r0, #2]
        words 0
        ldr r0, [sp]
        ldrb r3, [r0, #1]
        ldrb r4, [r0, #3]
        adds r0, #4
        str r0, [sp]
        words 16
        adds r5, #32
        ldr r0, [sp]
        ldr r1, [sp, #4]
        cmp r0, r1
        bne 2b
        ldr r3, [sp, #8]
        mov r0, r8
        mov r1, r9
        mov r2, r10
        mov r4, r11
        stm r3!, {r0, r1, r2, r4}
        mov r0, r12
        mov r1, lr
        stm r3!, {r0, r1, r6, r7}
        pop {r1-r7}
        mov r8, r4
        mov r9, r5
        mov r10, r6
        mov r11, r7
        pop {r4-r7, pc}
        .purgem word
        .purgem words",
        options(raw)
    )
}

/// Adds the sums of the inputs from `input` up to `end`, a multiple of four and not none.
///
/// Four inputs of eight rows take 80 instructions.
#[cfg(not(thumbnet_armv6m))]
#[unsafe(naked)]
unsafe extern "C" fn eight(weights: *const u8, input: *const u8, end: *const u8, sums: *mut [i32; 8]) {
    naked_asm!(
        r"
        .macro word even, mixed
        ldr r0, [lr], #4
        sxth r1, r0
        mla \mixed, r1, r2, \mixed
        sxtb r1, r0
        mla \even, r1, r2, \even
        asrs r0, r0, #16
        mla \mixed, r0, r3, \mixed
        sxtb r0, r0
        mla \even, r0, r3, \even
        .endm
        .macro words
        word r4, r5
        word r6, r7
        word r8, r9
        word r10, r11
        .endm
        push {r2-r11, lr}
        mov lr, r0
        mov r12, r1
        ldm r3, {r4-r11}
        2:
        ldrb r2, [r12]
        ldrb r3, [r12, #2]
        words
        ldrb r2, [r12, #1]
        ldrb r3, [r12, #3]
        words
        adds r12, #4
        ldr r0, [sp]
        cmp r12, r0
        bne 2b
        pop {r2, r3}
        stm r3, {r4-r11}
        pop {r4-r11, pc}
        .purgem word
        .purgem words",
        options(raw)
    )
}

/// The bytes of a tile's weights for each word of four inputs.
const STEP: usize = 32;

/// Adds the sums of a tile of eight rows for words of four inputs, counted from 0; does nothing where the weights do not fit.
pub(super) fn add(weights: Option<&[u8]>, inputs: &[u32], sums: &mut [i32; 8]) {
    let weights = weights.unwrap_or_default();
    if !inputs.is_empty() && inputs.len() * STEP <= weights.len() && aligned(weights) {
        let inputs = inputs.as_ptr_range();
        // SAFETY: the kernel reads the inputs, four in a word and not none, and eight bytes of weights for each.
        unsafe { eight(weights.as_ptr(), inputs.start.cast(), inputs.end.cast(), sums) }
    }
}

/// As [`add`], with inputs as they come: a few at a time are expanded.
pub(super) fn of_bytes(weights: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    const WORDS: usize = 16;
    for (part, input) in chunks::<{ 4 * WORDS }, _>(input).enumerate() {
        let mut words = [0; WORDS];
        let words = words.get_mut(..filled(input.len(), 4) / 4).unwrap_or_default();
        write_words(input, words);
        add(weights.get(part * WORDS * STEP..), words, sums);
    }
}

/// Adds the sums of the rows after the last whole tile, word by word: a tile of eight, of four, of two, or of four and of two.
pub(super) fn of_rows(rows: usize, mut weights: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    let mut pairs = sums.as_chunks_mut().0.get_mut(..filled(rows, 2) / 2).unwrap_or_default();
    while !pairs.is_empty() {
        let width = if pairs.len() == 3 { 2 } else { pairs.len() };
        let Some((tile, later)) = pairs.split_at_mut_checked(width) else { return };
        pairs = later;
        for inputs in chunks::<4, _>(input) {
            let [a, b, c, d] = unsigned(inputs).map(i32::from);
            for [first, second] in [[a, c], [b, d]] {
                for [even, mixed] in &mut *tile {
                    let Some((&[w0, w1, w2, w3], rest)) = weights.split_first_chunk() else { return };
                    weights = rest;
                    let halves = [i16::from_le_bytes([w0, w1]), i16::from_le_bytes([w2, w3])].map(i32::from);
                    let low = [w0 as i8, w2 as i8].map(i32::from);
                    *mixed = mixed.wrapping_add(halves[0] * first + halves[1] * second);
                    *even = even.wrapping_add(low[0] * first + low[1] * second);
                }
            }
        }
    }
}
