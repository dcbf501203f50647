//! The inputs as words for the product that makes two: the input that belongs to a weight's low half in the high half.
//!
//! A word of weights masked to one digit is `2^16 * b + a`. Times `2^16 * x + y`, modulo 2^32, the upper half is
//! `a * x + b * y`, as long as `a * y` stays below 2^16. So one multiplication makes two products of a row, and what it
//! adds up in the lower half is dropped.

use crate::kernel::chunks::filled;
use crate::kernel::words;

/// The words of the inputs, filled up with zeros to a multiple of `step` (of four): of each four inputs, the first and the third,
/// then the second and the fourth. `None` where they do not fit the memory.
pub(super) fn write<'a>(input: &[i8], step: usize, work: &'a mut [i8]) -> Option<&'a mut [u32]> {
    let words = words(work).get_mut(..filled(input.len(), step) / 2)?;
    each_four(input, words.as_chunks_mut().0, |pair, quad| *pair = pairs(quad));
    Some(words)
}

/// Writes four inputs to each word, in the order of the bytes.
pub(super) fn write_words(input: &[i8], words: &mut [u32]) {
    each_four(input, words, |word, quad| *word = u32::from_le_bytes(quad.map(i8::cast_unsigned)) ^ 0x8080_8080);
}

/// Calls `write` for each of `places` with the next four inputs; those that are missing count as 0.
#[inline]
fn each_four<T>(input: &[i8], places: &mut [T], write: impl Fn(&mut T, [i8; 4])) {
    let (quads, mut tail) = input.as_chunks();
    let mut places = places.iter_mut();
    for (quad, place) in quads.iter().zip(&mut places) {
        write(place, *quad);
    }
    for place in places {
        write(place, quad(tail));
        tail = &[];
    }
}

/// Up to four inputs, and what counts as 0.
#[inline]
pub(super) fn quad(inputs: &[i8]) -> [i8; 4] {
    // A plain copy would be a call of `memcpy`, with a frame of its own below the deepest.
    let mut unsigned = [0; 4];
    for (filled, &x) in unsigned.iter_mut().zip(inputs) {
        *filled = x as u8 ^ 0x80;
    }
    unsigned.map(|x| (x ^ 0x80) as i8)
}

/// Both words of four inputs.
#[inline]
pub(super) fn pairs(quad: [i8; 4]) -> [u32; 2] {
    let [a, b, c, d] = quad.map(|x| u32::from(x as u8));
    [(a << 16 | c) ^ 0x0080_0080, (b << 16 | d) ^ 0x0080_0080]
}

/// The sum of all inputs.
pub(super) fn sum(input: &[i8]) -> i32 {
    input.iter().fold(0, |sum: i32, &x| sum.wrapping_add(i32::from(x) + 128))
}
