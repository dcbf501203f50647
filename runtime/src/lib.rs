//! Evaluates a neural network from a `.tnet` file on a microcontroller: no operating system, no heap, no panic, and bit for
//! bit what the host computes.
#![no_std]
#![deny(unsafe_code)]

mod checksum;
mod error;
#[doc(hidden)]
pub mod format;
mod function;
mod kernel;
mod layer;
mod model;
mod text;

pub use error::{Buffer, ChecksumError, ParseError, RunError};
pub use function::Function;
pub use kernel::Backend;
pub use layer::{Kind, Layer, Order, Quantization, WeightType};
pub use model::{Encoding, Model, UnitNorm};
pub use text::Names;
