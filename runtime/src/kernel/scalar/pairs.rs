//! The inputs as words for the product that makes two: the input that belongs to a weight's low half in the high half.
//!
//! A word of weights masked to one digit is `2^16 * b + a`. Times `2^16 * x + y`, modulo 2^32, the upper half is
//! `a * x + b * y`, as long as `a * y` stays below 2^16. So one multiplication makes two products of a row, and what it
//! adds up in the lower half is dropped.

use crate::kernel::words;

/// The words of the inputs, filled up with zeros to a multiple of `step` (of four): of each four inputs, the first and the third,
/// then the second and the fourth. `None` where they do not fit the memory.
pub(super) fn write<'a>(input: &[i8], step: usize, work: &'a mut [i8]) -> Option<&'a mut [u32]> {
    let words = words(work).get_mut(..input.len().next_multiple_of(step) / 2)?;
    let mut quads = input.chunks(4);
    for pairs in words.as_chunks_mut::<2>().0 {
        let [a, b, c, d] = unsigned(quads.next().unwrap_or_default()).map(u32::from);
        *pairs = [a << 16 | c, b << 16 | d];
    }
    Some(words)
}

/// Writes four inputs to each word, in the order of the bytes.
pub(super) fn write_words(input: &[i8], words: &mut [u32]) {
    for (word, quad) in words.iter_mut().zip(input.chunks(4)) {
        *word = u32::from_le_bytes(unsigned(quad));
    }
}

/// Four inputs, counted from 0; what is missing at the end counts as 0.
#[inline]
pub(super) fn unsigned(inputs: &[i8]) -> [u8; 4] {
    let mut unsigned = [0; 4];
    for (filled, &x) in unsigned.iter_mut().zip(inputs) {
        *filled = x as u8 ^ 0x80;
    }
    unsigned
}

/// The sum of all inputs.
pub(super) fn sum(input: &[i8]) -> i32 {
    input.iter().fold(0, |sum: i32, &x| sum.wrapping_add(i32::from(x) + 128))
}
