//! The bound of packed weights: rows that share a word must not spill into each other, whatever the inputs are (FORMAT.md, "Orders
//! of the weights"). One pass over the weights, while a model is read.
//!
//! The loops over words call nothing: the compiler, which reads the models of [`model!`](crate::model!), interprets each step.

use crate::format::{i32_at, round_up};
use crate::layer::row_len;
use crate::{Layer, Order, WeightType};

/// An input, counted from 0, is at most this.
const LARGEST: i64 = 255;

/// So many inputs and more are not packed: the sums of weights have 32 bits.
const MANY: usize = 1 << 23;

/// With so many inputs the digits of 4-bit weights cannot leave their bits: `255 * 15 * 4096 < 2^24`.
const DIGITS: usize = 4096;

/// So many inputs keep any 4-bit and 2-bit weights in their bits: `255 * 8 * 257 <= 2^19`, `255 * 2 * 257 <= 2^17`.
const FEW: usize = 257;

/// The first output of a layer whose sum can leave the bits that it has beside its neighbors'; `None` where all are exact.
pub(crate) const fn overflow(layer: &Layer<'_>) -> Option<usize> {
    if !matches!(layer.order(), Order::Packed) {
        return None;
    }
    let packing = match layer.weight_type() {
        WeightType::F32 | WeightType::F16 => return None,
        WeightType::Int8 if layer.inputs() >= MANY => return Some(0),
        WeightType::Int8 => &INT8,
        WeightType::Int4 if layer.inputs() > DIGITS => return Some(0),
        WeightType::Int4 if layer.inputs() <= FEW => return None,
        WeightType::Int4 => &INT4,
        WeightType::Int2 if layer.inputs() >= MANY || !is_ternary(layer.weights()) => return Some(0),
        WeightType::Int2 if layer.inputs() <= FEW => return None,
        WeightType::Int2 => &INT2,
    };
    let Some(row) = row_len(layer.weight_type(), layer.order(), layer.inputs()) else { return Some(0) };
    let mut weights = layer.weights();
    let mut start = 0;
    while start < layer.outputs() {
        let Some(left) = round_up(layer.outputs() - start, packing.word) else { return Some(start) };
        let rows = match left {
            8.. => 8,
            4.. => 4,
            _ => 2,
        };
        let Some((tile, rest)) = weights.split_at_checked(row.saturating_mul(rows)) else { return Some(start) };
        if let Some(output) = packing.overflow(layer, tile, start, rows) {
            return Some(output);
        }
        weights = rest;
        start += rows;
    }
    None
}

/// How rows share a word. Of those that share bits the last one's sum has the fewest; only they are looked at.
struct Packing {
    /// The rows of a word, which are those of the narrowest tile, and their logarithm.
    word: usize,
    log: u32,
    /// The rows that share bits.
    shared: usize,
    /// Where the last rows' weights are, one after the other.
    digits: &'static [Digit],
    /// How far a byte is shifted right, with its sign, where a weight is its highest bits.
    right: u32,
    /// The bit of the byte below that is added: an even row's sign, which its odd row was written without.
    carry: u8,
    /// A last row's sum is below, and not below its negative.
    limit: i64,
    /// Whether the bias is among them.
    biased: bool,
}

/// The place of a weight of each of the two inputs of a word: in its bytes 1 and 3, or 0 and 2, after a shift to the left.
struct Digit {
    high: bool,
    left: u32,
}

const fn digit(high: bool, left: u32) -> Digit {
    Digit { high, left }
}

const INT8: Packing = Packing {
    word: 2,
    log: 1,
    shared: 2,
    digits: &[digit(true, 0)],
    right: 0,
    carry: 0x80,
    limit: 1 << 23,
    biased: true,
};

const INT4: Packing = Packing {
    word: 4,
    log: 2,
    shared: 4,
    digits: &[digit(true, 0)],
    right: 4,
    carry: 0,
    limit: 1 << 19,
    biased: false,
};

/// The bits 14, 18, 22 and 26 of a word, and those 16 higher, for the turns of FORMAT.md.
const INT2: Packing = Packing {
    word: 8,
    log: 3,
    shared: 2,
    digits: &[digit(true, 0), digit(false, 4), digit(false, 0), digit(true, 4)],
    right: 6,
    carry: 0,
    limit: 1 << 17,
    biased: false,
};

impl Packing {
    /// The first output of a tile whose sum leaves its bits: its rows are those from `start` on.
    const fn overflow(&self, layer: &Layer<'_>, tile: &[u8], start: usize, rows: usize) -> Option<usize> {
        let columns = rows >> self.log;
        let mut output = start + self.shared - 1;
        let mut column = 0;
        while column < columns {
            let mut digits = self.digits;
            while let Some((digit, later)) = digits.split_first() {
                digits = later;
                // A row that only fills the tile has no output.
                if output < layer.outputs() {
                    let bias = if self.biased { i32_at(layer.biases(), 4 * output) as i64 } else { 0 };
                    let (negative, all) = self.sums(tile, column, columns, digit);
                    let least = bias + LARGEST * negative as i64;
                    let most = bias + LARGEST * (all - negative) as i64;
                    if least < -self.limit || most >= self.limit {
                        return Some(output);
                    }
                }
                output += self.shared;
            }
            column += 1;
        }
        None
    }

    /// The sums of a row's negative weights and of all of them, from every `columns`-th word of its tile.
    const fn sums(&self, tile: &[u8], column: usize, columns: usize, digit: &Digit) -> (i32, i32) {
        let (words, _) = tile.as_chunks();
        let (mut negative, mut all) = (0, 0);
        let mut index = column;
        while index < words.len() {
            let [a, b, c, d] = words[index];
            let (x, y) = if digit.high { (b, d) } else { (a, c) };
            let x = (((x << digit.left) as i8) >> self.right) as i32 + ((a & self.carry) >> 7) as i32;
            let y = (((y << digit.left) as i8) >> self.right) as i32 + ((c & self.carry) >> 7) as i32;
            negative += (x & x >> 31) + (y & y >> 31);
            all += x + y;
            index += columns;
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
    use crate::layer::{Layer, Order, WeightType};
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
