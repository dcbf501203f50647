//! Kernels for Cortex-M without the DSP extension (Armv6-M, Armv7-M, Armv8-M without it): int8 in assembly, the rest portable.

mod sums_i8;

use super::requantize::Requantize;
#[cfg(thumbnet_fpu)]
pub(crate) use super::vfp::{dense_f16, dense_f32};
use super::{mixed, portable, tiles};
use crate::Layer;
pub(crate) use dense_i8 as simple_i8;
#[cfg(not(thumbnet_fpu))]
pub(crate) use portable::{dense_f16, dense_f32};
pub(crate) use portable::{dense_i2, dense_i4};

/// A dense layer of int8 weights.
pub(crate) fn dense_i8(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let row = input.len().next_multiple_of(4);
    let Some(unsigned) = work.get_mut(..row) else { return portable::packed(layer, input, output, 0) };
    // Counted from 0, so that a byte is loaded as it is meant; what is missing at the end counts as 0.
    for (unsigned, x) in unsigned.iter_mut().zip(input.iter().map(|&x| x ^ i8::MIN).chain([0; 3])) {
        *unsigned = x;
    }
    let done = tiles::whole(layer, row, output, |weights, biases| {
        let mut sums = mixed::start_i8(biases);
        sums_i8::of_bytes(weights, unsigned, &mut sums);
        mixed::separate_i8(sums)
    });
    let Some((tiles, rest)) = output.split_at_mut_checked(done) else { return };
    Requantize::new(layer).finish(0, tiles);
    portable::packed(layer, input, rest, done);
}
