//! The range of real values that eight bits should cover.

use crate::nn::Quantization;

/// How many clippings of the observed range are tried: each is one more twentieth of it cut off, down to a half.
const CLIPPINGS: u32 = 10;
/// Above this many observed values, an even selection of them decides.
const ENOUGH_VALUES: usize = 200_000;

/// The affine quantization to i8 with the least square error on `values`, all finite.
///
/// The range always holds 0, so that 0 has an exact integer (`ai.onnx QuantizeLinear` needs one, and a ReLU's zeros stay
/// zeros). Rare large values may be clipped where that lets the many be finer.
pub(super) fn quantization_of(values: &[f32]) -> Quantization {
    let (low, high) = values.iter().fold((0.0_f32, 0.0_f32), |(low, high), &v| (low.min(v), high.max(v)));
    let step = values.len().div_ceil(ENOUGH_VALUES).max(1);
    let error = |q: Quantization| values.iter().step_by(step).map(|&v| square_error(q, v)).sum::<f64>();
    (0..=CLIPPINGS)
        .map(|clipping| 1.0 - 0.05 * clipping as f32)
        .map(|kept| Quantization::covering(low * kept, high * kept))
        .map(|q| (q, error(q)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or_else(|| Quantization::covering(low, high), |(q, _)| q)
}

fn square_error(q: Quantization, value: f32) -> f64 {
    f64::from((f32::from(q.integer(value)) - f32::from(q.zero_point)) * q.scale - value).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_outlier_does_not_make_the_many_coarse() {
        let mut values: Vec<f32> = (0..400_000).map(|i| (i % 1000) as f32 / 1000.0).collect();
        values.push(2.0);
        assert!(quantization_of(&values).scale < 1.5 / 255.0);
    }

    #[test]
    fn nothing_but_zeros_has_a_scale() {
        assert_eq!(quantization_of(&[0.0; 8]).scale, 1.0);
        assert_eq!(quantization_of(&[]).scale, 1.0);
        assert_eq!(quantization_of(&[1e-45]).scale, 1.0);
    }
}
