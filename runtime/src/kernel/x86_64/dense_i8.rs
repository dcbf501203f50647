//! Int8 weights, packed in pairs of rows: the bytes that were arranged for a Cortex-M's LDM and SMLAD suit PMADDWD as well.

use crate::Layer;
use crate::kernel::requantize::Requantize;
use crate::kernel::{channel::Channels, mixed, portable};
use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_cvtsi128_si64, _mm_madd_epi16, _mm_set_epi32, _mm_set_epi64x, _mm_set1_epi32,
    _mm_slli_epi16, _mm_srai_epi16, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi32,
};

/// The inputs that are not zero, four at a time: where they stand, and their values from 0 to 255.
type Entry = [i8; 8];

/// A dense layer of int8 weights.
pub(crate) fn dense_i8(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
    let tiles = output.len() / 8;
    let (entries, _) = work.as_chunks_mut();
    if tiles == 0 || entries.len() < input.len().div_ceil(4) {
        return portable::packed(layer, input, output, 0);
    }
    let entries = collect(input, entries);
    let requantize = Requantize::new(layer);
    let mut channels = Channels::new(layer);
    let groups = input.len().div_ceil(4);
    let mut weights = layer.weights().as_chunks().0;
    let (full, rest) = output.as_chunks_mut::<8>();
    for (tile, outputs) in full.iter_mut().enumerate() {
        let Some((now, later)) = weights.split_at_checked(groups) else { return };
        weights = later;
        let (mut sums, factors) = channels.tile(8);
        mixed::start_i8(&mut sums);
        // SAFETY: every x86-64 has SSE2, the only feature that is asked for.
        #[allow(unsafe_code)]
        unsafe {
            tile_sums(now, entries, &mut sums);
        }
        mixed::separate_i8(&mut sums);
        for (i, (y, (sum, factor))) in outputs.iter_mut().zip(sums.into_iter().zip(factors)).enumerate() {
            *y = requantize.output(8 * tile + i, sum, factor);
        }
    }
    portable::packed(layer, input, rest, 8 * tiles);
}

/// Lists the inputs of which not all four are zero.
fn collect<'a>(input: &[i8], entries: &'a mut [Entry]) -> &'a [Entry] {
    let mut count = 0;
    for (group, quad) in (0u32..).zip(input.chunks(4)) {
        let mut filled = [i8::MIN; 4];
        for (filled, &x) in filled.iter_mut().zip(quad) {
            *filled = x;
        }
        let [a, b, c, d] = filled.map(|x| x ^ i8::MIN);
        let [g, h, i, j] = group.to_le_bytes().map(u8::cast_signed);
        if let Some(entry) = entries.get_mut(count) {
            *entry = [g, h, i, j, a, b, c, d];
        }
        count += usize::from(filled != [i8::MIN; 4]);
    }
    entries.get(..count).unwrap_or(&[])
}

/// Adds the products of a tile's eight rows to the sums of the even rows and of both rows mixed. A group of weights is 32 bytes: the pairs of rows of the first and third
/// input, then of the second and fourth.
#[target_feature(enable = "sse2")]
fn tile_sums(tile: &[[u8; 32]], entries: &[Entry], sums: &mut [i32; 8]) {
    let [s0, t0, s1, t1, s2, t2, s3, t3] = *sums;
    let mut s = _mm_set_epi32(s3, s2, s1, s0);
    let mut t = _mm_set_epi32(t3, t2, t1, t0);
    for entry in entries {
        let [g, h, i, j, a, b, c, d] = entry.map(i8::cast_unsigned);
        let group = u32::from_le_bytes([g, h, i, j]) as usize;
        let quad = u32::from_le_bytes([a, b, c, d]);
        let Some(group) = tile.get(group) else { break };
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

#[target_feature(enable = "sse2")]
fn load(bytes: &[u8; 16]) -> __m128i {
    let value = u128::from_le_bytes(*bytes);
    _mm_set_epi64x((value >> 64) as i64, value as i64)
}

#[target_feature(enable = "sse2")]
fn store(vector: __m128i) -> [i32; 4] {
    let low = _mm_cvtsi128_si64(vector);
    let high = _mm_cvtsi128_si64(_mm_unpackhi_epi64(vector, vector));
    [low as i32, (low >> 32) as i32, high as i32, (high >> 32) as i32]
}
