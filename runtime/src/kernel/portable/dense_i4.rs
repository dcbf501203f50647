//! 4-bit weights, packed in fours of rows.

use super::rows;
use crate::Layer;
use crate::kernel::channel::Channels;
use crate::kernel::mixed;
use crate::kernel::requantize::Requantize;

/// Tiles of eight rows, then one of four.
pub(crate) fn dense_i4(layer: &Layer<'_>, input: &[i8], _work: &mut [i8], output: &mut [i8]) {
    let row = input.len().next_multiple_of(4) / 2;
    let inputs = input.iter().fold(0, |sum: i32, &x| sum.wrapping_add(rows::unsigned(x)));
    let requantize = Requantize::new(layer);
    let mut channels = Channels::new(layer);
    let mut weights = layer.weights();
    let mut done = 0;
    while done < output.len() {
        let rows = if output.len() - done > 4 { 8 } else { 4 };
        let Some((tile, rest)) = weights.split_at_checked(rows * row) else { return };
        weights = rest;
        let (biases, factors) = channels.tile(rows);
        let sums = if rows == 8 { tile_sums::<2, 8>(tile, input) } else { tile_sums::<1, 4>(tile, input) };
        let sums = mixed::separate_i4(sums, inputs, biases);
        let outputs = output.iter_mut().enumerate().skip(done).take(rows);
        for ((index, y), (sum, factor)) in outputs.zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(index, sum, factor);
        }
        done += rows;
    }
}

/// The sums of the lowest digit, of the two, of the three lowest and of all four, for each four rows.
#[inline]
fn tile_sums<const FOURS: usize, const HALF: usize>(tile: &[u8], input: &[i8]) -> [i32; 8] {
    let mut fours = [[0; 4]; FOURS];
    let (groups, _) = tile.as_chunks::<HALF>().0.as_chunks::<2>();
    for (group, inputs) in groups.iter().zip(input.chunks(4)) {
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
    let mut sums = [0; 8];
    for (sum, four) in sums.iter_mut().zip(fours.as_flattened()) {
        *sum = *four;
    }
    sums
}
