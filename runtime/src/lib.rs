//! Evaluates a neural network from a `.tnet` file on a microcontroller: no operating system, no heap, no panic, and bit for
//! bit what the host computes.
#![no_std]
#![deny(unsafe_code)]

mod activation;
mod answer;
mod checksum;
mod element;
mod error;
mod evaluate;
#[doc(hidden)]
pub mod format;
mod function;
mod kernel;
mod layer;
mod math;
mod model;
mod prepare;
mod static_model;
mod text;

pub use answer::Class;
pub use element::Element;
pub use error::{Buffer, ChecksumError, ParseError, RunError};
pub use function::Function;
pub use kernel::Backend;
pub use layer::{Kind, Layer, Order, Quantization, WeightType};
pub use model::{Encoding, Model, UnitNorm};
pub use static_model::StaticModel;
#[doc(hidden)]
pub use static_model::{Aligned, Select, Selected, embedded, kinds};
pub use text::Names;
