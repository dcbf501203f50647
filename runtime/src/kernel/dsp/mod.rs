//! Kernels for cores with the DSP extension (Armv7E-M, and Armv8-M where it has it), with and without an FPU.
//!
//! Inputs are expanded to pairs of 16-bit numbers once a layer, where the caller's memory has room for it, and as they are read
//! otherwise. Where enough pairs are zero, only the others are kept, each with the place of its weights.
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

#[cfg(thumbnet_fpu)]
pub(crate) use super::vfp::{dense_f16, dense_f32};
use super::{aligned, mixed, portable, tiles};
use crate::{Layer, Order};
use expand::Inputs;
#[cfg(not(thumbnet_fpu))]
pub(crate) use portable::{dense_f16, dense_f32};

/// A dense layer of int8 weights.
pub(crate) fn dense_i8(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    if layer.order() != Order::Packed {
        return portable::plain(layer, input, output);
    }
    let inputs = Inputs::new(input, 2 * sums_i8::STEP, sums_i8::words(work));
    let row = input.len().next_multiple_of(4);
    let done = whole_tiles(layer, inputs, output);
    tiles::evaluate(layer, done, &[8, 4, 2], row, output, |rows, weights, biases| {
        let mut sums = mixed::start_i8(biases);
        match inputs {
            // With an FPU the whole tiles are done.
            #[cfg(not(thumbnet_fpu))]
            Inputs::Pairs(pairs) if rows == 8 => sums_i8::of_pairs(weights, pairs, &mut sums),
            #[cfg(not(thumbnet_fpu))]
            Inputs::Nonzero(nonzero) if rows == 8 => sums_i8::of_nonzero(weights, nonzero, &mut sums),
            _ => sums_i8::of_bytes(rows, weights, input, &mut sums),
        }
        mixed::separate_i8(sums)
    });
}

/// Evaluates whole tiles of eight rows at once, where a kernel can; the number of outputs that are done.
#[cfg(thumbnet_fpu)]
fn whole_tiles(layer: &Layer<'_>, inputs: Inputs<'_>, output: &mut [i8]) -> usize {
    let (tiles, _) = output.as_chunks_mut::<8>();
    if !tiles_i8::evaluate(layer, inputs, tiles) {
        return 0;
    }
    let done = tiles.as_flattened_mut();
    super::requantize::Requantize::new(layer).finish(0, done);
    done.len()
}

#[cfg(not(thumbnet_fpu))]
fn whole_tiles(_: &Layer<'_>, _: Inputs<'_>, _: &mut [i8]) -> usize {
    0
}

/// A dense layer of 4-bit weights.
pub(crate) fn dense_i4(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    if layer.order() != Order::Packed || !aligned(layer.weights()) {
        return portable::dense_i4(layer, input, work, output);
    }
    let inputs = Inputs::pairs(input, 4, sums_i8::words(work));
    let sum = expand::sum(input, inputs);
    let row = input.len().next_multiple_of(4);
    tiles::evaluate(layer, 0, &[8, 4], row / 2, output, |rows, weights, biases| {
        let mut sums = [0; 8];
        match inputs {
            Inputs::Pairs(pairs) if rows == 8 => sums_i4::of_pairs(weights, pairs, &mut sums),
            _ => sums_i4::of_bytes(rows, weights, input, &mut sums),
        }
        mixed::separate_i4(sums, sum, biases)
    });
}

/// A dense layer of 2-bit weights. Without room for the pairs the portable kernel serves.
pub(crate) fn dense_i2(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let inputs = Inputs::pairs(input, 8, sums_i8::words(work));
    let (Inputs::Pairs(pairs), Order::Packed, true) = (inputs, layer.order(), aligned(layer.weights())) else {
        return portable::dense_i2(layer, input, &mut [], output);
    };
    let sum = expand::sum(input, inputs);
    let row = input.len().next_multiple_of(8) / 4;
    tiles::evaluate(layer, 0, &[8], row, output, |_, weights, biases| {
        let mut sums = [0; 8];
        sums_i2::of_pairs(weights, pairs, &mut sums);
        mixed::separate_i2(sums, sum, biases)
    });
}
