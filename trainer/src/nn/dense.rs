//! The fully connected layer.

use super::{Activation, Initializer};
use ndarray::{Array1, Array2, ArrayView2};
use rand::Rng;

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

impl Dense {
    /// A layer with fresh weights and a bias of zeros.
    pub fn new(
        name: impl Into<String>,
        inputs: usize,
        units: usize,
        activation: Activation,
        initializer: Initializer,
        rng: &mut impl Rng,
    ) -> Self {
        let kernel = initializer.kernel(inputs, units, rng);
        Self { name: name.into(), kernel, bias: Array1::zeros(units), activation }
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.kernel.nrows()
    }

    /// The number of outputs.
    pub fn units(&self) -> usize {
        self.kernel.ncols()
    }

    /// The number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.kernel.len() + self.bias.len()
    }

    /// The multiplications (each with an addition) of one evaluation.
    pub fn macs(&self) -> usize {
        self.kernel.len()
    }

    /// `x · kernel + bias`, samples x units, before the activation.
    ///
    /// # Panics
    /// If `x` is not samples x inputs.
    pub fn sums(&self, x: ArrayView2<f32>) -> Array2<f32> {
        let mut sums = x.dot(&self.kernel);
        sums += &self.bias;
        sums
    }

    /// Changes weights and bias so that the sums `z` become `scale * z + shift`, one of each per unit: what is left of a batch
    /// normalization behind the layer.
    ///
    /// # Panics
    /// If there is not one of each per unit.
    pub fn scale_and_shift(&mut self, scale: &[f32], shift: &[f32]) {
        assert_eq!((scale.len(), shift.len()), (self.units(), self.units()), "one of each per unit");
        for mut row in self.kernel.rows_mut() {
            row.iter_mut().zip(scale).for_each(|(weight, scale)| *weight *= scale);
        }
        for ((bias, scale), shift) in self.bias.iter_mut().zip(scale).zip(shift) {
            *bias = *bias * scale + shift;
        }
    }

    /// The layer's outputs, samples x units.
    ///
    /// # Panics
    /// If `x` is not samples x inputs.
    pub fn forward(&self, x: ArrayView2<f32>) -> Array2<f32> {
        let mut y = self.sums(x);
        self.activation.apply(&mut y);
        y
    }
}
