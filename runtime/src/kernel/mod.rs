//! The arithmetic of the layers: one plain definition, and what chips can do better. Every backend gives the same bits.
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

/// The most outputs that are evaluated with the inputs as they come: less than a tile.
const FEW: usize = 7;
/// As [`FEW`], of chips' 4-bit weights.
const FEW_I4: usize = 4;

/// The memory, where more than `few` outputs have use for it.
#[cfg(any(thumbnet_dsp, thumbnet_scalar, thumbnet_x86_64))]
#[inline]
fn room<'a>(output: &[i8], few: usize, work: &'a mut [i8]) -> &'a mut [i8] {
    if output.len() > few { work } else { &mut [] }
}

/// A set of kernels. The machine that a program is built for chooses one of them (see `build.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Backend {
    /// Plain Rust, for every core.
    Portable,
    /// For cores with the DSP extension: Cortex-M4, M7, and M33, M55 where they have it.
    Dsp,
    /// For Cortex-M without it: M0, M0+, M3.
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

    /// The number of elements that the kernel of a layer works in, besides its inputs and outputs: where the inputs stand as its tiles
    /// read them, from a multiple of four bytes on.
    pub(crate) const fn work_len(self, layer: &Layer<'_>) -> usize {
        if !matches!(layer.order(), Order::Packed) {
            return 0;
        }
        let (fours, eights) = (filled(layer.inputs(), 4) / 4, filled(layer.inputs(), 8) / 8);
        // So many times so many bytes, and how many outputs have no use for them.
        let (times, bytes, few) = match (self, layer.weight_type()) {
            // A list of the inputs with their places, or pairs of them.
            (Self::X86_64, WeightType::Int8 | WeightType::Int4) | (Self::Dsp, WeightType::Int8) => (fours, 8, FEW),
            (Self::X86_64, WeightType::Int2) => (eights, 12, 0),
            (Self::Scalar, WeightType::Int8) => (fours, 4, FEW),
            (Self::Dsp | Self::Scalar, WeightType::Int4) => (fours, 8, FEW_I4),
            (Self::Dsp | Self::Scalar, WeightType::Int2) => (eights, 16, 0),
            _ => return 0,
        };
        if layer.outputs() <= few {
            return 0;
        }
        times.saturating_mul(bytes).saturating_add(self.align() - 1)
    }
}

/// The kernel for packed weights, or that for the other orders. The kernels themselves have no parameters, so that they are
/// compiled with this crate, for its goal and not that of the program.
macro_rules! by_order {
    ($name:ident, $simple:ident, $plain:ident, $weights:literal) => {
        #[doc = concat!("A dense layer of ", $weights, " weights, in any order.")]
        #[inline]
        pub(crate) fn $name<const KINDS: u8>(layer: &Layer<'_>, input: &[i8], work: &mut [i8], output: &mut [i8]) {
            if is_lean(KINDS) {
                native::$simple(layer, input, work, output);
            } else if layer.order() == Order::Packed {
                native::$name(layer, input, work, output);
            } else {
                portable::$plain(layer, input, output);
            }
        }
    };
}

by_order!(dense_i8, simple_i8, plain_i8, "int8");
by_order!(dense_i4, simple_i4, plain_i4, "int4");
by_order!(dense_i2, simple_i2, plain_i2, "2-bit");
