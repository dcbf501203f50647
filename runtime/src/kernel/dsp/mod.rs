//! Kernels for cores with the DSP extension (Armv7E-M, and Armv8-M where it has it), with and without an FPU.
//!
//! Inputs are expanded to pairs of 16-bit numbers once a layer, where the caller's memory has room for it, and as they are read
//! otherwise. Where enough pairs are zero, only the others are kept, each with the place of its weights.
//!
//! A kernel that is not for one model only stands alone: what the compiler makes of it, and the stack that it takes, does not depend on
//! the program around it.
//!
//! The assembly names its architecture, since the compiler's idea of Armv8-M does not include the extension.

mod expand;
#[cfg(thumbnet_fpu)]
pub(super) mod requantize;
mod sums_i2;
mod sums_i4;
mod sums_i8;
#[cfg(thumbnet_fpu)]
mod tiles_i8;

use super::chunks::filled;
use super::requantize::{Requantize, kernels, rounded};
use super::runs::{BLOCK, Runs};
#[cfg(thumbnet_fpu)]
pub(crate) use super::vfp::{dense_f16, dense_f32};
use super::{mixed, portable, tiles, words};
use crate::Layer;
use crate::layer::Packed;
use expand::Inputs;
#[cfg(not(thumbnet_fpu))]
pub(crate) use portable::{dense_f16, dense_f32};

kernels!(dense_i8, simple_i8, rounded_i8, "int8");

/// The outputs, kept within -128..=127. Where it is `SIMPLE`, the memory has room for the pairs of inputs.
#[cfg(thumbnet_fpu)]
#[inline(always)]
fn rounded_i8<const SIMPLE: bool>(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let inputs = Inputs::new(input, 2 * sums_i8::STEP, words(work));
    let (mut packed, mut rows) = (layer.packed(), output);
    if !SIMPLE && matches!(inputs, Inputs::Bytes) {
        let done = whole_tiles(layer, input, inputs, rows);
        packed = packed.after(done, filled(input.len(), 4));
        rows = rows.get_mut(done..).unwrap_or_default();
    }
    let zero_point = if SIMPLE { layer.zero_point() } else { layer.sum_zero_point() };
    tiles_i8::evaluate(packed, zero_point, input, inputs, rows);
}

/// The outputs, kept within -128..=127. Where it is `SIMPLE`, the memory has room for the pairs of inputs.
#[cfg(not(thumbnet_fpu))]
#[inline(always)]
fn rounded_i8<const SIMPLE: bool>(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let inputs = Inputs::new(input, 2 * sums_i8::STEP, words(work));
    let done = match inputs {
        Inputs::Bytes if SIMPLE => 0,
        _ => whole_tiles(layer, input, inputs, output),
    };
    rest(layer, input, output, done);
}

/// The whole tiles of eight rows, kept within -128..=127; the number of outputs that are done. With an FPU it is
/// only for a scratch without room, and stands alone, so that it takes no stack elsewhere.
#[cfg_attr(thumbnet_fpu, cold, inline(never))]
fn whole_tiles(layer: &Layer<'_>, input: &[i8], inputs: Inputs<'_>, output: &mut [i8]) -> usize {
    let Packed { mut weights, biases, factors } = layer.packed();
    let zero_point = layer.sum_zero_point().into();
    let (tiles, _) = output.as_chunks_mut::<8>();
    let (count, done) = (tiles.len(), tiles.as_flattened().len());
    let mut channels = tiles.as_flattened_mut().iter_mut().zip(biases).zip(factors);
    for _ in 0..count {
        let Some((tile, later)) = weights.split_at_checked(8 * filled(input.len(), 4)) else { break };
        weights = later;
        let mut sums = [0; 8];
        match inputs {
            #[cfg(not(thumbnet_fpu))]
            Inputs::Pairs(pairs) => sums_i8::of_pairs(tile, pairs, &mut sums),
            #[cfg(not(thumbnet_fpu))]
            Inputs::Nonzero(places) => sums_i8::of_nonzero(tile, input.len(), places, &mut sums),
            _ => sums_i8::of_bytes(tile, input, &mut sums),
        }
        for &sums in sums.as_chunks().0 {
            outputs_of_two(sums, zero_point, &mut channels);
        }
    }
    done
}

/// The outputs of two rows from the sum of the even one and `256 * odd + even`, as far as there are some left.
#[inline]
fn outputs_of_two<'a>(
    [even, mixed]: [i32; 2],
    zero_point: i32,
    mut channels: impl Iterator<Item = ((&'a mut i8, &'a [u8; 4]), &'a [u8; 4])>,
) {
    for (sum, shift) in [(even, 0), (mixed.wrapping_sub(even), 8)] {
        let Some(((y, &bias), &factor)) = channels.next() else { return };
        let sum = sum.wrapping_add(i32::from_le_bytes(bias) << shift) >> shift;
        *y = rounded(sum, f32::from_le_bytes(factor), zero_point);
    }
}

/// The outputs from `done` on, two rows at a time, kept within -128..=127.
#[cfg(not(thumbnet_fpu))]
fn rest(layer: &Layer<'_>, input: &[i8], output: &mut [i8], done: usize) {
    let row = filled(input.len(), 4);
    let Packed { mut weights, biases, factors } = layer.packed().after(done, row);
    let output = output.get_mut(done..).unwrap_or_default();
    let mut left = output.len();
    let mut channels = output.iter_mut().zip(biases).zip(factors);
    while left != 0 {
        let rows = match left {
            7.. => 8,
            3.. => 4,
            _ => 2,
        };
        for pair in 0..rows / 2 {
            let sums = sums_i8::of_two(weights.get(4 * pair..).unwrap_or_default(), 2 * rows, input);
            outputs_of_two(sums, layer.sum_zero_point().into(), &mut channels);
        }
        left = left.saturating_sub(rows);
        weights = weights.get(rows * row..).unwrap_or_default();
    }
}

kernels!(
    #[inline(never)]
    dense_i4,
    simple_i4,
    rounded_i4,
    "4-bit"
);

/// The outputs, kept within -128..=127. Where it is `SIMPLE`, the memory has room for the pairs of inputs.
#[inline(always)]
fn rounded_i4<const SIMPLE: bool>(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let inputs = Inputs::new(input, 2 * sums_i4::STEP, words(work));
    let sum = expand::sum(input, inputs);
    let row = filled(input.len(), 4) / 2;
    let tile = |rows: usize, weights: &[u8], biases: &[u32], sums: &mut [i32; 8]| {
        match inputs {
            Inputs::Pairs(pairs) if rows > 4 => sums_i4::of_pairs(weights, pairs, sums),
            Inputs::Nonzero(places) if rows > 4 => sums_i4::of_nonzero(weights, input.len(), places, sums),
            _ if SIMPLE && rows > 4 => {}
            _ if SIMPLE => sums_i4::of_bytes(4, weights, input, sums),
            _ => sums_i4::of_bytes(rows, weights, input, sums),
        }
        mixed::separate_i4(sums, sum);
        mixed::add_words(sums, biases);
    };
    let done = tiles::whole(layer, row, output, tile);
    tiles::rest(layer, done, row, output, tile);
}

// Without room for the pairs the portable sums serve.
kernels!(
    #[inline(never)]
    dense_i2,
    simple_i2,
    rounded_i2,
    "2-bit"
);

/// The outputs, kept within -128..=127. Where it is `SIMPLE`, the memory has room for the pairs of inputs.
#[inline(always)]
fn rounded_i2<const SIMPLE: bool>(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let row = filled(input.len(), 8) / 4;
    let pairs = expand::pairs(input, 8, words(work));
    let sum = expand::sum(input, pairs.as_deref().map_or(Inputs::Bytes, Inputs::Pairs));
    let runs = pairs.map(|pairs| Runs::<BLOCK>::new(pairs, 1));
    let tile = |_, weights: &[u8], biases: &[u32], sums: &mut [i32; 8]| {
        match runs {
            Some(runs) => runs.each(|pairs, start| sums_i2::add(weights.get(4 * start..), pairs, sums)),
            None if SIMPLE => {}
            None => portable::sums_i2(weights, input, sums),
        }
        mixed::separate_i2(sums, sum);
        mixed::add_words(sums, biases);
    };
    let done = tiles::whole(layer, row, output, tile);
    tiles::rest(layer, done, row, output, tile);
}
