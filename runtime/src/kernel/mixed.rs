//! The sums of rows whose weights share words. They are exact where the layer was checked (`bound.rs`), and wrap where it was
//! not, without a panic.

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

/// Adds to the sums of single rows their biases.
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar)))]
#[inline]
pub(super) fn add(sums: &mut [i32; 8], biases: [i32; 8]) {
    for (sum, bias) in sums.iter_mut().zip(biases) {
        *sum = sum.wrapping_add(bias);
    }
}

/// Adds to the sums of single rows their biases, as they lie in the file.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
#[inline]
pub(super) fn add_words(sums: &mut [i32; 8], biases: &[u32]) {
    let add = |(sum, bias): (&mut i32, &u32)| *sum = sum.wrapping_add_unsigned(*bias);
    match biases.first_chunk::<8>() {
        // Of eight the compiler makes no loop.
        Some(biases) => sums.iter_mut().zip(biases).for_each(add),
        None => sums.iter_mut().zip(biases).for_each(add),
    }
}

/// The sums of the single int4 rows, from the sums of the lowest digit, of the two, of the three lowest and of all four; `inputs`
/// is the sum of all inputs.
#[cfg(not(thumbnet_scalar))]
#[inline]
pub(super) fn separate_i4(sums: &mut [i32; 8], inputs: i32) {
    // The lower digits stand for weights that are 8 less.
    let offset = inputs.wrapping_mul(8);
    for sums in sums.as_chunks_mut().0 {
        let [one, two, three, four] = *sums;
        let digit = |higher: i32, lower: i32, bits: u32| (higher.wrapping_sub(lower) as u32 >> bits) as i32;
        *sums = [
            one.wrapping_sub(offset),
            digit(two, one, 4).wrapping_sub(offset),
            digit(three, two, 8).wrapping_sub(offset),
            four.wrapping_sub(three) >> 12,
        ];
    }
}

/// The sums of the single int4 rows, from the sums of the digits of each four rows, of which each is a weight and 8; `inputs` is
/// the sum of all inputs.
#[cfg(thumbnet_scalar)]
#[inline]
pub(super) fn digits_i4(sums: &mut [i32; 8], inputs: i32) {
    let offset = inputs.wrapping_mul(8);
    let [a, b, c, d, e, f, g, h] = *sums;
    let less = |sum: i32| sum.wrapping_sub(offset);
    *sums = [less(a), less(b), less(c), less(d), less(e), less(f), less(g), less(h)];
}

/// The sums of the single 2-bit rows, from `2^14` times the sums of the odd rows and those of the even rows; `inputs` is the sum
/// of all inputs.
#[inline]
pub(super) fn separate_i2(sums: &mut [i32; 8], inputs: i32) {
    let [a, b, c, d, e, f, g, h] = *sums;
    // The even rows' digits stand for weights that are 1 less.
    let [e, f, g, h] = [e, f, g, h].map(|even| even.wrapping_sub(inputs));
    *sums = [e, a >> 14, f, b >> 14, g, c >> 14, h, d >> 14];
}
