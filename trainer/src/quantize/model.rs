//! A network in integers, before it is written as `.tnet` or ONNX.

use crate::nn::{Activation, Input, Quantization};
use ndarray::Array2;

/// The width of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightType {
    /// -127..=127 (a foreign model may hold -128).
    Int8,
    /// -7..=7.
    Int4,
    /// -1, 0, 1.
    Int2,
}

/// What follows the requantization of a layer's sums.
#[derive(Clone, Debug, PartialEq)]
pub enum IntegerActivation {
    /// Keeps the integers within `lo..=hi`: none, ReLU, ReLU6 and Clip.
    Clamp {
        /// The least output.
        lo: i8,
        /// The largest output.
        hi: i8,
    },
    /// Any other function, from the quantization of the sums (`pre`) to the layer's output quantization:
    /// `y = table[(q + 128) as usize]`.
    Table {
        /// How the sums are quantized before the look-up.
        pre: Quantization,
        /// The function that the table holds, for an exporter that writes it as such; `None` where only the table is known.
        function: Option<Activation>,
        /// 256 entries, for q = -128..=127; or 256 for each output in turn, where the outputs differ.
        table: Vec<i8>,
    },
}

/// A fully connected layer in integers, with the arithmetic of DESIGN section 4.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedDense {
    /// The layer's name.
    pub name: String,
    /// The number of inputs.
    pub inputs: usize,
    /// The number of outputs.
    pub outputs: usize,
    /// The width that the weights fit in.
    pub weight_type: WeightType,
    /// The weights, outputs x inputs, row-major.
    pub weights: Vec<i8>,
    /// The integers that stand for a zero weight, one per output; empty where all are 0 (weights that span more to one side
    /// come from files).
    pub weight_zero_points: Vec<i8>,
    /// The real value of one weight step, one per output.
    pub weight_scales: Vec<f32>,
    /// The bias in steps of `input.scale * weight_scales[j]`, one per output; the inputs' zero point is *not* folded in.
    pub bias: Vec<i32>,
    /// How the inputs are quantized.
    pub input: Quantization,
    /// How the outputs are quantized.
    pub output: Quantization,
    /// What follows the requantization.
    pub activation: IntegerActivation,
}

impl QuantizedDense {
    /// The weights in real numbers, outputs x inputs.
    pub fn real_weights(&self) -> Array2<f32> {
        Array2::from_shape_fn((self.outputs, self.inputs), |(j, i)| {
            let zero_point = self.weight_zero_points.get(j).copied().unwrap_or(0);
            (f32::from(self.weights[j * self.inputs + i]) - f32::from(zero_point)) * self.weight_scales[j]
        })
    }
}

/// A chain of integer layers.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedSequential {
    /// The network's name.
    pub name: String,
    /// What enters; its real (normalized) values are quantized with the first layer's `input`.
    pub input: Input,
    /// The layers in the order of evaluation.
    pub layers: Vec<QuantizedDense>,
    /// Whether a softmax over the dequantized outputs gives probabilities (the integers are logits then).
    pub softmax: bool,
    /// One name per output where the network classifies (two for a single sigmoid output); empty for regression.
    pub class_names: Vec<String>,
}
