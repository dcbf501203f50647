//! The way from tile to tile, whatever the weights are.

use crate::Layer;
use crate::kernel::requantize::Requantize;

/// Evaluates the outputs from `done` on: whole tiles of eight rows, then one of each narrower width in `widths` as far as rows
/// remain; the last may have rows beyond the layer's. A row takes `row` bytes. `sums` gives the sums of a tile of so many rows
/// from its weights and biases.
///
/// It stands alone, once for each kernel, so that what it costs does not depend on what the program is besides.
#[inline(never)]
pub(super) fn evaluate(
    layer: &Layer<'_>,
    done: usize,
    widths: &[usize],
    row: usize,
    output: &mut [i8],
    sums: impl Fn(usize, &[u8], [i32; 8]) -> [i32; 8],
) {
    let requantize = Requantize::new(layer);
    let weights = after(layer.weights(), done * row);
    let biases = after(layer.biases(), 4 * done).as_chunks::<4>().0;
    let factors = after(layer.factors(), 4 * done).as_chunks::<4>().0;
    let Some(output) = output.get_mut(done..) else { return };
    let (tiles, rest) = output.as_chunks_mut::<8>();
    let whole = tiles.as_flattened().len();
    let (eight_biases, _) = biases.as_chunks::<8>();
    let (eight_factors, _) = factors.as_chunks::<8>();
    let channels = eight_biases.iter().zip(eight_factors);
    for ((outputs, (biases, factors)), weights) in
        tiles.iter_mut().zip(channels).zip(weights.chunks_exact((8 * row).max(1)))
    {
        let sums = sums(8, weights, biases.map(i32::from_le_bytes));
        #[cfg(all(thumbnet_dsp, thumbnet_fpu))]
        if super::dsp::requantize::outputs(&sums, factors, layer.sum_zero_point().into(), outputs) {
            continue;
        }
        for (y, (sum, &factor)) in outputs.iter_mut().zip(sums.into_iter().zip(factors)) {
            *y = requantize.rounded(sum, f32::from_le_bytes(factor));
        }
    }
    requantize.finish(done, tiles.as_flattened_mut());
    let mut weights = after(weights, whole * row);
    let mut channels = biases.iter().zip(factors).skip(whole);
    let mut index = done + whole;
    let mut rest = rest;
    while !rest.is_empty() {
        let least = widths.last().map_or(8, |&width| width);
        let padded = rest.len().next_multiple_of(least);
        let rows = widths.iter().copied().find(|&width| width <= padded).unwrap_or(least);
        let Some((tile, later)) = weights.split_at_checked(rows * row) else { return };
        let (outputs, after) = rest.split_at_mut(rows.min(rest.len()));
        let (mut eight, mut factors) = ([0; 8], [0.0; 8]);
        for ((bias, factor), (&b, &f)) in eight.iter_mut().zip(&mut factors).zip(channels.by_ref().take(rows)) {
            (*bias, *factor) = (i32::from_le_bytes(b), f32::from_le_bytes(f));
        }
        for (y, (sum, factor)) in outputs.iter_mut().zip(sums(rows, tile, eight).into_iter().zip(factors)) {
            *y = requantize.output(index, sum, factor);
            index += 1;
        }
        (weights, rest) = (later, after);
    }
}

/// The bytes from `start` on; none where there are fewer.
fn after(bytes: &[u8], start: usize) -> &[u8] {
    bytes.get(start..).unwrap_or(&[])
}
