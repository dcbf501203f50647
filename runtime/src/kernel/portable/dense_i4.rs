//! 4-bit weights, packed in fours of rows.

use super::{rows, sums_i4::sums_i4};
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
        let (mut sums, factors) = channels.tile(rows);
        mixed::separate_i4(&sums_i4(rows, tile, input), inputs, &mut sums);
        let outputs = output.iter_mut().enumerate().skip(done).take(rows);
        for ((index, y), (sum, factor)) in outputs.zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(index, sum, factor);
        }
        done += rows;
    }
}
