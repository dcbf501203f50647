//! Kernels for Cortex-M without the DSP extension (Armv6-M, Armv7-M, Armv8-M without it): integers in assembly, floats in that of an
//! FPU, and portable where there is none.

mod pairs;
mod sums_i2;
mod sums_i4;
mod sums_i8;

use super::chunks::filled;
use super::requantize::{Requantize, kernels};
use super::runs::{BLOCK, Runs};
#[cfg(thumbnet_fpu)]
pub(crate) use super::vfp::{dense_f16, dense_f32};
use super::{mixed, portable, tiles, words};
use crate::Layer;
#[cfg(not(thumbnet_fpu))]
pub(crate) use portable::{dense_f16, dense_f32};

kernels!(dense_i8, simple_i8, rounded_i8, "int8");

/// The outputs, kept within -128..=127. Where it is `SIMPLE`, the memory has room for the words of inputs.
#[inline(always)]
fn rounded_i8<const SIMPLE: bool>(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let row = filled(input.len(), 4);
    let runs = words(work).get_mut(..row / 4).map(|words| {
        pairs::write_words(input, words);
        Runs::<1>::new(words, 1)
    });
    let tile = |rows: usize, weights: &[u8], biases: &[u32], sums: &mut [i32; 8]| {
        mixed::add_words(sums, biases);
        mixed::start_i8(sums);
        match runs {
            _ if rows < 8 => sums_i8::of_rows(rows, weights, input, sums),
            Some(runs) => runs.each(|words, start| sums_i8::add(weights.get(32 * start..), words, sums)),
            None if SIMPLE => {}
            None => sums_i8::of_bytes(weights, input, sums),
        }
        mixed::separate_i8(sums);
    };
    let done = tiles::whole(layer, row, output, tile);
    tiles::rest(layer, done, row, output, tile);
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
    let row = filled(input.len(), 4) / 2;
    let sum = pairs::sum(input);
    // A call of the kernel takes as many instructions as two pairs or three.
    let runs = pairs::write(input, 4, work).map(|pairs| Runs::<2>::new(pairs, 3));
    let tile = |rows: usize, weights: &[u8], biases: &[u32], sums: &mut [i32; 8]| {
        match runs {
            Some(runs) if rows > 4 => {
                runs.each(|pairs, start| sums_i4::add(weights.get(8 * start..), pairs, sums));
            }
            _ => sums_i4::of_bytes(rows, weights, input, sums),
        }
        mixed::digits_i4(sums, sum);
        mixed::add_words(sums, biases);
    };
    let done = tiles::whole(layer, row, output, tile);
    tiles::rest(layer, done, row, output, tile);
}

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
    let sum = pairs::sum(input);
    let runs = pairs::write(input, 8, work).map(|pairs| Runs::<BLOCK>::new(pairs, 1));
    let tile = |_, weights: &[u8], biases: &[u32], sums: &mut [i32; 8]| {
        match runs {
            Some(runs) => {
                runs.each(|pairs, start| sums_i2::add(weights.get(4 * start..), pairs, sums));
                for odd in sums.iter_mut().take(4) {
                    *odd = odd.wrapping_sub(sum << 15);
                }
            }
            None if SIMPLE => {}
            None => portable::sums_i2(weights, input, sums),
        }
        mixed::separate_i2(sums, sum);
        mixed::add_words(sums, biases);
    };
    let done = tiles::whole(layer, row, output, tile);
    tiles::rest(layer, done, row, output, tile);
}
