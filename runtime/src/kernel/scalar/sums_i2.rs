//! The sums of products of 2-bit weights and unsigned inputs, for tiles of eight rows, with plain multiplications.
//!
//! A word holds the weights of eight rows and two inputs: those of the even rows and 1 in the lower bits of its digits of four bits,
//! and those of the odd rows in the upper. The odd rows' signs are turned, which makes them weights and 2. A row's two digits stand
//! 16 bits apart, so that one multiplication makes two products (see [`pairs`](super::pairs)); for three rows they stand the
//! other way round, and the inputs are turned for them. Every 32 inputs the sums are added to those of FORMAT.md.

#![allow(unsafe_code)]

use crate::kernel::aligned;
use core::arch::naked_asm;

/// The bytes of a tile's weights for each pair of inputs.
const STEP: usize = 4;

/// Adds four sums of odd rows (of weights and 2), `2^14` times each, and four of even rows, for the pairs from `input` up to
/// `end`, a multiple of four and not none.
///
/// A pair of inputs takes 45 instructions for sixteen products, four pairs 8 more, and sixteen pairs 104.
#[cfg(thumbnet_armv6m)]
#[unsafe(naked)]
unsafe extern "C" fn eight(weights: *const u8, input: *const u32, end: *const u32, sums: *mut [i32; 8]) {
    naked_asm!(
        r"
        .macro digit shift, sum
        lsrs r1, r1, #\shift
        mov r0, r3
        ands r0, r1
        muls r0, r2, r0
        add \sum, r0
        .endm
        .macro last shift, sum
        lsrs r1, r1, #\shift
        ands r1, r3
        muls r1, r2, r1
        add \sum, r1
        .endm
        .macro even index
        ldr r2, [r4, #(4 * \index)]
        ldr r1, [r5, #(4 * \index)]
        mov r0, r3
        ands r0, r1
        muls r0, r2, r0
        add r8, r0
        digit 4, r9
        digit 4, r10
        last 4, r11
        .endm
        .macro odd index
        ldr r2, [r4, #(4 * \index)]
        ldr r1, [r5, #(4 * \index)]
        eors r1, r6
        movs r0, #16
        rors r2, r0
        digit 2, r9
        digit 4, r10
        digit 4, r11
        ldr r2, [r4, #(4 * \index)]
        last 4, r8
        .endm
        .macro turn kind
        \kind 0
        \kind 1
        \kind 2
        \kind 3
        adds r4, #16
        adds r5, #16
        cmp r4, r7
        .endm
        .macro clear
        movs r0, #0
        mov r8, r0
        mov r9, r0
        mov r10, r0
        mov r11, r0
        .endm
        .macro add_even sum, place
        mov r0, \sum
        lsrs r0, r0, #16
        ldr r1, [r2, #\place]
        adds r0, r0, r1
        lsls r1, r0, #18
        lsrs r1, r1, #18
        subs r0, r0, r1
        str r0, [r2, #\place]
        ldr r0, [r2, #(16 + \place)]
        adds r0, r0, r1
        str r0, [r2, #(16 + \place)]
        .endm
        .macro add_odd sum, place
        mov r0, \sum
        lsrs r0, r0, #16
        lsls r0, r0, #14
        ldr r1, [r2, #\place]
        adds r0, r0, r1
        str r0, [r2, #\place]
        .endm
        push {r4-r7, lr}
        mov r4, r8
        mov r5, r9
        mov r6, r10
        mov r7, r11
        push {r2-r7}
        mov r5, r0
        mov r4, r1
        movs r3, #3
        lsls r0, r3, #16
        orrs r3, r0
        ldr r6, 9f
        // The first block takes what leaves whole blocks of sixteen pairs.
        subs r2, r2, r1
        movs r7, #48
        ands r7, r2
        bne 1f
        movs r7, #64
        1:
        adds r7, r7, r4
        2:
        mov r12, r4
        mov lr, r5
        clear
        3:
        turn even
        bne 3b
        ldr r2, [sp, #4]
        add_even r8, 0
        add_even r9, 4
        add_even r10, 8
        add_even r11, 12
        mov r4, r12
        mov r5, lr
        clear
        4:
        turn odd
        bne 4b
        ldr r2, [sp, #4]
        add_odd r8, 0
        add_odd r9, 4
        add_odd r10, 8
        add_odd r11, 12
        adds r7, #64
        ldr r0, [sp]
        cmp r4, r0
        beq 5f
        b 2b
        .balign 4
        9: .word 0x88888888
        5:
        pop {r2-r7}
        mov r8, r4
        mov r9, r5
        mov r10, r6
        mov r11, r7
        pop {r4-r7, pc}
        .purgem digit
        .purgem last
        .purgem even
        .purgem odd
        .purgem turn
        .purgem clear
        .purgem add_even
        .purgem add_odd",
        options(raw)
    )
}

/// Adds four sums of odd rows (of weights and 2), `2^14` times each, and four of even rows, for the pairs from `input` up to
/// `end`, a multiple of four and not none.
///
/// A pair of inputs takes 20 instructions for sixteen products, two pairs 3 more, and sixteen pairs 58.
#[cfg(not(thumbnet_armv6m))]
#[unsafe(naked)]
unsafe extern "C" fn eight(weights: *const u8, input: *const u32, end: *const u32, sums: *mut [i32; 8]) {
    naked_asm!(
        r"
        .macro digit shift, sum
        and r2, r3, r0, lsr #\shift
        mla \sum, r2, r1, \sum
        .endm
        .macro pair
        ldr r1, [lr], #4
        ldr r0, [r12], #4
        eor r0, #0x88888888
        and r2, r3, r0
        mla r4, r2, r1, r4
        digit 4, r5
        digit 8, r6
        digit 12, r7
        digit 14, r8
        ror r1, r1, #16
        digit 2, r9
        digit 6, r10
        digit 10, r11
        .endm
        .macro rows even, odd
        ldr r0, [r2]
        lsr r1, \odd, #16
        add r0, r0, r1, lsl #14
        add r0, r0, \even, lsr #16
        ubfx r1, r0, #0, #14
        subs r0, r1
        str r0, [r2], #4
        ldr r0, [r2, #12]
        add r0, r1
        str r0, [r2, #12]
        mov \even, #0
        mov \odd, #0
        .endm
        push {r1-r11, lr}
        mov r12, r0
        mov lr, r1
        subs r2, r1
        ands r2, #48
        it eq
        moveq r2, #64
        add r0, r1, r2
        mov r3, #0x00030003
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
        rows r4, r8
        rows r5, r9
        rows r6, r10
        rows r7, r11
        add r0, lr, #64
        ldr r2, [sp, #4]
        cmp lr, r2
        bne 1b
        pop {r1-r11, pc}
        .purgem digit
        .purgem pair
        .purgem rows",
        options(raw)
    )
}

/// Adds the mixed sums of a tile of eight rows, those of the odd rows for weights and 2; does nothing where the weights do not fit
/// the pairs. They end where the layer's do, or so many whole blocks of 32 inputs before.
pub(super) fn add(weights: Option<&[u8]>, pairs: &[u32], sums: &mut [i32; 8]) {
    let weights = weights.unwrap_or_default();
    if !pairs.is_empty() && pairs.len().is_multiple_of(4) && pairs.len() * STEP <= weights.len() && aligned(weights) {
        let pairs = pairs.as_ptr_range();
        // SAFETY: the kernel reads the pairs, a multiple of four and not none, and `STEP` bytes of weights for each.
        unsafe { eight(weights.as_ptr(), pairs.start, pairs.end, sums) }
    }
}
