//! 2-bit weights, packed in eights of rows.

#![allow(unsafe_code)]

use super::entries::{Entry, collect, word};
use super::tiles;
use super::vector::{load, store};
use crate::Layer;
use crate::kernel::chunks::filled;
use crate::kernel::mixed;
use crate::kernel::portable::{self, rows};
use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_and_si128, _mm_andnot_si128, _mm_madd_epi16, _mm_or_si128, _mm_set_epi32,
    _mm_set1_epi16, _mm_set1_epi32, _mm_setzero_si128, _mm_slli_epi32, _mm_srli_epi32, _mm_unpackhi_epi32,
    _mm_unpackhi_epi64, _mm_unpacklo_epi32, _mm_unpacklo_epi64,
};

/// The groups of eight inputs after which FORMAT.md adds up the sums.
const BLOCK: usize = 4;

/// A dense layer of packed 2-bit weights.
pub(crate) fn dense_i2(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let Some(entries) = collect(input, work) else { return portable::dense_i2(layer, input, work, output) };
    let inputs = rows::sum(input);
    tiles::outputs(layer, 2 * filled(input.len(), 8), output, |tile, sums| {
        // SAFETY: every x86-64 has SSE2, the only feature that is asked for.
        let mut mixed = unsafe { tile_sums(tile.as_chunks().0, entries) };
        mixed::separate_i2(&mut mixed, inputs);
        mixed::add(sums, mixed);
    });
}

/// `2^14` times the sums of the four odd rows, and the sums of the four even rows. A group of weights is 16 bytes: the words of the
/// first and third input, of the second and fourth, of the fifth and seventh, of the sixth and eighth.
#[target_feature(enable = "sse2")]
fn tile_sums(tile: &[[u8; 16]], entries: &[Entry<3>]) -> [i32; 8] {
    let bytes = _mm_set1_epi16(0xff);
    let mask = _mm_set1_epi16(0xc003u16.cast_signed());
    let (mut odd, mut even) = (_mm_setzero_si128(), _mm_setzero_si128());
    let mut sums = [_mm_setzero_si128(); 4];
    // Blocks are counted from the end, since the last one is whole.
    let mut block = usize::MAX;
    for &[place, first, second] in entries {
        let Some((w, after)) = tile.get(word(place) as usize..).and_then(<[_]>::split_first) else { break };
        if block != after.len() / BLOCK {
            block = after.len() / BLOCK;
            (odd, even) = add_up(sums, odd, even);
            sums = [_mm_setzero_si128(); 4];
        }
        let x = _mm_set_epi32(0, 0, word(second) as i32, word(first) as i32);
        let x = _mm_and_si128(_mm_unpacklo_epi32(x, _mm_srli_epi32::<8>(x)), bytes);
        let w = load(w);
        let turned = [
            w,
            _mm_or_si128(_mm_srli_epi32::<4>(w), _mm_slli_epi32::<28>(w)),
            _mm_or_si128(_mm_srli_epi32::<8>(w), _mm_slli_epi32::<24>(w)),
            _mm_or_si128(_mm_srli_epi32::<12>(w), _mm_slli_epi32::<20>(w)),
        ];
        for (sum, w) in sums.iter_mut().zip(turned) {
            *sum = _mm_add_epi32(*sum, _mm_madd_epi16(_mm_and_si128(w, mask), x));
        }
    }
    (odd, even) = add_up(sums, odd, even);
    let ([a, b, c, d], [e, f, g, h]) = (store(odd), store(even));
    [a, b, c, d, e, f, g, h]
}

/// Adds the sums of a block, each of which is spread over a vector, to those of the odd and the even rows.
#[target_feature(enable = "sse2")]
fn add_up([a, b, c, d]: [__m128i; 4], odd: __m128i, even: __m128i) -> (__m128i, __m128i) {
    let ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
    let cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
    let sums = _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
    let low = _mm_set1_epi32(0x3fff);
    (_mm_add_epi32(odd, _mm_andnot_si128(low, sums)), _mm_add_epi32(even, _mm_and_si128(low, sums)))
}
