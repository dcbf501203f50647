//! The arithmetic of the layers: one plain definition, and what chips can do better. Every backend gives the same bits;
//! of a float that is no number, only that it is NaN.
//!
//! A backend is a module with these functions of [`portable`]: `dense_i8`, `dense_i4`, `dense_i2` for packed weights, and `dense_f32`,
//! `dense_f16`. Each takes the layer, its inputs, memory to work in (of any length, content and alignment; with less than
//! [`Backend::work_len`] elements it takes longer) and its outputs; none may panic, whatever the lengths are. `simple_i8` and
//! its like may leave out what a layer that [is simple](Layer::is_simple) does not need, and has all the memory.

mod channel;
mod chunks;
#[cfg(thumbnet_dsp)]
pub(crate) mod dsp;
mod fma;
mod mixed;
mod pool;
pub(crate) mod portable;
mod requantize;
mod rounding;
#[cfg(any(test, thumbnet_dsp, thumbnet_scalar))]
mod runs;
#[cfg(thumbnet_scalar)]
pub(crate) mod scalar;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
mod tiles;
#[cfg(all(thumbnet_fpu, any(thumbnet_dsp, thumbnet_scalar)))]
mod vfp;
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
mod words;
#[cfg(thumbnet_x86_64)]
pub(crate) mod x86_64;

use crate::evaluate::is_lean;
use crate::{Layer, Order, WeightType};
use chunks::filled;
#[cfg(thumbnet_dsp)]
pub(crate) use dsp as native;
pub(crate) use pool::{average_f32, average_i8};
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar, thumbnet_x86_64)))]
pub(crate) use portable as native;
#[cfg(thumbnet_scalar)]
pub(crate) use scalar as native;
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
use words::{aligned, numbers, words};
#[cfg(thumbnet_x86_64)]
pub(crate) use x86_64 as native;

/// A set of kernels. The machine that a program is built for chooses one of them (see `build.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Backend {
    /// Plain Rust, for every core.
    Portable,
    /// For cores with the DSP extension: Cortex-M4, M7, and M33, M55 where they have it.
    Dsp,
    /// For Cortex-M without it: M0, M0+, M3, M23, and an M33 whose target does not promise it.
    Scalar,
    /// Hosts with SSE2.
    X86_64,
}

impl Backend {
    /// The backend of the machine that this program is built for.
    pub const NATIVE: Self = if cfg!(thumbnet_dsp) {
        Self::Dsp
    } else if cfg!(thumbnet_scalar) {
        Self::Scalar
    } else if cfg!(thumbnet_x86_64) {
        Self::X86_64
    } else {
        Self::Portable
    };

    /// The multiple of bytes at which a model must start.
    pub(crate) const fn align(self) -> usize {
        match self {
            Self::Portable | Self::X86_64 => 1,
            Self::Dsp | Self::Scalar => 4,
        }
    }

    /// The most outputs that are evaluated with the inputs as they come: less than a tile.
    const fn few(self, weight_type: WeightType) -> usize {
        match (self, weight_type) {
            (_, WeightType::Int8) | (Self::X86_64, WeightType::Int4) => 7,
            (_, WeightType::Int4) => 4,
            _ => 0,
        }
    }

    /// The number of elements that the kernel of a layer works in, besides its inputs and outputs: where the inputs stand as its tiles
    /// read them, from a multiple of four bytes on.
    pub(crate) const fn work_len(self, layer: &Layer<'_>) -> usize {
        if !matches!(layer.order(), Order::Packed) {
            return 0;
        }
        if layer.outputs() <= self.few(layer.weight_type()) {
            return 0;
        }
        let (fours, eights) = (filled(layer.inputs(), 4) / 4, filled(layer.inputs(), 8) / 8);
        // So many times so many bytes: words of four inputs, pairs of them, or a list of the inputs with their places.
        let (times, bytes) = match (self, layer.weight_type()) {
            (Self::Portable, _) => return 0,
            (Self::Scalar, WeightType::Int8) => (fours, 4),
            (_, WeightType::Int8 | WeightType::Int4) => (fours, 8),
            (Self::X86_64, WeightType::Int2) => (eights, 12),
            (_, WeightType::Int2) => (eights, 16),
            _ => return 0,
        };
        times.saturating_mul(bytes).saturating_add(self.align() - 1)
    }
}

/// The kernel for packed weights, or that for the other orders. The kernels themselves have no parameters, so that they are
/// compiled with this crate, for its goal and not that of the program.
macro_rules! by_order {
    ($name:ident, $simple:ident, $plain:ident, $weight_type:ident, $weights:literal) => {
        #[doc = concat!("A dense layer of ", $weights, " weights, in any order.")]
        #[inline]
        pub(crate) fn $name<const KINDS: u8>(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
            if is_lean(KINDS) {
                native::$simple(layer, input, work, output);
            } else if layer.order() == Order::Packed {
                // Here and not in the kernel, whose loop over the tiles the compiler makes worse for it. A lean program pays in bytes.
                let few = const { Backend::NATIVE.few(WeightType::$weight_type) };
                let work = if output.len() > few { work } else { &mut [] };
                native::$name(layer, input, work, output);
            } else {
                portable::$plain(layer, input, output);
            }
        }
    };
}

by_order!(dense_i8, simple_i8, plain_i8, Int8, "int8");
by_order!(dense_i4, simple_i4, plain_i4, Int4, "int4");
by_order!(dense_i2, simple_i2, plain_i2, Int2, "2-bit");
