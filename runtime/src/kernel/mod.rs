//! The arithmetic of the layers: one plain definition, and what chips can do better. Every backend gives the same bits.
//!
//! A backend is a module with the same functions as [`portable`]: `dense_i8`, `dense_i4`, `dense_i2`, `dense_f32`, `dense_f16`.
//! Each takes the layer, its inputs, memory to work in (at least [`Backend::work_len`] elements, of any content and
//! alignment) and its outputs; none may panic, whatever the lengths are.

mod channel;
mod fma;
pub(crate) mod portable;
mod requantize;

use crate::Layer;
pub(crate) use portable as native;

/// A set of kernels. The machine that a program is built for chooses one of them (see `build.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// Plain Rust, for every core.
    Portable,
}

impl Backend {
    /// The backend of the machine that this program is built for.
    pub const NATIVE: Self = Self::Portable;

    /// The multiple of bytes at which a model must start.
    pub(crate) const fn align(self) -> usize {
        match self {
            Self::Portable => 1,
        }
    }

    /// The number of elements that the kernel of a layer works in, besides its inputs and outputs.
    pub(crate) const fn work_len(self, _layer: &Layer<'_>) -> usize {
        match self {
            Self::Portable => 0,
        }
    }
}
