//! Int8 weights, packed in pairs of rows.

use super::rows;
use crate::Layer;
use crate::kernel::channel::Channels;
use crate::kernel::chunks::{filled, quad};
use crate::kernel::mixed;
use crate::kernel::requantize::Requantize;

/// Tiles of eight rows, then one of four, then one of two.
#[cfg(any(test, not(any(thumbnet_dsp, thumbnet_scalar, thumbnet_x86_64))))]
pub(crate) fn dense_i8(layer: &Layer<'_>, input: &[i8], _work: &mut [i8], output: &mut [i8]) {
    packed(layer, input, output, 0);
}

/// Tiles of eight rows, then one of four, then one of two. `output` may leave out the first tiles; it starts with the row
/// `first`.
pub(crate) fn packed(layer: &Layer<'_>, input: &[i8], output: &mut [i8], first: usize) {
    let row = filled(input.len(), 4);
    let requantize = Requantize::new(layer);
    let mut channels = Channels::new(layer).from(first);
    let Some((_, mut weights)) = layer.weights().split_at_checked(first * row) else { return };
    let mut done = 0;
    while done < output.len() {
        let rows = match output.len() - done {
            7.. => 8,
            3.. => 4,
            _ => 2,
        };
        let Some((tile, rest)) = weights.split_at_checked(rows * row) else { return };
        weights = rest;
        let (mut sums, factors) = channels.tile(rows);
        mixed::start_i8(&mut sums);
        match rows {
            8 => tile_sums::<4, 16>(tile, input, &mut sums),
            4 => tile_sums::<2, 8>(tile, input, &mut sums),
            _ => tile_sums::<1, 4>(tile, input, &mut sums),
        }
        mixed::separate_i8(&mut sums);
        let outputs = output.iter_mut().enumerate().skip(done).take(rows);
        for ((index, y), (sum, factor)) in outputs.zip(sums.into_iter().zip(factors)) {
            *y = requantize.output(first + index, sum, factor);
        }
        done += rows;
    }
}

/// Adds the products of the even row of each pair of a tile, and those of both rows mixed.
#[inline]
fn tile_sums<const PAIRS: usize, const HALF: usize>(tile: &[u8], input: &[i8], sums: &mut [i32; 8]) {
    let (groups, _) = tile.as_chunks::<HALF>().0.as_chunks::<2>();
    let (quads, tail) = input.as_chunks::<4>();
    let (pairs, _) = sums.as_chunks_mut::<2>();
    let Some(pairs) = pairs.first_chunk_mut::<PAIRS>() else { return };
    let mut s = pairs.map(|[even, _]| even);
    let mut t = pairs.map(|[_, mixed]| mixed);
    for (group, quad) in groups.iter().zip(quads) {
        step(group, *quad, &mut t, &mut s);
    }
    if let (Some(group), false) = (groups.get(quads.len()), tail.is_empty()) {
        step(group, quad(tail), &mut t, &mut s);
    }
    for (pair, sums) in pairs.iter_mut().zip(s.into_iter().zip(t)) {
        *pair = sums.into();
    }
}

/// Four inputs: the first and the third, then the second and the fourth.
#[inline]
fn step<const PAIRS: usize, const HALF: usize>(
    group: &[[u8; HALF]; 2],
    quad: [i8; 4],
    t: &mut [i32; PAIRS],
    s: &mut [i32; PAIRS],
) {
    if quad == [i8::MIN; 4] {
        return;
    }
    let [a, b, c, d] = quad.map(rows::unsigned);
    for (half, (first, second)) in group.iter().zip([(a, c), (b, d)]) {
        for ((&[w0, w1, w2, w3], t), s) in half.as_chunks().0.iter().zip(&mut *t).zip(&mut *s) {
            let pair = [i16::from_le_bytes([w0, w1]), i16::from_le_bytes([w2, w3])].map(i32::from);
            let even = [w0 as i8, w2 as i8].map(i32::from);
            *t = t.wrapping_add(pair[0] * first + pair[1] * second);
            *s = s.wrapping_add(even[0] * first + even[1] * second);
        }
    }
}
