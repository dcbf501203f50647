//! Dense layers of floats, with an FPU.
//!
//! For f32 weights, eight sums in s0 to s7, the weights of two inputs for eight rows in s8 to s23, and eight inputs in s24 to s31:
//! eight inputs take 64 VFMA and five loads. f16 weights are widened one by one (VCVTB, VCVTT).

#![allow(unsafe_code)]

use super::{aligned, portable};
use crate::{Layer, Order, WeightType};
use core::arch::naked_asm;

/// Adds the products of `count` inputs to the sums of rows.
type Kernel = unsafe extern "C" fn(weights: *const u8, input: *const f32, count: usize, sums: *mut f32, stride: usize);

/// Eight rows of f32 weights, one after the other for each input; `count` is not 0.
#[unsafe(naked)]
unsafe extern "C" fn eight_f32(weights: *const u8, input: *const f32, count: usize, sums: *mut f32, stride: usize) {
    naked_asm!(
        r"
        .fpu fpv4-sp-d16
        .macro eight w0, w1, w2, w3, w4, w5, w6, w7, input
        vfma.f32 s0, \w0, \input
        vfma.f32 s1, \w1, \input
        vfma.f32 s2, \w2, \input
        vfma.f32 s3, \w3, \input
        vfma.f32 s4, \w4, \input
        vfma.f32 s5, \w5, \input
        vfma.f32 s6, \w6, \input
        vfma.f32 s7, \w7, \input
        .endm
        .macro two first, second
        vldmia r0!, {s8-s23}
        eight s8, s9, s10, s11, s12, s13, s14, s15, \first
        eight s16, s17, s18, s19, s20, s21, s22, s23, \second
        .endm
        vpush {d8-d15}
        vldmia r3, {s0-s7}
        lsrs r12, r2, #3
        beq 3f
        2:
        vldmia r1!, {s24-s31}
        two s24, s25
        two s26, s27
        two s28, s29
        two s30, s31
        subs r12, #1
        bne 2b
        3:
        ands r2, #7
        beq 5f
        4:
        vldmia r1!, {s24}
        vldmia r0!, {s8-s15}
        eight s8, s9, s10, s11, s12, s13, s14, s15, s24
        subs r2, #1
        bne 4b
        5:
        vstmia r3, {s0-s7}
        vpop {d8-d15}
        bx lr
        .purgem eight
        .purgem two",
        options(raw)
    )
}

/// One row of f32 weights, `stride` bytes apart; `count` is not 0.
#[unsafe(naked)]
unsafe extern "C" fn one_f32(weights: *const u8, input: *const f32, count: usize, sums: *mut f32, stride: usize) {
    naked_asm!(
        r"
        .fpu fpv4-sp-d16
        ldr r12, [sp]
        vldr s0, [r3]
        2:
        vldmia r1!, {s1}
        vldr s2, [r0]
        add r0, r12
        vfma.f32 s0, s2, s1
        subs r2, #1
        bne 2b
        vstr s0, [r3]
        bx lr",
        options(raw)
    )
}

/// Eight rows of f16 weights, one after the other for each input; `count` is not 0.
#[unsafe(naked)]
unsafe extern "C" fn eight_f16(weights: *const u8, input: *const f32, count: usize, sums: *mut f32, stride: usize) {
    naked_asm!(
        r"
        .fpu fpv4-sp-d16
        .macro two weights, first, second
        vcvtb.f32.f16 s13, \weights
        vcvtt.f32.f16 s14, \weights
        vfma.f32 \first, s13, s12
        vfma.f32 \second, s14, s12
        .endm
        vldmia r3, {s0-s7}
        2:
        vldmia r1!, {s12}
        vldmia r0!, {s8-s11}
        two s8, s0, s1
        two s9, s2, s3
        two s10, s4, s5
        two s11, s6, s7
        subs r2, #1
        bne 2b
        vstmia r3, {s0-s7}
        bx lr
        .purgem two",
        options(raw)
    )
}

/// One row of f16 weights, `stride` bytes apart; `count` is not 0.
#[unsafe(naked)]
unsafe extern "C" fn one_f16(weights: *const u8, input: *const f32, count: usize, sums: *mut f32, stride: usize) {
    naked_asm!(
        r"
        .fpu fpv4-sp-d16
        push {r4, lr}
        ldr r12, [sp, #8]
        vldr s0, [r3]
        2:
        vldmia r1!, {s1}
        ldrh r4, [r0]
        add r0, r12
        vmov s2, r4
        vcvtb.f32.f16 s2, s2
        vfma.f32 s0, s2, s1
        subs r2, #1
        bne 2b
        vstr s0, [r3]
        pop {r4, pc}",
        options(raw)
    )
}

/// A dense layer of f32 weights, before its activation.
pub(crate) fn dense_f32(layer: &Layer<'_>, input: &[f32], output: &mut [f32]) {
    if layer.weight_type() != WeightType::F32 || !tiles::<4>(layer, input, output, eight_f32, one_f32) {
        portable::dense_f32(layer, input, output);
    }
}

/// A dense layer of f16 weights, before its activation.
pub(crate) fn dense_f16(layer: &Layer<'_>, input: &[f32], output: &mut [f32]) {
    if layer.weight_type() != WeightType::F16 || !tiles::<2>(layer, input, output, eight_f16, one_f16) {
        portable::dense_f16(layer, input, output);
    }
}

/// All outputs of a layer whose weights take `SIZE` bytes: tiles of eight rows, then one each of four, two and one as far as rows
/// remain, whose rows are taken one by one. Says whether it did: it does not where lengths or alignment do not fit.
fn tiles<const SIZE: usize>(layer: &Layer<'_>, input: &[f32], output: &mut [f32], eight: Kernel, one: Kernel) -> bool {
    let count = input.len();
    let mut weights = layer.weights();
    let biases = layer.biases().as_chunks().0;
    let whole = count.checked_mul(SIZE).and_then(|row| row.checked_mul(output.len())) == Some(weights.len());
    if count == 0 || !whole || biases.len() < output.len() || !aligned(weights) {
        return false;
    }
    for (y, &bias) in output.iter_mut().zip(biases) {
        *y = f32::from_le_bytes(bias);
    }
    let mut output = output;
    while !output.is_empty() {
        let width = match (layer.order(), output.len()) {
            (Order::Packed, 8..) => 8,
            (Order::Packed, 4..) => 4,
            (Order::Packed, 2..) => 2,
            _ => 1,
        };
        let (Some((tile, later_weights)), Some((sums, later))) =
            (weights.split_at_checked(SIZE * count * width), output.split_at_mut_checked(width))
        else {
            return false;
        };
        if width == 8 {
            // SAFETY: the kernel reads `count` inputs, not none, and eight weights for each, and writes eight sums.
            unsafe { eight(tile.as_ptr(), input.as_ptr(), count, sums.as_mut_ptr(), 0) }
        } else {
            let mut row = tile.as_ptr();
            for sum in sums {
                // SAFETY: the kernel reads `count` inputs, not none, and for each of them the weight of this row, one of
                // `width` beside each other, and writes one sum.
                unsafe { one(row, input.as_ptr(), count, sum, SIZE * width) }
                row = row.wrapping_add(SIZE);
            }
        }
        (weights, output) = (later_weights, later);
    }
    true
}
