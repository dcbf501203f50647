//! From the sums of products to the next layer's integers, as FORMAT.md defines it.

use super::rounding::scale;
use crate::Layer;

/// The output before [`Requantize::finish`], from its sum and its factor: kept within -128..=127.
#[cfg_attr(not(any(thumbnet_dsp, thumbnet_scalar)), expect(dead_code, reason = "portable kernels do all at once"))]
#[inline]
pub(crate) fn rounded(sum: i32, factor: f32, zero_point: i32) -> i8 {
    (scale(sum, factor) + zero_point).max(i8::MIN.into()).min(i8::MAX.into()) as i8
}

/// The outputs of a tile's sums, as far as there are outputs and factors.
///
/// It stands alone, so that what it computes with takes no stack while the sums are made.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
#[inline(never)]
pub(super) fn round(sums: &[i32; 8], factors: &[u32], zero_point: i32, outputs: &mut [i8]) {
    for (y, (&sum, &factor)) in outputs.iter_mut().zip(sums.iter().zip(factors)) {
        *y = rounded(sum, f32::from_bits(factor), zero_point);
    }
}

/// Two kernels of one function that gives the outputs kept within -128..=127: for any layer of packed weights, and as `$simple` for
/// a [simple](Layer::is_simple) one and all the memory that it asks for, where nothing follows.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
macro_rules! kernels {
    ($(#[$attribute:meta])* $name:ident, $simple:ident, $rounded:ident, $weights:literal) => {
        #[doc = concat!("A dense layer of ", $weights, " weights.")]
        $(#[$attribute])*
        pub(crate) fn $name(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
            $rounded::<false>(layer, input, work, output);
            Requantize::new(layer).finish(0, output);
        }

        #[doc = concat!("As [`", stringify!($name), "`], for a simple layer and all the memory that it asks for.")]
        $(#[$attribute])*
        pub(crate) fn $simple(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
            $rounded::<true>(layer, input, work, output);
        }
    };
}
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
pub(super) use kernels;

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
        self.kept(index, scale(sum, factor) + self.zero_point)
    }

    /// What follows the rounding and the zero point.
    #[inline]
    fn kept(&self, index: usize, q: i32) -> i8 {
        let q = q.max(self.lo).min(self.hi);
        if self.tables.is_empty() {
            return q as i8;
        }
        let table = self.tables.get(index).or(self.tables.first());
        table.and_then(|table| table.get(usize::from(q as u8 ^ 0x80))).map_or(q as i8, |&y| y as i8)
    }

    /// Does what follows the rounding and the zero point for outputs from index `first` on, which are kept within -128..=127
    /// already.
    #[cfg_attr(not(any(thumbnet_dsp, thumbnet_scalar)), expect(dead_code, reason = "portable kernels do all at once"))]
    pub(crate) fn finish(&self, first: usize, outputs: &mut [i8]) {
        if self.tables.is_empty() && self.lo == i8::MIN.into() && self.hi == i8::MAX.into() {
            return;
        }
        for (index, y) in outputs.iter_mut().enumerate() {
            *y = self.kept(first + index, i32::from(*y));
        }
    }
}
