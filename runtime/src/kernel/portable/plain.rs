//! Weights in plain order, with and without zero points: one row after the other.

use super::rows;
use crate::Layer;
use crate::kernel::chunks::{chunks, filled};

/// Int8 weights.
#[cfg_attr(any(thumbnet_dsp, thumbnet_scalar), inline(never))]
pub(crate) fn plain_i8(layer: &Layer<'_>, input: &[i8], output: &mut [i8]) {
    rows::outputs(layer, input.len(), input, output, |row| {
        row.iter().zip(input).fold(0, |sum: i32, (&w, &x)| sum.wrapping_add(i32::from(w as i8) * rows::unsigned(x)))
    });
}

/// 4-bit weights, two in a byte.
#[cfg_attr(any(thumbnet_dsp, thumbnet_scalar), inline(never))]
pub(crate) fn plain_i4(layer: &Layer<'_>, input: &[i8], output: &mut [i8]) {
    rows::outputs(layer, filled(input.len(), 2) / 2, input, output, |row| {
        row.iter().zip(chunks::<2, _>(input)).fold(0, |sum: i32, (&byte, x)| {
            let weights = [(byte << 4) as i8 >> 4, byte as i8 >> 4];
            x.iter().zip(weights).fold(sum, |sum, (&x, w)| sum.wrapping_add(i32::from(w) * rows::unsigned(x)))
        })
    });
}

/// 2-bit weights, four in a byte.
#[cfg_attr(any(thumbnet_dsp, thumbnet_scalar), inline(never))]
pub(crate) fn plain_i2(layer: &Layer<'_>, input: &[i8], output: &mut [i8]) {
    rows::outputs(layer, filled(input.len(), 4) / 4, input, output, |row| {
        row.iter().zip(chunks::<4, _>(input)).fold(0, |sum: i32, (&byte, x)| {
            let weights = [byte << 6, byte << 4, byte << 2, byte].map(|bits| bits as i8 >> 6);
            x.iter().zip(weights).fold(sum, |sum, (&x, w)| sum.wrapping_add(i32::from(w) * rows::unsigned(x)))
        })
    });
}
