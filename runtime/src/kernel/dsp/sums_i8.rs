//! The sums of products of int8 weights and unsigned inputs, for tiles of eight, four and two rows, with the DSP extension.
//!
//! A word holds `256 * odd row + even row` of two inputs. SMLAD of the words gives `256 * odd sum + even sum` without any
//! unpacking, SMLAD of their sign-extended low bytes (SXTB16) the even sum: four products take one load, one extraction and
//! two multiplications. The sums are kept in this form: for each pair of rows the even sum, then the mixed one.
//!
//! Every accumulator and every word has a register of its own, so that nothing is stored before the last input.

#![allow(unsafe_code)]

#[cfg(not(thumbnet_fpu))]
use super::expand::Place;
use crate::kernel::aligned;
#[cfg(not(thumbnet_fpu))]
use crate::kernel::chunks::filled;
use crate::kernel::chunks::quad;
use core::arch::naked_asm;

/// The pieces that the kernels are made of.
macro_rules! pieces {
    () => {
        r"
        .arch armv7e-m
        .macro mac word, pair, even, mixed
        smlad \mixed, \word, \pair, \mixed
        sxtb16 \word, \word
        smlad \even, \word, \pair, \even
        .endm
        .macro eight first, second
        ldm lr!, {r0, r1, r2}
        \first
        mac r0, r3, r4, r5
        mac r1, r3, r6, r7
        mac r2, r3, r8, r9
        ldm lr!, {r0, r1, r2}
        mac r0, r3, r10, r11
        \second
        mac r1, r3, r4, r5
        mac r2, r3, r6, r7
        ldm lr!, {r0, r1}
        mac r0, r3, r8, r9
        mac r1, r3, r10, r11
        .endm
        .macro word
        ldr r3, [r12], #4
        .endm
        .macro low
        ldr r3, [r12]
        eor r3, #0x80808080
        uxtb16 r3, r3
        .endm
        .macro high
        ldr r3, [r12], #4
        eor r3, #0x80808080
        uxtb16 r3, r3, ror #8
        .endm
        .macro place
        ldm r12!, {r2, r3}
        add r2, lr
        ldm r2!, {r0, r1}
        mac r0, r3, r4, r5
        mac r1, r3, r6, r7
        ldm r2, {r0, r1}
        mac r0, r3, r8, r9
        mac r1, r3, r10, r11
        .endm
        "
    };
}

/// The names of [`pieces`] are free again for the next function.
macro_rules! end {
    () => {
        r"
        .purgem mac
        .purgem eight
        .purgem word
        .purgem low
        .purgem high
        .purgem place
        "
    };
}

/// A kernel for eight rows: `$unit` takes the inputs of one turn, of which there are `$bytes` bytes.
macro_rules! eight_rows {
    ($name:ident, $element:ty, $unit:literal, $bytes:literal) => {
        /// Adds the sums of the inputs from `input` up to `end`, which are a whole number of turns and not none.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(
            weights: *const u8,
            input: *const $element,
            end: *const $element,
            sums: *mut [i32; 8],
        ) {
            naked_asm!(
                pieces!(),
                "push {r2-r11, lr}",
                "mov lr, r0",
                "mov r12, r1",
                "subs r2, r1",
                "ldm r3, {r4-r11}",
                concat!("tst r2, #", $bytes),
                "bne 2f",
                "1:",
                $unit,
                "2:",
                $unit,
                "ldr r0, [sp]",
                "cmp r12, r0",
                "bne 1b",
                "pop {r2, r3}",
                "stm r3, {r4-r11}",
                "pop {r4-r11, pc}",
                end!(),
                options(raw)
            )
        }
    };
}

#[cfg(not(thumbnet_fpu))]
eight_rows!(eight_of_pairs, u32, "eight word, word", 8);
eight_rows!(eight_of_bytes, i8, "eight low, high", 4);
#[cfg(not(thumbnet_fpu))]
eight_rows!(eight_of_places, Place, "place", 8);

/// The sums of two rows, the even one's in the low half, for `count` inputs; the words of weights are `stride` bytes apart.
#[cfg(not(thumbnet_fpu))]
#[unsafe(naked)]
unsafe extern "C" fn two_of_bytes(weights: *const u8, stride: usize, input: *const i8, count: usize) -> u64 {
    naked_asm!(
        pieces!(),
        "push {r4-r8, lr}",
        "movs r4, #0",
        "movs r5, #0",
        "subs r3, #4",
        "blo 3f",
        "1:",
        "ldr r12, [r2], #4",
        "eor r12, #0x80808080",
        "2:",
        "ldr r6, [r0]",
        "ldr r7, [r0, r1]",
        "add r0, r0, r1, lsl #1",
        "uxtb16 lr, r12",
        "uxtb16 r12, r12, ror #8",
        "mac r6, lr, r4, r5",
        "mac r7, r12, r4, r5",
        "subs r3, #4",
        "bhs 1b",
        // The inputs after the last four; those that are missing count as 0.
        "3:",
        "adds r3, #4",
        "beq 5f",
        "mov r12, #0",
        "4:",
        "subs r3, #1",
        "ldrb r8, [r2, r3]",
        "eor r8, #0x80",
        "orr r12, r8, r12, lsl #8",
        "bne 4b",
        "b 2b",
        "5:",
        "mov r0, r4",
        "mov r1, r5",
        "pop {r4-r8, pc}",
        end!(),
        options(raw)
    )
}

/// The bytes of a tile's weights for each input.
pub(super) const STEP: usize = 8;

/// Adds the sums of a tile of eight rows; does nothing where the weights do not fit the pairs.
#[cfg(not(thumbnet_fpu))]
pub(super) fn of_pairs(weights: &[u8], pairs: &[u32], sums: &mut [i32; 8]) {
    if !pairs.is_empty() && pairs.len().is_multiple_of(2) && pairs.len() * 2 * STEP <= weights.len() && aligned(weights)
    {
        let pairs = pairs.as_ptr_range();
        // SAFETY: the kernel reads the pairs, a whole number of turns and not none, and 16 bytes of weights for each.
        unsafe { eight_of_pairs(weights.as_ptr(), pairs.start, pairs.end, sums) }
    }
}

/// As [`of_pairs`], for the pairs of `inputs` inputs that are not zero.
#[cfg(not(thumbnet_fpu))]
pub(super) fn of_nonzero(weights: &[u8], inputs: usize, places: &[Place], sums: &mut [i32; 8]) {
    if !places.is_empty() && filled(inputs, 4) * STEP <= weights.len() && aligned(weights) {
        let places = places.as_ptr_range();
        // SAFETY: the kernel reads the places, not none, and 16 bytes of weights at each of their offsets, which are those of
        // the inputs' pairs.
        unsafe { eight_of_places(weights.as_ptr(), places.start, places.end, sums) }
    }
}

/// As [`of_pairs`], expanding the inputs on the way.
pub(super) fn of_bytes(weights: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    let (quads, tail) = input.as_chunks::<4>();
    let last = quad(tail);
    let Some((whole, rest)) = weights.split_at_checked(STEP * quads.len() * 4) else { return };
    if !aligned(weights) {
        return;
    }
    for (weights, inputs) in [(whole, quads.as_flattened()), (rest, if tail.is_empty() { &[] } else { &last[..] })] {
        if !inputs.is_empty() && STEP * inputs.len() <= weights.len() {
            let inputs = inputs.as_ptr_range();
            // SAFETY: the kernel reads the inputs, a multiple of four and not none, and `STEP` bytes of weights for each.
            unsafe { eight_of_bytes(weights.as_ptr(), inputs.start, inputs.end, sums) }
        }
    }
}

/// The sums of an even row and of `256 * odd + even`, or 0 where the weights do not fit the inputs. The weights are words,
/// `stride` bytes apart, one for each two inputs.
#[cfg(not(thumbnet_fpu))]
pub(super) fn of_two(weights: &[u8], stride: usize, input: &[i8]) -> [i32; 2] {
    let words = filled(input.len(), 4) / 2;
    // After the last word nothing need follow.
    if words == 0 || weights.len() < (words - 1) * stride + 4 || !aligned(weights) {
        return [0; 2];
    }
    // SAFETY: the kernel reads the inputs, and two words of weights for each four of them and for those after the last four.
    let sums = unsafe { two_of_bytes(weights.as_ptr(), stride, input.as_ptr(), input.len()) };
    [sums as i32, (sums >> 32) as i32]
}
