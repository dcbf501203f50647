//! The activation functions beyond the classic ones that networks from elsewhere bring along.

/// A function applied to every element alone. Formulas and defaults are those of ONNX's operators of the same name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Elementwise {
    /// `x < 0 ? slope * x : x`
    LeakyRelu {
        /// The slope for negative inputs.
        slope: f32,
    },
    /// `x < 0 ? alpha * (exp(x) - 1) : x`
    Elu {
        /// The negative limit.
        alpha: f32,
    },
    /// `gamma * (x > 0 ? x : alpha * (exp(x) - 1))`
    Selu {
        /// The negative limit before `gamma`.
        alpha: f32,
        /// The slope for positive inputs.
        gamma: f32,
    },
    /// `max(0, x) + min(0, alpha * (exp(x / alpha) - 1))`
    Celu {
        /// The negative limit.
        alpha: f32,
    },
    /// `x / 2 * (1 + erf(x / sqrt(2)))`
    Gelu,
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`
    GeluTanh,
    /// `x * sigmoid(beta * x)`: SiLU where beta is 1.
    Swish {
        /// The steepness of the gate.
        beta: f32,
    },
    /// `x * tanh(ln(1 + exp(x)))`
    Mish,
    /// `ln(1 + exp(x))`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `clamp(alpha * x + beta, 0, 1)`
    HardSigmoid {
        /// The slope of the middle.
        alpha: f32,
        /// The value at 0.
        beta: f32,
    },
    /// `x * clamp(x / 6 + 1/2, 0, 1)`
    HardSwish,
    /// `x > threshold ? x : 0`
    ThresholdedRelu {
        /// The least input that passes.
        threshold: f32,
    },
    /// `clamp(x, lo, hi)`: ReLU6 is `Clip { lo: 0.0, hi: 6.0 }`.
    Clip {
        /// The least output.
        lo: f32,
        /// The largest output.
        hi: f32,
    },
    /// -1, 0 or 1: the perceptron's. Training takes the derivative of `clamp(x, -1, 1)` in its place (the straight-through
    /// estimator of Hubara et al. 2016).
    Sign,
    /// `|x|`
    Abs,
    /// `exp(x)`
    Exp,
}

/// `sqrt(2 / pi)`
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;

impl Elementwise {
    /// The function's value, evaluated in f64 and rounded once.
    #[must_use]
    pub fn value(self, x: f32) -> f32 {
        self.wide(f64::from(x)) as f32
    }

    /// The function's value in f64.
    pub(crate) fn wide(self, x: f64) -> f64 {
        match self {
            Self::LeakyRelu { slope } if x < 0.0 => f64::from(slope) * x,
            Self::Elu { alpha } if x < 0.0 => f64::from(alpha) * x.exp_m1(),
            Self::Celu { alpha } if x < 0.0 => f64::from(alpha) * (x / f64::from(alpha)).exp_m1(),
            Self::LeakyRelu { .. } | Self::Elu { .. } | Self::Celu { .. } => x,
            Self::Selu { alpha, gamma } => f64::from(gamma) * if x > 0.0 { x } else { f64::from(alpha) * x.exp_m1() },
            Self::Gelu => 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
            Self::GeluTanh => 0.5 * x * (1.0 + gelu_argument(x).tanh()),
            Self::Swish { beta } => x * sigmoid(f64::from(beta) * x),
            Self::Mish => x * softplus(x).tanh(),
            Self::Softplus => softplus(x),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::HardSigmoid { alpha, beta } => (f64::from(alpha) * x + f64::from(beta)).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::ThresholdedRelu { threshold } => {
                if x > f64::from(threshold) {
                    x
                } else {
                    0.0
                }
            }
            Self::Clip { lo, hi } => x.max(f64::from(lo)).min(f64::from(hi)),
            Self::Sign if x == 0.0 || x.is_nan() => x,
            Self::Sign => x.signum(),
            Self::Abs => x.abs(),
            Self::Exp => x.exp(),
        }
    }

    /// The derivative with respect to `x`; at a kink, that of the side without the function's own slope.
    #[must_use]
    pub fn derivative(self, x: f32) -> f32 {
        let wide = f64::from(x);
        let slope = match self {
            Self::LeakyRelu { slope } => return if x < 0.0 { slope } else { 1.0 },
            Self::Clip { lo, hi } => return f32::from(x > lo && x < hi),
            Self::Sign => return f32::from(x.abs() <= 1.0),
            Self::Abs => return if x == 0.0 { 0.0 } else { x.signum() },
            Self::ThresholdedRelu { threshold } => return f32::from(x > threshold),
            Self::Elu { alpha } if x < 0.0 => f64::from(alpha) * wide.exp(),
            Self::Celu { alpha } if x < 0.0 => (wide / f64::from(alpha)).exp(),
            Self::Elu { .. } | Self::Celu { .. } => 1.0,
            Self::Selu { alpha, gamma } => f64::from(gamma) * if x > 0.0 { 1.0 } else { f64::from(alpha) * wide.exp() },
            Self::Gelu => {
                let density =
                    (-0.5 * wide * wide).exp() * std::f64::consts::FRAC_1_SQRT_2 * std::f64::consts::FRAC_2_SQRT_PI
                        / 2.0;
                0.5 * (1.0 + libm::erf(wide * std::f64::consts::FRAC_1_SQRT_2)) + wide * density
            }
            Self::GeluTanh => {
                let t = gelu_argument(wide).tanh();
                0.5 * (1.0 + t) + 0.5 * wide * (1.0 - t * t) * SQRT_2_OVER_PI * (1.0 + 3.0 * 0.044_715 * wide * wide)
            }
            Self::Swish { beta } => {
                let s = sigmoid(f64::from(beta) * wide);
                s + f64::from(beta) * wide * s * (1.0 - s)
            }
            Self::Mish => {
                let t = softplus(wide).tanh();
                t + wide * (1.0 - t * t) * sigmoid(wide)
            }
            Self::Softplus => sigmoid(wide),
            Self::Softsign => (1.0 + wide.abs()).powi(-2),
            Self::HardSigmoid { alpha, beta } => {
                let inside = f64::from(alpha) * wide + f64::from(beta);
                if inside > 0.0 && inside < 1.0 { f64::from(alpha) } else { 0.0 }
            }
            Self::HardSwish if x <= -3.0 => 0.0,
            Self::HardSwish if x >= 3.0 => 1.0,
            Self::HardSwish => wide / 3.0 + 0.5,
            Self::Exp => wide.exp(),
        };
        slope as f32
    }
}

/// The argument of the hyperbolic tangent in GELU's approximation.
fn gelu_argument(x: f64) -> f64 {
    SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `ln(1 + exp(x))` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::Elementwise;
    use crate::tolerance;

    const ALL: [Elementwise; 17] = [
        Elementwise::LeakyRelu { slope: 0.01 },
        Elementwise::Elu { alpha: 1.5 },
        Elementwise::Selu { alpha: 1.673_263_2, gamma: 1.050_701 },
        Elementwise::Celu { alpha: 0.7 },
        Elementwise::Gelu,
        Elementwise::GeluTanh,
        Elementwise::Swish { beta: 1.0 },
        Elementwise::Swish { beta: 1.7 },
        Elementwise::Mish,
        Elementwise::Softplus,
        Elementwise::Softsign,
        Elementwise::HardSigmoid { alpha: 0.2, beta: 0.5 },
        Elementwise::HardSwish,
        Elementwise::ThresholdedRelu { threshold: 1.0 },
        Elementwise::Clip { lo: 0.0, hi: 6.0 },
        Elementwise::Abs,
        Elementwise::Exp,
    ];

    #[test]
    fn derivatives_agree_with_central_differences() {
        for function in ALL {
            // Steps that miss every kink.
            for k in -40..40 {
                let x = k as f32 * 0.17 + 0.043;
                let h = 1.0 / 1024.0;
                let expected = (function.value(x + h) - function.value(x - h)) / (2.0 * h);
                let got = function.derivative(x);
                assert!(
                    (expected - got).abs() <= tolerance::DERIVATIVE * got.abs().max(1.0),
                    "{function:?} at {x}: {got} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn values_agree_with_published_ones() {
        // torch.nn.functional at 1.0 and -1.0, seven digits.
        let cases = [
            (Elementwise::Gelu, 0.841_344_7, -0.158_655_3),
            (Elementwise::GeluTanh, 0.841_192, -0.158_808),
            (Elementwise::Swish { beta: 1.0 }, 0.731_058_6, -0.268_941_4),
            (Elementwise::Mish, 0.865_098_4, -0.303_401_5),
            (Elementwise::Softplus, 1.313_261_7, 0.313_261_7),
            (Elementwise::HardSwish, 0.666_666_7, -0.333_333_3),
            (Elementwise::Elu { alpha: 1.0 }, 1.0, -0.632_120_6),
        ];
        for (function, at_one, at_minus_one) in cases {
            assert!((function.value(1.0) - at_one).abs() < tolerance::FUNCTION, "{function:?}");
            assert!((function.value(-1.0) - at_minus_one).abs() < tolerance::FUNCTION, "{function:?}");
        }
    }
}
