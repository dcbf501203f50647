//! Activation functions.

use super::Elementwise;

/// What a layer applies to its sums.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `x`
    Linear,
    /// `max(x, 0)`
    Relu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `tanh(x)`
    Tanh,
    /// `exp(x_i) / sum_j exp(x_j)` over a sample's outputs
    Softmax,
    /// `ln(softmax(x))`, computed without leaving the logarithm
    LogSoftmax,
    /// A function of each element alone
    Elementwise(Elementwise),
}
