//! The range of real values that eight bits should cover.

use super::Quantization;

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
        .map(|kept| affine(low * kept, high * kept))
        .map(|q| (q, error(q)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or_else(|| affine(low, high), |(q, _)| q)
}

/// The affine quantization to -128..=127 that covers `low..=high`, which holds 0.
pub(super) fn affine(low: f32, high: f32) -> Quantization {
    let scale = normal((high - low) / 255.0);
    let zero_point = (-128.0 - low / scale).round_ties_even().clamp(-128.0, 127.0) as i8;
    Quantization { scale, zero_point }
}

/// A scale that is a positive normal number: a range of nothing but zeros gets 1.
pub(super) fn normal(scale: f32) -> f32 {
    if scale.is_normal() && scale > 0.0 { scale } else { 1.0 }
}

fn square_error(q: Quantization, value: f32) -> f64 {
    let integer = ((value / q.scale).round_ties_even() + f32::from(q.zero_point)).clamp(-128.0, 127.0);
    f64::from((integer - f32::from(q.zero_point)) * q.scale - value).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance;

    #[test]
    fn a_relus_range_starts_at_the_least_integer() {
        let q = affine(0.0, 2.55);
        assert_eq!(q.zero_point, -128);
        assert!((q.scale - 0.01).abs() < tolerance::FUNCTION_F64);
    }

    #[test]
    fn both_ends_are_covered_within_half_a_step() {
        for (low, high) in [(-1.0, 3.0), (-7.3, 0.0), (0.0, 0.001), (-0.5, 0.5)] {
            let q = affine(low, high);
            for end in [low, high] {
                let integer = ((end / q.scale).round_ties_even() + f32::from(q.zero_point)).clamp(-128.0, 127.0);
                let back = (integer - f32::from(q.zero_point)) * q.scale;
                assert!((back - end).abs() <= q.scale * 0.5001, "{low}..{high}: {end} became {back}");
            }
        }
    }

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
