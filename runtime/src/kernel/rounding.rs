//! The one floating-point product of an integer layer, with and without a floating-point unit: the same bits.

/// A product beyond all rounding and clamping: no quantized output is farther from its zero point.
const FAR: u32 = 1024;

/// `round_half_even(f32(sum) * factor)`, or a number beyond +-255 where that is. The factor is finite and not negative.
#[inline]
pub(crate) fn scale(sum: i32, factor: f32) -> i32 {
    if cfg!(all(target_os = "none", not(thumbnet_fpu))) {
        scale_by_integers(sum, factor)
    } else {
        scale_by_floats(sum, factor)
    }
}

#[inline]
fn scale_by_floats(sum: i32, factor: f32) -> i32 {
    /// 1.5 * 2^23: the next float is one away, so that adding it rounds to an integer, halves to even.
    const ROUNDER: f32 = 12_582_912.0;
    let far = FAR as f32;
    let product = sum as f32 * factor;
    let product = if product > far { far } else { product };
    let product = if product < -far { -far } else { product };
    (product + ROUNDER).to_bits() as i32 - ROUNDER.to_bits() as i32
}

/// The product in 32-bit integers, where the roundings that the floats make on the way cannot matter: the sum has no more than 24
/// digits, and the product is not near the middle of two integers.
fn scale_by_integers(sum: i32, factor: f32) -> i32 {
    /// How far the rounding to 24 digits can move a number below 1024 that lies in the middle, in units of 2^-32.
    const NEAR: u32 = 1 << 17;
    const HALF: u32 = 1 << 31;
    let magnitude = sum.unsigned_abs();
    let bits = factor.to_bits();
    // The upper digits of the product, all but 16, count 2^-point.
    let point = 134u32.wrapping_sub(bits >> 23);
    if magnitude < 1 << 24 && (4..32).contains(&point) {
        let product = upper(magnitude, bits & 0x007f_ffff | 0x0080_0000);
        let fraction = product << (32 - point);
        // The digits that the product lacks are less than one of its last.
        let near = NEAR + (1 << (32 - point));
        if fraction.wrapping_sub(HALF - near) > near + NEAR {
            let integer = ((product >> point) + (fraction >> 31)).min(FAR) as i32;
            return if sum < 0 { -integer } else { integer };
        }
    }
    scale_by_steps(sum, factor)
}

/// `a * b / 2^16`, rounded down, for numbers of 24 digits: cores without a long multiplication take it in halves.
#[inline]
fn upper(a: u32, b: u32) -> u32 {
    let (a, low_a) = (a >> 12, a & 0xfff);
    let (b, low_b) = (b >> 12, b & 0xfff);
    let middle = a * low_b + low_a * b + ((low_a * low_b) >> 12);
    ((a * b) << 8) + (middle >> 4)
}

/// Three roundings as the floats make them: of the sum to 24 digits, of the product to 24 digits, and to an integer.
#[cold]
fn scale_by_steps(sum: i32, factor: f32) -> i32 {
    const DIGITS: u32 = f32::MANTISSA_DIGITS;
    let magnitude = sum.unsigned_abs();
    let cut = (u32::BITS - magnitude.leading_zeros()).saturating_sub(DIGITS);
    let rounded = half_even(magnitude, cut);
    let bits = factor.to_bits();
    let (mantissa, exponent) = match bits >> 23 {
        0 => (bits, 1),
        field => (bits & 0x007f_ffff | 0x0080_0000, field),
    };
    // value = product * 2^-point, and a product of normal numbers has at least 24 digits.
    let product = u64::from(rounded) * u64::from(mantissa);
    let more = (u64::BITS - product.leading_zeros()).saturating_sub(DIGITS);
    let product = half_even_u64(product, more);
    let point = 150i32 - (exponent + cut + more) as i32;
    let integer = match point {
        ..=0 if product == 0 => 0,
        ..=0 => FAR,
        1..=25 => half_even(product, point as u32).min(FAR),
        _ => 0,
    };
    if sum < 0 { -(integer as i32) } else { integer as i32 }
}

/// `x / 2^digits`, rounded to nearest, halves to even; fewer than 32 digits.
#[inline]
fn half_even(x: u32, digits: u32) -> u32 {
    if digits == 0 {
        return x;
    }
    let kept = x >> digits;
    let rest = x & ((1 << digits) - 1);
    let half = 1 << (digits - 1);
    kept + u32::from(rest > half || (rest == half && kept & 1 == 1))
}

/// `x / 2^digits`, rounded to nearest, halves to even; fewer than 64 digits, and a result of fewer than 32.
#[inline]
fn half_even_u64(x: u64, digits: u32) -> u32 {
    if digits == 0 {
        return x as u32;
    }
    let kept = (x >> digits) as u32;
    let rest = x & ((1 << digits) - 1);
    let half = 1 << (digits - 1);
    kept + u32::from(rest > half || (rest == half && kept & 1 == 1))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    fn check(sum: i32, factor: f32) {
        let floats = scale_by_floats(sum, factor);
        let integers = scale_by_integers(sum, factor);
        let definition = f64::from(sum as f32 * factor).round_ties_even().clamp(-1024.0, 1024.0) as i32;
        assert!(
            floats == definition && integers == definition,
            "{sum} * {factor:e}: {floats}, {integers}, {definition}"
        );
    }

    /// Factors of every exponent, with few digits (so that ties happen), many, and the extremes.
    fn factors() -> impl Iterator<Item = f32> {
        (0..255u32).flat_map(|exponent| {
            let mut mantissa = exponent.wrapping_mul(0x9e37_79b9) | 1;
            (0..48u32).map(move |i| {
                mantissa = mantissa.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let digits = match i {
                    0 => 0,
                    1 => 0x007f_ffff,
                    2..20 => (mantissa >> 9) & (0x007f_ffff << (23 - i)),
                    _ => mantissa >> 9,
                };
                f32::from_bits(exponent << 23 | digits & 0x007f_ffff)
            })
        })
    }

    /// Every half between two outputs, and the sums around it; the ends of the range of the sums; and where sums start to be
    /// rounded.
    #[test]
    fn ties_and_saturation_agree_with_the_definition() {
        let mut ties = 0u64;
        for factor in factors() {
            for half in -260..=260 {
                let middle = (f64::from(half) + 0.5) / f64::from(factor);
                if middle.abs() > f64::from(i32::MAX) || factor == 0.0 {
                    continue;
                }
                for near in -2..=2 {
                    let sum = (middle as i32).saturating_add(near);
                    ties += u64::from(f64::from(sum as f32 * factor).fract().abs() == 0.5);
                    check(sum, factor);
                }
            }
            for sum in [0, 1, -1, i32::MAX, i32::MIN, i32::MAX - 63, i32::MIN + 65] {
                check(sum, factor);
            }
            for near in -4..=4 {
                for power in 23..31 {
                    check((1 << power) + near, factor);
                    check(-(1 << power) + near, factor);
                }
            }
        }
        assert!(ties > 100_000, "only {ties} ties");
    }

    /// All sums that a small layer can have, with a factor whose halves are exact.
    #[test]
    fn all_sums_of_a_small_layer_agree() {
        for factor in [1.0 / 512.0, 0.003_906_251, 1.0 / 1024.0, 0.000_5] {
            for sum in -300_000..=300_000 {
                check(sum, factor);
            }
        }
    }
}
