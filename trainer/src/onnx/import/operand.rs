//! Constant operands: of elementwise functions, and of quantizations.

use super::chain::FileQuantization;
use super::expression::{Affine, Expression};
use super::value::Shape;
use super::walk::Found;
use crate::onnx::graph::Node;
use crate::onnx::tensor::{ElementType, Tensor};
use std::rc::Rc;

/// A constant operand, flattened: one element, or one per feature.
pub(super) fn per_feature(node: &Node, tensor: &Tensor, shape: &Shape) -> Found<Tensor> {
    let single = shape.single();
    if tensor.len() == 1 {
        return tensor.clone().reshaped(&[1]).ok_or_else(|| "a constant has an impossible shape".to_owned());
    }
    // A table and its zero points are no per-feature operands.
    if matches!(node.op.as_str(), "Gather") {
        return Ok(tensor.clone());
    }
    // PRelu's slope, as Keras and PyTorch write it, may leave out leading or trailing axes of 1.
    let wide = match crate::onnx::operators::broadcast_shape(tensor.shape(), &single) {
        Ok(wide) if wide.iter().product::<usize>() == shape.features() => wide,
        _ if tensor.len() == shape.features() => vec![tensor.len()],
        _ => {
            return Err(format!(
                "a constant of shape {:?} does not fit values of shape {single:?}; give one number, or one for each value of a sample",
                tensor.shape()
            ));
        }
    };
    let flat = tensor.spread(&wide).unwrap_or_else(|| tensor.clone());
    flat.reshaped(&[shape.features()])
        .ok_or_else(|| format!("a constant of shape {:?} does not fit values of shape {single:?}; give one number, or one for each value of a sample", tensor.shape()))
}

/// Sums and products with constants as an affine function.
pub(super) fn line(node: &Node, operands: &[Rc<Expression>]) -> Option<Rc<Expression>> {
    let list = |expression: &Expression| match expression {
        Expression::Constant(tensor) => Some(tensor.to_f64()?.into_iter().collect::<Vec<f64>>()),
        _ => None,
    };
    let identity = Affine::identity();
    if let ("Neg", [x]) = (node.op.as_str(), operands) {
        return Some(Expression::affine(identity.times(&[-1.0]), x));
    }
    if let ("Identity" | "Dropout" | "Cast" | "Sum", [x]) = (node.op.as_str(), operands) {
        return Some(Rc::clone(x));
    }
    let [left, right] = operands else { return None };
    match (node.op.as_str(), list(left), list(right)) {
        ("Add" | "Sum", None, Some(c)) => Some(Expression::affine(identity.plus(&c), left)),
        ("Add" | "Sum", Some(c), None) => Some(Expression::affine(identity.plus(&c), right)),
        ("Sub", None, Some(c)) => {
            Some(Expression::affine(identity.plus(&c.iter().map(|v| -v).collect::<Vec<_>>()), left))
        }
        ("Sub", Some(c), None) => Some(Expression::affine(identity.times(&[-1.0]).plus(&c), right)),
        ("Mul", None, Some(c)) => Some(Expression::affine(identity.times(&c), left)),
        ("Mul", Some(c), None) => Some(Expression::affine(identity.times(&c), right)),
        ("Div", None, Some(c)) => Some(Expression::affine(identity.over(&c), left)),
        _ => None,
    }
}

/// The quantization that the constant operands of a DequantizeLinear or QuantizeLinear say.
pub(super) fn parameters(arguments: &[Rc<Expression>]) -> Found<FileQuantization> {
    let constant = |index: usize| match arguments.get(index).map(|argument| &**argument) {
        Some(Expression::Constant(tensor)) => Some(tensor),
        _ => None,
    };
    quantization_of(constant(1), constant(2))
}

/// The quantization of a scale and a zero point (uint8 zero where it is left out).
pub(super) fn quantization_of(scale: Option<&Tensor>, zero_point: Option<&Tensor>) -> Found<FileQuantization> {
    let one =
        |tensor: &Tensor| tensor.to_f64().filter(|array| array.len() == 1).and_then(|array| array.first().copied());
    let scale = scale
        .and_then(one)
        .ok_or("the scale of an activation is not one constant number; quantize activations by tensor")?
        as f32;
    let (zero, unsigned) = match zero_point {
        None => (0.0, true),
        Some(tensor) => match tensor.element_type() {
            element @ (ElementType::I8 | ElementType::U8) => (
                one(tensor)
                    .ok_or("the zero point of an activation is not one number; quantize activations by tensor")?,
                element == ElementType::U8,
            ),
            other => {
                return Err(format!("activations of {} are not supported: quantize to int8 or uint8", other.name()));
            }
        },
    };
    if !(scale.is_normal() && scale > 0.0) {
        return Err(format!("the scale {scale} of an activation is not a positive number; quantize the model again"));
    }
    Ok(FileQuantization { scale, zero_point: zero as i32, unsigned })
}
