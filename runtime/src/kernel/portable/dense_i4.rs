//! 4-bit weights, two in a byte.

use super::rows;
use crate::Layer;

/// A dense layer of 4-bit weights.
pub(crate) fn dense_i4(layer: &Layer<'_>, input: &[i8], _work: &mut [i8], output: &mut [i8]) {
    rows::outputs(layer, input.len().div_ceil(2), input, output, |row| {
        row.iter().zip(input.chunks(2)).fold(0, |sum: i32, (&byte, x)| {
            let weights = [(byte << 4) as i8 >> 4, byte as i8 >> 4];
            x.iter().zip(weights).fold(sum, |sum, (&x, w)| sum.wrapping_add(i32::from(w) * rows::unsigned(x)))
        })
    });
}
