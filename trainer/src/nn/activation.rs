//! Activation functions.
#![allow(clippy::inline_always)] // The training engine's loops are compiled for better processors than the rest.

use super::Elementwise;
use super::exponential::{exp, sigmoid, tanh};
use ndarray::Array2;

/// What a layer applies to its sums.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `x`
    Linear,
    /// `max(x, 0)`
    Relu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `tanh(x)`
    Tanh,
    /// `exp(x_i) / sum_j exp(x_j)` over a sample's outputs
    Softmax,
    /// `ln(softmax(x))`, computed without leaving the logarithm
    LogSoftmax,
    /// A function of each element alone
    Elementwise(Elementwise),
}

impl Activation {
    /// The value at one sum; `None` for the two that look at a sample's other sums, too.
    pub fn value(self, x: f32) -> Option<f32> {
        match self {
            Self::Softmax | Self::LogSoftmax => None,
            _ => {
                let mut row = [x];
                self.apply_row(&mut row);
                Some(row[0])
            }
        }
    }

    /// Replaces one sample's sums by the activation's values.
    #[inline(always)]
    pub fn apply_row(self, row: &mut [f32]) {
        match self {
            Self::Linear => {}
            // Not `max`: a NaN must stay visible.
            Self::Relu => row.iter_mut().for_each(|x| *x = if *x < 0.0 { 0.0 } else { *x }),
            Self::Sigmoid => row.iter_mut().for_each(|x| *x = sigmoid(*x)),
            Self::Tanh => row.iter_mut().for_each(|x| *x = tanh(*x)),
            Self::Softmax => {
                let largest = maximum(row);
                for x in row.iter_mut() {
                    *x = exp(*x - largest);
                }
                let factor = 1.0 / row.iter().sum::<f32>();
                for x in row.iter_mut() {
                    *x *= factor;
                }
            }
            Self::LogSoftmax => {
                let shift = log_sum_exp(row);
                for x in row.iter_mut() {
                    *x -= shift;
                }
            }
            Self::Elementwise(function) => row.iter_mut().for_each(|x| *x = function.value(*x)),
        }
    }

    /// Replaces the sums (samples x units) by the activation's values.
    pub fn apply(self, sums: &mut Array2<f32>) {
        for mut row in sums.rows_mut() {
            if let Some(row) = row.as_slice_mut() {
                self.apply_row(row);
            } else {
                let mut copy = row.to_vec();
                self.apply_row(&mut copy);
                row.iter_mut().zip(copy).for_each(|(to, from)| *to = from);
            }
        }
    }

    /// Turns one sample's loss gradient with respect to the outputs `y` into the one with respect to the sums `z`: the product
    /// with the activation's Jacobian. At a kink the derivative is the left one, as in the common frameworks.
    #[inline(always)]
    pub fn backward_row(self, z: &[f32], y: &[f32], gradient: &mut [f32]) {
        match self {
            Self::Linear => {}
            Self::Relu => gradient.iter_mut().zip(y).for_each(|(g, &y)| *g = if y > 0.0 { *g } else { 0.0 }),
            Self::Sigmoid => gradient.iter_mut().zip(y).for_each(|(g, &y)| *g *= y * (1.0 - y)),
            Self::Tanh => gradient.iter_mut().zip(y).for_each(|(g, &y)| *g *= 1.0 - y * y),
            Self::Softmax => {
                let mean: f32 = gradient.iter().zip(y).map(|(g, y)| g * y).sum();
                gradient.iter_mut().zip(y).for_each(|(g, &y)| *g = y * (*g - mean));
            }
            Self::LogSoftmax => {
                let total: f32 = gradient.iter().sum();
                gradient.iter_mut().zip(y).for_each(|(g, &y)| *g -= exp(y) * total);
            }
            Self::Elementwise(function) => {
                gradient.iter_mut().zip(z).for_each(|(g, &z)| *g *= function.derivative(z));
            }
        }
    }

    /// Whether [`Activation::backward_row`] looks at the sums, not only at the outputs.
    pub fn needs_sums(self) -> bool {
        matches!(self, Self::Elementwise(_))
    }
}

/// The largest element; NaN where one is NaN.
pub(super) fn maximum(row: &[f32]) -> f32 {
    row.iter().fold(f32::NEG_INFINITY, |a, &x| if a > x { a } else { x })
}

/// `ln(sum_j exp(x_j))` without overflow.
pub(super) fn log_sum_exp(row: &[f32]) -> f32 {
    let largest = maximum(row);
    largest + row.iter().map(|&x| exp(x - largest)).sum::<f32>().ln()
}

#[cfg(test)]
mod tests {
    use super::Activation;
    use crate::nn::Elementwise;
    use crate::tolerance;

    const ALL: [Activation; 7] = [
        Activation::Linear,
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Softmax,
        Activation::LogSoftmax,
        Activation::Elementwise(Elementwise::Softplus),
    ];

    #[test]
    fn jacobians_agree_with_central_differences() {
        let z = [0.31f32, -1.2, 0.77, 2.1, -0.4];
        let weights = [0.9f32, -0.3, 1.7, 0.2, -1.1];
        let scalar = |activation: Activation, z: &[f32]| {
            let mut y = z.to_vec();
            activation.apply_row(&mut y);
            y.iter().zip(weights).map(|(y, w)| f64::from(y * w)).sum::<f64>()
        };
        for activation in ALL {
            let mut y = z.to_vec();
            activation.apply_row(&mut y);
            let mut gradient = weights;
            activation.backward_row(&z, &y, &mut gradient);
            for k in 0..z.len() {
                let h = 1.0 / 256.0;
                let mut shifted = z;
                shifted[k] = z[k] + h;
                let above = scalar(activation, &shifted);
                shifted[k] = z[k] - h;
                let expected = (above - scalar(activation, &shifted)) / (2.0 * f64::from(h));
                assert!(
                    (expected - f64::from(gradient[k])).abs() < f64::from(tolerance::GRADIENT),
                    "{activation:?}[{k}]: {} != {expected}",
                    gradient[k]
                );
            }
        }
    }

    #[test]
    fn softmax_survives_large_sums() {
        let mut row = [1000.0, 999.0, -1000.0];
        Activation::Softmax.apply_row(&mut row);
        assert!(
            (row[0] - 0.731_058_6).abs() < tolerance::FUNCTION
                && (row[1] - 0.268_941_4).abs() < tolerance::FUNCTION
                && row[2] == 0.0,
            "{row:?}"
        );
        let mut row = [1000.0, 999.0];
        Activation::LogSoftmax.apply_row(&mut row);
        assert!((row[0] + 0.313_261_7).abs() < tolerance::FUNCTION_AT_1000, "{row:?}");
    }

    #[test]
    fn nan_is_never_hidden() {
        for activation in ALL {
            let mut row = [1.0, f32::NAN];
            activation.apply_row(&mut row);
            assert!(row[1].is_nan(), "{activation:?}");
        }
    }
}
