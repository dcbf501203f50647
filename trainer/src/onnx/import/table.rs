//! Functions from 8-bit integers to 8-bit integers, tabulated by evaluating them.

use super::chain::FileQuantization;
use super::effort::Effort;
use super::expression::Expression;
use super::operand::{parameters, quantization_of};
use super::recognize::recognize;
use crate::nn::Activation;
use crate::onnx::graph::Node;
use crate::onnx::tensor::{ElementType, Tensor};
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense};
use ndarray::{ArrayD, IxDyn};
use std::rc::Rc;

/// All integers of a quantization, as a column.
pub(super) fn domain(quantization: FileQuantization) -> Tensor {
    let (element, least) = if quantization.unsigned { (ElementType::U8, 0.0) } else { (ElementType::I8, -128.0) };
    Tensor::of_type(ArrayD::from_shape_fn(IxDyn(&[256, 1]), |index| index[0] as f64 + least), element)
}

/// Appends a function of the layer's integers (quantized as `before`) that gives integers quantized as `after`.
pub(super) fn append(
    layer: &mut QuantizedDense,
    expression: &Rc<Expression>,
    before: FileQuantization,
    after: FileQuantization,
    effort: &Effort,
) -> Result<(), String> {
    let values = expression.evaluate(&domain(before), effort)?;
    let outputs = match *values.shape() {
        [256, 1] => 1,
        [256, n] if n == layer.outputs => n,
        ref other => {
            return Err(format!(
                "it gives values of shape {other:?} for {} outputs; use one function for each output",
                layer.outputs
            ));
        }
    };
    let integers = values.to_i64().ok_or("it gives texts")?;
    let shift = i64::from(after.shift());
    let value = |q: usize, j: usize| integers[[q, j]] - shift;
    let mut entries = vec![0_i8; 256 * outputs];
    for j in 0..outputs {
        for q in 0..256 {
            entries[256 * j + q] = i8::try_from(value(q, j)).map_err(|_| {
                format!(
                    "it gives {}, which is no 8-bit integer; quantize its result to int8 or uint8",
                    integers[[q, j]]
                )
            })?;
        }
    }
    let output = Quantization {
        scale: after.scale,
        zero_point: i8::try_from(after.zero_point - after.shift())
            .map_err(|_| "its zero point does not fit 8 bits; quantize the model again".to_owned())?,
    };
    let (pre, function, table) = match &layer.activation {
        IntegerActivation::Clamp { lo, hi } => {
            // A function that is the activation of the whole layer keeps its name.
            let whole = (*lo, *hi) == (i8::MIN, i8::MAX);
            let table = entries
                .chunks(256)
                .flat_map(|part| (i8::MIN..=i8::MAX).map(|q| part[index(q.clamp(*lo, *hi))]))
                .collect();
            (layer.output, function(expression, effort).filter(|_| whole), table)
        }
        IntegerActivation::Table { pre, table, .. } => (*pre, None, chained(table, &entries)),
    };
    let same = pre == output;
    layer.output = output;
    layer.activation = match clamp(&table).filter(|_| same) {
        Some((lo, hi)) => IntegerActivation::Clamp { lo, hi },
        None => IntegerActivation::Table { pre, function, table },
    };
    Ok(())
}

fn index(q: i8) -> usize {
    (i16::from(q) + 128) as usize
}

/// One table after another; either may be one for all outputs or one for each.
fn chained(first: &[i8], second: &[i8]) -> Vec<i8> {
    let outputs = first.len().max(second.len()) / 256;
    let part = |table: &[i8], j: usize, q: usize| table[if table.len() == 256 { q } else { 256 * j + q }];
    (0..outputs)
        .flat_map(|j| (0..256).map(move |q| (j, q)))
        .map(|(j, q)| part(second, j, index(part(first, j, q))))
        .collect()
}

/// The bounds of a table that only keeps integers within them.
fn clamp(table: &[i8]) -> Option<(i8, i8)> {
    let (lo, hi) = (*table.first()?, *table.get(255)?);
    (table.len() == 256 && lo <= hi && (i8::MIN..=i8::MAX).all(|q| table[index(q)] == q.clamp(lo, hi)))
        .then_some((lo, hi))
}

/// The activation function that a table holds, if it is QuantizeLinear of one of DequantizeLinear.
fn function(expression: &Expression, effort: &Effort) -> Option<Activation> {
    let Expression::Apply(node, arguments) = expression else { return None };
    let inner = match node.op.as_str() {
        "QuantizeLinear" => of_real(arguments.first()?)?,
        "QLinearSigmoid" => return Some(Activation::Sigmoid),
        _ => return None,
    };
    let found = recognize(&inner, effort).ok()?;
    (found.before.is_identity() && found.after.is_identity() && found.activation != Activation::Linear)
        .then_some(found.activation)
}

/// The expression with `x` for DequantizeLinear(x).
fn of_real(expression: &Rc<Expression>) -> Option<Rc<Expression>> {
    Some(match &**expression {
        Expression::Constant(_) => Rc::clone(expression),
        Expression::X => return None,
        Expression::Affine(affine, inner) => Expression::affine(affine.clone(), &of_real(inner)?),
        Expression::Apply(node, arguments)
            if node.op == "DequantizeLinear" && matches!(**arguments.first()?, Expression::X) =>
        {
            Rc::new(Expression::X)
        }
        Expression::Apply(node, arguments) => {
            Rc::new(Expression::Apply(Rc::clone(node), arguments.iter().map(of_real).collect::<Option<Vec<_>>>()?))
        }
    })
}

/// The quantization of the integers that an expression gives, where its last operator says it.
pub(super) fn output_quantization(expression: &Expression) -> Option<FileQuantization> {
    let Expression::Apply(node, arguments) = expression else { return None };
    let constant = |index: usize| match arguments.get(index).map(|argument| &**argument) {
        Some(Expression::Constant(tensor)) => Some(tensor),
        _ => None,
    };
    match node.op.as_str() {
        "QuantizeLinear" => parameters(arguments).ok(),
        "QLinearAdd" => quantization_of(constant(6), constant(7)).ok(),
        "QLinearSigmoid" | "QLinearLeakyRelu" => quantization_of(constant(3), constant(4)).ok(),
        "Clip" | "Identity" | "Relu" => output_quantization(arguments.first()?),
        _ => None,
    }
}

/// A real function of integers, quantized over the range that it takes.
pub(super) fn quantized(
    expression: &Rc<Expression>,
    before: FileQuantization,
    effort: &Effort,
) -> Result<(Rc<Expression>, FileQuantization), String> {
    let values = expression.evaluate(&domain(before), effort)?.to_f64().ok_or("it gives texts")?;
    let (lo, hi) = values.iter().fold((0.0_f64, 0.0_f64), |(lo, hi), &v| (lo.min(v), hi.max(v)));
    if !(lo.is_finite() && hi.is_finite() && hi > lo) {
        return Err("its results are not finite numbers; quantize the model again".to_owned());
    }
    let scale = ((hi - lo) / 255.0) as f32;
    let zero_point = (-128.0 - lo / f64::from(scale)).round_ties_even().clamp(-128.0, 127.0) as i8;
    let constant = |tensor: Tensor| Rc::new(Expression::Constant(tensor));
    let node = Node {
        name: String::new(),
        op: "QuantizeLinear".to_owned(),
        domain: String::new(),
        version: 13,
        inputs: Vec::new(),
        outputs: Vec::new(),
        attributes: crate::onnx::Attributes::default(),
    };
    let zero = ArrayD::from_elem(IxDyn(&[1]), f64::from(zero_point));
    let parameters = [constant(vec![scale].into()), constant(Tensor::of_type(zero, ElementType::I8))];
    let arguments = std::iter::once(Rc::clone(expression)).chain(parameters).collect();
    Ok((
        Rc::new(Expression::Apply(Rc::new(node), arguments)),
        FileQuantization { scale, zero_point: i32::from(zero_point), unsigned: false },
    ))
}
