//! The way from tile to tile of eight rows, whatever the weights are.

use crate::Layer;
use crate::kernel::channel::Channels;
use crate::kernel::requantize::Requantize;

/// Evaluates the outputs from the first on, as far as there are tiles of `tile` bytes; the last may have rows beyond the layer's.
/// `add` adds the sums of a tile, from its weights, to the biases.
#[inline]
pub(super) fn outputs(layer: &Layer<'_>, tile: usize, output: &mut [i8], add: impl Fn(&[u8], &mut [i32; 8])) {
    let requantize = Requantize::new(layer);
    let mut channels = Channels::new(layer);
    let mut weights = layer.weights();
    let mut done = 0;
    while done < output.len() {
        let Some((tile, later)) = weights.split_at_checked(tile) else { return };
        weights = later;
        let (mut sums, factors) = channels.tile(8);
        add(tile, &mut sums);
        let outputs = output.iter_mut().enumerate().skip(done).take(8);
        for ((index, y), (sum, factor)) in outputs.zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(index, sum, factor);
        }
        done += 8;
    }
}
