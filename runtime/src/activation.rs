//! The activation functions of layers of floats.

use crate::Function;
use crate::math::{clamp, erf, exp, exp_m1, ln, sigmoid, softplus, tanh};

/// Applies `function` to the sums of a layer, in place.
pub(crate) fn apply(function: Function, values: &mut [f32]) {
    match function {
        Function::Linear | Function::Table => {}
        // The commonest: with no choice for each element.
        Function::Relu => values.iter_mut().for_each(|value| *value = larger(*value, 0.0)),
        Function::Softmax => softmax(values),
        Function::LogSoftmax => log_softmax(values),
        _ => {
            for value in values {
                *value = at(function, *value);
            }
        }
    }
}

/// `exp(x_i) / sum_j exp(x_j)`, in place.
pub(crate) fn softmax(values: &mut [f32]) {
    let largest = largest(values);
    let mut sum = 0.0;
    for value in &mut *values {
        *value = exp(*value - largest);
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

fn log_softmax(values: &mut [f32]) {
    let largest = largest(values);
    let sum = values.iter().fold(0.0, |sum, value| sum + exp(value - largest));
    for value in values {
        *value = (*value - largest) - ln(sum);
    }
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(f32::NEG_INFINITY, |largest, &value| larger(value, largest))
}

/// `a` where it is larger than `b`, else `b`: of two zeros the second, where `f32::max` gives either as the compiler likes.
#[inline]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// A function of one element.
fn at(function: Function, x: f32) -> f32 {
    /// `sqrt(2 / pi)`
    const ROOT_2_OVER_PI: f32 = 0.797_884_6;
    match function {
        Function::Sigmoid => sigmoid(x),
        Function::Tanh => tanh(x),
        Function::LeakyRelu { slope } => {
            if x < 0.0 {
                slope * x
            } else {
                x
            }
        }
        Function::Elu { alpha } => {
            if x < 0.0 {
                alpha * exp_m1(x)
            } else {
                x
            }
        }
        Function::Selu { alpha, gamma } => gamma * if x > 0.0 { x } else { alpha * exp_m1(x) },
        Function::Celu { alpha } => {
            if x < 0.0 {
                alpha * exp_m1(x / alpha)
            } else {
                x
            }
        }
        Function::Gelu => 0.5 * x * (1.0 + erf(x * core::f32::consts::FRAC_1_SQRT_2)),
        Function::GeluTanh => 0.5 * x * (1.0 + tanh(ROOT_2_OVER_PI * (x + 0.044_715 * x * x * x))),
        Function::Swish { beta } => x * sigmoid(beta * x),
        Function::Mish => x * tanh(softplus(x)),
        Function::Softplus => softplus(x),
        Function::Softsign => x / (1.0 + x.abs()),
        Function::HardSigmoid { alpha, beta } => clamp(alpha * x + beta, 0.0, 1.0),
        Function::HardSwish => x * clamp(x / 6.0 + 0.5, 0.0, 1.0),
        Function::ThresholdedRelu { threshold } => {
            if x > threshold {
                x
            } else {
                0.0
            }
        }
        Function::Clip { lo, hi } => {
            let x = larger(x, lo);
            if x < hi { x } else { hi }
        }
        Function::Abs => x.abs(),
        Function::Exp => exp(x),
        Function::Relu => larger(x, 0.0),
        Function::Linear | Function::Softmax | Function::LogSoftmax | Function::Table => x,
    }
}

#[cfg(test)]
mod tests {
    use super::apply;
    use crate::Function;

    /// Zeros have a sign, and what a cut makes of it must not be the compiler's choice: -0 becomes 0, NaN the lower end.
    #[test]
    fn cuts_are_the_same_to_the_bit_everywhere() {
        let ends = |lo, hi| Function::Clip { lo, hi };
        for (function, x, expected) in [
            (Function::Relu, -0.0, 0.0f32),
            (Function::Relu, 0.0, 0.0),
            (Function::Relu, f32::NAN, 0.0),
            (Function::Relu, f32::MIN_POSITIVE / 2.0, f32::MIN_POSITIVE / 2.0),
            (Function::Relu, f32::NEG_INFINITY, 0.0),
            (ends(0.0, 6.0), -0.0, 0.0),
            (ends(-0.0, 6.0), 0.0, -0.0),
            (ends(-1.0, -0.0), 0.0, -0.0),
            (ends(-1.0, 0.0), -0.0, 0.0),
            (ends(-1.0, 6.0), f32::NAN, -1.0),
        ] {
            let mut values = [x; 9];
            apply(function, core::hint::black_box(&mut values));
            let bits = values.map(f32::to_bits);
            assert_eq!(bits, [expected.to_bits(); 9], "{function:?} of {x}: {values:?} instead of {expected}");
        }
    }
}
