//! The bound of packed weights: rows that share a word must not spill into each other, whatever the inputs are (FORMAT.md, "Orders
//! of the weights"). One pass over the weights, while a model is read.
//!
//! Sixteen bytes are taken at once, as eight halves of 16 bits: a compiler, which reads the models of [`model!`](crate::model!) too,
//! interprets each step.

use crate::format::{i32_at, round_up};
use crate::layer::row_len;
use crate::{Layer, Order, WeightType};

/// An input, counted from 0, is at most this.
const LARGEST: i64 = 255;

/// With so many inputs the digits of 4-bit weights cannot leave their bits: `255 * 15 * 4096 < 2^24`.
const DIGITS: usize = 4096;

/// So many inputs keep any 4-bit and 2-bit weights in their bits: `255 * 8 * 257 <= 2^19`, `255 * 2 * 257 <= 2^17`.
const FEW: usize = 257;

/// The first output of a layer whose sum can leave the bits that it has beside its neighbors'; `None` where all are exact.
pub(crate) const fn overflow(layer: &Layer<'_>) -> Option<usize> {
    if !matches!(layer.order(), Order::Packed) {
        return None;
    }
    match layer.weight_type() {
        WeightType::F32 | WeightType::F16 => None,
        WeightType::Int8 => first(layer, &INT8),
        WeightType::Int4 if layer.inputs() > DIGITS => Some(0),
        WeightType::Int4 if layer.inputs() <= FEW => None,
        WeightType::Int4 => first(layer, &INT4),
        WeightType::Int2 if !is_ternary(layer.weights()) => Some(0),
        WeightType::Int2 if layer.inputs() <= FEW => None,
        WeightType::Int2 => first(layer, &INT2),
    }
}

/// How rows share a word. Of those that share bits the last one's sum has the fewest; only they are looked at.
struct Packing {
    /// The rows of a word, which are those of the narrowest tile.
    word: usize,
    /// The rows that share bits.
    shared: usize,
    /// How far the halves are shifted right, so that the weights of a last row are the highest bits of their low bytes: once for each
    /// last row in a word.
    shifts: &'static [i8],
    /// These bits of a half.
    mask: u128,
    /// The bit that is added to the lowest of them: an even row's sign, which its odd row was written without.
    carry: u128,
    /// The bits of a last row's sum, with its sign.
    bits: u32,
    /// Whether the bias is among them.
    biased: bool,
}

const INT8: Packing =
    Packing { word: 2, shared: 2, shifts: &[8], mask: 0xff * ONES, carry: ONES, bits: 24, biased: true };

const INT4: Packing =
    Packing { word: 4, shared: 4, shifts: &[8], mask: 0xf0 * ONES, carry: 0, bits: 20, biased: false };

/// The odd rows of the turns of FORMAT.md have bits 14, 18, 22 and 26, and those 16 bits higher.
const INT2: Packing =
    Packing { word: 8, shared: 2, shifts: &[8, -4, 0, 4], mask: 0xc0 * ONES, carry: 0, bits: 18, biased: false };

/// A one in each half.
const ONES: u128 = u128::MAX / 0xffff;

/// The first output whose sum leaves its bits.
const fn first(layer: &Layer<'_>, packing: &Packing) -> Option<usize> {
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
        weights = rest;
        let mut shifts = packing.shifts;
        let mut last = start + packing.shared - 1;
        while let Some((&shift, later)) = shifts.split_first() {
            shifts = later;
            let words = Sums::of(tile, packing, shift);
            let columns = rows >> (packing.word.trailing_zeros() & 7);
            let mut column = 0;
            let mut output = last;
            // A row that only fills the tile has no output.
            while column < columns && output < layer.outputs() {
                let bias = if packing.biased { i32_at(layer.biases(), 4 * output) as i64 } else { 0 };
                if !words.fit(column, columns, bias, packing) {
                    return Some(output);
                }
                column += 1;
                output += packing.word;
            }
            last += packing.shared;
        }
        start += rows;
    }
    None
}

/// The weights of the last rows in a tile, added up for every fourth word, each as the highest bits of a byte.
struct Sums {
    /// Of all weights, 256 for a negative one too much.
    all: [i64; 4],
    /// Of the negative ones, likewise.
    negative: [i64; 4],
    /// The number of those.
    count: [i64; 4],
}

const NOTHING: &[u8] = &[];

/// The bytes whose sums fit the halves: with what is filled up, 255 times 16, where no half adds more than 256.
const BLOCK: usize = 254 * 16;

impl Sums {
    /// Adds up a tile.
    const fn of(tile: &[u8], packing: &Packing, shift: i8) -> Self {
        let mut sums = Self { all: [0; 4], negative: [0; 4], count: [0; 4] };
        let mut rest = tile;
        while !rest.is_empty() {
            let (block, later) = match rest.split_at_checked(BLOCK) {
                Some(parts) => parts,
                None => (rest, NOTHING),
            };
            rest = later;
            sums.add(block, packing, shift);
        }
        sums
    }

    /// Adds up at most [`BLOCK`] bytes.
    const fn add(&mut self, block: &[u8], packing: &Packing, shift: i8) {
        let (mut all, mut negative, mut count) = (0, 0, 0);
        let (chunks, rest) = block.as_chunks();
        let mut index = 0;
        while index <= chunks.len() {
            let halves = if index < chunks.len() { u128::from_le_bytes(chunks[index]) } else { filled(rest) };
            index += 1;
            let shifted = match shift {
                8 => halves >> 8,
                4 => halves >> 4,
                0 => halves,
                _ => halves << 4,
            };
            let weights = (shifted & packing.mask) + (halves >> 7 & packing.carry);
            let signs = shifted >> 7 & ONES;
            all += weights;
            negative += weights & ((signs << 9) - signs);
            count += signs;
        }
        let mut word = 0;
        while word < 4 {
            self.all[word & 3] += both(all);
            self.negative[word & 3] += both(negative);
            self.count[word & 3] += both(count);
            (all, negative, count) = (all >> 32, negative >> 32, count >> 32);
            word += 1;
        }
    }

    /// Whether all that inputs can make of a row and its bias fits: that of a column among so many.
    const fn fit(&self, column: usize, columns: usize, bias: i64, packing: &Packing) -> bool {
        let (mut least, mut most) = (0, 0);
        let mut word = column;
        while word < 4 {
            least += self.negative[word & 3] - 256 * self.count[word & 3];
            most += self.all[word & 3] - self.negative[word & 3];
            word += columns;
        }
        let unit = packing.mask.trailing_zeros() & 7;
        let limit = 1 << (packing.bits - 1);
        bias + LARGEST * (least >> unit) >= -limit && bias + LARGEST * (most >> unit) < limit
    }
}

/// The sum of the two lowest halves.
const fn both(halves: u128) -> i64 {
    (halves & 0xffff) as i64 + (halves >> 16 & 0xffff) as i64
}

/// Fewer than 16 bytes, and zeros.
const fn filled(mut bytes: &[u8]) -> u128 {
    let mut halves = 0;
    let mut shift = 0;
    while let Some((&byte, rest)) = bytes.split_first() {
        halves |= (byte as u128) << (shift & 127);
        shift += 8;
        bytes = rest;
    }
    halves
}

/// Whether no even row of packed 2-bit weights has the digit 3, which no weight from -1 to 1 gives: 32 of them could reach the
/// neighbor's bits.
const fn is_ternary(weights: &[u8]) -> bool {
    let mut words = weights;
    while let Some((word, rest)) = words.split_first_chunk() {
        words = rest;
        let word = u32::from_le_bytes(*word);
        if word & word >> 1 & 0x1111_1111 != 0 {
            return false;
        }
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
