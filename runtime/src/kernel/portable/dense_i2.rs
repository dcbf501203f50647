//! 2-bit weights, packed in eights of rows.

use super::{rows, sums_i2::sums_i2};
use crate::Layer;
use crate::kernel::channel::Channels;
use crate::kernel::mixed;
use crate::kernel::requantize::Requantize;

/// Tiles of eight rows.
pub(crate) fn dense_i2(layer: &Layer<'_>, input: &[i8], _work: &mut [i8], output: &mut [i8]) {
    let tile = input.len().next_multiple_of(8) * 2;
    let inputs = rows::sum(input);
    let requantize = Requantize::new(layer);
    let mut channels = Channels::new(layer);
    let tiles = layer.weights().chunks_exact(tile.max(1));
    for ((index, outputs), tile) in output.chunks_mut(8).enumerate().zip(tiles) {
        let (biases, factors) = channels.tile(8);
        let mut sums = [0; 8];
        sums_i2(tile, input, &mut sums);
        mixed::separate_i2(&mut sums, inputs);
        mixed::add(&mut sums, biases);
        for ((row, y), (sum, factor)) in outputs.iter_mut().enumerate().zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(8 * index + row, sum, factor);
        }
    }
}
