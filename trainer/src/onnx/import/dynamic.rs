//! Dynamic quantization: layers of integer weights whose inputs are quantized by each batch's own range.

use super::dense::{integer_weights, product_shape};
use super::value::{Dynamic, Value};
use super::walk::{Found, Walk};
use crate::onnx::graph::Node;

impl Walk {
    /// The parts of a dynamic quantization, put together again to one layer.
    pub(super) fn dynamic(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Vec<Value>> {
        let part = |index: usize| match arguments.get(index).and_then(Option::as_ref) {
            Some(Value::Dynamic(part)) => Some(part),
            _ => None,
        };
        let constant = |index: usize| match arguments.get(index).and_then(Option::as_ref) {
            Some(Value::Constant(tensor)) => Some(tensor),
            _ => None,
        };
        match (node.op.as_str(), part(0), part(1)) {
            ("MatMulInteger", Some(Dynamic::Integers(input)), None) => {
                let weights = constant(1).ok_or("its weights are not constant")?;
                let product = integer_weights(weights, constant(3).map(|zero| &**zero))?;
                let shape = product_shape(&input.shape, product.dim())?;
                Ok(vec![Value::Dynamic(Dynamic::Sums { input: input.clone(), weights: product, shape })])
            }
            ("Cast" | "Identity", Some(sums @ Dynamic::Sums { .. }), None) => Ok(vec![Value::Dynamic(sums.clone())]),
            ("Mul", Some(Dynamic::Scale(scale)), None) | ("Mul", None, Some(Dynamic::Scale(scale))) => {
                let other = constant(0).or_else(|| constant(1)).and_then(|tensor| tensor.to_f32()).ok_or("the weights' scale is not constant")?;
                let product = other.iter().map(|v| v * scale[0]).collect();
                Ok(vec![Value::Dynamic(Dynamic::Scale(product))])
            }
            ("Mul", Some(Dynamic::Sums { input, weights, shape }), Some(Dynamic::Scale(scale)))
            | ("Mul", Some(Dynamic::Scale(scale)), Some(Dynamic::Sums { input, weights, shape })) => {
                let (input, weights, shape, scale) = (input.clone(), weights.clone(), shape.clone(), scale.clone());
                let flow = self.dense_of_integers(node, &input, weights, &scale, shape)?;
                Ok(vec![Value::Flow(flow)])
            }
            _ => Err("this use of a dynamic quantization is not known; quantize the model statically, or convert the float model".to_owned()),
        }
    }
}
