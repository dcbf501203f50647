//! The network as mathematics: layers, activations, losses, initializers, and their derivatives. Nothing here knows data
//! sets, files or chips.

mod activation;
mod backward;
mod dense;
mod elementwise;
pub(crate) mod exponential;
mod initializer;
mod input;
mod loss;
mod pool;
pub(crate) mod quantization;
mod sequential;
mod shrink;

pub use activation::Activation;
pub use backward::Gradient;
pub use dense::Dense;
pub use elementwise::Elementwise;
pub use initializer::Initializer;
pub use input::{Encoding, Input, Normalization, UnitNorm};
pub use loss::{Loss, Target};
pub use pool::AveragePool;
pub use quantization::Quantization;
pub use sequential::{Layer, Sequential, SummaryRow};
