//! The layers: everything that multiplies a sample with a matrix.

use super::chain::{Action, Bias, IntegerKernel, Kernel};
use super::expression::Expression;
use super::flow::tensor;
use super::operand::quantization_of;
use super::value::{Flow, Kind, Shape, Value};
use super::walk::{Found, Walk};
use crate::onnx::graph::Node;
use crate::onnx::tensor::{ElementType, Tensor};
use ndarray::{Array2, ArrayD, ArrayView2, Axis, Ix2};

/// A constant as a matrix; leading axes of 1 are dropped.
fn matrix(tensor: &Tensor) -> Found<ArrayD<f64>> {
    let shape = tensor.shape().to_vec();
    let mut array = tensor.to_f64().ok_or("its weights are texts")?;
    while array.ndim() > 2 && array.shape()[0] == 1 {
        array = array.index_axis_move(Axis(0), 0);
    }
    if array.ndim() == 2 { Ok(array) } else { Err(format!("its weights have shape {shape:?}, expected a matrix")) }
}

/// The rows and columns of a constant as a matrix.
fn matrix_dim(tensor: &Tensor) -> Found<(usize, usize)> {
    match tensor.shape() {
        [ones @ .., rows, columns] if ones.iter().all(|&dim| dim == 1) => Ok((*rows, *columns)),
        shape => Err(format!("its weights have shape {shape:?}, expected a matrix")),
    }
}

/// Constant weights as real numbers, inputs x outputs: in one copy, since they may be large.
fn real_kernel(tensor: &Tensor, transpose: bool, alpha: f32) -> Found<Array2<f32>> {
    let dim = matrix_dim(tensor)?;
    let scale = |matrix: ArrayView2<f32>| {
        let matrix = if transpose { matrix.reversed_axes() } else { matrix };
        if alpha == 1.0 {
            matrix.as_standard_layout().into_owned()
        } else {
            matrix.mapv(|v| v * alpha).as_standard_layout().into_owned()
        }
    };
    if let Some(list) = tensor.as_f32()
        && let Ok(view) = ArrayView2::from_shape(dim, list)
    {
        return Ok(scale(view));
    }
    let array = tensor.to_f32().ok_or("its weights are texts")?;
    let array = array.into_shape_with_order(dim).map_err(|error| error.to_string())?;
    Ok(scale(array.view()))
}

fn two_dimensional(array: ArrayD<f64>) -> Found<Array2<f64>> {
    array.into_dimensionality::<Ix2>().map_err(|error| error.to_string())
}

/// The integers of constant weights less their zero points, inputs x outputs.
pub(super) fn integer_weights(weights: &Tensor, zero_point: Option<&Tensor>) -> Found<Array2<i32>> {
    let weights = two_dimensional(matrix(weights)?)?.mapv(|v| v as i32);
    let Some(zero) = zero_point.and_then(Tensor::to_f64) else { return Ok(weights) };
    let zero: Vec<i32> = zero.iter().map(|&v| v as i32).collect();
    if zero.len() != 1 && zero.len() != weights.ncols() {
        return Err(format!("it has {} zero points for {} outputs", zero.len(), weights.ncols()));
    }
    Ok(Array2::from_shape_fn(weights.dim(), |(i, j)| weights[[i, j]] - zero[if zero.len() == 1 { 0 } else { j }]))
}

/// The shape of samples multiplied with a matrix of that many inputs and outputs.
pub(super) fn product_shape(shape: &Shape, (inputs, outputs): (usize, usize)) -> Found<Shape> {
    let mut dims = shape.dims.clone();
    match dims.last_mut() {
        Some(last) if *last == inputs && shape.features() == inputs && shape.batch != Some(shape.dims.len() - 1) => {
            *last = outputs;
        }
        _ => {
            return Err(format!(
                "its weights are {inputs}x{outputs}, but a sample has shape {:?}; flatten the input first",
                shape.single()
            ));
        }
    }
    Ok(Shape { dims, batch: shape.batch })
}

/// The weights of DequantizeLinear(constant), still as integers.
#[derive(Clone, Debug)]
pub(super) struct QuantizedConstant {
    pub(super) integers: Tensor,
    pub(super) scale: Vec<f32>,
    pub(super) zero_point: Vec<i32>,
    pub(super) axis: usize,
}

impl Walk {
    /// Gemm or MatMul with constant weights on either side.
    pub(super) fn dense(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Flow> {
        let (flow, weights_at) = match (
            arguments.first().and_then(Option::as_ref),
            arguments.get(1).and_then(Option::as_ref),
        ) {
            (Some(Value::Flow(flow)), Some(Value::Constant(_))) => (flow.clone(), 1),
            (Some(Value::Constant(_)), Some(Value::Flow(flow))) => (flow.clone(), 0),
            (Some(Value::Flow(_)), Some(Value::Flow(_))) => {
                return Err("both its factors depend on the input; a layer of an MLP has constant weights, so use dense layers in place of attention".to_owned());
            }
            _ => return Err("its weights are not constant".to_owned()),
        };
        if flow.kind != Kind::Real && flow.base != 0 {
            return Err("it multiplies integers without their scale".to_owned());
        }
        let gemm = node.op == "Gemm";
        let (trans_a, trans_b) = (gemm && node.attributes.flag("transA"), gemm && node.attributes.flag("transB"));
        // Brought to the form samples x inputs · inputs x outputs.
        let (transpose_flow, transpose_weights) =
            if weights_at == 1 { (trans_a, trans_b) } else { (!trans_b, !trans_a) };
        let input_shape = if transpose_flow { transposed(&flow.shape)? } else { flow.shape.clone() };
        let weights = tensor(arguments, weights_at).ok_or("its weights are not constant")?;
        let (rows, columns) = matrix_dim(weights)?;
        let (inputs, outputs) = if transpose_weights { (columns, rows) } else { (rows, columns) };
        let shape = product_shape(&input_shape, (inputs, outputs))?;
        let base = self.commit(node, &flow)?;
        let alpha = if gemm { node.attributes.float("alpha", 1.0) } else { 1.0 };
        let name = &node.inputs[weights_at];
        let kernel =
            match self.quantized.get(name).and_then(|constant| integer_kernel(constant, transpose_weights, alpha)) {
                Some(kernel) => kernel,
                None => Kernel::Real(real_kernel(weights, transpose_weights, alpha)?),
            };
        let bias = self.bias(node, arguments, outputs)?;
        let base = self.push(node, base, Action::Dense { kernel, bias }, outputs);
        let shape = if transpose_flow && weights_at == 0 { transposed(&shape)? } else { shape };
        Ok(Self::fresh(base, shape, Kind::Real))
    }

    /// Gemm's C, with beta.
    fn bias(&self, node: &Node, arguments: &[Option<Value>], outputs: usize) -> Found<Bias> {
        let Some(argument) = arguments.get(2).and_then(Option::as_ref) else {
            return Ok(Bias::Real(vec![0.0; outputs]));
        };
        let Value::Constant(constant) = argument else { return Err("its bias depends on the input".to_owned()) };
        let beta = node.attributes.float("beta", 1.0);
        if beta == 1.0
            && let Some(quantized) = self.quantized.get(&node.inputs[2])
            && quantized.integers.element_type() == ElementType::I32
            && quantized.integers.len() == outputs
            && quantized.zero_point.iter().all(|&zero| zero == 0)
            && let Some(integers) = quantized.integers.to_i64()
        {
            return Ok(Bias::Integer(integers.iter().map(|&v| v as i32).collect()));
        }
        let values: Vec<f32> = constant.to_f32().ok_or("its bias is not a number")?.iter().map(|v| v * beta).collect();
        match values.len() {
            1 => Ok(Bias::Real(vec![values[0]; outputs])),
            len if len == outputs => Ok(Bias::Real(values)),
            len => Err(format!("its bias has {len} elements, expected {outputs}")),
        }
    }

    /// QGemm and QLinearMatMul: integers in, integers out.
    pub(super) fn dense_of_operator(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Vec<Value>> {
        let gemm = node.op == "QGemm";
        let Some(Value::Flow(flow)) = arguments.first().and_then(Option::as_ref) else {
            return Err("its first input is constant".to_owned());
        };
        if node.attributes.flag("transA") || node.attributes.float("alpha", 1.0) != 1.0 {
            return Err("transA and alpha are not supported here".to_owned());
        }
        let input = quantization_of(tensor(arguments, 1), tensor(arguments, 2))?;
        let base = self.commit_as(node, flow, input)?;
        let weights = matrix(tensor(arguments, 3).ok_or("its weights are not constant")?)?;
        let weights =
            two_dimensional(if gemm && node.attributes.flag("transB") { weights.reversed_axes() } else { weights })?
                .mapv(|v| v as i32);
        let outputs = weights.ncols();
        let scales = per_output(tensor(arguments, 4), outputs, "scale")?;
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
            return Err("its input is not quantized".to_owned());
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
        weights: Array2<i32>,
        scale: &[f32],
        shape: Shape,
    ) -> Found<Flow> {
        let outputs = weights.ncols();
        let scales = match scale {
            [one] => vec![*one; outputs],
            list if list.len() == outputs => list.to_vec(),
            list => return Err(format!("it has {} scales for {outputs} outputs", list.len())),
        };
        let base = self.commit(node, input)?;
        let kernel = Kernel::Integer(IntegerKernel { weights, scales, zero_points: vec![0; outputs] });
        let base = self.push(node, base, Action::Dense { kernel, bias: Bias::Real(vec![0.0; outputs]) }, outputs);
        Ok(Self::fresh(base, shape, Kind::Real))
    }

    /// scikit-learn's linear models: one layer.
    pub(super) fn linear_model(&mut self, node: &Node, flow: &Flow) -> Found<Vec<Value>> {
        let attributes = &node.attributes;
        let inputs = flow.shape.features();
        let coefficients = attributes.floats("coefficients").ok_or("its coefficients are missing")?;
        if inputs == 0 || coefficients.is_empty() || !coefficients.len().is_multiple_of(inputs) {
            return Err(format!("it has {} coefficients for {inputs} features", coefficients.len()));
        }
        let outputs = coefficients.len() / inputs;
        let kernel = Array2::from_shape_fn((inputs, outputs), |(i, j)| coefficients[j * inputs + i]);
        let intercepts = attributes
            .floats("intercepts")
            .filter(|list| !list.is_empty())
            .map_or_else(|| vec![0.0; outputs], <[f32]>::to_vec);
        if intercepts.len() != outputs {
            return Err(format!("it has {} intercepts for {outputs} outputs", intercepts.len()));
        }
        let shape = product_shape(&flow.shape, (inputs, outputs))?;
        let base = self.commit(node, flow)?;
        let mut base = self.push(
            node,
            base,
            Action::Dense { kernel: Kernel::Real(kernel), bias: Bias::Real(intercepts) },
            outputs,
        );
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
            other => return Err(format!("post_transform {other:?} is not supported")),
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
        _ => Err(format!("its input has shape {:?}, expected a matrix", shape.dims)),
    }
}

/// A list of one number per output, from one number or a list.
fn per_output(constant: Option<&Tensor>, outputs: usize, what: &str) -> Found<Vec<f32>> {
    let Some(constant) = constant else { return Ok(vec![0.0; outputs]) };
    let values: Vec<f32> =
        constant.to_f32().ok_or_else(|| format!("its {what} is not a number"))?.into_iter().collect();
    match values.len() {
        1 => Ok(vec![values[0]; outputs]),
        len if len == outputs => Ok(values),
        len => Err(format!("its {what} has {len} elements, expected one or {outputs}")),
    }
}

/// Dequantized constant weights, back as integers with a scale per output; `None` where the scales are by input.
fn integer_kernel(constant: &QuantizedConstant, transpose: bool, alpha: f32) -> Option<Kernel> {
    let rank = constant.integers.shape().len();
    let integers = two_dimensional(matrix(&constant.integers).ok()?).ok()?.mapv(|v| v as i32);
    let integers = if transpose { integers.reversed_axes() } else { integers };
    let outputs = integers.ncols();
    // The axis of the outputs, counted in the matrix as it is in the file.
    let output_axis = usize::from(!transpose) + rank.saturating_sub(2);
    let spread = constant.scale.len() > 1;
    if spread && (constant.axis != output_axis || constant.scale.len() != outputs) {
        return None;
    }
    let list = |index: usize, len: usize| if len == 1 { 0 } else { index };
    let scales = (0..outputs).map(|j| constant.scale[list(j, constant.scale.len())] * alpha).collect();
    let zero_points = (0..outputs).map(|j| constant.zero_point[list(j, constant.zero_point.len())]).collect();
    Some(Kernel::Integer(IntegerKernel { weights: integers.as_standard_layout().into_owned(), scales, zero_points }))
}

/// What a DequantizeLinear of constants takes apart: kept beside its real value, so that a layer finds the integers.
pub(super) fn quantized_constant(node: &Node, inputs: &[Option<&Tensor>]) -> Option<QuantizedConstant> {
    let (integers, scale) = (inputs.first().copied()??, inputs.get(1).copied()??);
    if node.op != "DequantizeLinear"
        || node.attributes.int("block_size", 0) != 0
        || !matches!(integers.element_type(), ElementType::I8 | ElementType::U8 | ElementType::I32)
    {
        return None;
    }
    let zero = inputs
        .get(2)
        .copied()
        .flatten()
        .and_then(Tensor::to_i64)
        .map_or(vec![0], |array| array.iter().map(|&v| v as i32).collect());
    let axis = node.attributes.int("axis", 1);
    let rank = integers.shape().len() as i64;
    let axis = usize::try_from(if axis < 0 { axis + rank } else { axis }).ok()?;
    Some(QuantizedConstant {
        integers: integers.clone(),
        scale: scale.to_f32()?.into_iter().collect(),
        zero_point: zero,
        axis,
    })
}

impl QuantizedConstant {
    /// The same after a Transpose or an Identity of the real values.
    pub(super) fn after(&self, node: &Node) -> Option<Self> {
        match (node.op.as_str(), &self.integers) {
            ("Identity", _) => Some(self.clone()),
            ("Transpose", integers) if integers.shape().len() == 2 => {
                let integers = integers.at(integers.places().t());
                Some(Self { integers, axis: 1 - self.axis.min(1), ..self.clone() })
            }
            _ => None,
        }
    }
}
