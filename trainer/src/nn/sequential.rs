//! A chain of layers.

use super::{Dense, Input};

/// One layer of a [`Sequential`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Layer {
    /// Fully connected.
    Dense(Dense),
}

/// A network: an input, a chain of layers, and what the outputs mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequential {
    /// The network's name.
    pub name: String,
    /// What enters.
    pub input: Input,
    /// The layers in the order of evaluation.
    pub layers: Vec<Layer>,
    /// One name per output where the network classifies (two for a single sigmoid output); empty for regression.
    pub class_names: Vec<String>,
}

impl Sequential {
    /// The dense layers in the order of evaluation, as they are evaluated after training (what only matters in training is
    /// left out).
    pub fn dense_layers(&self) -> impl Iterator<Item = &Dense> {
        self.layers.iter().map(|layer| match layer {
            Layer::Dense(dense) => dense,
        })
    }
}
