//! 2-bit weights, four in a byte.

use super::rows;
use crate::Layer;

/// A dense layer of 2-bit weights.
pub(crate) fn dense_i2(layer: &Layer<'_>, input: &[i8], _work: &mut [i8], output: &mut [i8]) {
    rows::outputs(layer, input.len().div_ceil(4), input, output, |row| {
        row.iter().zip(input.chunks(4)).fold(0, |sum: i32, (&byte, x)| {
            let weights = [byte << 6, byte << 4, byte << 2, byte].map(|bits| bits as i8 >> 6);
            x.iter().zip(weights).fold(sum, |sum, (&x, w)| sum.wrapping_add(i32::from(w) * rows::unsigned(x)))
        })
    });
}
