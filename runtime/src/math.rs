//! The functions of real numbers that `core` does not have, each within a few units in the last place, and the same bits on
//! every target: additions, multiplications and divisions in a fixed order.

use core::f32::consts::{LN_2, LOG2_E};

/// `ln 2` in two parts: the first has few digits, so that its small multiples are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `exp(x) = 2^power * (1 + rest)`, with the rest by its Taylor series, for |x| below 104.
fn split_exp(x: f32) -> (i32, f32) {
    let turns = x * LOG2_E;
    let power = (turns + if turns < 0.0 { -0.5 } else { 0.5 }) as i32;
    let r = (x - power as f32 * LN_2_HIGH) - power as f32 * LN_2_LOW;
    let series = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5];
    let tail = series.iter().fold(0.0, |sum, term| sum * r + term);
    (power, r + r * r * tail)
}

/// `2^power`, 0 or subnormal where it is small.
fn power_of_two(power: i32) -> f32 {
    f32::from_bits(((power + 127) as u32) << 23)
}

/// `exp(x)`
pub(crate) fn exp(x: f32) -> f32 {
    if x.is_nan() {
        return x;
    }
    if x > 88.8 {
        return f32::INFINITY;
    }
    if x < -104.0 {
        return 0.0;
    }
    let (power, rest) = split_exp(x);
    // In two steps, since 2^power alone may be out of range where the result is not.
    let half = power / 2;
    (1.0 + rest) * power_of_two(half) * power_of_two(power - half)
}

/// `exp(x) - 1`, exact also where it is small.
pub(crate) fn exp_m1(x: f32) -> f32 {
    if x.abs() < 0.34 { split_exp(x).1 } else { exp(x) - 1.0 }
}

/// `ln(1 + z)` for z in 0..=1, by the series of the inverse hyperbolic tangent.
fn ln_1p(z: f32) -> f32 {
    let s = z / (2.0 + z);
    let square = s * s;
    let series = [1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0];
    2.0 * (s + s * square * series.iter().fold(0.0, |sum, term| sum * square + term))
}

/// `ln(y)` for normal y above 0.
pub(crate) fn ln(y: f32) -> f32 {
    if !y.is_finite() {
        return y;
    }
    let power = (y.to_bits() >> 23) as i32 - 127;
    let mantissa = f32::from_bits((y.to_bits() & 0x007f_ffff) | 0x3f80_0000);
    power as f32 * LN_2 + ln_1p(mantissa - 1.0)
}

/// `tanh(x)`
pub(crate) fn tanh(x: f32) -> f32 {
    let e = exp_m1(-2.0 * x.abs());
    let y = -e / (2.0 + e);
    if x < 0.0 { -y } else { y }
}

/// `1 / (1 + exp(-x))`
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `ln(1 + exp(x))`
pub(crate) fn softplus(x: f32) -> f32 {
    x.max(0.0) + ln_1p(exp(-x.abs()))
}

/// The error function, by the series without cancellation (Abramowitz and Stegun 7.1.6).
pub(crate) fn erf(x: f32) -> f32 {
    /// `2 / sqrt(pi)`
    const TWO_OVER_ROOT_PI: f32 = core::f32::consts::FRAC_2_SQRT_PI;
    if x.abs() > 4.0 {
        return if x < 0.0 { -1.0 } else { 1.0 };
    }
    let mut term = x;
    let mut sum = x;
    let mut odd = 3.0;
    // The terms grow for n < x^2 and fall like 32 / n then: 64 of them are enough for |x| = 4.
    while odd < 130.0 {
        term *= 2.0 * x * x / odd;
        sum += term;
        odd += 2.0;
    }
    clamp(TWO_OVER_ROOT_PI * exp(-x * x) * sum, -1.0, 1.0)
}

/// `x`, or the nearer of `lo` and `hi` where it lies beyond them; a NaN stays one. `f32::clamp` asserts that the two are in order.
pub(crate) fn clamp(x: f32, lo: f32, hi: f32) -> f32 {
    if x < lo {
        lo
    } else if x > hi {
        hi
    } else {
        x
    }
}

/// The root of a number that is not negative, correctly rounded.
pub(crate) fn sqrt(x: f32) -> f32 {
    if x.is_nan() || x <= 0.0 || x == f32::INFINITY {
        return x;
    }
    let bits = x.to_bits();
    let (mantissa, exponent) = match bits >> 23 {
        0 => (bits, -149),
        field => ((bits & 0x007f_ffff) | 0x0080_0000, field as i32 - 150),
    };
    // As many digits as 64 bits hold, with an even exponent.
    let shift = (mantissa as u64).leading_zeros() as i32;
    let shift = shift - ((exponent - shift) & 1);
    let square = (mantissa as u64) << shift;
    let root = square.isqrt();
    // The last bit remembers that something was cut off, and then the one rounding is right.
    let root = root << 1 | u64::from(root * root != square);
    root as f32 * power_of_two((exponent - shift) / 2 - 1)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::tolerance;

    /// The largest difference from f64 in units of the last place, over -30..30 and tiny numbers.
    fn worst(f: impl Fn(f32) -> f32, truth: impl Fn(f64) -> f64) -> f64 {
        let grid = (-120_000..=120_000).map(|i| i as f32 * 0.000_25).chain((-60..=60).map(|i| i as f32 * 1e-6));
        grid.fold(0.0, |worst: f64, x| {
            let truth = truth(f64::from(x));
            let unit = f64::from(f32::EPSILON) * truth.abs().max(1e-30);
            worst.max((f64::from(f(x)) - truth).abs() / unit)
        })
    }

    #[test]
    fn functions_are_right_to_the_last_places() {
        assert!(worst(exp, f64::exp) < f64::from(tolerance::CHIP_EXP_ULP), "{}", worst(exp, f64::exp));
        assert!(worst(exp_m1, f64::exp_m1) < f64::from(tolerance::CHIP_FUNCTION_ULP), "{}", worst(exp_m1, f64::exp_m1));
        assert!(worst(tanh, f64::tanh) < f64::from(tolerance::CHIP_FUNCTION_ULP), "{}", worst(tanh, f64::tanh));
        let truth = |x: f64| 1.0 / (1.0 + (-x).exp());
        assert!(worst(sigmoid, truth) < f64::from(tolerance::CHIP_FUNCTION_ULP), "{}", worst(sigmoid, truth));
        let truth = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        assert!(worst(softplus, truth) < f64::from(tolerance::CHIP_FUNCTION_ULP), "{}", worst(softplus, truth));
        for y in (0..100_000).map(|i| 1.0 + i as f32 * 0.37).flat_map(|y| [y, 1.0 / y]) {
            assert!(
                (f64::from(ln(y)) - f64::from(y).ln()).abs()
                    < f64::from(tolerance::CHIP_LN) * f64::from(y).ln().abs().max(1.0),
                "{y}"
            );
        }
        for x in (-5_000..=5_000).map(|i| i as f32 * 0.001) {
            assert!(
                (f64::from(erf(x)) - erf_truth(f64::from(x))).abs() < f64::from(tolerance::FUNCTION),
                "erf({x}) = {}",
                erf(x)
            );
        }
    }

    /// By Simpson's rule, which has nothing in common with the series.
    fn erf_truth(x: f64) -> f64 {
        let steps = 400;
        let h = x / f64::from(steps);
        let weight = |i| if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
        let sum: f64 = (0..=steps).map(|i| weight(i) * (-(h * f64::from(i)).powi(2)).exp()).sum();
        sum * h / 3.0 * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn limits_are_limits() {
        assert_eq!((exp(f32::NEG_INFINITY), exp(f32::INFINITY), exp(0.0)), (0.0, f32::INFINITY, 1.0));
        assert_eq!((tanh(f32::NEG_INFINITY), tanh(100.0), tanh(0.0)), (-1.0, 1.0, 0.0));
        assert_eq!((sigmoid(-200.0), sigmoid(200.0), erf(-9.0)), (0.0, 1.0, -1.0));
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && ln(f32::NAN).is_nan());
        assert!(exp(-100.0) > 0.0, "subnormal results are not lost");
    }

    #[test]
    fn roots_are_correctly_rounded() {
        for i in 0..200_000u32 {
            let x = f32::from_bits(i.wrapping_mul(10_737) % f32::INFINITY.to_bits());
            assert_eq!(sqrt(x), x.sqrt(), "{x:e}");
        }
        for x in [1e-45, f32::MIN_POSITIVE, f32::MAX, 4.0, 2.0, 0.0, f32::INFINITY] {
            assert_eq!(sqrt(x), x.sqrt(), "{x:e}");
        }
    }
}
