//! The way from tile to tile, whatever the weights are.

use crate::Layer;
#[cfg(all(thumbnet_dsp, thumbnet_fpu))]
use crate::kernel::dsp::requantize::round;
use crate::kernel::numbers;
#[cfg(not(all(thumbnet_dsp, thumbnet_fpu)))]
use crate::kernel::requantize::round;
use crate::layer::Packed;

/// Evaluates the whole tiles of eight rows, each of whose rows takes `row` bytes; gives the number of outputs, which are kept within
/// -128..=127. `add` makes of zeros the sums of so many rows, from their weights and their biases.
///
/// It is a part of its kernel, with which it shares one frame of the stack: two would add up below those of the layers.
#[inline(always)]
pub(super) fn whole(
    layer: &Layer<'_>,
    row: usize,
    output: &mut [i8],
    add: impl Fn(usize, &[u8], &[u32], &mut [i32; 8]),
) -> usize {
    let zero_point = layer.sum_zero_point().into();
    let (tiles, _) = output.as_chunks_mut::<8>();
    let Packed { mut weights, biases, factors } = layer.packed();
    let channels = numbers(biases).as_chunks::<8>().0.iter().zip(numbers(factors).as_chunks::<8>().0);
    for (outputs, (biases, factors)) in tiles.iter_mut().zip(channels) {
        let Some((tile, later)) = weights.split_at_checked(8 * row) else { break };
        weights = later;
        let mut sums = [0; 8];
        add(8, tile, biases, &mut sums);
        round(&sums, factors, zero_point, outputs);
    }
    tiles.as_flattened().len()
}

/// Evaluates the outputs from `done` on, fewer than eight, as [`whole`] does the others.
#[inline(always)]
pub(super) fn rest(
    layer: &Layer<'_>,
    done: usize,
    row: usize,
    output: &mut [i8],
    add: impl Fn(usize, &[u8], &[u32], &mut [i32; 8]),
) {
    let Some(outputs @ [_, ..]) = output.get_mut(done..) else { return };
    let Packed { weights, biases, factors } = layer.packed().after(done, row);
    let mut sums = [0; 8];
    add(outputs.len(), weights, numbers(biases), &mut sums);
    round(&sums, numbers(factors), layer.sum_zero_point().into(), outputs);
}
