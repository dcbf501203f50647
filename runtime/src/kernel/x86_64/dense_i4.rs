//! 4-bit weights, packed in fours of rows.

#![allow(unsafe_code)]

use super::entries::{Entry, collect, word};
use super::tiles;
use super::vector::{load, store};
use crate::Layer;
use crate::kernel::chunks::filled;
use crate::kernel::mixed;
use crate::kernel::portable::{self, rows};
use core::arch::x86_64::{
    _mm_add_epi32, _mm_and_si128, _mm_madd_epi16, _mm_set1_epi16, _mm_set1_epi32, _mm_setzero_si128, _mm_srli_epi32,
    _mm_unpackhi_epi64, _mm_unpacklo_epi64,
};

/// A dense layer of packed int4 weights.
pub(crate) fn dense_i4(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let Some(entries) = collect(input, work) else {
        return portable::packed_i4(layer, input, output, 0);
    };
    let inputs = rows::sum(input);
    let (full, rest) = output.as_chunks_mut::<8>();
    let full = full.as_flattened_mut();
    tiles::outputs(layer, 4 * filled(input.len(), 4), full, |tile, sums| {
        // SAFETY: every x86-64 has SSE2, the only feature that is asked for.
        let mut mixed = unsafe { tile_sums(tile.as_chunks().0, entries) };
        mixed::separate_i4(&mut mixed, inputs);
        mixed::add(sums, mixed);
    });
    portable::packed_i4(layer, input, rest, full.len());
}

/// The sums of the lowest digit, of the two, of the three lowest and of all four, for the first four rows and for the second. A
/// group of weights is 16 bytes: a word of each four rows for the first and third input, then for the second and fourth.
#[target_feature(enable = "sse2")]
fn tile_sums(tile: &[[u8; 16]], entries: &[Entry<2>]) -> [i32; 8] {
    let bytes = _mm_set1_epi16(0xff);
    let masks = [0xf, 0xff, 0xfff, -1].map(|mask| _mm_set1_epi16(mask));
    let mut sums = [_mm_setzero_si128(); 4];
    for &[place, quad] in entries {
        let quad = word(quad);
        let Some(group) = tile.get(word(place) as usize) else { break };
        let x = _mm_set1_epi32(quad as i32);
        let x = _mm_and_si128(_mm_unpacklo_epi64(x, _mm_srli_epi32::<8>(x)), bytes);
        let w = load(group);
        for (sum, mask) in sums.iter_mut().zip(masks) {
            *sum = _mm_add_epi32(*sum, _mm_madd_epi16(_mm_and_si128(w, mask), x));
        }
    }
    let [one, two, three, four] =
        sums.map(|sum| store(_mm_add_epi32(sum, _mm_unpackhi_epi64(sum, sum)))).map(|[a, b, ..]| [a, b]);
    [one[0], two[0], three[0], four[0], one[1], two[1], three[1], four[1]]
}
