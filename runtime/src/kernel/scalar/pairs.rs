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
    let (quads, mut tail) = input.as_chunks();
    let mut places = words.as_chunks_mut().0.iter_mut();
    for (quad, place) in quads.iter().zip(&mut places) {
        *place = pairs(*quad);
    }
    for place in places {
        *place = pairs(quad(tail));
        tail = &[];
    }
    Some(words)
}

/// Writes four inputs to each word, in the order of the bytes; those that are missing count as 0.
pub(super) fn write_words(input: &[i8], words: &mut [u32]) {
    let (quads, tail) = input.as_chunks::<4>();
    for (word, quad) in words.iter_mut().zip(quads) {
        *word = u32::from_le_bytes(quad.map(i8::cast_unsigned)) ^ 0x8080_8080;
    }
    if let (Some(word), [_, ..]) = (words.get_mut(quads.len()), tail) {
        *word = u32::from_le_bytes(unsigned(tail));
    }
}

/// Up to four inputs, and what counts as 0: by the loop of [`unsigned`], since another one takes 400 to 700 bytes more.
#[inline]
pub(super) fn quad(inputs: &[i8]) -> [i8; 4] {
    unsigned(inputs).map(|x| (x ^ 0x80) as i8)
}

/// Up to four inputs, counted from 0; what is missing counts as 0.
#[inline]
pub(super) fn unsigned(inputs: &[i8]) -> [u8; 4] {
    // A plain copy would be a call of `memcpy`, with a frame of its own below the deepest.
    let mut unsigned = [0; 4];
    for (filled, &x) in unsigned.iter_mut().zip(inputs) {
        *filled = x as u8 ^ 0x80;
    }
    unsigned
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
