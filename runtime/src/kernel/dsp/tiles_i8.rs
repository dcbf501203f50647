//! Whole tiles of eight int8 rows, from the inputs to the outputs, with the DSP extension and an FPU.
//!
//! The arithmetic is that of [`sums_i8`](super::sums_i8). What the FPU adds are registers: the inputs of a turn are loaded into
//! s0 to s15 at once and moved to the core two at a time, so that no core register points to them, and five remain for
//! weights and inputs. Sixteen pairs of inputs take 220 instructions for 256 products, and 5 for the turn.
//!
//! Registers: r4 to r11 sums, lr weights, r0 to r3 and r12 words and pairs; s18 the inputs of the next turn, s19 their end.

#![allow(unsafe_code)]

use super::expand::Inputs;
use super::sums_i8::STEP;
use crate::Layer;
use crate::kernel::aligned;
use core::arch::naked_asm;

/// What [`evaluate`] reads and counts.
#[repr(C)]
struct Job {
    weights: *const u8,
    biases: *const u8,
    factors: *const u8,
    /// Pairs, or places of pairs.
    input: *const u32,
    output: *mut [i8; 8],
    tiles: usize,
    /// The number of pairs or places.
    count: usize,
    zero_point: i32,
    /// 0 for pairs; for places the bytes from one tile to the next.
    stride: usize,
}

/// Writes the outputs of whole tiles, kept within -128..=127, from the inputs' pairs. Says whether it did: it does not where the
/// inputs are bytes or lengths do not fit.
pub(super) fn evaluate(layer: &Layer<'_>, inputs: Inputs<'_>, output: &mut [[i8; 8]]) -> bool {
    let (input, count, tile, stride) = match inputs {
        Inputs::Bytes => return false,
        Inputs::Pairs(pairs) if pairs.is_empty() || !pairs.len().is_multiple_of(2) => return false,
        Inputs::Pairs(pairs) => (pairs.as_ptr(), pairs.len(), 2 * STEP * pairs.len(), 0),
        Inputs::Nonzero(nonzero) if nonzero.weights_len() == 0 => return false,
        Inputs::Nonzero(nonzero) => {
            (nonzero.places().as_ptr().cast(), nonzero.places().len(), nonzero.weights_len(), nonzero.weights_len())
        }
    };
    let (weights, biases, factors) = (layer.weights(), layer.biases(), layer.factors());
    let channels_fit = 32 * output.len() <= biases.len().min(factors.len());
    let weights_fit = output.len().checked_mul(tile).is_some_and(|length| length <= weights.len());
    let aligned = aligned(weights) && aligned(biases) && aligned(factors);
    if output.is_empty() || !(channels_fit && weights_fit && aligned) {
        return false;
    }
    let mut job = Job {
        weights: weights.as_ptr(),
        biases: biases.as_ptr(),
        factors: factors.as_ptr(),
        input,
        output: output.as_mut_ptr(),
        tiles: output.len(),
        count,
        zero_point: layer.sum_zero_point().into(),
        stride,
    };
    // SAFETY: the kernel reads the inputs, a bias and a factor for each output, and for each tile `tile` bytes of weights from
    // an aligned address on (or 16 at each place, which all lie before `tile`), and writes the outputs.
    unsafe { tiles_i8(&mut job) }
    true
}

/// Evaluates the tiles of a job. The numbers of pairs is even and not 0.
#[unsafe(naked)]
unsafe extern "C" fn tiles_i8(job: &mut Job) {
    naked_asm!(
        r"
        .arch armv7e-m
        .fpu fpv4-sp-d16
        .macro mac word, pair, even, mixed
        smlad \mixed, \word, \pair, \mixed
        sxtb16 \word, \word
        smlad \even, \word, \pair, \even
        .endm
        .macro place offset, pair
        vmov r3, r12, \offset, \pair
        add r3, lr
        ldm r3, {r0, r1, r2, r3}
        mac r0, r12, r4, r5
        mac r1, r12, r6, r7
        mac r2, r12, r8, r9
        mac r3, r12, r10, r11
        .endm
        .macro four a, b, c, d
        vmov r3, r12, \a, \b
        ldm lr!, {r0, r1, r2}
        mac r0, r3, r4, r5
        mac r1, r3, r6, r7
        mac r2, r3, r8, r9
        ldm lr!, {r0, r1, r2}
        mac r0, r3, r10, r11
        mac r1, r12, r4, r5
        mac r2, r12, r6, r7
        ldm lr!, {r0, r1, r2, r3}
        mac r0, r12, r8, r9
        mac r1, r12, r10, r11
        vmov r0, r1, \c, \d
        mac r2, r0, r4, r5
        mac r3, r0, r6, r7
        ldm lr!, {r2, r3, r12}
        mac r2, r0, r8, r9
        mac r3, r0, r10, r11
        mac r12, r1, r4, r5
        ldm lr!, {r0, r2, r3}
        mac r0, r1, r6, r7
        mac r2, r1, r8, r9
        mac r3, r1, r10, r11
        .endm
        push {r0, r4-r11, lr}
        vpush {d8-d10}
        sub sp, #16
        ldr r1, [r0, #12]
        ldr r2, [r0, #24]
        ldr r3, [r0, #32]
        str r1, [sp, #8]
        cbz r3, 2f
        // Places: eight a turn, so that the first turn starts at the one that leaves whole turns.
        add r3, r1, r2, lsl #3
        vmov s19, r3
        adr r12, 90f
        and r3, r2, #7
        cmp r2, #0
        it eq
        moveq r3, #8
        ldr r3, [r12, r3, lsl #2]
        b 3f
        2:
        // Pairs: sixteen a turn; two are done before, where they do not come in fours.
        add r3, r1, r2, lsl #2
        vmov s19, r3
        adr r12, 91f
        and r3, r2, #12
        cmp r2, #2
        it eq
        moveq r3, #16
        ldr r3, [r12, r3]
        str r3, [sp, #4]
        tst r2, #2
        it ne
        ldrne r3, [r12, #20]
        3:
        str r3, [sp]
        ldr lr, [r0]
        4:
        // The next tile. The sums start with the biases: even, then 256 * odd + even.
        ldr r0, [sp, #40]
        ldr r1, [r0, #4]
        ldm r1!, {r4-r11}
        str r1, [r0, #4]
        add r5, r4, r5, lsl #8
        add r7, r6, r7, lsl #8
        add r9, r8, r9, lsl #8
        add r11, r10, r11, lsl #8
        ldr r0, [sp, #8]
        ldr pc, [sp]
        .balign 4
        90:
        .word 30f+1, 37f+1, 36f+1, 35f+1, 34f+1, 33f+1, 32f+1, 31f+1, 39f+1
        91:
        .word 50f+1, 53f+1, 52f+1, 51f+1, 6f+1, 5f+1
        31:
        vldmia r0!, {s2-s15}
        vmov s18, r0
        b 41f
        32:
        vldmia r0!, {s4-s15}
        vmov s18, r0
        b 42f
        33:
        vldmia r0!, {s6-s15}
        vmov s18, r0
        b 43f
        34:
        vldmia r0!, {s8-s15}
        vmov s18, r0
        b 44f
        35:
        vldmia r0!, {s10-s15}
        vmov s18, r0
        b 45f
        36:
        vldmia r0!, {s12-s15}
        vmov s18, r0
        b 46f
        37:
        vldmia r0!, {s14-s15}
        vmov s18, r0
        b 47f
        30:
        vldmia r0!, {s0-s15}
        vmov s18, r0
        place s0, s1
        41: place s2, s3
        42: place s4, s5
        43: place s6, s7
        44: place s8, s9
        45: place s10, s11
        46: place s12, s13
        47: place s14, s15
        vmov r0, r1, s18, s19
        cmp r0, r1
        bne 30b
        39:
        ldr r0, [sp, #40]
        ldr r0, [r0, #32]
        add lr, r0
        b 6f
        5:
        vldmia r0!, {s16, s17}
        vmov s18, r0
        vmov r3, r12, s16, s17
        ldm lr!, {r0, r1, r2}
        mac r0, r3, r4, r5
        mac r1, r3, r6, r7
        mac r2, r3, r8, r9
        ldm lr!, {r0, r1, r2}
        mac r0, r3, r10, r11
        mac r1, r12, r4, r5
        mac r2, r12, r6, r7
        ldm lr!, {r0, r1}
        mac r0, r12, r8, r9
        mac r1, r12, r10, r11
        vmov r0, s18
        ldr pc, [sp, #4]
        51:
        vldmia r0!, {s4-s15}
        vmov s18, r0
        b 21f
        52:
        vldmia r0!, {s8-s15}
        vmov s18, r0
        b 22f
        53:
        vldmia r0!, {s12-s15}
        vmov s18, r0
        b 23f
        50:
        vldmia r0!, {s0-s15}
        vmov s18, r0
        four s0, s1, s2, s3
        21: four s4, s5, s6, s7
        22: four s8, s9, s10, s11
        23: four s12, s13, s14, s15
        vmov r0, r1, s18, s19
        cmp r0, r1
        bne 50b
        6:
        sub r5, r5, r4
        sub r7, r7, r6
        sub r9, r9, r8
        sub r11, r11, r10
        ldr r0, [sp, #40]
        ldr r3, [r0, #8]
        ldr r12, [r0, #28]
        vldmia r3!, {s8-s15}
        str r3, [r0, #8]
        vmov s0, s1, r4, r5
        vmov s2, s3, r6, r7
        vmov s4, s5, r8, r9
        vmov s6, s7, r10, r11
        vcvt.f32.s32 s0, s0
        vcvt.f32.s32 s1, s1, #8
        vcvt.f32.s32 s2, s2
        vcvt.f32.s32 s3, s3, #8
        vcvt.f32.s32 s4, s4
        vcvt.f32.s32 s5, s5, #8
        vcvt.f32.s32 s6, s6
        vcvt.f32.s32 s7, s7, #8
        vmul.f32 s0, s0, s8
        vmul.f32 s1, s1, s9
        vmul.f32 s2, s2, s10
        vmul.f32 s3, s3, s11
        vmul.f32 s4, s4, s12
        vmul.f32 s5, s5, s13
        vmul.f32 s6, s6, s14
        vmul.f32 s7, s7, s15
        vcvtr.s32.f32 s0, s0
        vcvtr.s32.f32 s1, s1
        vcvtr.s32.f32 s2, s2
        vcvtr.s32.f32 s3, s3
        vcvtr.s32.f32 s4, s4
        vcvtr.s32.f32 s5, s5
        vcvtr.s32.f32 s6, s6
        vcvtr.s32.f32 s7, s7
        vmov r4, r5, s0, s1
        vmov r6, r7, s2, s3
        vmov r8, r9, s4, s5
        vmov r10, r11, s6, s7
        ldr r1, [r0, #16]
        .irp r, r4, r5, r6, r7, r8, r9, r10, r11
        qadd \r, \r, r12
        ssat \r, #8, \r
        strb \r, [r1], #1
        .endr
        str r1, [r0, #16]
        ldr r1, [r0, #20]
        subs r1, #1
        str r1, [r0, #20]
        bne 4b
        add sp, #16
        vpop {d8-d10}
        pop {r0, r4-r11, pc}
        .purgem mac
        .purgem place
        .purgem four
        ",
        options(raw)
    )
}
