//! The way from tile to tile, whatever the weights are.

use crate::Layer;
use crate::kernel::requantize::rounded;
use crate::layer::Packed;

/// Evaluates the whole tiles of eight rows, each of whose rows takes `row` bytes; gives the number of outputs, which are kept within
/// -128..=127. `add` adds the sums
/// of a tile, from its weights, to the biases.
///
/// It stands alone, once for each kernel, so that what it costs does not depend on what the program is besides.
#[inline(never)]
pub(super) fn whole(layer: &Layer<'_>, row: usize, output: &mut [i8], add: impl Fn(&[u8], &mut [i32; 8])) -> usize {
    let zero_point = layer.sum_zero_point().into();
    let (tiles, _) = output.as_chunks_mut::<8>();
    let Packed { mut weights, biases, factors } = layer.packed();
    let channels = biases.as_chunks::<8>().0.iter().zip(factors.as_chunks::<8>().0);
    for (outputs, (biases, factors)) in tiles.iter_mut().zip(channels) {
        let Some((tile, later)) = weights.split_at_checked(8 * row) else { break };
        weights = later;
        let mut sums = [0; 8];
        for (sum, &bias) in sums.iter_mut().zip(biases) {
            *sum = i32::from_le_bytes(bias);
        }
        add(tile, &mut sums);
        #[cfg(all(thumbnet_dsp, thumbnet_fpu))]
        if super::dsp::requantize::outputs(&sums, factors, zero_point, outputs) {
            continue;
        }
        for (y, (&sum, &factor)) in outputs.iter_mut().zip(sums.iter().zip(factors)) {
            *y = rounded(sum, factor, zero_point);
        }
    }
    tiles.as_flattened().len()
}

/// Evaluates the outputs from `done` on: as far as rows remain, tiles of the `widths`, of which the last may have rows beyond
/// the layer's. A row takes `row` bytes. `add` adds the sums of a tile of so many rows, from its weights, to the biases.
#[inline(never)]
pub(super) fn rest(
    layer: &Layer<'_>,
    done: usize,
    widths: &[usize],
    row: usize,
    output: &mut [i8],
    add: impl Fn(usize, &[u8], &mut [i32; 8]),
) {
    let zero_point = layer.sum_zero_point().into();
    let Packed { mut weights, biases, factors } = layer.packed().after(done, row);
    let mut channels = biases.iter().zip(factors);
    let mut index = done;
    let least = widths.last().map_or(8, |&width| width);
    while let Some(left) = output.len().checked_sub(index).filter(|&left| left != 0) {
        // Those beyond the last row are a part of the last tile.
        let rows = widths.iter().copied().find(|&width| width < left + least).unwrap_or(least);
        let Some((tile, later)) = weights.split_at_checked(rows * row) else { return };
        weights = later;
        let (mut sums, mut factors) = ([0; 8], [[0; 4]; 8]);
        for ((sum, factor), (&b, &f)) in sums.iter_mut().zip(&mut factors).zip(channels.by_ref().take(rows)) {
            (*sum, *factor) = (i32::from_le_bytes(b), f);
        }
        add(rows, tile, &mut sums);
        let outputs = output.iter_mut().skip(index).take(rows);
        for (y, (&sum, &factor)) in outputs.zip(sums.iter().zip(&factors)) {
            *y = rounded(sum, factor, zero_point);
        }
        index += rows;
    }
}
