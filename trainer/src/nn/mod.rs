//! The network as mathematics: layers, activations, losses, initializers, and their derivatives. Nothing here knows data
//! sets, files or chips.

mod activation;
mod dense;
mod elementwise;
mod input;
mod sequential;

pub use activation::Activation;
pub use dense::Dense;
pub use elementwise::Elementwise;
pub use input::{Encoding, Input, Normalization, UnitNorm};
pub use sequential::{Layer, Sequential};
