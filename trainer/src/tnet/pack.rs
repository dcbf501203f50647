//! The orders of the weights in the file, as runtime/FORMAT.md defines them.

/// The sum of products of an odd row must fit this many bits with its sign, or it would spill into its neighbor's.
const ODD_ROW_BITS: u32 = 24;

/// Whether rows of int8 weights (outputs x inputs, row-major) can be written as pairs: no weight is -128, and no input can
/// take the sum of an odd row out of 24 bits.
pub(super) fn packs(weights: &[i8], inputs: usize) -> bool {
    weights.chunks_exact(inputs).enumerate().all(|(row, weights)| {
        let positive: i64 = weights.iter().map(|&w| i64::from(w.max(0))).sum();
        let negative: i64 = weights.iter().map(|&w| i64::from(w.min(0))).sum();
        let limit = 1i64 << (ODD_ROW_BITS - 1);
        !weights.contains(&i8::MIN) && (row % 2 == 0 || (255 * positive < limit && 255 * negative >= -limit))
    })
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
pub(super) fn unpack_int8(bytes: &[u8], inputs: usize, outputs: usize) -> Vec<i8> {
    let mut weights = vec![0; inputs * outputs];
    let mut pairs = bytes.as_chunks::<2>().0.iter().map(|&pair| i32::from(i16::from_le_bytes(pair)));
    for tile in tiles(outputs.next_multiple_of(2), &[8, 4, 2]) {
        for k in (0..inputs).step_by(4) {
            for first in [k, k + 1] {
                for row in tile.clone().step_by(2) {
                    for input in [first, first + 2] {
                        let pair = pairs.next().unwrap_or(0);
                        let even = pair as i8;
                        let odd = ((pair - i32::from(even)) >> 8) as i8;
                        for (row, weight) in [(row, even), (row + 1, odd)] {
                            if row < outputs && input < inputs {
                                weights[row * inputs + input] = weight;
                            }
                        }
                    }
                }
            }
        }
    }
    weights
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
                assert_eq!(unpack_int8(&packed, inputs, outputs), w);
                let w = weights(inputs, outputs, 7);
                assert_eq!(unpack_bits(&bits(&w, inputs, 4), inputs, 4), w);
                let w = weights(inputs, outputs, 1);
                assert_eq!(unpack_bits(&bits(&w, inputs, 2), inputs, 2), w);
                let kernel = ndarray::Array2::from_shape_fn((inputs, outputs), |(k, row)| (k * 100 + row) as f32);
                assert_eq!(unpack_float(&float(&kernel), inputs, outputs), kernel);
            }
        }
    }

    #[test]
    fn packs_only_what_cannot_spill() {
        assert!(packs(&[127; 516], 258), "255 * 127 * 258 = 8,355,330 fits 24 bits");
        assert!(!packs(&[127; 1040], 520), "the odd row's sum does not fit");
        assert!(packs(&[127; 520], 520), "an even row has 32 bits");
        assert!(!packs(&[-128, 0], 2));
    }
}
