//! A layer of int8 rows, from the inputs to the outputs, with the DSP extension and an FPU.
//!
//! The arithmetic is that of [`sums_i8`](super::sums_i8). What the FPU adds are registers: the inputs of a turn are loaded into
//! s0 to s15 at once and moved to the core two at a time, so that no core register points to them, and five remain for
//! weights and inputs. Sixteen pairs of inputs take 220 instructions for 256 products of a tile of eight rows, and 5 for the turn.
//! The rows after the last whole tile are taken two by two, with their inputs expanded on the way.
//!
//! Registers: r4 to r11 sums, lr weights, r0 to r3 and r12 words and pairs; s18 the inputs of the next turn, s19 their end.

#![allow(unsafe_code)]

use super::expand::Inputs;
use super::sums_i8::STEP;
use crate::kernel::aligned;
use crate::kernel::chunks::filled;
use crate::layer::Packed;
use core::arch::naked_asm;

/// What [`rows_i8`] reads and counts.
#[repr(C)]
struct Job {
    weights: *const u8,
    biases: *const [u8; 4],
    factors: *const [u8; 4],
    /// Pairs, or places of pairs, for the whole tiles.
    input: *const u32,
    output: *mut i8,
    /// The outputs that are left.
    outputs: usize,
    /// The number of words in the input.
    count: usize,
    zero_point: i32,
    /// 0 for pairs; for places the bytes from one tile to the next.
    stride: usize,
    /// The inputs as they come, for the rest of the rows.
    bytes: *const i8,
    len: usize,
}

/// Writes the outputs, kept within -128..=127; does nothing where lengths do not fit. The inputs are bytes only where the layer
/// has no whole tile.
pub(super) fn evaluate(packed: Packed<'_>, zero_point: i8, input: &[i8], inputs: Inputs<'_>, output: &mut [i8]) {
    let Packed { weights, biases, factors } = packed;
    let row = filled(input.len(), 4);
    let (pairs, count, stride) = match inputs {
        Inputs::Pairs(pairs) => (pairs.as_ptr(), pairs.len(), 0),
        Inputs::Nonzero(places) => (places.as_ptr().cast(), 2 * places.len(), STEP * row),
        Inputs::Bytes if output.len() >= 8 => return,
        Inputs::Bytes => ([].as_ptr(), 0, 0),
    };
    let Some(rows) = weights.len().checked_div(row) else { return };
    let fit = biases.len().min(factors.len()) >= output.len() && rows / 2 >= filled(output.len(), 2) / 2;
    if !fit || !aligned(weights) || !aligned(biases.as_flattened()) || !aligned(factors.as_flattened()) {
        return;
    }
    let mut job = Job {
        weights: weights.as_ptr(),
        biases: biases.as_ptr(),
        factors: factors.as_ptr(),
        input: pairs,
        output: output.as_mut_ptr(),
        outputs: output.len(),
        count,
        zero_point: zero_point.into(),
        stride,
        bytes: input.as_ptr(),
        len: input.len(),
    };
    // SAFETY: the kernel reads the inputs in the forms that it gets, not none; a bias and a factor for each output; `row` bytes of
    // weights for each row, of which there is an even number, from an aligned address on; and writes the outputs. The pairs are
    // as many as the inputs, filled up to a multiple of four, and the places' offsets are of such pairs.
    unsafe { rows_i8(&mut job) }
}

/// Evaluates a job. The number of words is even, of pairs not 0 where there are tiles.
#[unsafe(naked)]
unsafe extern "C" fn rows_i8(job: &mut Job) {
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
        .macro four a, b, c, d, middle
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
        \middle:
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
        ldr lr, [r0]
        ldr r1, [r0, #20]
        cmp r1, #8
        blo 7f
        ldr r1, [r0, #12]
        ldr r2, [r0, #24]
        ldr r3, [r0, #32]
        str r1, [sp, #8]
        // A turn takes sixteen words, the first one what leaves whole turns.
        adr r12, 91f
        cbz r3, 2f
        adr r12, 90f
        2:
        add r3, r1, r2, lsl #2
        vmov s19, r3
        and r3, r2, #14
        add r0, r1, r3, lsl #2
        cmp r2, #0
        it eq
        moveq r3, #16
        ldrh r3, [r12, r3]
        add r3, r12
        str r3, [sp]
        str r0, [sp, #12]
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
        vldr s18, [sp, #12]
        ldr pc, [sp]
        .balign 4
        // Where the first turn starts, for each even number of words in it; at last, where there are no words.
        91:
        .hword 50f-91b+1, 57f-91b+1, 56f-91b+1, 55f-91b+1, 54f-91b+1, 53f-91b+1, 52f-91b+1, 51f-91b+1
        90:
        .hword 30f-90b+1, 37f-90b+1, 36f-90b+1, 35f-90b+1, 34f-90b+1, 33f-90b+1, 32f-90b+1, 31f-90b+1, 39f-90b+1
        31:
        vldmia r0!, {s2-s15}
        b 41f
        32:
        vldmia r0!, {s4-s15}
        b 42f
        33:
        vldmia r0!, {s6-s15}
        b 43f
        34:
        vldmia r0!, {s8-s15}
        b 44f
        35:
        vldmia r0!, {s10-s15}
        b 45f
        36:
        vldmia r0!, {s12-s15}
        b 46f
        37:
        vldmia r0!, {s14-s15}
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
        51:
        vldmia r0!, {s2-s15}
        ldm lr!, {r2, r3}
        b 21f
        52:
        vldmia r0!, {s4-s15}
        b 22f
        53:
        vldmia r0!, {s6-s15}
        ldm lr!, {r2, r3}
        b 23f
        54:
        vldmia r0!, {s8-s15}
        b 24f
        55:
        vldmia r0!, {s10-s15}
        ldm lr!, {r2, r3}
        b 25f
        56:
        vldmia r0!, {s12-s15}
        b 26f
        57:
        vldmia r0!, {s14-s15}
        ldm lr!, {r2, r3}
        b 27f
        50:
        vldmia r0!, {s0-s15}
        vmov s18, r0
        four s0, s1, s2, s3, 21
        22: four s4, s5, s6, s7, 23
        24: four s8, s9, s10, s11, 25
        26: four s12, s13, s14, s15, 27
        vmov r0, r1, s18, s19
        cmp r0, r1
        bne 50b
        6:
        subs r5, r5, r4
        subs r7, r7, r6
        sub r9, r9, r8
        sub r11, r11, r10
        ldr r0, [sp, #40]
        ldr r3, [r0, #8]
        ldr r1, [r0, #16]
        ldr r2, [r0, #28]
        mov r12, #2
        61:
        vmov s0, s1, r4, r5
        vmov s2, s3, r6, r7
        vldmia r3!, {s4-s7}
        vcvt.f32.s32 s0, s0
        vcvt.f32.s32 s1, s1, #8
        vcvt.f32.s32 s2, s2
        vcvt.f32.s32 s3, s3, #8
        vmul.f32 s0, s0, s4
        vmul.f32 s1, s1, s5
        vmul.f32 s2, s2, s6
        vmul.f32 s3, s3, s7
        vcvtr.s32.f32 s0, s0
        vcvtr.s32.f32 s1, s1
        vcvtr.s32.f32 s2, s2
        vcvtr.s32.f32 s3, s3
        vmov r4, r5, s0, s1
        vmov r6, r7, s2, s3
        .irp r, r4, r5, r6, r7
        qadd \r, \r, r2
        ssat \r, #8, \r
        .endr
        strb r4, [r1]
        strb r5, [r1, #1]
        strb r6, [r1, #2]
        strb r7, [r1, #3]
        adds r1, #4
        mov r4, r8
        mov r5, r9
        mov r6, r10
        mov r7, r11
        subs r12, #1
        bne 61b
        str r3, [r0, #8]
        str r1, [r0, #16]
        ldr r1, [r0, #20]
        subs r1, #8
        str r1, [r0, #20]
        cmp r1, #8
        bhs 4b
        7:
        // The rest of the rows: r9 the job, r10 the weights of two rows, r11 how many twos are left of the tile, r1 the bytes from
        // word to word.
        ldr r0, [sp, #40]
        mov r9, r0
        mov r10, lr
        ldr r3, [r0, #20]
        cmp r3, #0
        beq 79f
        70:
        movs r1, #4
        cmp r3, #3
        it hs
        movhs r1, #8
        cmp r3, #7
        it hs
        movhs r1, #16
        lsr r11, r1, #2
        71:
        mov r0, r10
        ldrd r2, r3, [r9, #36]
        movs r4, #0
        movs r5, #0
        subs r3, #4
        blo 74f
        72:
        ldr r12, [r2], #4
        eor r12, #0x80808080
        73:
        ldr r6, [r0]
        ldr r7, [r0, r1]
        add r0, r0, r1, lsl #1
        uxtb16 lr, r12
        uxtb16 r12, r12, ror #8
        mac r6, lr, r4, r5
        mac r7, r12, r4, r5
        subs r3, #4
        bhs 72b
        74:
        // The inputs after the last four; those that are missing count as 0.
        adds r3, #4
        beq 76f
        mov r12, #0
        75:
        subs r3, #1
        ldrb r6, [r2, r3]
        eor r6, #0x80
        orr r12, r6, r12, lsl #8
        bne 75b
        b 73b
        76:
        subs r5, r5, r4
        ldrd r6, r7, [r9, #4]
        ldr r8, [r9, #16]
        ldr r12, [r9, #28]
        ldr r3, [r9, #20]
        ldr r2, [r6], #4
        add r4, r2
        movs r2, #0
        77:
        vldmia r7!, {s1}
        vmov s0, r4
        vcvt.f32.s32 s0, s0
        vmul.f32 s0, s0, s1
        vcvtr.s32.f32 s0, s0
        vmov r4, s0
        qadd r4, r4, r12
        ssat r4, #8, r4
        strb r4, [r8], #1
        subs r3, #1
        beq 79f
        cbnz r2, 78f
        ldr r2, [r6], #4
        add r5, r5, r2, lsl #8
        asrs r4, r5, #8
        movs r2, #1
        b 77b
        78:
        strd r6, r7, [r9, #4]
        str r8, [r9, #16]
        str r3, [r9, #20]
        // The next two rows of the tile are a word farther; the next tile starts where this one ends.
        subs r11, #1
        it eq
        subeq r10, r0, r1
        add r10, #4
        bne 71b
        b 70b
        79:
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
