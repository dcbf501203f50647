//! The orders of the weights in the file, as runtime/FORMAT.md defines them.

/// The least and the largest sum that inputs from 0 to 255 can give a row.
fn range(row: &[i8]) -> (i64, i64) {
    let sum = |part: fn(i8) -> i8| 255 * row.iter().map(|&w| i64::from(part(w))).sum::<i64>();
    (sum(|w| w.min(0)), sum(|w| w.max(0)))
}

/// Whether all sums from `least` to `most` fit so many bits with their sign.
fn fits(bits: u32, (least, most): (i64, i64)) -> bool {
    least >= -(1 << (bits - 1)) && most < 1 << (bits - 1)
}

/// Rows of more inputs are not packed, since a reader has 32 bits for the sums that inputs can make of them.
const MOST: usize = 65_535;

/// Whether rows of int8 weights (outputs x inputs, row-major) can be written as pairs: no weight is -128, and no input can
/// take the sum of an odd row, with its bias, out of the 24 bits that it has beside its neighbor's.
pub(super) fn packs_int8(weights: &[i8], inputs: usize, biases: &[i32]) -> bool {
    inputs <= MOST
        && !weights.contains(&i8::MIN)
        && weights.chunks_exact(inputs).zip(biases).skip(1).step_by(2).all(|(row, &bias)| {
            let (least, most) = range(row);
            fits(24, (least + i64::from(bias), most + i64::from(bias)))
        })
}

/// Whether rows of int4 weights can be written as fours: no input can take the sum of the fourth row of any four out of the
/// 20 bits that it has beside the others', and there are so few inputs that none of the others can leave theirs.
pub(super) fn packs_int4(weights: &[i8], inputs: usize) -> bool {
    inputs <= 4096 && weights.chunks_exact(inputs).skip(3).step_by(4).all(|row| fits(20, range(row)))
}

/// Whether rows of 2-bit weights can be written as eights: no input can take the sum of an odd row out of the 18 bits that it has
/// beside its neighbor's.
pub(super) fn packs_int2(weights: &[i8], inputs: usize) -> bool {
    inputs <= MOST && weights.chunks_exact(inputs).skip(1).step_by(2).all(|row| fits(18, range(row)))
}

/// The widths of the tiles that so many rows are cut into, in their order: as many of the widest as there are, then one of
/// each narrower width.
fn tiles(rows: usize, widths: &'static [usize]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let width = *widths.iter().find(|&&width| width <= rows - start)?;
        start += width;
        Some(start - width..start)
    })
}

/// Int8 weights in tiles of eight, four and two rows. For each four inputs k: the words of inputs (k, k+2) of all row pairs
/// of the tile, then those of (k+1, k+3). A word holds `256 * odd row + even row` of two inputs.
pub(super) fn int8(weights: &[i8], inputs: usize, outputs: usize) -> Vec<u8> {
    let weight = |row: usize, input: usize| {
        if row < outputs && input < inputs { i16::from(weights[row * inputs + input]) } else { 0 }
    };
    let mut bytes = Vec::with_capacity(inputs.next_multiple_of(4) * outputs.next_multiple_of(2));
    for tile in tiles(outputs.next_multiple_of(2), &[8, 4, 2]) {
        for k in (0..inputs).step_by(4) {
            for first in [k, k + 1] {
                for row in tile.clone().step_by(2) {
                    for input in [first, first + 2] {
                        let pair = 256 * weight(row + 1, input) + weight(row, input);
                        bytes.extend(pair.to_le_bytes());
                    }
                }
            }
        }
    }
    bytes
}

/// The inverse of [`int8`].
/// # Errors
/// The output that has a weight of 128, which the runtime computes with, and no int8 holds.
pub(super) fn unpack_int8(bytes: &[u8], inputs: usize, outputs: usize) -> Result<Vec<i8>, usize> {
    let mut weights = vec![0; inputs * outputs];
    let mut pairs = bytes.as_chunks::<2>().0.iter().map(|&pair| i32::from(i16::from_le_bytes(pair)));
    for tile in tiles(outputs.next_multiple_of(2), &[8, 4, 2]) {
        for k in (0..inputs).step_by(4) {
            for first in [k, k + 1] {
                for row in tile.clone().step_by(2) {
                    for input in [first, first + 2] {
                        let pair = pairs.next().unwrap_or(0);
                        let even = i32::from(pair as i8);
                        for (row, weight) in [(row, even), (row + 1, (pair - even) >> 8)] {
                            if row < outputs && input < inputs {
                                weights[row * inputs + input] = i8::try_from(weight).map_err(|_| row)?;
                            }
                        }
                    }
                }
            }
        }
    }
    Ok(weights)
}

/// Int4 weights in tiles of eight and four rows. For each four inputs k: the words of inputs (k, k+2) of all fours of rows of the
/// tile, then those of (k+1, k+3). A half of a word holds one input's weights of four rows, the first in the lowest digit; the
/// first three count from 8.
pub(super) fn int4(weights: &[i8], inputs: usize, outputs: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(inputs.next_multiple_of(4) * outputs.next_multiple_of(4) / 2);
    each_int4(inputs, outputs, |row, input| {
        let digit = |row: usize, lowest: i8| {
            (if row < outputs && input < inputs { weights[row * inputs + input] } else { 0 } - lowest) as u16 & 0xf
        };
        let half = digit(row, -8) | digit(row + 1, -8) << 4 | digit(row + 2, -8) << 8 | digit(row + 3, 0) << 12;
        bytes.extend(half.to_le_bytes());
    });
    bytes
}

/// The inverse of [`int4`].
pub(super) fn unpack_int4(bytes: &[u8], inputs: usize, outputs: usize) -> Vec<i8> {
    let mut weights = vec![0; inputs * outputs];
    let mut halves = bytes.as_chunks::<2>().0.iter().map(|&half| i16::from_le_bytes(half));
    each_int4(inputs, outputs, |row, input| {
        let half = halves.next().unwrap_or(0);
        let digits = [(half & 0xf) - 8, (half >> 4 & 0xf) - 8, (half >> 8 & 0xf) - 8, half >> 12];
        for (row, digit) in (row..).zip(digits) {
            if row < outputs && input < inputs {
                weights[row * inputs + input] = digit as i8;
            }
        }
    });
    weights
}

/// Visits the halves of words of [`int4`] in their order: the first of four rows, and the input.
fn each_int4(inputs: usize, outputs: usize, mut visit: impl FnMut(usize, usize)) {
    for tile in tiles(outputs.next_multiple_of(4), &[8, 4]) {
        for k in (0..inputs).step_by(4) {
            for first in [k, k + 1] {
                for row in tile.clone().step_by(4) {
                    visit(row, first);
                    visit(row, first + 2);
                }
            }
        }
    }
}

/// 2-bit weights in tiles of eight rows. For each four inputs k: a word of inputs (k, k+2), then one of (k+1, k+3); filled up to
/// eight inputs. See [`places_int2`] for the word; even rows count from 1.
pub(super) fn int2(weights: &[i8], inputs: usize, outputs: usize) -> Vec<u8> {
    let weight = |row: usize, input: usize| {
        if row < outputs && input < inputs { weights[row * inputs + input] } else { 0 }
    };
    let mut bytes = Vec::with_capacity(inputs.next_multiple_of(8) * outputs.next_multiple_of(8) / 4);
    for first in (0..outputs).step_by(8) {
        for (k, next) in (0..inputs.next_multiple_of(8)).step_by(4).flat_map(|k| [(k, k + 2), (k + 1, k + 3)]) {
            let mut word = 0;
            for (row, places) in (first..).zip(places_int2()) {
                let zero = i8::from(row % 2 == 0);
                for (input, place) in [k, next].into_iter().zip(places) {
                    word |= (u32::from((weight(row, input) + zero) as u8) & 3) << place;
                }
            }
            bytes.extend(word.to_le_bytes());
        }
    }
    bytes
}

/// The inverse of [`int2`].
pub(super) fn unpack_int2(bytes: &[u8], inputs: usize, outputs: usize) -> Vec<i8> {
    let mut weights = vec![0; inputs * outputs];
    let mut words = bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word));
    for first in (0..outputs).step_by(8) {
        for (k, next) in (0..inputs.next_multiple_of(8)).step_by(4).flat_map(|k| [(k, k + 2), (k + 1, k + 3)]) {
            let word = words.next().unwrap_or(0);
            for (row, places) in (first..outputs).zip(places_int2()) {
                for (input, place) in [k, next].into_iter().zip(places).filter(|(input, _)| *input < inputs) {
                    let digit = (word >> place & 3) as i8;
                    weights[row * inputs + input] = if row % 2 == 0 { digit - 1 } else { digit << 6 >> 6 };
                }
            }
        }
    }
    weights
}

/// Where the two inputs' digits of each of the eight rows stand in a word. Turned right by 4, 8 or 12 bits, the next pair of rows
/// stands where the first did.
fn places_int2() -> impl Iterator<Item = [u32; 2]> {
    [0, 4, 8, 12].into_iter().flat_map(|turn| [[turn, turn + 16], [(turn + 14) % 32, (turn + 30) % 32]])
}

/// Rows of small integers, `bits` each, the first in the lowest bits of its byte; each row starts with a byte.
pub(super) fn bits(weights: &[i8], inputs: usize, bits: u32) -> Vec<u8> {
    let per_byte = (8 / bits) as usize;
    let mask = (1u8 << bits) - 1;
    weights
        .chunks_exact(inputs)
        .flat_map(|row| row.chunks(per_byte))
        .map(|chunk| chunk.iter().rev().fold(0, |byte: u8, &w| byte << bits | (w as u8 & mask)))
        .collect()
}

/// The inverse of [`bits`].
pub(super) fn unpack_bits(bytes: &[u8], inputs: usize, bits: u32) -> Vec<i8> {
    let per_byte = (8 / bits) as usize;
    let unused = 8 - bits;
    bytes
        .chunks_exact(inputs.div_ceil(per_byte))
        .flat_map(|row| {
            (0..inputs).map(move |i| {
                let value = row[i / per_byte] >> (bits as usize * (i % per_byte));
                (value << unused) as i8 >> unused
            })
        })
        .collect()
}

/// Floats in tiles of eight, four, two and one rows; in a tile, all rows' weights of one input stand together.
pub(super) fn float(kernel: &ndarray::Array2<f32>) -> Vec<f32> {
    let (inputs, outputs) = kernel.dim();
    tiles(outputs, &[8, 4, 2, 1])
        .flat_map(|tile| (0..inputs).flat_map(move |k| tile.clone().map(move |row| (k, row))))
        .map(|(k, row)| kernel[[k, row]])
        .collect()
}

/// The inverse of [`float`]: inputs x outputs.
pub(super) fn unpack_float(weights: &[f32], inputs: usize, outputs: usize) -> ndarray::Array2<f32> {
    let mut kernel = ndarray::Array2::zeros((inputs, outputs));
    let places = tiles(outputs, &[8, 4, 2, 1])
        .flat_map(|tile| (0..inputs).flat_map(move |k| tile.clone().map(move |row| (k, row))));
    for (place, &weight) in places.zip(weights) {
        kernel[place] = weight;
    }
    kernel
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(inputs: usize, outputs: usize, limit: i16) -> Vec<i8> {
        (0..inputs * outputs).map(|i| ((i * 7919 % (2 * limit as usize + 1)) as i16 - limit) as i8).collect()
    }

    #[test]
    fn tiles_cover_all_rows() {
        let starts = |rows| tiles(rows, &[8, 4, 2]).map(|tile| (tile.start, tile.len())).collect::<Vec<_>>();
        assert_eq!(starts(22), [(0, 8), (8, 8), (16, 4), (20, 2)]);
        assert_eq!(starts(2), [(0, 2)]);
    }

    #[test]
    fn packing_and_unpacking_are_inverse() {
        for inputs in [1, 2, 3, 4, 5, 7, 8, 13] {
            for outputs in [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 22] {
                let w = weights(inputs, outputs, 127);
                let packed = int8(&w, inputs, outputs);
                assert_eq!(packed.len(), inputs.next_multiple_of(4) * outputs.next_multiple_of(2));
                assert_eq!(unpack_int8(&packed, inputs, outputs), Ok(w));
                let w = weights(inputs, outputs, 7);
                let packed = int4(&w, inputs, outputs);
                assert_eq!(packed.len(), inputs.next_multiple_of(4) * outputs.next_multiple_of(4) / 2);
                assert_eq!(unpack_int4(&packed, inputs, outputs), w);
                assert_eq!(unpack_bits(&bits(&w, inputs, 4), inputs, 4), w);
                let w = weights(inputs, outputs, 1);
                let packed = int2(&w, inputs, outputs);
                assert_eq!(packed.len(), inputs.next_multiple_of(8) * outputs.next_multiple_of(8) / 4);
                assert_eq!(unpack_int2(&packed, inputs, outputs), w);
                assert_eq!(unpack_bits(&bits(&w, inputs, 2), inputs, 2), w);
                let kernel = ndarray::Array2::from_shape_fn((inputs, outputs), |(k, row)| (k * 100 + row) as f32);
                assert_eq!(unpack_float(&float(&kernel), inputs, outputs), kernel);
            }
        }
    }

    #[test]
    fn packs_only_what_cannot_spill() {
        assert!(packs_int8(&[127; 516], 258, &[0, 0]), "255 * 127 * 258 = 8,355,330 fits 24 bits");
        assert!(!packs_int8(&[127; 516], 258, &[0, 40_000]), "the odd row's sum and bias do not fit");
        assert!(packs_int8(&[127; 516], 258, &[40_000, 0]), "an even row has 32 bits");
        assert!(!packs_int8(&[127; 1040], 520, &[0, 0]), "the odd row's sum does not fit");
        assert!(packs_int8(&[127; 520], 520, &[0]));
        assert!(!packs_int8(&[-128, 0], 2, &[0]));
        assert!(packs_int4(&[7; 4 * 293], 293), "255 * 7 * 293 = 523,005 fits 20 bits");
        assert!(!packs_int4(&[7; 4 * 294], 294));
        assert!(packs_int2(&[1; 2 * 514], 514) && !packs_int2(&[1; 2 * 515], 515), "255 * 514 = 131,070 fits 18 bits");
        assert!(packs_int4(&[7; 3 * 600], 600), "the first three rows have more bits");
    }
}
