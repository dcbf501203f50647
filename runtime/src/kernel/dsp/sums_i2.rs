//! The sums of products of 2-bit weights and unsigned inputs, for tiles of eight rows, with the DSP extension.
//!
//! A word holds the weights of eight rows and two inputs. Turned by 0, 4, 8 and 12 bits and masked, it gives two rows at a time:
//! each half is `2^14 * odd row's weight + (even row's weight + 1)`. So one SMLAD makes four products, and the sums of the even
//! rows stay below 2^14 for 32 inputs; then they are added to sums of their own and cleared. Sixteen products take four
//! extractions and four multiplications.

#![allow(unsafe_code)]

use crate::kernel::aligned;
use core::arch::naked_asm;

/// The bytes of a tile's weights for each pair of inputs.
const STEP: usize = 4;

/// Adds four sums of odd rows, `2^14` times each, and four of even rows, for the inputs from `input` up to `end`, a multiple of
/// four pairs and not none.
#[unsafe(naked)]
unsafe extern "C" fn eight_of_pairs(weights: *const u8, input: *const u32, end: *const u32, sums: *mut [i32; 8]) {
    naked_asm!(
        r"
        .arch armv7e-m
        .macro mac word, pair
        and r2, r8, \word
        smlad r4, r2, \pair, r4
        and r2, r8, \word, ror #4
        smlad r5, r2, \pair, r5
        and r2, r8, \word, ror #8
        smlad r6, r2, \pair, r6
        and r2, r8, \word, ror #12
        smlad r7, r2, \pair, r7
        .endm
        .macro turn
        ldm r12!, {r3, r9, r10, r11}
        ldm lr!, {r0, r1}
        mac r0, r3
        mac r1, r9
        ldm lr!, {r0, r1}
        mac r0, r10
        mac r1, r11
        .endm
        push {r2-r11, lr}
        mov lr, r0
        mov r12, r1
        sub r2, r1
        ldm r3, {r4-r11}
        push {r8-r11}
        ldr r8, 7f
        ubfx r2, r2, #4, #2
        adr r3, 6f
        ldr pc, [r3, r2, lsl #2]
        .balign 4
        7: .word 0xc003c003
        6: .word 5f+1, 4f+1, 3f+1, 2f+1
        5: turn
        2: turn
        3: turn
        4: turn
        ldm sp, {r0, r1, r2, r3}
        ubfx r9, r4, #0, #14
        add r0, r9
        ubfx r9, r5, #0, #14
        add r1, r9
        ubfx r9, r6, #0, #14
        add r2, r9
        ubfx r9, r7, #0, #14
        add r3, r9
        stm sp, {r0, r1, r2, r3}
        bfc r4, #0, #14
        bfc r5, #0, #14
        bfc r6, #0, #14
        bfc r7, #0, #14
        ldr r9, [sp, #16]
        cmp r12, r9
        bne 5b
        ldr r12, [sp, #20]
        stm r12!, {r4, r5, r6, r7}
        stm r12, {r0, r1, r2, r3}
        add sp, #24
        pop {r4-r11, pc}
        .purgem mac
        .purgem turn",
        options(raw)
    )
}

/// Adds the mixed sums of a tile of eight rows; does nothing where the weights do not fit the pairs. They end where the layer's do,
/// or so many whole blocks of 32 inputs before.
pub(super) fn add(weights: Option<&[u8]>, pairs: &[u32], sums: &mut [i32; 8]) {
    let weights = weights.unwrap_or_default();
    if !pairs.is_empty() && pairs.len().is_multiple_of(4) && pairs.len() * STEP <= weights.len() && aligned(weights) {
        let pairs = pairs.as_ptr_range();
        // SAFETY: the kernel reads the pairs, a multiple of four and not none, and `STEP` bytes of weights for each.
        unsafe { eight_of_pairs(weights.as_ptr(), pairs.start, pairs.end, sums) }
    }
}
