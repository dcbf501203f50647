//! The sums of a tile of 2-bit weights.

use super::rows;
use crate::kernel::chunks::chunks;

/// Writes `2^14` times the sums of the four odd rows, and the sums of the four even rows.
#[cfg_attr(any(thumbnet_dsp, thumbnet_scalar), cold)]
#[cfg_attr(any(thumbnet_dsp, thumbnet_scalar), inline(never))]
pub(crate) fn sums_i2(tile: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    let mut mixed = [0i32; 4];
    let mut even = [0i32; 4];
    let (groups, _) = tile.as_chunks::<4>().0.as_chunks::<4>();
    let mut inputs = chunks::<4, _>(input);
    for (done, group) in (1..).zip(groups) {
        for words in group.as_chunks::<2>().0 {
            let mut x = [0; 4];
            for (filled, &input) in x.iter_mut().zip(inputs.next().unwrap_or(&[])) {
                *filled = rows::unsigned(input);
            }
            let [a, b, c, d] = x;
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
        if (groups.len() - done).is_multiple_of(4) {
            for (even, mixed) in even.iter_mut().zip(&mut mixed) {
                *even = even.wrapping_add(*mixed & 0x3fff);
                *mixed &= !0x3fff;
            }
        }
    }
    let [a, b, c, d] = mixed;
    let [e, f, g, h] = even;
    *sums = [a, b, c, d, e, f, g, h];
}
