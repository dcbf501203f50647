//! The arithmetic of the layers: one plain definition, and what chips can do better. Every backend gives the same bits.

use crate::Layer;

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
