//! The exponential and what is made of it, without branches and calls, so that the compiler vectorizes the loops around them
//! (a libm call per element would cost more than a small network's products). The same bits with every instruction set: plain
//! products and sums, nothing fused.
#![allow(clippy::inline_always)] // A call in the loop would undo the vectorization.

/// Where the exponential leaves the normal numbers.
const LOWEST: f32 = -87.336_54;
/// Where it would leave the numbers: larger arguments give the value here, about 2.4e38.
const HIGHEST: f32 = 88.376_26;
/// Adding it rounds a small number to an integer that stands in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

/// `exp(x)` within two units in the last place; 0 below -87.33, saturating above 88.37.
///
/// Range reduction by ln 2 in two parts and the polynomial of Cephes' `expf` (S. L. Moshier, netlib.org/cephes).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let clamped = x.clamp(LOWEST, HIGHEST);
    let rounded = clamped * std::f32::consts::LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = clamped - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let p = 1.987_569_1e-4 * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 5e-1;
    let p = p * (r * r) + r + 1.0;
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    if x < LOWEST { 0.0 } else { p * power }
}

/// `1 / (1 + exp(-x))`
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `tanh(x)` within three units in the last place; near 0 the polynomial of Cephes' `tanhf`.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let z = x * x;
    let p = -5.704_988_7e-3 * z + 2.063_909e-2;
    let p = p * z - 5.373_971_6e-2;
    let p = p * z + 1.333_144_2e-1;
    let p = p * z - 3.333_328e-1;
    let near = p * z * x + x;
    let far = (1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0)).copysign(x);
    if x.abs() < 0.625 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::{exp, sigmoid, tanh};

    #[test]
    fn relative_errors_are_a_few_units_in_the_last_place() {
        let ulp = f64::from(f32::EPSILON);
        for k in -87_000..88_000 {
            let x = k as f32 * 1e-3 + 0.000_37;
            let wide = f64::from(x);
            let worst = |got: f32, expected: f64, units: f64| {
                let error = (f64::from(got) - expected).abs() / expected.abs();
                assert!(error < units * ulp, "at {x}: {got} instead of {expected}, {} units", error / ulp);
            };
            worst(exp(x), wide.exp(), 2.0);
            worst(sigmoid(x), 1.0 / (1.0 + (-wide).exp()), 3.0);
            worst(tanh(x), wide.tanh(), 3.0);
        }
    }

    #[test]
    fn extremes() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1000.0), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert!(exp(1000.0).is_finite());
        assert_eq!(sigmoid(-1000.0), 1.0 / (1.0 + exp(1000.0)));
        assert_eq!(sigmoid(1000.0), 1.0);
        assert_eq!((tanh(50.0), tanh(-50.0), tanh(0.0)), (1.0, -1.0, 0.0));
        assert!(exp(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
    }
}
