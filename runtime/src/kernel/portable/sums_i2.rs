//! The sums of a tile of 2-bit weights.

use super::rows;
use crate::kernel::chunks::chunks;

/// Adds, to zeros, `2^14` times the sums of the four odd rows, and the sums of the four even rows.
#[cfg_attr(any(thumbnet_dsp, thumbnet_scalar), cold)]
#[cfg_attr(any(thumbnet_dsp, thumbnet_scalar), inline(never))]
pub(crate) fn sums_i2(tile: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    let mut mixed = [0i32; 4];
    let ([odd, even], _) = sums.as_chunks_mut::<4>() else { return };
    let (mut groups, _) = tile.as_chunks::<4>().0.as_chunks::<4>();
    let mut inputs = chunks::<4, _>(input);
    while let Some((group, later)) = groups.split_first() {
        groups = later;
        for words in group.as_chunks::<2>().0 {
            // What is missing at the end counts as 0.
            let quad = match *inputs.next().unwrap_or(&[]) {
                [a, b, c, d, ..] => [a, b, c, d],
                [a, b, c] => [a, b, c, i8::MIN],
                [a, b] => [a, b, i8::MIN, i8::MIN],
                [a] => [a, i8::MIN, i8::MIN, i8::MIN],
                [] => [i8::MIN; 4],
            };
            let [a, b, c, d] = quad.map(rows::unsigned);
            for (&word, (first, second)) in words.iter().zip([(a, c), (b, d)]) {
                let word = u32::from_le_bytes(word);
                for (sum, turn) in mixed.iter_mut().zip([0, 4, 8, 12]) {
                    let digits = word.rotate_right(turn) & 0xc003_c003;
                    let [low, high] = [digits as i16, (digits >> 16) as i16].map(i32::from);
                    *sum = sum.wrapping_add(low * first + high * second);
                }
            }
        }
        // At most 32 inputs before the end and before each other.
        if later.len().is_multiple_of(4) {
            for (even, mixed) in even.iter_mut().zip(&mut mixed) {
                *even = even.wrapping_add(*mixed & 0x3fff);
                *mixed &= !0x3fff;
            }
        }
    }
    *odd = mixed;
}
