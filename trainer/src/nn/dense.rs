//! The fully connected layer.

use super::Activation;
use ndarray::{Array1, Array2};

/// A fully connected layer: `activation(x · kernel + bias)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// The layer's name, unique in its network.
    pub name: String,
    /// The weights, inputs x units, row-major (the order of Keras, and the faster one for training).
    pub kernel: Array2<f32>,
    /// The bias, one per unit.
    pub bias: Array1<f32>,
    /// What is applied to the sums.
    pub activation: Activation,
}
