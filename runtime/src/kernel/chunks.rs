//! Slices in parts of a number of elements, and lengths that are filled up to it. What `core` has for this asserts that the number is not
//! 0 or divides by it: whether the panic is left out is up to the optimizer, which a program may tell to leave functions as they are.

use core::iter;

/// `length`, filled up to a multiple of `step`, a power of two.
#[inline]
pub(super) const fn filled(length: usize, step: usize) -> usize {
    let mask = step.wrapping_sub(1);
    length.wrapping_add(mask) & !mask
}

/// The elements, `N` at a time; the last time as many as are left.
#[inline]
pub(super) fn chunks<const N: usize, T>(mut elements: &[T]) -> impl Iterator<Item = &[T]> {
    iter::from_fn(move || {
        let (now, later) = elements.split_at_checked(N).unwrap_or((elements, &[]));
        elements = later;
        (!now.is_empty()).then_some(now)
    })
}

/// Up to four inputs; those that are missing count as 0.
#[cfg(not(thumbnet_scalar))]
#[inline]
pub(super) fn quad(inputs: &[i8]) -> [i8; 4] {
    // A plain copy would be a call of `memcpy`, with a frame of its own below the deepest.
    let mut quad = [i8::MIN; 4];
    for (filled, &x) in quad.iter_mut().zip(inputs) {
        *filled = x;
    }
    quad
}
