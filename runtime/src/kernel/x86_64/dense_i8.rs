//! Int8 weights, packed in pairs of rows.

#![allow(unsafe_code)]

use super::entries::{Entry, collect, word};
use super::tiles;
use super::vector::{load, store};
use crate::Layer;
use crate::kernel::chunks::filled;
use crate::kernel::{mixed, portable};
use core::arch::x86_64::{
    _mm_add_epi32, _mm_madd_epi16, _mm_set_epi32, _mm_set1_epi32, _mm_slli_epi16, _mm_srai_epi16, _mm_unpackhi_epi32,
    _mm_unpacklo_epi32,
};

/// A dense layer of int8 weights.
pub(crate) fn dense_i8(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let Some(entries) = collect(input, work) else {
        return portable::packed_i8(layer, input, output, 0);
    };
    let (full, rest) = output.as_chunks_mut::<8>();
    let full = full.as_flattened_mut();
    tiles::outputs(layer, 8 * filled(input.len(), 4), full, |tile, sums| {
        mixed::start_i8(sums);
        // SAFETY: every x86-64 has SSE2, the only feature that is asked for.
        unsafe {
            tile_sums(tile.as_chunks().0, entries, sums);
        }
        mixed::separate_i8(sums);
    });
    portable::packed_i8(layer, input, rest, full.len());
}

/// Adds the products of a tile's eight rows to the sums of the even rows and of both rows mixed. A group of weights is 32 bytes: the
/// pairs of rows of the first and third input, then of the second and fourth.
#[target_feature(enable = "sse2")]
fn tile_sums(tile: &[[u8; 32]], entries: &[Entry<2>], sums: &mut [i32; 8]) {
    let [s0, t0, s1, t1, s2, t2, s3, t3] = *sums;
    let mut s = _mm_set_epi32(s3, s2, s1, s0);
    let mut t = _mm_set_epi32(t3, t2, t1, t0);
    for &[place, quad] in entries {
        let quad = word(quad);
        let Some(group) = tile.get(word(place) as usize) else { break };
        let (halves, _) = group.as_chunks::<16>();
        for (half, pair) in halves.iter().zip([quad & 0x00ff_00ff, quad >> 8 & 0x00ff_00ff]) {
            let x = _mm_set1_epi32(pair as i32);
            let w = load(half);
            t = _mm_add_epi32(t, _mm_madd_epi16(w, x));
            s = _mm_add_epi32(s, _mm_madd_epi16(_mm_srai_epi16::<8>(_mm_slli_epi16::<8>(w)), x));
        }
    }
    let [a, b, c, d] = store(_mm_unpacklo_epi32(s, t));
    let [e, f, g, h] = store(_mm_unpackhi_epi32(s, t));
    *sums = [a, b, c, d, e, f, g, h];
}
