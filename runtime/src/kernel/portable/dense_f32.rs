//! Weights of 32 bits, packed in tiles of rows or plain.

use super::floats;
use crate::Layer;

/// A dense layer of f32 weights, before its activation.
pub(crate) fn dense_f32(layer: &Layer<'_>, input: &[f32], output: &mut [f32]) {
    floats::outputs(layer, input, output, f32::from_le_bytes);
}
