//! Vectors of four 32-bit words.

use core::arch::x86_64::{__m128i, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_unpackhi_epi64};

#[target_feature(enable = "sse2")]
pub(super) fn load(bytes: &[u8; 16]) -> __m128i {
    let value = u128::from_le_bytes(*bytes);
    _mm_set_epi64x((value >> 64) as i64, value as i64)
}

#[target_feature(enable = "sse2")]
pub(super) fn store(vector: __m128i) -> [i32; 4] {
    let low = _mm_cvtsi128_si64(vector);
    let high = _mm_cvtsi128_si64(_mm_unpackhi_epi64(vector, vector));
    [low as i32, (low >> 32) as i32, high as i32, (high >> 32) as i32]
}
