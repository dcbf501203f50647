//! The bound of packed weights: rows that share a word must not spill into each other, whatever the inputs are (FORMAT.md, "Orders
//! of the weights"). One pass over the weights, while a model is read.
//!
//! The loop over words calls nothing: the compiler, which reads the models of [`model!`](crate::model!), interprets each step.

use crate::format::{i32_at, round_up};
use crate::weights::row_len;
use crate::{Layer, Order, WeightType};

/// An input, counted from 0, is at most this.
const LARGEST: i32 = 255;

/// The first output of a layer whose sum can leave the bits that it has beside its neighbors'; `None` where all are exact.
pub(crate) const fn overflow(layer: &Layer<'_>) -> Option<usize> {
    let packing = match (layer.order(), layer.weight_type()) {
        (Order::Packed, WeightType::Int8) => INT8,
        (Order::Packed, WeightType::Int4) => INT4,
        (Order::Packed, WeightType::Int2) => INT2,
        _ => return None,
    };
    let (weights, outputs, word) = (layer.weights(), layer.outputs(), 1 << packing.word);
    let row = row_len(layer.weight_type(), layer.order(), layer.inputs());
    let (Some(row), Some(rows)) = (row, round_up(outputs, word)) else { return Some(0) };
    if layer.inputs() > packing.most || (packing.weight == 2 && !is_ternary(weights)) {
        return Some(0);
    }
    let mut output = (1 << packing.shared) - 1;
    while output < outputs {
        // Tiles of eight, then one of four and one of two.
        let eight = output & !7;
        let (start, tile) = match rows - eight {
            8.. => (eight, 8),
            4.. if output & 4 == 0 => (eight, 4),
            left => (eight + (left & 4), left & 3),
        };
        let place = output - start;
        let words = Words {
            first: start * row / 4 + (place >> packing.word),
            step: tile >> packing.word,
            count: word * row / 4,
        };
        let (negative, all) = packing.sums(weights, words, (place & (word - 1)) >> packing.shared);
        // What is added while the rows are still together.
        let bias = if packing.weight == 8 { i32_at(layer.channels(), 4 * output) } else { 0 };
        let least = bias.saturating_add(LARGEST * negative);
        let most = bias.saturating_add(LARGEST * (all - negative));
        if least < -packing.limit || most >= packing.limit {
            return Some(output);
        }
        output += 1 << packing.shared;
    }
    None
}

/// How rows share a word. Of those that share bits the last one's sum has the fewest; only they are looked at.
#[derive(Clone, Copy)]
struct Packing {
    /// The bits of a weight.
    weight: u32,
    /// The logarithm of the rows of a word, which are those of the narrowest tile.
    word: u32,
    /// The logarithm of the rows that share bits.
    shared: u32,
    /// A last row's sum, of int8 with its bias, is below, and not below its negative.
    limit: i32,
    /// The most inputs: so few that 255 times a sum of weights has 32 bits, and the digits of other rows keep theirs.
    most: usize,
}

const INT8: Packing = Packing { weight: 8, word: 1, shared: 1, limit: 1 << 23, most: 65_535 };
/// Three digits of at most 15 keep their bits: `255 * 15 * 4096 < 2^24`.
const INT4: Packing = Packing { weight: 4, word: 2, shared: 2, limit: 1 << 19, most: 4096 };
const INT2: Packing = Packing { weight: 2, word: 3, shared: 1, limit: 1 << 17, most: 65_535 };

/// The words of a row: so many, `step` apart.
struct Words {
    first: usize,
    step: usize,
    count: usize,
}

impl Packing {
    /// The sums of a row's negative weights and of all of them, where it is the last one of those that share bits for the `turn`-th
    /// time in a word.
    const fn sums(&self, weights: &[u8], words: Words, turn: usize) -> (i32, i32) {
        let (bytes, _) = weights.as_chunks();
        let (mut negative, mut all) = (0, 0);
        let Words { first: mut index, step, count: mut left } = words;
        // The bits 14, 18, 22 and 26, and those 16 higher, for the turns of FORMAT.md; of int8 and int4 there is the first.
        let high = (turn + 1) & 2 == 0;
        let (up, down) = (4 * (turn as u32 & 1), 8 - self.weight);
        // An even row's sign, which its odd row was written without.
        let carry = if self.weight == 8 { 0x80 } else { 0 };
        while left != 0 && index < bytes.len() {
            let [a, b, c, d] = bytes[index];
            let (x, y) = if high { (b, d) } else { (a, c) };
            let x = (((x << up) as i8) >> down) as i32 + ((a & carry) >> 7) as i32;
            let y = (((y << up) as i8) >> down) as i32 + ((c & carry) >> 7) as i32;
            negative += (x & x >> 31) + (y & y >> 31);
            all += x + y;
            index += step;
            left -= 1;
        }
        (negative, all)
    }
}

/// Whether no even row of packed 2-bit weights has the digit 3, which no weight from -1 to 1 gives: 32 of them could reach the
/// neighbor's bits.
const fn is_ternary(weights: &[u8]) -> bool {
    let mut index = 0;
    while index < weights.len() {
        if weights[index] & weights[index] >> 1 & 0x11 != 0 {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::overflow;
    use crate::kernel::tests::{Random, file};
    use crate::kernel::{Backend, native};
    use crate::layer::Layer;
    use crate::weights::{Order, WeightType};
    use crate::{Model, ParseError, format};
    use std::{vec, vec::Vec};

    /// The outputs of a layer without a clamp.
    fn outputs(layer: &Layer<'_>, input: &[u8]) -> Vec<i8> {
        let input: Vec<i8> = input.iter().map(|&u| (u ^ 0x80) as i8).collect();
        let mut output = vec![0; layer.outputs()];
        let mut work = vec![0; Backend::NATIVE.work_len(layer)];
        match layer.weight_type() {
            WeightType::Int8 => native::dense_i8(layer, &input, &mut work, &mut output),
            WeightType::Int4 => native::dense_i4(layer, &input, &mut work, &mut output),
            _ => native::dense_i2(layer, &input, &mut work, &mut output),
        }
        output
    }

    /// A file of one packed layer without biases, and all factors `factor`; `change` sees each byte of the weights and its place.
    fn layer(
        weight_type: WeightType,
        inputs: usize,
        outputs: usize,
        factor: f32,
        change: impl Fn(usize, u8) -> u8,
    ) -> Vec<u8> {
        let mut bytes = file(&mut Random(3), weight_type, Order::Packed, inputs, outputs);
        let start = (format::HEADER + format::RECORD).next_multiple_of(format::ALIGN);
        let channels = bytes.len() - 8 * outputs;
        for (place, byte) in bytes[start..channels].iter_mut().enumerate() {
            *byte = change(place, *byte);
        }
        bytes[channels..channels + 4 * outputs].fill(0);
        for bytes in bytes[channels + 4 * outputs..].as_chunks_mut().0 {
            *bytes = factor.to_le_bytes();
        }
        bytes[format::HEADER + format::record::ZERO_POINT] = 0;
        bytes[format::HEADER + format::record::LO] = i8::MIN as u8;
        bytes[format::HEADER + format::record::HI] = i8::MAX as u8;
        bytes
    }

    /// No digit is 3.
    fn ternary(byte: u8) -> u8 {
        byte & !(byte & byte >> 1 & 0x11)
    }

    /// A byte of weights whose last of the rows that share bits has one sign, in all words or in every other eight of them.
    fn one_sided(weight_type: WeightType, rows: usize, place: usize, byte: u8) -> u8 {
        if !(place / 32).is_multiple_of(1 + rows % 2) {
            return 0x11;
        }
        let (high, positive) = (!place.is_multiple_of(2), rows % 4 < 2);
        match (weight_type, positive) {
            (WeightType::Int8 | WeightType::Int4, _) if !high => byte,
            // Not 127 with a borrow from an even row below zero, which makes 128.
            (WeightType::Int8, true) => byte & 0x7e | 0x70,
            (WeightType::Int8, false) => byte | 0xc0,
            (WeightType::Int4, true) => byte & 0x7f | 0x70,
            (WeightType::Int4, false) => byte | 0x80,
            (_, true) => ternary(byte) & 0x77 | 0x44,
            (_, false) => ternary(byte) | 0xcc,
        }
    }

    /// What is accepted gives the plain sum for the inputs that are worst for each row, and what is refused does not: with the
    /// weights as the kernel itself tells them, one input after the other.
    #[test]
    fn exactly_what_can_overflow_is_refused() {
        let (mut exact, mut refused) = (0, 0);
        for (weight_type, bits, sizes) in [
            (WeightType::Int8, 24, &[250, 263, 276, 300, 523, 700, 900][..]),
            (WeightType::Int4, 20, &[257, 264, 300, 411, 530, 801]),
            (WeightType::Int2, 18, &[257, 400, 511, 517, 800, 1400]),
        ] {
            for &inputs in sizes {
                for rows in [1, 2, 3, 4, 7, 8, 13, 16] {
                    let few = |place, byte| one_sided(weight_type, rows, place, byte);
                    let one = layer(weight_type, inputs, rows, 1.0, few);
                    let one = Model::read(&one).unwrap().layer(0).unwrap();
                    let weights: Vec<Vec<i8>> = (0..inputs)
                        .map(|k| {
                            let mut input = vec![0; inputs];
                            input[k] = 1;
                            outputs(&one, &input)
                        })
                        .collect();
                    let most = 1i64 << (bits - 1);
                    let bytes = layer(weight_type, inputs, rows, 100.0 / most as f32, few);
                    let model = Model::read(&bytes).unwrap().layer(0).unwrap();
                    let is_exact = |row: usize| {
                        [1i32, -1].iter().all(|&sign| {
                            let input: Vec<u8> =
                                weights.iter().map(|w| if i32::from(w[row]) * sign > 0 { 255 } else { 0 }).collect();
                            let sum: i64 =
                                input.iter().zip(&weights).map(|(&u, w)| i64::from(u) * i64::from(w[row])).sum();
                            let y = (sum as f32 * (100.0 / most as f32)).round_ties_even().clamp(-128.0, 127.0);
                            outputs(&model, &input)[row] == y as i8
                        })
                    };
                    let first = (0..rows).find(|&row| !is_exact(row));
                    assert_eq!(overflow(&model), first, "{weight_type:?}, {inputs} inputs, {rows} outputs");
                    assert_eq!(
                        Model::parse(&bytes).err(),
                        first.map(|output| ParseError::Overflow { index: 0, output })
                    );
                    exact += usize::from(first.is_none());
                    refused += usize::from(first.is_some());
                }
            }
        }
        assert!(exact > 30 && refused > 30, "{exact} exact, {refused} refused");
    }

    /// The sum of an odd row of int8 weights has its bias in the same bits; an even row's has 32.
    #[test]
    fn biases_count() {
        for (row, bias, refused) in
            [(0, 1 << 24, None), (1, (1 << 23) - 1, None), (1, 1 << 23, Some(1)), (1, -(1 << 23) - 1, Some(1))]
        {
            let mut bytes = layer(WeightType::Int8, 4, 2, 1.0, |_, _| 0);
            let biases = bytes.len() - 16;
            bytes[biases + 4 * row..][..4].copy_from_slice(&i32::to_le_bytes(bias));
            assert_eq!(overflow(&Model::read(&bytes).unwrap().layer(0).unwrap()), refused, "{bias}");
        }
    }

    /// Two digits of a word reach their neighbors': 4-bit weights of too many inputs, and even rows of 2-bit weights that are 2.
    #[test]
    fn digits_stay_in_their_bits() {
        let refused = |bytes: &[u8]| overflow(&Model::read(bytes).unwrap().layer(0).unwrap());
        assert_eq!(refused(&layer(WeightType::Int4, 4096, 3, 1.0, |_, byte| byte)), None);
        assert_eq!(refused(&layer(WeightType::Int4, 4097, 3, 1.0, |_, byte| byte)), Some(0));
        assert_eq!(refused(&layer(WeightType::Int2, 9, 3, 1.0, |_, byte| ternary(byte))), None);
        for bits in [0x03, 0x30] {
            assert_eq!(refused(&layer(WeightType::Int2, 9, 3, 1.0, |_, byte| ternary(byte) | bits)), Some(0));
        }
    }
}
