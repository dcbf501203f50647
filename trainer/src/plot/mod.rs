//! Pictures: training curves, confusion matrices, decision boundaries, images and weights; as SVG, PNG, or text for a
//! terminal. Pictures take plain numbers and know nothing of networks and files.

mod boundary;
mod confusion;
mod curves;
mod field;
mod gallery;
mod histogram;
mod language;
mod layers;
pub mod palette;
mod picture;
mod scatter;
mod sizes;
pub mod terminal;

pub use boundary::Boundary;
pub use confusion::Confusion;
pub use curves::{Curves, Panel, Series};
pub use gallery::{Gallery, Tile};
pub use histogram::{Histogram, Layer};
pub use language::Language;
pub use layers::Layers;
pub use picture::{Drawn, Picture, SideBySide};
pub use scatter::Scatter;
pub use sizes::{Sized, Sizes};
