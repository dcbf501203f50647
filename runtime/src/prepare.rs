//! From the numbers of a sensor to the numbers that enter the first layer.

use crate::error::Buffer;
use crate::math::{clamp, sqrt};
use crate::{Model, RunError, UnitNorm};

impl Model<'_> {
    /// Quantizes real inputs for an integer model: normalization, unit norm and quantization as the model's file says.
    ///
    /// Both slices have [`Model::input_len`] elements. Of pixels, the real value is `pixel / 255`; for a model that takes
    /// pixels, [`Self::quantize_pixels`] is the shorter way. A NaN becomes -128.
    /// # Errors
    /// [`RunError`] where a slice has the wrong length or the model takes floats; nothing is written then.
    pub fn quantize_input(&self, real: &[f32], input: &mut [i8]) -> Result<(), RunError> {
        let quantize = self.quantizer(real.len(), input.len())?;
        for (q, x) in input.iter_mut().zip(self.prepared(real)) {
            *q = quantize(x);
        }
        Ok(())
    }

    /// Quantizes the pixels of an image for an integer model, each 0 to 255.
    /// # Errors
    /// As [`Self::quantize_input`].
    pub fn quantize_pixels(&self, pixels: &[u8], input: &mut [i8]) -> Result<(), RunError> {
        let quantize = self.quantizer(pixels.len(), input.len())?;
        let real = pixels.iter().map(|&pixel| f32::from(pixel) / 255.0);
        let norm = self.norm(real.clone());
        for (q, x) in input.iter_mut().zip(self.normalized(real)) {
            *q = quantize(x / norm);
        }
        Ok(())
    }

    /// The quantization of one prepared number, if the lengths fit.
    fn quantizer(&self, real: usize, input: usize) -> Result<impl Fn(f32) -> i8 + use<>, RunError> {
        let quantization = self.input_quantization().ok_or(RunError::Element)?;
        let expected = self.input_len();
        for found in [real, input] {
            if found != expected {
                return Err(RunError::Length { buffer: Buffer::Input, expected, found });
            }
        }
        Ok(move |x: f32| {
            let steps = x / quantization.scale;
            // Beyond +-1024 everything saturates.
            let steps = if steps.is_nan() { -1024.0 } else { clamp(steps, -1024.0, 1024.0) };
            let rounded = round_half_even(steps) + i32::from(quantization.zero_point);
            rounded.max(i8::MIN.into()).min(i8::MAX.into()) as i8
        })
    }

    /// The inputs after normalization and division by their norm.
    pub(crate) fn prepared(&self, real: &[f32]) -> impl Iterator<Item = f32> {
        let norm = self.norm(real.iter().copied());
        self.normalized(real.iter().copied()).map(move |x| x / norm)
    }

    /// `(x - offset) * scale`, or `x` without normalization.
    fn normalized(&self, real: impl Iterator<Item = f32>) -> impl Iterator<Item = f32> {
        let mut pairs = self.normalization();
        real.map(move |x| match pairs.as_mut().and_then(Iterator::next) {
            Some((offset, scale)) => (x - offset) * scale,
            None => x,
        })
    }

    /// What each input is divided by: 1 without a unit norm, or where the norm is 0.
    fn norm(&self, real: impl Iterator<Item = f32>) -> f32 {
        let Some(kind) = self.unit_norm() else { return 1.0 };
        // The largest value, not the largest magnitude: of negative values alone, it is negative (as in ONNX's Normalizer).
        let start = if kind == UnitNorm::Max { f32::NEG_INFINITY } else { 0.0 };
        let norm = self.normalized(real).fold(start, |norm, x| match kind {
            UnitNorm::L1 => norm + x.abs(),
            UnitNorm::L2 => norm + x * x,
            UnitNorm::Max => norm.max(x),
        });
        let norm = if kind == UnitNorm::L2 { sqrt(norm) } else { norm };
        if norm == 0.0 { 1.0 } else { norm }
    }
}

/// The nearest integer, halves to even, of a number within +-2^22.
fn round_half_even(x: f32) -> i32 {
    const ROUNDER: f32 = 12_582_912.0;
    (x + ROUNDER).to_bits() as i32 - ROUNDER.to_bits() as i32
}
