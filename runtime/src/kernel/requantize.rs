//! From the sums of products to the next layer's integers, as FORMAT.md defines it.

use super::rounding::scale;
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
