//! From the sums of eight rows to their outputs, with an FPU.

#![allow(unsafe_code)]

use crate::kernel::requantize;
use core::arch::naked_asm;

/// `clamp(round_half_even(f32(sum) * factor) + zero_point, -128, 127)` of eight sums.
///
/// VCVTR rounds as the FPU's mode says, which is half to even unless the program changed it.
#[unsafe(naked)]
unsafe extern "C" fn eight(sums: &[i32; 8], factors: &[u32; 8], zero_point: i32, output: &mut [i8; 8]) {
    naked_asm!(
        r"
        .arch armv7e-m
        .fpu fpv4-sp-d16
        vldmia r0, {s0-s7}
        vldmia r1, {s8-s15}
        vcvt.f32.s32 s0, s0
        vcvt.f32.s32 s1, s1
        vcvt.f32.s32 s2, s2
        vcvt.f32.s32 s3, s3
        vcvt.f32.s32 s4, s4
        vcvt.f32.s32 s5, s5
        vcvt.f32.s32 s6, s6
        vcvt.f32.s32 s7, s7
        vmul.f32 s0, s0, s8
        vmul.f32 s1, s1, s9
        vmul.f32 s2, s2, s10
        vmul.f32 s3, s3, s11
        vmul.f32 s4, s4, s12
        vmul.f32 s5, s5, s13
        vmul.f32 s6, s6, s14
        vmul.f32 s7, s7, s15
        .macro two first, second
        vcvtr.s32.f32 \first, \first
        vcvtr.s32.f32 \second, \second
        vmov r0, r1, \first, \second
        qadd r0, r0, r2
        qadd r1, r1, r2
        ssat r0, #8, r0
        ssat r1, #8, r1
        strb r0, [r3], #1
        strb r1, [r3], #1
        .endm
        two s0, s1
        two s2, s3
        two s4, s5
        two s6, s7
        .purgem two
        bx lr",
        options(raw)
    )
}

/// As [`requantize::round`].
#[inline]
pub(in crate::kernel) fn round(sums: &[i32; 8], factors: &[u32], zero_point: i32, outputs: &mut [i8]) {
    match (factors.first_chunk::<8>(), outputs.first_chunk_mut()) {
        (Some(factors), Some(outputs)) => {
            // SAFETY: the function reads eight sums and eight factors and writes eight outputs.
            unsafe { eight(sums, factors, zero_point, outputs) }
        }
        _ => requantize::round(sums, factors, zero_point, outputs),
    }
}
