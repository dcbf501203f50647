//! The network as the importer finds it: a chain of steps, each from what the one before it gives.

use super::expression::Expression;
use super::weights::Weights;
use crate::nn::{AveragePool, UnitNorm};
use ndarray::Array2;
use std::rc::Rc;

/// The quantization of a value of 8 bits, in the integers of the file (which may be unsigned).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FileQuantization {
    pub(super) scale: f32,
    pub(super) zero_point: i32,
    pub(super) unsigned: bool,
}

impl FileQuantization {
    /// What is subtracted from the file's integers to have them in -128..=127.
    pub(super) fn shift(self) -> i32 {
        if self.unsigned { 128 } else { 0 }
    }
}

/// Weights as integers.
#[derive(Clone, Debug)]
pub(super) struct IntegerKernel {
    /// The integers as they are in the file.
    pub(super) weights: Weights,
    /// One per output.
    pub(super) scales: Vec<f32>,
    /// One per output.
    pub(super) zero_points: Vec<i32>,
}

/// Weights, inputs x outputs.
#[derive(Clone, Debug)]
pub(super) enum Kernel {
    /// The weights times a factor.
    Real(Weights, f32),
    Integer(IntegerKernel),
}

impl Kernel {
    /// Inputs and outputs.
    pub(super) fn dim(&self) -> (usize, usize) {
        match self {
            Self::Real(kernel, _) => kernel.dim(),
            Self::Integer(kernel) => kernel.weights.dim(),
        }
    }

    /// The weights as real numbers.
    /// # Errors
    /// Integers of other than 8 bits.
    pub(super) fn real(&self) -> Result<Array2<f32>, String> {
        match self {
            Self::Real(kernel, factor) => Ok(kernel.real(*factor)),
            Self::Integer(kernel) => {
                let (inputs, outputs) = kernel.weights.dim();
                let (integers, shift) = kernel.weights.integers()?;
                Ok(Array2::from_shape_fn((inputs, outputs), |(i, j)| {
                    let weight =
                        i64::from(integers[j * inputs + i]) + i64::from(shift) - i64::from(kernel.zero_points[j]);
                    weight as f32 * kernel.scales[j]
                }))
            }
        }
    }
}

/// A bias, one number per output.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bias {
    Real(Vec<f32>),
    /// In steps of the input's scale times the weights'.
    Integer(Vec<i32>),
}

/// What one step does to a sample.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// The network's input.
    Input,
    /// A function of each element.
    Map(Rc<Expression>),
    /// Other order of the elements: `y[i] = x[order[i]]`.
    Permute(Vec<usize>),
    /// The means of an image's windows; of integers, rounded to integers with halves to even.
    Pool(AveragePool),
    /// `x · kernel + bias`
    Dense { kernel: Kernel, bias: Bias },
    /// The logarithm of it where `logarithm`.
    Softmax { logarithm: bool },
    /// Division by the norm.
    UnitNorm(UnitNorm),
    /// From real numbers to integers.
    Quantize(FileQuantization),
    /// From integers to integers: the expression gives the integers of the new quantization from those of the old one.
    Table { expression: Rc<Expression>, quantization: FileQuantization },
}

/// One step of the chain.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The step whose result it takes; its own number for the input.
    pub(super) parent: usize,
    /// The node that it comes from, for errors.
    pub(super) place: String,
    /// That node's name, for the layer.
    pub(super) name: String,
    /// What it does.
    pub(super) action: Action,
    /// The number of elements that it gives.
    pub(super) features: usize,
}
