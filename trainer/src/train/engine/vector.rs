//! Eight numbers in a register: plainly, and with AVX2 and FMA. (The plain loops alone do not become good code: left to
//! itself, the compiler shuffles the tiles' sums, and a step takes four times as long.)

use super::lanes::{LANES, Lanes};
use std::array::from_fn;

/// A loop that keeps many sums in registers.
pub(super) trait Kernel {
    /// Runs it, with the arithmetic of `V`. To be inlined always, as all that it calls.
    fn run<V: Vector>(self);
}

/// Arithmetic on eight numbers.
pub(super) trait Vector: Copy {
    /// Runs a kernel as a function of its own. Inlined into all that a step does, its sums would share the registers with
    /// everything around, and some would wait in memory between two products: that took twice the time.
    fn alone(kernel: impl Kernel);
    fn load(from: &Lanes) -> Self;
    fn store(self, to: &mut Lanes);
    fn splat(x: f32) -> Self;
    /// `self + a * b`, rounded once where the processor can.
    fn add_product(self, a: Self, b: Self) -> Self;
    fn add(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn sqrt(self) -> Self;
    /// Replaces what is smaller than `tiny` in absolute value by 0; a NaN stays.
    fn quiet(self, tiny: Self) -> Self;
    /// ReLU: 0 in place of what is negative; a NaN stays.
    fn rectified(self) -> Self;
    /// Itself where `y` is positive, else 0: ReLU's way back.
    fn where_positive(self, y: Self) -> Self;
    /// -1, 0 or 1; of a NaN, either end.
    fn sign(self) -> Self;
    /// Eight rows as eight columns.
    fn turned(rows: &[Lanes; LANES]) -> [Self; LANES];
    /// The sum of the eight: `((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))`.
    fn sum(self) -> f32;
}

/// For every processor.
#[derive(Clone, Copy)]
pub(super) struct Plain([f32; LANES]);

impl Vector for Plain {
    #[inline(never)]
    fn alone(kernel: impl Kernel) {
        kernel.run::<Self>();
    }
    #[inline(always)]
    fn load(from: &Lanes) -> Self {
        Self(from.0)
    }
    #[inline(always)]
    fn store(self, to: &mut Lanes) {
        to.0 = self.0;
    }
    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; LANES])
    }
    #[inline(always)]
    fn add_product(self, a: Self, b: Self) -> Self {
        Self(from_fn(|k| self.0[k] + a.0[k] * b.0[k]))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(from_fn(|k| self.0[k] + other.0[k]))
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(from_fn(|k| self.0[k] * other.0[k]))
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(from_fn(|k| self.0[k] / other.0[k]))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(f32::sqrt))
    }
    #[inline(always)]
    fn quiet(self, tiny: Self) -> Self {
        Self(from_fn(|k| if self.0[k].abs() < tiny.0[k] { 0.0 } else { self.0[k] }))
    }
    #[inline(always)]
    fn rectified(self) -> Self {
        Self(self.0.map(|x| if x < 0.0 { 0.0 } else { x }))
    }
    #[inline(always)]
    fn where_positive(self, y: Self) -> Self {
        Self(from_fn(|k| if y.0[k] > 0.0 { self.0[k] } else { 0.0 }))
    }
    #[inline(always)]
    fn sign(self) -> Self {
        Self(self.0.map(|x| if x == 0.0 { 0.0 } else { 1f32.copysign(x) }))
    }
    #[inline(always)]
    fn turned(rows: &[Lanes; LANES]) -> [Self; LANES] {
        from_fn(|column| Self(from_fn(|row| rows[row].0[column])))
    }
    #[inline(always)]
    fn sum(self) -> f32 {
        let x = self.0;
        ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use fused::Fused;

#[cfg(target_arch = "x86_64")]
mod fused {
    use super::{Kernel, LANES, Lanes, Vector};
    #[allow(clippy::wildcard_imports)] // The intrinsics carry their own prefix.
    use std::arch::x86_64::*;
    use std::array::from_fn;

    /// For x86-64 with AVX2 and FMA. To be used only inside a function compiled for both: it is what makes the calls below
    /// sound.
    #[derive(Clone, Copy)]
    pub(in crate::train::engine) struct Fused(__m256);

    // SAFETY (of all blocks): outside this module `Fused` is named only in `Engine::work`, in a function with these target
    // features that is called after they have been detected; all else is generic over `V`, and so runs for `Fused` only
    // within that call. `alone` chooses nothing, it passes on the `V` that it was called for. `Lanes` is 32 bytes, aligned to 32, so the aligned loads and stores are within it.
    #[allow(clippy::undocumented_unsafe_blocks)]
    impl Vector for Fused {
        #[inline(always)]
        fn alone(kernel: impl Kernel) {
            #[inline(never)]
            #[target_feature(enable = "avx2,fma")]
            fn alone<V: Vector>(kernel: impl Kernel) {
                kernel.run::<V>();
            }
            unsafe { alone::<Self>(kernel) }
        }
        #[inline(always)]
        fn load(from: &Lanes) -> Self {
            Self(unsafe { _mm256_load_ps(from.0.as_ptr()) })
        }
        #[inline(always)]
        fn store(self, to: &mut Lanes) {
            unsafe { _mm256_store_ps(to.0.as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        fn splat(x: f32) -> Self {
            Self(unsafe { _mm256_set1_ps(x) })
        }
        #[inline(always)]
        fn add_product(self, a: Self, b: Self) -> Self {
            Self(unsafe { _mm256_fmadd_ps(a.0, b.0, self.0) })
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            Self(unsafe { _mm256_add_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn mul(self, other: Self) -> Self {
            Self(unsafe { _mm256_mul_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn div(self, other: Self) -> Self {
            Self(unsafe { _mm256_div_ps(self.0, other.0) })
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            Self(unsafe { _mm256_sqrt_ps(self.0) })
        }
        #[inline(always)]
        fn quiet(self, tiny: Self) -> Self {
            unsafe {
                let size = _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0);
                Self(_mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_NLT_UQ>(size, tiny.0)))
            }
        }
        #[inline(always)]
        fn rectified(self) -> Self {
            unsafe { Self(_mm256_andnot_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(self.0, _mm256_setzero_ps()), self.0)) }
        }
        #[inline(always)]
        fn where_positive(self, y: Self) -> Self {
            unsafe { Self(_mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_GT_OQ>(y.0, _mm256_setzero_ps()))) }
        }
        #[inline(always)]
        fn sign(self) -> Self {
            unsafe {
                let one = _mm256_or_ps(_mm256_and_ps(_mm256_set1_ps(-0.0), self.0), _mm256_set1_ps(1.0));
                Self(_mm256_and_ps(one, _mm256_cmp_ps::<_CMP_NEQ_UQ>(self.0, _mm256_setzero_ps())))
            }
        }
        #[inline(always)]
        fn turned(rows: &[Lanes; LANES]) -> [Self; LANES] {
            unsafe {
                let row = |k: usize| _mm256_load_ps(rows[k].0.as_ptr());
                // In each half: columns of two rows, of four, and then of all eight from both halves.
                let two: [[__m256; 2]; 4] = from_fn(|k| {
                    let (a, b) = (row(2 * k), row(2 * k + 1));
                    [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)]
                });
                let four: [[__m256; 4]; 2] = from_fn(|k| {
                    let ([a, c], [b, d]) = (two[2 * k], two[2 * k + 1]);
                    [
                        _mm256_shuffle_ps::<0b01_00_01_00>(a, b),
                        _mm256_shuffle_ps::<0b11_10_11_10>(a, b),
                        _mm256_shuffle_ps::<0b01_00_01_00>(c, d),
                        _mm256_shuffle_ps::<0b11_10_11_10>(c, d),
                    ]
                });
                from_fn(|k| {
                    let (a, b) = (four[0][k % 4], four[1][k % 4]);
                    Self(if k < 4 {
                        _mm256_permute2f128_ps::<0x20>(a, b)
                    } else {
                        _mm256_permute2f128_ps::<0x31>(a, b)
                    })
                })
            }
        }
        #[inline(always)]
        fn sum(self) -> f32 {
            unsafe {
                let four = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
                let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
                _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
            }
        }
    }
}
