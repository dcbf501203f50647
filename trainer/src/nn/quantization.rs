//! Eight bits for real numbers.

use super::Activation;

/// An affine quantization: `real = scale * (integer - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// The real value of one step; positive and normal.
    pub scale: f32,
    /// The integer that stands for 0.
    pub zero_point: i8,
}

impl Quantization {
    /// -128..=127 for `low..=high`, which holds 0.
    pub(crate) fn covering(low: f32, high: f32) -> Self {
        let scale = normal((high - low) / 255.0);
        let zero_point = (-128.0 - low / scale).round_ties_even().clamp(-128.0, 127.0) as i8;
        Self { scale, zero_point }
    }

    /// A real number's integer: `QuantizeLinear`.
    pub(crate) fn integer(self, real: f32) -> i8 {
        ((real / self.scale).round_ties_even() + f32::from(self.zero_point)).clamp(-128.0, 127.0) as i8
    }

    /// All 256 real numbers, the least first.
    pub(crate) fn reals(self) -> impl Iterator<Item = f32> {
        (-128..128i16).map(move |q| f32::from(q - i16::from(self.zero_point)) * self.scale)
    }
}

/// A scale that is a positive normal number: a range of nothing but zeros gets 1.
pub(crate) fn normal(scale: f32) -> f32 {
    if scale.is_normal() && scale > 0.0 { scale } else { 1.0 }
}

/// What is known of a function's quantization before any data are seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Saturation {
    /// Beyond this absolute value of the sums, outputs differ from their limit by less than one step.
    pub limit: f32,
    /// The outputs.
    pub output: Quantization,
}

impl Activation {
    /// Whether integers are only kept within two ends after the requantization; else they go through a table.
    pub(crate) fn clamps(self) -> bool {
        use super::Elementwise::Clip;
        match self {
            Self::Linear | Self::Relu => true,
            Self::Elementwise(Clip { lo, hi }) => lo <= 0.0 && 0.0 <= hi,
            _ => false,
        }
    }

    /// Of a sigmoid (outputs from 0 to 255/256) and a hyperbolic tangent (-1 to 127/128).
    pub(crate) fn saturation(self) -> Option<Saturation> {
        let (limit, scale, zero_point) = match self {
            Self::Sigmoid => (8.0, 1.0 / 256.0, -128),
            Self::Tanh => (4.0, 1.0 / 128.0, 0),
            _ => return None,
        };
        Some(Saturation { limit, output: Quantization { scale, zero_point } })
    }
}

impl Activation {
    /// How a layer's sums within `low..=high`, which holds 0, are rounded where a table takes them to the outputs, and how the
    /// outputs are.
    pub(crate) fn rounded(self, [low, high]: [f32; 2]) -> (Option<Quantization>, Quantization) {
        if self.clamps() {
            let [low, high] = [low, high].map(|end| self.value(end).unwrap_or(end));
            return (None, Quantization::covering(low.min(0.0), high.max(0.0)));
        }
        if let Some(Saturation { limit, output }) = self.saturation() {
            return (Some(Quantization::covering(low.max(-limit), high.min(limit))), output);
        }
        let sums = Quantization::covering(low, high);
        let mut outputs = [0.0; 256];
        outputs.iter_mut().zip(sums.reals()).for_each(|(y, x)| *y = x);
        self.apply_row(&mut outputs);
        let (low, high) = outputs.iter().fold((0f32, 0f32), |(low, high), &y| (low.min(y), high.max(y)));
        (Some(sums), Quantization::covering(low, high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance;

    #[test]
    fn a_relus_range_starts_at_the_least_integer() {
        let q = Quantization::covering(0.0, 2.55);
        assert_eq!(q.zero_point, -128);
        assert!((q.scale - 0.01).abs() < tolerance::FUNCTION_F64);
    }

    #[test]
    fn both_ends_are_covered_within_half_a_step() {
        for (low, high) in [(-1.0, 3.0), (-7.3, 0.0), (0.0, 0.001), (-0.5, 0.5)] {
            let q = Quantization::covering(low, high);
            let reals: Vec<f32> = q.reals().collect();
            for end in [low, high] {
                let back = reals[(i16::from(q.integer(end)) + 128) as usize];
                assert!((back - end).abs() <= q.scale * 0.5001, "{low}..{high}: {end} became {back}");
            }
        }
    }

    #[test]
    fn beyond_its_limit_a_function_is_within_a_step_of_its_end() {
        for function in [Activation::Sigmoid, Activation::Tanh] {
            let Saturation { limit, output } = function.saturation().unwrap();
            for (sum, end) in [(limit, 127), (-limit, -128)] {
                let integer = output.integer(function.value(sum).unwrap());
                assert!((i16::from(integer) - end).abs() <= 1, "{function:?} at {sum}: {integer}");
            }
        }
    }
}
