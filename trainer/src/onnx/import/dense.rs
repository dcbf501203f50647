//! The layers: everything that multiplies a sample with a matrix.

use super::chain::{Action, Bias, IntegerKernel, Kernel};
use super::expression::Expression;
use super::flow::tensor;
use super::operand::quantization_of;
use super::refusal::no_mlp;
use super::value::{Flow, Kind, Shape, Value};
use super::walk::{Found, Walk};
use super::weights::Weights;
use crate::onnx::graph::Node;
use crate::onnx::tensor::{ElementType, Tensor};
use std::sync::Arc;

/// The shape of samples multiplied with a matrix of that many inputs and outputs.
pub(super) fn product_shape(shape: &Shape, (inputs, outputs): (usize, usize)) -> Found<Shape> {
    let mut dims = shape.dims.clone();
    match dims.last_mut() {
        Some(last) if *last == inputs && shape.features() == inputs && shape.batch != Some(shape.dims.len() - 1) => {
            *last = outputs;
        }
        _ => {
            return Err(format!(
                "its weights are {inputs}x{outputs}, but the input has the shape {shape}; flatten it first, to {inputs} values a sample"
            ));
        }
    }
    Ok(Shape { dims, batch: shape.batch })
}

impl Walk {
    /// Gemm or MatMul with constant weights on either side.
    pub(super) fn dense(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Flow> {
        let (flow, weights, weights_at) = match (
            arguments.first().and_then(Option::as_ref),
            arguments.get(1).and_then(Option::as_ref),
        ) {
            (Some(Value::Flow(flow)), Some(Value::Constant(weights))) => (flow.clone(), weights, 1),
            (Some(Value::Constant(weights)), Some(Value::Flow(flow))) => (flow.clone(), weights, 0),
            (Some(Value::Flow(_)), Some(Value::Flow(_))) => {
                return Err(no_mlp(
                    "both its factors depend on the input; a layer has constant weights, so use dense layers in place of attention",
                ));
            }
            _ => {
                return Err(
                    "its weights are not constant; export the model together with its trained weights, as initializers"
                        .to_owned(),
                );
            }
        };
        if flow.kind != Kind::Real && flow.base != 0 {
            return Err(
                "it multiplies integers without their scale; dequantize them first, or use QLinearMatMul".to_owned()
            );
        }
        let gemm = node.op == "Gemm";
        let (trans_a, trans_b) = (gemm && node.attributes.flag("transA"), gemm && node.attributes.flag("transB"));
        // Brought to the form samples x inputs · inputs x outputs.
        let (transpose_flow, transpose_weights) =
            if weights_at == 1 { (trans_a, trans_b) } else { (!trans_b, !trans_a) };
        let input_shape = if transpose_flow { transposed(&flow.shape)? } else { flow.shape.clone() };
        let alpha = if gemm { node.attributes.float("alpha", 1.0) } else { 1.0 };
        let kernel = weights.kernel(transpose_weights, alpha)?;
        let (inputs, outputs) = kernel.dim();
        let shape = product_shape(&input_shape, (inputs, outputs))?;
        let base = self.commit(node, &flow)?;
        let bias = Self::bias(node, arguments, outputs)?;
        let base = self.push(node, base, Action::Dense { kernel, bias }, outputs);
        let shape = if transpose_flow && weights_at == 0 { transposed(&shape)? } else { shape };
        Ok(Self::fresh(base, shape, Kind::Real))
    }

    /// Gemm's C, with beta.
    fn bias(node: &Node, arguments: &[Option<Value>], outputs: usize) -> Found<Bias> {
        let Some(argument) = arguments.get(2).and_then(Option::as_ref) else {
            return Ok(Bias::Real(vec![0.0; outputs]));
        };
        let Value::Constant(constant) = argument else {
            return Err(
                "its bias depends on the input; a layer's bias is constant, so train it without that branch".to_owned()
            );
        };
        let beta = node.attributes.float("beta", 1.0);
        if beta == 1.0
            && let Some((integers, steps)) = constant.integers()
            && integers.element_type() == ElementType::I32
            && integers.len() == outputs
            && steps.zero_point.iter().all(|&zero| zero == 0)
            && let Some(integers) = integers.to_i64()
        {
            return Ok(Bias::Integer(integers.iter().map(|&v| v as i32).collect()));
        }
        let values: Vec<f32> =
            constant.tensor().to_f32().ok_or("its bias is not a number")?.iter().map(|v| v * beta).collect();
        match values.len() {
            1 => Ok(Bias::Real(vec![values[0]; outputs])),
            len if len == outputs => Ok(Bias::Real(values)),
            len => Err(format!("its bias has {len} elements, expected one or {outputs}; export the model again")),
        }
    }

    /// QGemm and QLinearMatMul: integers in, integers out.
    pub(super) fn dense_of_operator(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Vec<Value>> {
        let gemm = node.op == "QGemm";
        let Some(Value::Flow(flow)) = arguments.first().and_then(Option::as_ref) else {
            return Err("its first input is constant; let the values come first and the weights second".to_owned());
        };
        if node.attributes.flag("transA") {
            return Err("transA is set, so that samples are columns; export it with samples as rows".to_owned());
        }
        let input = quantization_of(tensor(arguments, 1), tensor(arguments, 2))?;
        let base = self.commit_as(node, flow, input)?;
        let Some(Value::Constant(weights)) = arguments.get(3).and_then(Option::as_ref) else {
            return Err(
                "its weights are not constant; export the model together with its trained weights, as initializers"
                    .to_owned(),
            );
        };
        let weights = Weights::new(Arc::clone(weights.tensor()), gemm && node.attributes.flag("transB"))?;
        let outputs = weights.dim().1;
        let mut scales = per_output(tensor(arguments, 4), outputs, "scale")?;
        let alpha = if gemm { node.attributes.float("alpha", 1.0) } else { 1.0 };
        // ONNX Runtime multiplies alpha with the input's scale, the chip with the weights': the same where neither rounds.
        if scales.iter().any(|&scale| (alpha * input.scale) * scale != input.scale * (alpha * scale)) {
            return Err(format!(
                "its alpha of {alpha} would be rounded elsewhere; multiply it into the scales of the weights"
            ));
        }
        for scale in &mut scales {
            *scale *= alpha;
        }
        let zero_points = per_output(tensor(arguments, 5), outputs, "zero point")?.iter().map(|&v| v as i32).collect();
        let shape = product_shape(&flow.shape, weights.dim())?;
        let bias = match tensor(arguments, 6).filter(|_| gemm) {
            Some(constant) => per_output(Some(constant), outputs, "bias").map(|_| {
                let list: Vec<i32> =
                    constant.to_i64().map(|array| array.iter().map(|&v| v as i32).collect()).unwrap_or_default();
                Bias::Integer(if list.len() == outputs {
                    list
                } else {
                    vec![list.first().copied().unwrap_or(0); outputs]
                })
            })?,
            None => Bias::Integer(vec![0; outputs]),
        };
        let kernel = Kernel::Integer(IntegerKernel { weights, scales, zero_points });
        let base = self.push(node, base, Action::Dense { kernel, bias }, outputs);
        let (scale, zero) = if gemm { (7, 8) } else { (6, 7) };
        if tensor(arguments, scale).is_none() {
            return Ok(vec![Value::Flow(Self::fresh(base, shape, Kind::Real))]);
        }
        let output = quantization_of(tensor(arguments, scale), tensor(arguments, zero))?;
        let base = self.push(node, base, Action::Quantize(output), outputs);
        Ok(vec![Value::Flow(Self::fresh(base, shape, Kind::Integer))])
    }

    /// A step that gives a flow's integers, which the next operator reads with a quantization of its own.
    pub(super) fn commit_as(
        &mut self,
        node: &Node,
        flow: &Flow,
        quantization: super::chain::FileQuantization,
    ) -> Found<usize> {
        if flow.kind != Kind::Integer {
            return Err("its input is not quantized; put a QuantizeLinear before it".to_owned());
        }
        let features = flow.shape.features();
        match &*flow.expression {
            Expression::X if flow.base == 0 => Ok(self.push(node, 0, Action::Quantize(quantization), features)),
            Expression::X if self.quantization(flow.base) == Some(quantization) => Ok(flow.base),
            _ => Ok(self.push(
                node,
                flow.base,
                Action::Table { expression: flow.expression.clone(), quantization },
                features,
            )),
        }
    }

    /// A layer of a dynamically quantized model: integer weights, real inputs.
    pub(super) fn dense_of_integers(
        &mut self,
        node: &Node,
        input: &Flow,
        kernel: IntegerKernel,
        shape: Shape,
    ) -> Found<Flow> {
        let outputs = kernel.weights.dim().1;
        let base = self.commit(node, input)?;
        let kernel = Kernel::Integer(kernel);
        let base = self.push(node, base, Action::Dense { kernel, bias: Bias::Real(vec![0.0; outputs]) }, outputs);
        Ok(Self::fresh(base, shape, Kind::Real))
    }

    /// scikit-learn's linear models: one layer.
    pub(super) fn linear_model(&mut self, node: &Node, flow: &Flow) -> Found<Vec<Value>> {
        let attributes = &node.attributes;
        let inputs = flow.shape.features();
        let coefficients = attributes
            .floats("coefficients")
            .ok_or("its coefficients are missing; the file is damaged, export it again")?;
        if inputs == 0 || coefficients.is_empty() || !coefficients.len().is_multiple_of(inputs) {
            return Err(format!("it has {} coefficients for {inputs} features", coefficients.len()));
        }
        let outputs = coefficients.len() / inputs;
        let coefficients = Tensor::from(coefficients.to_vec()).reshaped(&[outputs, inputs]).ok_or("no matrix")?;
        let kernel = Kernel::Real(Weights::new(Arc::new(coefficients), true)?, 1.0);
        let intercepts = attributes
            .floats("intercepts")
            .filter(|list| !list.is_empty())
            .map_or_else(|| vec![0.0; outputs], <[f32]>::to_vec);
        if intercepts.len() != outputs {
            return Err(format!("it has {} intercepts for {outputs} outputs", intercepts.len()));
        }
        let shape = product_shape(&flow.shape, (inputs, outputs))?;
        let base = self.commit(node, flow)?;
        let mut base = self.push(node, base, Action::Dense { kernel, bias: Bias::Real(intercepts) }, outputs);
        let mut result = Self::fresh(base, shape.clone(), Kind::Real);
        match attributes.text("post_transform", "NONE") {
            "NONE" => {}
            "SOFTMAX" => {
                base = self.push(node, base, Action::Softmax { logarithm: false }, outputs);
                result = Self::fresh(base, shape, Kind::Real);
            }
            "LOGISTIC" => {
                let sigmoid = Node { op: "Sigmoid".to_owned(), domain: String::new(), version: 13, ..node.clone() };
                result.expression = std::rc::Rc::new(Expression::Apply(
                    std::rc::Rc::new(sigmoid),
                    vec![std::rc::Rc::clone(&result.expression)],
                ));
            }
            other => return Err(format!("post_transform {other:?} is not supported; take NONE, SOFTMAX or LOGISTIC")),
        }
        if node.op == "LinearRegressor" {
            return Ok(vec![Value::Flow(result)]);
        }
        self.learn_class_labels(node);
        let labels = Value::Labels(result.clone());
        if outputs == 1 && self.class_names.len() == 2 {
            result.binary = true;
            if let Some(last) = result.shape.dims.last_mut() {
                *last = 2;
            }
        }
        Ok(vec![labels, Value::Flow(result)])
    }
}

/// A shape of two axes with its axes exchanged.
fn transposed(shape: &Shape) -> Found<Shape> {
    match *shape.dims.as_slice() {
        [a, b] => Ok(Shape { dims: vec![b, a], batch: shape.batch.map(|axis| 1 - axis) }),
        [_] => Ok(shape.clone()),
        _ => Err(format!("its input has the shape {shape}, expected a matrix; flatten it first")),
    }
}

/// A list of one number per output, from one number or a list.
pub(super) fn per_output(constant: Option<&Tensor>, outputs: usize, what: &str) -> Found<Vec<f32>> {
    let Some(constant) = constant else { return Ok(vec![0.0; outputs]) };
    let values: Vec<f32> =
        constant.to_f32().ok_or_else(|| format!("its {what} is not a number"))?.into_iter().collect();
    match values.len() {
        1 => Ok(vec![values[0]; outputs]),
        len if len == outputs => Ok(values),
        len => Err(format!("its {what} has {len} elements, expected one or {outputs}")),
    }
}
