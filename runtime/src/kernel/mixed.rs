//! The sums of rows whose weights share words. All arithmetic wraps, so that every backend gives the same bits for every model;
//! the exporter packs only what cannot wrap.

/// Sums of pairs of int8 rows before the first product: even, then `256 * odd + even`.
#[cfg(not(thumbnet_dsp))]
#[inline]
pub(super) fn start_i8(mut biases: [i32; 8]) -> [i32; 8] {
    for [even, odd] in biases.as_chunks_mut().0 {
        *odd = even.wrapping_add(*odd << 8);
    }
    biases
}

/// The sums of the single int8 rows.
#[cfg(not(thumbnet_dsp))]
#[inline]
pub(super) fn separate_i8(mut sums: [i32; 8]) -> [i32; 8] {
    for [even, mixed] in sums.as_chunks_mut().0 {
        *mixed = mixed.wrapping_sub(*even) >> 8;
    }
    sums
}

/// The sums of the single int4 rows with their biases, from the sums of the lowest digit, of the two, of the three lowest and of
/// all four; `inputs` is the sum of all inputs.
#[inline]
pub(super) fn separate_i4(sums: [i32; 8], inputs: i32, mut biases: [i32; 8]) -> [i32; 8] {
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
    biases
}

/// The sums of the single 2-bit rows with their biases, from `2^14` times the sums of the odd rows and those of the even rows;
/// `inputs` is the sum of all inputs.
#[inline]
pub(super) fn separate_i2(sums: [i32; 8], inputs: i32, mut biases: [i32; 8]) -> [i32; 8] {
    let [odd @ .., a, b, c, d] = sums;
    for ([even, odd], (low, high)) in biases.as_chunks_mut().0.iter_mut().zip([a, b, c, d].into_iter().zip(odd)) {
        // The even rows' digits stand for weights that are 1 less.
        *even = even.wrapping_add(low).wrapping_sub(inputs);
        *odd = odd.wrapping_add(high >> 14);
    }
    biases
}
