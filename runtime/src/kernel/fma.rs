//! The fused multiply-add in plain Rust, for machines that have none.

/// `x[i] * w[i] + acc[i]` for each i, rounded once.
///
/// Products of two f32 are exact in f64. Their sum is rounded to f64 and then to f32, which is wrong only where the first
/// rounding makes a tie of the second; that is rare, so that all lanes are done the fast way and then looked at together.
#[inline]
pub(crate) fn fma<const N: usize>(x: f32, w: [f32; N], acc: &mut [f32; N]) {
    let mut sums = [0.0; N];
    let mut rare = false;
    for ((sum, w), acc) in sums.iter_mut().zip(w).zip(&*acc) {
        *sum = f64::from(x) * f64::from(w) + f64::from(*acc);
        rare |= rounds_twice(*sum);
    }
    if rare {
        for ((sum, w), acc) in sums.iter_mut().zip(w).zip(&*acc) {
            *sum = to_odd(f64::from(x) * f64::from(w), f64::from(*acc), *sum);
        }
    }
    for (acc, sum) in acc.iter_mut().zip(sums) {
        *acc = sum as f32;
    }
}

/// Whether `sum` lies in the middle of two f32, or where f32 has fewer digits.
#[inline]
fn rounds_twice(sum: f64) -> bool {
    /// The bits that an f64 has more than an f32.
    const MORE: u64 = (1 << 29) - 1;
    /// The bits of the smallest normal f32 as an f64, without the sign.
    const NORMAL: u64 = (1023 - 126) << 53;
    let bits = sum.to_bits();
    let magnitude = bits << 1;
    bits & MORE == 1 << 28 || magnitude.wrapping_sub(1) < NORMAL - 1
}

/// The sum of `product` and `acc`, whose nearest f64 is `sum`, rounded to the odd neighbor where it is inexact: a second
/// rounding then goes the right way (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
#[cold]
fn to_odd(product: f64, acc: f64, sum: f64) -> f64 {
    if !sum.is_finite() {
        return sum;
    }
    // What the rounding took away, exactly (Knuth's two-sum).
    let part = sum - product;
    let lost = (product - (sum - part)) + (acc - part);
    let bits = sum.to_bits();
    if lost == 0.0 || bits & 1 == 1 {
        return sum;
    }
    f64::from_bits(if (lost > 0.0) == (sum > 0.0) { bits + 1 } else { bits - 1 })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::fma;

    /// Xorshift (Marsaglia 2003), so that the crate needs no dependency for its tests.
    struct Bits(u64);

    impl Bits {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }
    }

    fn check(x: f32, w: f32, c: f32) {
        let mut acc = [c];
        fma(x, [w], &mut acc);
        let expected = x.mul_add(w, c);
        assert!(
            acc[0].to_bits() == expected.to_bits() || (acc[0].is_nan() && expected.is_nan()),
            "{x:e} * {w:e} + {c:e}: {:e}, expected {expected:e}",
            acc[0]
        );
    }

    #[test]
    fn rounds_once() {
        let special =
            [0.0, -0.0, 1.0, -1.0, f32::MIN_POSITIVE, 1e-45, -1e-45, 1e-40, f32::MAX, f32::INFINITY, f32::NAN];
        for x in special {
            for w in special {
                for c in special {
                    check(x, w, c);
                }
            }
        }
        let mut bits = Bits(1);
        for _ in 0..300_000 {
            let [x, w, c] = [bits.next(), bits.next(), bits.next()].map(|b| f32::from_bits(b as u32));
            check(x, w, c);
            // Close together, so that digits cancel and ties happen.
            let near = |b: u64| f32::from_bits((b as u32 & 0x8180_07ff) | 0x3f80_0000);
            let (x, w) = (near(bits.next()), near(bits.next()));
            check(x, w, near(bits.next()) * f32::from_bits(((bits.next() % 60 + 97) << 23) as u32));
            // Results among the subnormals.
            let tiny = f32::from_bits(bits.next() as u32 & 0x80ff_ffff);
            check(x * 1e-20, w * 1e-20, tiny);
            check(x * 2f32.powi(-75), w * 2f32.powi(-75), tiny);
        }
    }
}
