//! The arithmetic of the layers: one plain definition, and what chips can do better. Every backend gives the same bits.
//!
//! A backend is a module with these functions of [`portable`]: `dense_i8`, `dense_i4`, `dense_i2` for packed weights, and `dense_f32`,
//! `dense_f16`. Each takes the layer, its inputs, memory to work in (of any length, content and alignment; with less than
//! [`Backend::work_len`] elements it takes longer) and its outputs; none may panic, whatever the lengths are. `simple_i8` and
//! its like may leave out what a layer that [is simple](Layer::is_simple) does not need, and has all the memory.

mod channel;
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
#[cfg(thumbnet_x86_64)]
pub(crate) mod x86_64;

use crate::evaluate::is_lean;
use crate::{Layer, Order, WeightType};
#[cfg(thumbnet_dsp)]
pub(crate) use dsp as native;
pub(crate) use pool::{average_f32, average_i8};
#[cfg(not(any(thumbnet_dsp, thumbnet_scalar, thumbnet_x86_64)))]
pub(crate) use portable as native;
#[cfg(thumbnet_scalar)]
pub(crate) use scalar as native;
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

    /// The number of elements that the kernel of a layer works in, besides its inputs and outputs.
    pub(crate) const fn work_len(self, layer: &Layer<'_>) -> usize {
        match (self, layer.weight_type(), layer.order()) {
            // A list of the inputs, four of them with their place in eight bytes, or eight in twelve.
            (Self::X86_64, WeightType::Int8 | WeightType::Int4, Order::Packed) => {
                layer.inputs().div_ceil(4).saturating_mul(8)
            }
            (Self::X86_64, WeightType::Int2, Order::Packed) => layer.inputs().div_ceil(8).saturating_mul(12),
            // A byte for each input, from a multiple of four on.
            (Self::Scalar, WeightType::Int8, Order::Packed) => {
                layer.inputs().div_ceil(4).saturating_mul(4).saturating_add(3)
            }
            // Two bytes for each input, from a multiple of four on.
            (
                Self::Dsp | Self::Scalar,
                weight_type @ (WeightType::Int8 | WeightType::Int4 | WeightType::Int2),
                Order::Packed,
            ) => {
                let step = if matches!(weight_type, WeightType::Int2) { 8 } else { 4 };
                layer.inputs().div_ceil(step).saturating_mul(2 * step).saturating_add(3)
            }
            _ => 0,
        }
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

/// Whether a kernel can read words from here.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
fn aligned(bytes: &[u8]) -> bool {
    bytes.as_ptr().addr().is_multiple_of(4)
}

/// Numbers of the file as the machine reads them; none where it cannot.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
fn numbers(bytes: &[[u8; 4]]) -> &[u32] {
    // SAFETY: any four bytes are a u32. What comes before the first aligned one is not taken for it.
    #[allow(unsafe_code)]
    let (before, numbers, _) = unsafe { bytes.align_to() };
    if before.is_empty() { numbers } else { &[] }
}

/// The whole words of `work`.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
fn words(work: &mut [i8]) -> &mut [u32] {
    // SAFETY: any four bytes are a u32 and the reverse.
    #[allow(unsafe_code)]
    unsafe {
        work.align_to_mut().1
    }
}
