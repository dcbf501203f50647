//! From the sums of products to the next layer's integers, as FORMAT.md defines it.

use crate::Layer;

/// What follows a layer's sums.
#[derive(Clone, Copy)]
pub(crate) struct Requantize<'a> {
    zero_point: i32,
    lo: i32,
    hi: i32,
    tables: &'a [[u8; 256]],
}

impl<'a> Requantize<'a> {
    pub(crate) const fn new(layer: &Layer<'a>) -> Self {
        let (lo, hi) = layer.clamp();
        let (tables, _) = layer.tables().as_chunks();
        Self { zero_point: layer.sum_zero_point() as i32, lo: lo as i32, hi: hi as i32, tables }
    }

    /// The output with this index, from its sum and factor.
    #[inline]
    pub(crate) fn output(&self, index: usize, sum: i32, factor: f32) -> i8 {
        let q = (scale(sum, factor) + self.zero_point).max(self.lo).min(self.hi);
        if self.tables.is_empty() {
            return q as i8;
        }
        let Some(table) = self.tables.get(index).or(self.tables.first()) else { return q as i8 };
        table[(q as u8 ^ 0x80) as usize] as i8
    }
}

/// A sum beyond all rounding and clamping: no quantized output is farther from its zero point.
const FAR: f32 = 1024.0;

/// 1.5 * 2^23: the next float is one away, so that adding it rounds to an integer, halves to even.
const ROUNDER: f32 = 12_582_912.0;

/// `round_half_even(f32(sum) * factor)`, or a number beyond +-255 where that is. The factor is finite and not negative.
#[inline]
pub(crate) fn scale(sum: i32, factor: f32) -> i32 {
    let product = sum as f32 * factor;
    let product = if product > FAR { FAR } else { product };
    let product = if product < -FAR { -FAR } else { product };
    (product + ROUNDER).to_bits() as i32 - ROUNDER.to_bits() as i32
}
