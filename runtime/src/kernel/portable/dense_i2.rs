//! 2-bit weights, packed in eights of rows.

use super::{rows, sums_i2::sums_i2};
use crate::Layer;
use crate::kernel::channel::Channels;
use crate::kernel::chunks::filled;
use crate::kernel::mixed;
use crate::kernel::requantize::Requantize;

/// Tiles of eight rows.
pub(crate) fn dense_i2(layer: &Layer<'_>, input: &[i8], _work: &mut [i8], output: &mut [i8]) {
    let inputs = rows::sum(input);
    let requantize = Requantize::new(layer);
    let mut channels = Channels::new(layer);
    let mut weights = layer.weights();
    let mut done = 0;
    while done < output.len() {
        let Some((tile, rest)) = weights.split_at_checked(2 * filled(input.len(), 8)) else { return };
        weights = rest;
        let (biases, factors) = channels.tile(8);
        let mut sums = [0; 8];
        sums_i2(tile, input, &mut sums);
        mixed::separate_i2(&mut sums, inputs);
        mixed::add(&mut sums, biases);
        let outputs = output.iter_mut().enumerate().skip(done).take(8);
        for ((index, y), (sum, factor)) in outputs.zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(index, sum, factor);
        }
        done += 8;
    }
}
