//! The sums of rows whose weights share words. All arithmetic wraps, so that every backend gives the same bits for every model;
//! the exporter packs only what cannot wrap.

/// Sums of pairs of int8 rows before the first product, from the biases: even, then `256 * odd + even`.
#[cfg(not(thumbnet_dsp))]
#[inline]
pub(super) fn start_i8(biases: &mut [i32; 8]) {
    for [even, odd] in biases.as_chunks_mut().0 {
        *odd = even.wrapping_add(*odd << 8);
    }
}

/// The sums of the single int8 rows.
#[cfg(not(thumbnet_dsp))]
#[inline]
pub(super) fn separate_i8(sums: &mut [i32; 8]) {
    for [even, mixed] in sums.as_chunks_mut().0 {
        *mixed = mixed.wrapping_sub(*even) >> 8;
    }
}

/// Adds to the biases the sums of the single int4 rows, from the sums of the lowest digit, of the two, of the three lowest and of
/// all four; `inputs` is the sum of all inputs.
#[inline]
pub(super) fn separate_i4(sums: &[i32; 8], inputs: i32, biases: &mut [i32; 8]) {
    // The lower digits stand for weights that are 8 less.
    let offset = inputs.wrapping_mul(8);
    let (fours, _) = biases.as_chunks_mut();
    for ([a, b, c, d], &[one, two, three, four]) in fours.iter_mut().zip(sums.as_chunks().0) {
        let digit = |higher: i32, lower: i32, bits: u32| (higher.wrapping_sub(lower) as u32 >> bits) as i32;
        *a = a.wrapping_add(one).wrapping_sub(offset);
        *b = b.wrapping_add(digit(two, one, 4)).wrapping_sub(offset);
        *c = c.wrapping_add(digit(three, two, 8)).wrapping_sub(offset);
        *d = d.wrapping_add(four.wrapping_sub(three) >> 12);
    }
}

/// Adds to the biases the sums of the single int4 rows, from the sums of the digits of each four rows, of which each is a weight
/// and 8; `inputs` is the sum of all inputs.
#[cfg(thumbnet_scalar)]
#[inline]
pub(super) fn digits_i4(sums: &[u32; 8], inputs: i32, biases: &mut [i32; 8]) {
    let offset = inputs.wrapping_mul(8);
    let (fours, _) = biases.as_chunks_mut();
    for ([a, b, c, d], &[one, two, three, four]) in fours.iter_mut().zip(sums.as_chunks().0) {
        // As far as the mixed sums of FORMAT.md have room for them.
        let digit = |sum: u32, bits: u32| ((sum << bits) >> bits) as i32;
        *a = a.wrapping_add(digit(one, 0)).wrapping_sub(offset);
        *b = b.wrapping_add(digit(two, 4)).wrapping_sub(offset);
        *c = c.wrapping_add(digit(three, 8)).wrapping_sub(offset);
        *d = d.wrapping_add((four as i32).wrapping_sub(offset) << 12 >> 12);
    }
}

/// Adds to the biases the sums of the single 2-bit rows, from `2^14` times the sums of the odd rows and those of the even rows;
/// `inputs` is the sum of all inputs.
#[inline]
pub(super) fn separate_i2(sums: &[i32; 8], inputs: i32, biases: &mut [i32; 8]) {
    let (odd_sums, even_sums) = sums.split_at(4);
    for ([even, odd], (low, high)) in biases.as_chunks_mut().0.iter_mut().zip(even_sums.iter().zip(odd_sums)) {
        // The even rows' digits stand for weights that are 1 less.
        *even = even.wrapping_add(*low).wrapping_sub(inputs);
        *odd = odd.wrapping_add(*high >> 14);
    }
}
