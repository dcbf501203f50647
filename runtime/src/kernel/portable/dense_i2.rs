//! 2-bit weights, packed in eights of rows.

use super::rows;
use crate::Layer;
use crate::kernel::channel::Channels;
use crate::kernel::mixed;
use crate::kernel::requantize::Requantize;

/// Tiles of eight rows.
pub(crate) fn dense_i2(layer: &Layer<'_>, input: &[i8], _work: &mut [i8], output: &mut [i8]) {
    let tile = input.len().next_multiple_of(8) * 2;
    let inputs = input.iter().fold(0, |sum: i32, &x| sum.wrapping_add(rows::unsigned(x)));
    let requantize = Requantize::new(layer);
    let mut channels = Channels::new(layer);
    let tiles = layer.weights().chunks_exact(tile.max(1));
    for ((index, outputs), tile) in output.chunks_mut(8).enumerate().zip(tiles) {
        let (biases, factors) = channels.tile(8);
        let sums = mixed::separate_i2(tile_sums(tile, input), inputs, biases);
        for ((row, y), (sum, factor)) in outputs.iter_mut().enumerate().zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(8 * index + row, sum, factor);
        }
    }
}

/// `2^14` times the sums of the four odd rows, and the sums of the four even rows.
fn tile_sums(tile: &[u8], input: &[i8]) -> [i32; 8] {
    let mut mixed = [0i32; 4];
    let mut even = [0i32; 4];
    let (groups, _) = tile.as_chunks::<4>().0.as_chunks::<4>();
    let mut inputs = input.chunks(4);
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
    [a, b, c, d, e, f, g, h]
}
