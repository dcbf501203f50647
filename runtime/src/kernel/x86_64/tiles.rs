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
    let tiles = layer.weights().chunks_exact(tile.max(1));
    for (first, (outputs, tile)) in (0..).step_by(8).zip(output.chunks_mut(8).zip(tiles)) {
        let (mut sums, factors) = channels.tile(8);
        add(tile, &mut sums);
        for ((index, y), (sum, factor)) in (first..).zip(outputs).zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(index, sum, factor);
        }
    }
}
