//! The sums of a tile of 4-bit weights.

use super::rows;
use crate::kernel::chunks::chunks;

/// Writes the sums of the lowest digit, of the two, of the three lowest and of all four, for each four rows of a tile of so many,
/// filled up to eight or four.
pub(crate) fn sums_i4(rows: usize, tile: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    if rows > 4 { tile_sums::<2, 8>(tile, input, sums) } else { tile_sums::<1, 4>(tile, input, sums) }
}

#[inline]
fn tile_sums<const FOURS: usize, const HALF: usize>(tile: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    let mut fours = [[0; 4]; FOURS];
    let (groups, _) = tile.as_chunks::<HALF>().0.as_chunks::<2>();
    for (group, inputs) in groups.iter().zip(chunks::<4, _>(input)) {
        let mut x = [0; 4];
        for (filled, &input) in x.iter_mut().zip(inputs) {
            *filled = rows::unsigned(input);
        }
        let [a, b, c, d] = x;
        for (words, (first, second)) in group.iter().zip([(a, c), (b, d)]) {
            for (&[w0, w1, w2, w3], sums) in words.as_chunks().0.iter().zip(&mut fours) {
                for (half, x) in [([w0, w1], first), ([w2, w3], second)] {
                    let half = i32::from(i16::from_le_bytes(half));
                    for (sum, digits) in sums.iter_mut().zip([half & 0xf, half & 0xff, half & 0xfff, half]) {
                        *sum = digits.wrapping_mul(x).wrapping_add(*sum);
                    }
                }
            }
        }
    }
    for (sum, four) in sums.iter_mut().zip(fours.as_flattened()) {
        *sum = *four;
    }
}
