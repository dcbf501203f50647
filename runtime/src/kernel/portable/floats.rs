//! Dense layers of floats, for weights of any width.

use crate::kernel::fma::fma;
use crate::{Layer, Order};

#[cfg(thumbnet_x86_64)]
pub(crate) use super::dense_f16::widen;

/// All outputs: packed in tiles of eight rows, then one each of four, two and one as far as rows remain; plain in tiles of
/// one. `widen` reads a weight of `N` bytes.
#[inline]
pub(crate) fn outputs<const N: usize>(
    layer: &Layer<'_>,
    input: &[f32],
    output: &mut [f32],
    widen: impl Fn([u8; N]) -> f32 + Copy,
) {
    outputs_from(layer, 0, input, output, widen);
}

/// As [`outputs`], from the output `done` on, which is the first of a tile.
#[inline]
pub(crate) fn outputs_from<const N: usize>(
    layer: &Layer<'_>,
    done: usize,
    input: &[f32],
    output: &mut [f32],
    widen: impl Fn([u8; N]) -> f32 + Copy,
) {
    let widest = if layer.order() == Order::Packed { 8 } else { 1 };
    let Some(mut weights) = layer.weights().as_chunks::<N>().0.get(done * input.len()..) else { return };
    let Some(mut biases) = layer.biases().as_chunks::<4>().0.get(done..) else { return };
    let Some(mut output) = output.get_mut(done..) else { return };
    loop {
        let width = match output.len().min(widest) {
            8.. => 8,
            4.. => 4,
            2.. => 2,
            1 => 1,
            0 => return,
        };
        let Some((tile, later_weights)) = weights.split_at_checked(width * input.len()) else { return };
        let Some((bias, later_biases)) = biases.split_at_checked(width) else { return };
        let Some((now, later)) = output.split_at_mut_checked(width) else { return };
        match width {
            8 => tile_of::<8, N>(tile, bias, input, now, widen),
            4 => tile_of::<4, N>(tile, bias, input, now, widen),
            2 => tile_of::<2, N>(tile, bias, input, now, widen),
            _ => tile_of::<1, N>(tile, bias, input, now, widen),
        }
        (weights, biases, output) = (later_weights, later_biases, later);
    }
}

/// The outputs of one tile.
#[inline]
fn tile_of<const WIDTH: usize, const N: usize>(
    tile: &[[u8; N]],
    bias: &[[u8; 4]],
    input: &[f32],
    output: &mut [f32],
    widen: impl Fn([u8; N]) -> f32,
) {
    let Some(bias) = bias.first_chunk::<WIDTH>() else { return };
    let mut sums = bias.map(f32::from_le_bytes);
    for (weights, &x) in tile.as_chunks::<WIDTH>().0.iter().zip(input) {
        fma(x, weights.map(&widen), &mut sums);
    }
    for (y, sum) in output.iter_mut().zip(sums) {
        *y = sum;
    }
}
