//! Dynamic quantization: layers of integer weights whose inputs are quantized by each batch's own range.

use super::chain::IntegerKernel;
use super::dense::{per_output, product_shape};
use super::value::{Dynamic, Value};
use super::walk::{Found, Walk};
use super::weights::Weights;
use crate::onnx::graph::Node;
use std::sync::Arc;

impl Walk {
    /// The parts of a dynamic quantization, put together again to one layer.
    pub(super) fn dynamic(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Vec<Value>> {
        let part = |index: usize| match arguments.get(index).and_then(Option::as_ref) {
            Some(Value::Dynamic(part)) => Some(part),
            _ => None,
        };
        let constant = |index: usize| match arguments.get(index).and_then(Option::as_ref) {
            Some(Value::Constant(constant)) => Some(constant.tensor()),
            _ => None,
        };
        match (node.op.as_str(), part(0), part(1)) {
            ("MatMulInteger", Some(Dynamic::Integers(input)), None) => {
                let weights = Arc::clone(constant(1).ok_or("its weights are not constant; export the model together with its trained weights, as initializers")?);
                let weights = Weights::new(weights, false)?;
                let zero_points = per_output(constant(3).map(|zero| &**zero), weights.dim().1, "zero point")?;
                let zero_points = zero_points.iter().map(|&zero| zero as i32).collect();
                let shape = product_shape(&input.shape, weights.dim())?;
                Ok(vec![Value::Dynamic(Dynamic::Sums { input: input.clone(), weights, zero_points, shape })])
            }
            ("Cast" | "Identity", Some(sums @ Dynamic::Sums { .. }), None) => Ok(vec![Value::Dynamic(sums.clone())]),
            ("Mul", Some(Dynamic::Scale(scale)), None) | ("Mul", None, Some(Dynamic::Scale(scale))) => {
                let other = constant(0).or_else(|| constant(1)).and_then(|tensor| tensor.to_f32()).ok_or("the weights' scale is not constant; quantize the model again")?;
                let product = other.iter().map(|v| v * scale[0]).collect();
                Ok(vec![Value::Dynamic(Dynamic::Scale(product))])
            }
            ("Mul", Some(Dynamic::Sums { input, weights, zero_points, shape }), Some(Dynamic::Scale(scale)))
            | ("Mul", Some(Dynamic::Scale(scale)), Some(Dynamic::Sums { input, weights, zero_points, shape })) => {
                let outputs = weights.dim().1;
                let scales = match scale.as_slice() {
                    [one] => vec![*one; outputs],
                    list if list.len() == outputs => list.to_vec(),
                    list => return Err(format!("it has {} scales, expected one or {outputs}", list.len())),
                };
                let kernel = IntegerKernel { weights: weights.clone(), scales, zero_points: zero_points.clone() };
                let (input, shape) = (input.clone(), shape.clone());
                let flow = self.dense_of_integers(node, &input, kernel, shape)?;
                Ok(vec![Value::Flow(flow)])
            }
            _ => Err("this use of a dynamic quantization is not known; quantize the model statically, or convert the float model".to_owned()),
        }
    }
}
