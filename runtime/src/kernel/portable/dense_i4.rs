//! 4-bit weights, packed in fours of rows.

use super::{rows, sums_i4::sums_i4};
use crate::Layer;
use crate::kernel::channel::Channels;
use crate::kernel::chunks::filled;
use crate::kernel::mixed;
use crate::kernel::requantize::Requantize;

/// Tiles of eight rows, then one of four.
#[cfg(any(test, not(any(thumbnet_dsp, thumbnet_scalar, thumbnet_x86_64))))]
pub(crate) fn dense_i4(layer: &Layer<'_>, input: &[i8], _work: &mut [i8], output: &mut [i8]) {
    packed(layer, input, output, 0);
}

/// Tiles of eight rows, then one of four. `output` may leave out the first tiles; it starts with the row `first`.
pub(crate) fn packed(layer: &Layer<'_>, input: &[i8], output: &mut [i8], first: usize) {
    let row = filled(input.len(), 4) / 2;
    let inputs = rows::sum(input);
    let requantize = Requantize::new(layer);
    let mut channels = Channels::new(layer).from(first);
    let Some((_, mut weights)) = layer.weights().split_at_checked(first * row) else { return };
    let mut done = 0;
    while done < output.len() {
        let rows = if output.len() - done > 4 { 8 } else { 4 };
        let Some((tile, rest)) = weights.split_at_checked(rows * row) else { return };
        weights = rest;
        let (biases, factors) = channels.tile(rows);
        let mut sums = [0; 8];
        sums_i4(rows, tile, input, &mut sums);
        mixed::separate_i4(&mut sums, inputs);
        mixed::add(&mut sums, biases);
        let outputs = output.iter_mut().enumerate().skip(done).take(rows);
        for ((index, y), (sum, factor)) in outputs.zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(first + index, sum, factor);
        }
        done += rows;
    }
}
