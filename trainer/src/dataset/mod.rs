//! Samples and what they should become: reading, generating, splitting, shuffling. Nothing here knows networks.

mod augment;
mod boston;
mod cloud;
mod csv;
mod file;
mod idx;
mod image;
mod mnist;
mod npy;
mod quality;
mod rows;
mod scaler;
mod separable;
mod source;
mod split;
mod surface;
mod table;

pub use self::augment::{Augmentation, Augmenter};
pub use self::csv::{Table, parse_csv, read_csv};
pub use self::idx::{Elements, Idx};
pub use self::image::read_png;
pub use self::npy::{Array, read_npy, read_npz};
pub use self::scaler::{MinMaxScaler, StandardScaler};
pub use self::source::{BUILT_IN, BuiltIn, Options, Part, load, load_part, load_whole};
pub use self::split::{Batches, Splits, permutation};

use ndarray::Array2;

/// The samples' numbers, samples x features, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Features {
    /// 8-bit pixels, kept as bytes: the real value is `pixel / 255`.
    Pixels(Array2<u8>),
    /// Real numbers.
    Real(Array2<f32>),
}

/// What the samples should become.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// A class index per sample.
    Classes(Vec<u32>),
    /// Real targets, samples x outputs.
    Values(Array2<f32>),
    /// Inputs only.
    None,
}

/// Samples with their targets and what they mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What the data are called.
    pub name: String,
    /// The inputs.
    pub features: Features,
    /// The targets.
    pub targets: Targets,
    /// The classes' names by index; empty for regression.
    pub class_names: Vec<String>,
    /// The columns' names; empty for images.
    pub feature_names: Vec<String>,
    /// Rows and columns of an image.
    pub image_shape: Option<[usize; 2]>,
}
