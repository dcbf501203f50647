//! The sums of products of int4 weights and unsigned inputs, for tiles of eight rows, with the DSP extension.
//!
//! A word holds the weights of four rows and two inputs. Each half is `4096 * d + 256 * (c + 8) + 16 * (b + 8) + (a + 8)` with
//! the weights a to d of the four rows. One SMLAD of the word adds to the mixed sum of all four, the next of what is left
//! without the highest digit to that of three, and so on: eight products take three extractions and four multiplications. The
//! sums are kept in this form: for each four rows that of a, of a and b, of a to c, and of all.

#![allow(unsafe_code)]

use super::expand::Place;
use crate::kernel::aligned;
use crate::kernel::chunks::{filled, quad};
use core::arch::naked_asm;

/// A kernel that reads its inputs as bytes.
type Kernel = unsafe extern "C" fn(*const u8, *const i8, *const i8, *mut [i32; 8]);

/// The bytes of the weights of eight rows for each input.
pub(super) const STEP: usize = 4;

/// One word.
macro_rules! pieces {
    () => {
        r"
        .arch armv7e-m
        .macro mac word, pair, a, ab, abc, abcd
        smlad \abcd, \word, \pair, \abcd
        bic \word, \word, #0xf000f000
        smlad \abc, \word, \pair, \abc
        uxtb16 \word, \word
        smlad \ab, \word, \pair, \ab
        and \word, \word, #0x000f000f
        smlad \a, \word, \pair, \a
        .endm
        "
    };
}

/// A kernel: `$load` brings two pairs of inputs to r2 and r3; a turn of four times two pairs takes `4 << $shift` bytes.
macro_rules! eight_rows {
    ($name:ident, $element:ty, $load:literal, $shift:literal) => {
        /// Adds the sums of the inputs from `input` up to `end`, a multiple of two pairs and not none.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(
            weights: *const u8,
            input: *const $element,
            end: *const $element,
            sums: *mut [i32; 8],
        ) {
            naked_asm!(
                pieces!(),
                ".macro turn",
                $load,
                r"
                ldm lr!, {r0, r1}
                mac r0, r2, r4, r5, r6, r7
                mac r1, r2, r8, r9, r10, r11
                ldm lr!, {r0, r1}
                mac r0, r3, r4, r5, r6, r7
                mac r1, r3, r8, r9, r10, r11
                .endm
                push {r2-r11, lr}
                mov lr, r0
                mov r12, r1
                subs r2, r1
                ldm r3, {r4-r11}",
                concat!("ubfx r2, r2, #", $shift, ", #2"),
                r"
                adr r3, 6f
                ldr pc, [r3, r2, lsl #2]
                .balign 4
                6: .word 5f+1, 4f+1, 3f+1, 2f+1
                5: turn
                2: turn
                3: turn
                4: turn
                ldr r0, [sp]
                cmp r12, r0
                bne 5b
                pop {r2, r3}
                stm r3, {r4-r11}
                pop {r4-r11, pc}
                .purgem mac
                .purgem turn",
                options(raw)
            )
        }
    };
}

eight_rows!(eight_of_pairs, u32, "ldm r12!, {r2, r3}", 3);
eight_rows!(
    eight_of_bytes,
    i8,
    "
    ldr r3, [r12], #4
    eor r3, #0x80808080
    uxtb16 r2, r3
    uxtb16 r3, r3, ror #8",
    2
);

/// Adds the mixed sums for the places from `input` up to `end`, not none.
#[unsafe(naked)]
unsafe extern "C" fn eight_of_places(weights: *const u8, input: *const Place, end: *const Place, sums: *mut [i32; 8]) {
    naked_asm!(
        pieces!(),
        r"
        .macro place
        ldm r12!, {r2, r3}
        add r2, lr
        ldm r2, {r0, r1}
        mac r0, r3, r4, r5, r6, r7
        mac r1, r3, r8, r9, r10, r11
        .endm
        push {r2-r11, lr}
        mov lr, r0
        mov r12, r1
        subs r2, r1
        ldm r3, {r4-r11}
        ubfx r2, r2, #3, #2
        adr r3, 6f
        ldr pc, [r3, r2, lsl #2]
        .balign 4
        6: .word 5f+1, 4f+1, 3f+1, 2f+1
        5: place
        2: place
        3: place
        4: place
        ldr r0, [sp]
        cmp r12, r0
        bne 5b
        pop {r2, r3}
        stm r3, {r4-r11}
        pop {r4-r11, pc}
        .purgem mac
        .purgem place",
        options(raw)
    )
}

/// Adds the mixed sums of four rows for the inputs from `input` up to `end`, a multiple of four and not none.
#[unsafe(naked)]
unsafe extern "C" fn four_of_bytes(weights: *const u8, input: *const i8, end: *const i8, sums: *mut [i32; 8]) {
    naked_asm!(
        pieces!(),
        r"
        push {r3-r8, lr}
        ldm r3, {r4-r7}
        2:
        ldr r3, [r1], #4
        ldm r0!, {r8, r12}
        eor r3, #0x80808080
        uxtb16 lr, r3
        uxtb16 r3, r3, ror #8
        mac r8, lr, r4, r5, r6, r7
        mac r12, r3, r4, r5, r6, r7
        cmp r1, r2
        bne 2b
        pop {r3}
        stm r3, {r4-r7}
        pop {r4-r8, pc}
        .purgem mac",
        options(raw)
    )
}

/// Adds the mixed sums of a tile of eight rows; does nothing where the weights do not fit the pairs.
pub(super) fn of_pairs(weights: &[u8], pairs: &[u32], sums: &mut [i32; 8]) {
    if !pairs.is_empty() && pairs.len().is_multiple_of(2) && pairs.len() * 2 * STEP <= weights.len() && aligned(weights)
    {
        let pairs = pairs.as_ptr_range();
        // SAFETY: the kernel reads the pairs, a multiple of two and not none, and twice `STEP` bytes of weights for each.
        unsafe { eight_of_pairs(weights.as_ptr(), pairs.start, pairs.end, sums) }
    }
}

/// As [`of_pairs`], for the pairs of `inputs` inputs that are not zero.
pub(super) fn of_nonzero(weights: &[u8], inputs: usize, places: &[Place], sums: &mut [i32; 8]) {
    if !places.is_empty() && filled(inputs, 4) * STEP <= weights.len() && aligned(weights) {
        let places = places.as_ptr_range();
        // SAFETY: the kernel reads the places, not none, and twice `STEP` bytes of weights at each of their offsets, which are
        // those of the inputs' pairs.
        unsafe { eight_of_places(weights.as_ptr(), places.start, places.end, sums) }
    }
}

/// As [`of_pairs`] for a tile of so many rows, filled up to eight or four, expanding the inputs on the way.
#[inline]
pub(super) fn of_bytes(rows: usize, weights: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    let (kernel, step) = if rows > 4 { (eight_of_bytes as Kernel, STEP) } else { (four_of_bytes as Kernel, STEP / 2) };
    let (quads, tail) = input.as_chunks::<4>();
    let last = quad(tail);
    let Some((whole, rest)) = weights.split_at_checked(step * quads.len() * 4) else { return };
    if !aligned(weights) {
        return;
    }
    for (weights, inputs) in [(whole, quads.as_flattened()), (rest, if tail.is_empty() { &[] } else { &last[..] })] {
        if !inputs.is_empty() && step * inputs.len() <= weights.len() {
            let inputs = inputs.as_ptr_range();
            // SAFETY: the kernel reads the inputs, a multiple of four and not none, and `step` bytes of weights for each.
            unsafe { kernel(weights.as_ptr(), inputs.start, inputs.end, sums) }
        }
    }
}
