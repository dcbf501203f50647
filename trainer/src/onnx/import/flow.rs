//! What each operator does to a flow.

use super::chain::Action;
use super::effort::Effort;
use super::expression::{Affine, Expression};
use super::operand::quantization_of;
use super::refusal::no_mlp;
use super::value::{Dynamic, Flow, Kind, Shape, Value};
use super::walk::{Found, Walk, unknown};
use crate::nn::UnitNorm;
use crate::onnx::graph::Node;
use crate::onnx::operators;
use crate::onnx::tensor::{ElementType, Tensor};
use ndarray::{ArrayD, IxDyn};
use std::rc::Rc;
use std::sync::Arc;

impl Walk {
    /// What a node makes of flows (and constants).
    pub(super) fn flow(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Vec<Value>> {
        let first = match arguments.first().and_then(Option::as_ref) {
            Some(Value::Flow(flow)) => Some(flow.clone()),
            _ => None,
        };
        let domain = node.domain.as_str();
        let Some(flow) = first else { return self.second_is_flow(node, arguments) };
        let one = |flow: Flow| Ok(vec![Value::Flow(flow)]);
        match (domain, node.op.as_str()) {
            ("", "MatMul" | "Gemm") => self.dense(node, arguments).map(|flow| vec![Value::Flow(flow)]),
            ("", "QLinearMatMul") | ("com.microsoft", "QGemm") => self.dense_of_operator(node, arguments),
            ("", "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze") => one(self.reshape(node, arguments, &flow)?),
            ("", "Transpose") => one(self.transpose(node, &flow)?),
            ("", "Slice") => one(self.crop(node, arguments, &flow)?),
            ("", "AveragePool") => one(self.average_pool(node, &flow)?),
            ("", "Shape") => {
                let dims: Vec<i64> = flow.shape.dims.iter().map(|&dim| dim as i64).collect();
                let shape = operators::evaluate(&constant_shape(node), &[Some(&dims.into())]).ok_or("no shape")??;
                Ok(shape.into_iter().map(|tensor| Value::Constant(Arc::new(tensor).into())).collect())
            }
            ("", "Concat") => self.concat(node, arguments),
            ("", "Gather") | ("ai.onnx.ml", "ArrayFeatureExtractor") => self.pick(node, arguments, &flow),
            ("", "Softmax" | "LogSoftmax") => one(self.softmax(node, &flow)?),
            ("", "ArgMax") | ("ai.onnx.ml", "Binarizer") => Ok(vec![Value::Labels(flow)]),
            ("", "BatchNormalization") => one(Self::batch_normalization(node, arguments, &flow)?),
            ("", "LpNormalization") | ("ai.onnx.ml", "Normalizer") => one(self.unit_norm(node, &flow)?),
            ("com.microsoft", "QLinearSoftmax") => {
                let input = quantization_of(tensor(arguments, 1), tensor(arguments, 2))?;
                let features = flow.shape.features();
                let base = self.commit_as(node, &flow, input)?;
                let base = self.push(node, base, Action::Softmax { logarithm: false }, features);
                one(Self::fresh(base, flow.shape.clone(), Kind::Integer))
            }
            ("ai.onnx.ml", "Scaler") => one(Self::scaler(node, &flow)?),
            ("ai.onnx.ml", "LinearRegressor" | "LinearClassifier") => self.linear_model(node, &flow),
            ("ai.onnx.ml", "ZipMap") => {
                self.learn_class_labels(node);
                one(flow)
            }
            ("", "Cast" | "CastLike") => one(Self::cast(node, flow)),
            ("", "Dropout") => {
                let mask = Value::Labels(flow.clone());
                Ok(vec![Value::Flow(flow), mask])
            }
            ("" | "com.microsoft", "QuantizeLinear") => one(self.quantize(node, arguments, &flow)?),
            ("" | "com.microsoft", "DequantizeLinear")
                if flow.base == 0 && matches!(*flow.expression, Expression::X) =>
            {
                // A network whose input is quantized already.
                let quantization = quantization_of(tensor(arguments, 1), tensor(arguments, 2))?;
                let base = self.push(node, 0, Action::Quantize(quantization), flow.shape.features());
                let integers = Value::Flow(Self::fresh(base, flow.shape.clone(), Kind::Integer));
                let mut arguments = arguments.to_vec();
                arguments[0] = Some(integers);
                Ok(vec![self.elementwise(node, &arguments)?])
            }
            ("", "DynamicQuantizeLinear") => Ok(vec![
                Value::Dynamic(Dynamic::Integers(flow)),
                Value::Dynamic(Dynamic::Scale(vec![1.0])),
                Value::Dynamic(Dynamic::ZeroPoint),
            ]),
            _ if is_elementwise(node) => Ok(vec![self.elementwise(node, arguments)?]),
            _ => Err(unknown(node)),
        }
    }

    /// Operators whose first operand is a constant.
    fn second_is_flow(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Vec<Value>> {
        match (node.domain.as_str(), node.op.as_str()) {
            ("", "MatMul" | "Gemm") => self.dense(node, arguments).map(|flow| vec![Value::Flow(flow)]),
            ("", "Concat") => self.concat(node, arguments),
            _ if is_elementwise(node) || node.op == "Gather" => Ok(vec![self.elementwise(node, arguments)?]),
            _ => Err(unknown(node)),
        }
    }

    /// Reshape, Flatten, Squeeze, Unsqueeze: carried out on the assumed shape alone.
    fn reshape(&self, node: &Node, arguments: &[Option<Value>], flow: &Flow) -> Found<Flow> {
        let constants: Vec<Option<&Tensor>> = (1..arguments.len()).map(|index| tensor(arguments, index)).collect();
        let dims = operators::shape_after(node, &flow.shape.dims, &constants)?;
        // scikit-learn's exporter flattens a regressor's targets into one column; the numbers and their order stay.
        let features = flow.shape.features();
        if dims.first() == Some(&(self.samples * features)) && dims.iter().skip(1).all(|&dim| dim == 1) && features > 1
        {
            return Ok(flow.clone());
        }
        let shape = flow.shape.reshaped(dims, self.samples)?;
        Ok(Flow { shape, ..flow.clone() })
    }

    fn transpose(&mut self, node: &Node, flow: &Flow) -> Found<Flow> {
        let order = operators::permutation(node.attributes.ints("perm"), flow.shape.dims.len())?;
        let dims: Vec<usize> = order.iter().map(|&axis| flow.shape.dims[axis]).collect();
        let shape =
            Shape { dims, batch: flow.shape.batch.and_then(|batch| order.iter().position(|&axis| axis == batch)) };
        self.effort.make(flow.shape.features())?;
        let single = flow.shape.single();
        let numbers: Vec<usize> = (0..flow.shape.features()).collect();
        let numbers = ArrayD::from_shape_vec(IxDyn(&single), numbers).map_err(|error| error.to_string())?;
        let moved: Vec<usize> = numbers.permuted_axes(IxDyn(&order)).iter().copied().collect();
        if moved.is_sorted() {
            return Ok(Flow { shape, ..flow.clone() });
        }
        let base = self.commit(node, flow)?;
        let features = shape.features();
        let base = self.push(node, base, Action::Permute(moved), features);
        Ok(Self::fresh(base, shape, flow.kind))
    }

    /// Only `[1 - p, p]`, the two columns of a binary classifier, may be joined.
    fn concat(&self, node: &Node, arguments: &[Option<Value>]) -> Found<Vec<Value>> {
        let flows: Vec<&Flow> = arguments
            .iter()
            .flatten()
            .filter_map(|value| if let Value::Flow(flow) = value { Some(flow) } else { None })
            .collect();
        let last_axis = node.attributes.int("axis", 1);
        if let ([only], 1) = (flows.as_slice(), arguments.len()) {
            return Ok(vec![Value::Flow((*only).clone())]);
        }
        if let ([first, second], 2) = (flows.as_slice(), arguments.len()) {
            let pair = first.base == second.base && first.shape.features() == 1 && second.shape.features() == 1;
            let rank = first.shape.dims.len() as i64;
            if pair && (last_axis == rank - 1 || last_axis == -1) && complementary(first, second, &self.effort)? {
                let mut dims = second.shape.dims.clone();
                if let Some(last) = dims.last_mut() {
                    *last = 2;
                }
                return Ok(vec![Value::Flow(Flow {
                    shape: Shape { dims, batch: second.shape.batch },
                    binary: true,
                    ..(*second).clone()
                })]);
            }
        }
        Err(no_mlp(
            "it joins branches of the network; only a single chain of layers is an MLP, so train it without them",
        ))
    }

    /// Columns of a result: the second of a binary classifier's, or labels.
    fn pick(&mut self, node: &Node, arguments: &[Option<Value>], flow: &Flow) -> Found<Vec<Value>> {
        if flow.kind == Kind::Integer || flow.binary {
            return Ok(vec![Value::Labels(flow.clone())]);
        }
        let indices = tensor(arguments, 1)
            .and_then(Tensor::to_i64)
            .ok_or("its indices are not constant; choose features by constant ones")?;
        let features = flow.shape.features() as i64;
        let all = indices.iter().copied().eq(0..features);
        let axis = node.attributes.int("axis", if node.op == "Gather" { 0 } else { -1 });
        let rank = flow.shape.dims.len() as i64;
        let whole = (axis == -1 || axis == rank - 1) && flow.shape.dims.last().copied() == Some(features as usize);
        if whole && all {
            return Ok(vec![Value::Flow(flow.clone())]);
        }
        if whole
            && indices.len() as i64 <= features
            && indices.iter().all(|&index| index >= 0 && index < features)
            && flow.base == 0
        {
            return self.choose(node, flow, &indices.iter().map(|&index| index as usize).collect::<Vec<_>>());
        }
        Err(no_mlp(&format!(
            "it takes {} of {features} values; choose features of the input, or let the next layer take all",
            indices.len()
        )))
    }

    /// Some of the input's features, in any order: columns that a pipeline selects.
    fn choose(&mut self, node: &Node, flow: &Flow, columns: &[usize]) -> Found<Vec<Value>> {
        let base = self.commit(node, flow)?;
        let base = self.push(node, base, Action::Permute(columns.to_vec()), columns.len());
        let mut dims = flow.shape.dims.clone();
        if let Some(last) = dims.last_mut() {
            *last = columns.len();
        }
        Ok(vec![Value::Flow(Self::fresh(base, Shape { dims, batch: flow.shape.batch }, flow.kind))])
    }

    fn softmax(&mut self, node: &Node, flow: &Flow) -> Found<Flow> {
        let rank = flow.shape.dims.len() as i64;
        let features = flow.shape.features();
        let axis = node.attributes.int("axis", if node.version < 13 { 1 } else { -1 });
        let axis = if axis < 0 { axis + rank } else { axis };
        let span = if node.version < 13 {
            flow.shape.dims.iter().skip(axis.max(0) as usize).product()
        } else {
            flow.shape.dims.get(axis.max(0) as usize).copied().unwrap_or(0)
        };
        if span != features {
            return Err(format!(
                "it normalizes {span} of {features} values along axis {axis}; it must take all of a sample's, so flatten it first"
            ));
        }
        if self.quantization(flow.base).is_some() && flow.kind != Kind::Real {
            return Err("it takes integers; dequantize them first".to_owned());
        }
        let base = self.commit(node, flow)?;
        let base = self.push(node, base, Action::Softmax { logarithm: node.op == "LogSoftmax" }, features);
        Ok(Self::fresh(base, flow.shape.clone(), Kind::Real))
    }

    fn unit_norm(&mut self, node: &Node, flow: &Flow) -> Found<Flow> {
        let norm = match (node.op.as_str(), node.attributes.text("norm", "MAX"), node.attributes.int("p", 2)) {
            ("LpNormalization", _, 1) | ("Normalizer", "L1", _) => UnitNorm::L1,
            ("LpNormalization", _, _) | ("Normalizer", "L2", _) => UnitNorm::L2,
            _ => UnitNorm::Max,
        };
        // Probabilities have an L1 norm of 1 already.
        let softmax = matches!(self.steps[flow.base].action, Action::Softmax { logarithm: false });
        if norm == UnitNorm::L1 && (flow.binary || (softmax && matches!(*flow.expression, Expression::X))) {
            return Ok(flow.clone());
        }
        let axis = if node.op == "Normalizer" { -1 } else { node.attributes.int("axis", -1) };
        let last = flow.shape.dims.len() as i64 - 1;
        if (axis != -1 && axis != last) || flow.shape.dims.last().copied() != Some(flow.shape.features()) {
            return Err("it does not take the norm of a whole sample; take that, along the last axis of a flat input"
                .to_owned());
        }
        let base = self.commit(node, flow)?;
        let base = self.push(node, base, Action::UnitNorm(norm), flow.shape.features());
        Ok(Self::fresh(base, flow.shape.clone(), Kind::Real))
    }

    /// `(x - mean) / sqrt(variance + epsilon) * scale + bias`, as an affine function of each feature.
    fn batch_normalization(node: &Node, arguments: &[Option<Value>], flow: &Flow) -> Found<Flow> {
        if node.attributes.flag("training_mode") {
            return Err("it is in training mode; export the model for inference".to_owned());
        }
        let dims = &flow.shape.dims;
        let channels = dims.get(1).copied().unwrap_or(1);
        if flow.shape.features() != channels {
            return Err(format!(
                "it normalizes {channels} channels of {} values each; flatten the sample first, so that a channel is one value",
                flow.shape.features()
            ));
        }
        let list = |index: usize| -> Found<Vec<f64>> {
            let values: Vec<f64> = tensor(arguments, index)
                .and_then(Tensor::to_f64)
                .ok_or("its parameters are not constant; export the model for inference")?
                .into_iter()
                .collect();
            if values.len() == channels {
                Ok(values)
            } else {
                Err(format!("input {index} has {} elements, expected {channels}", values.len()))
            }
        };
        let (scale, bias, mean, variance) = (list(1)?, list(2)?, list(3)?, list(4)?);
        let epsilon = f64::from(node.attributes.float("epsilon", 1e-5));
        let factor = scale.iter().zip(&variance).map(|(scale, variance)| scale / (variance + epsilon).sqrt()).collect();
        let affine = Affine { offset: mean, scale: factor, bias };
        Ok(Flow { expression: Expression::affine(affine, &flow.expression), ..flow.clone() })
    }

    fn scaler(node: &Node, flow: &Flow) -> Found<Flow> {
        let features = flow.shape.features();
        let list = |name: &str, default: f32| -> Found<Vec<f64>> {
            let values = node.attributes.floats(name).unwrap_or(std::slice::from_ref(&default));
            if values.len() != 1 && values.len() != features {
                return Err(format!("its {name} has {} elements, expected {features}", values.len()));
            }
            Ok(values.iter().map(|&v| f64::from(v)).collect())
        };
        let affine = Affine { offset: list("offset", 0.0)?, scale: list("scale", 1.0)?, bias: vec![0.0] };
        Ok(Flow { expression: Expression::affine(affine, &flow.expression), ..flow.clone() })
    }

    /// Casts between real types change nothing here; a real result cast to integers is labels.
    fn cast(node: &Node, flow: Flow) -> Flow {
        use crate::onnx::proto::data_type as t;
        let to = node.attributes.int("to", i64::from(t::FLOAT)) as i32;
        let real = matches!(to, t::FLOAT | t::DOUBLE | t::FLOAT16 | t::BFLOAT16);
        match (flow.kind, real) {
            (Kind::Real, true) => flow,
            // The input's own integers as real numbers.
            (Kind::Integer, true) if flow.base == 0 => Flow { kind: Kind::Real, ..flow },
            (_, real) => {
                let kind = if real { Kind::Real } else { Kind::Integer };
                let expression = Rc::new(Expression::Apply(Rc::new(node.clone()), vec![Rc::clone(&flow.expression)]));
                Flow { expression, kind, ..flow }
            }
        }
    }

    /// From real numbers to integers. What comes from integers already stays a function of them.
    fn quantize(&mut self, node: &Node, arguments: &[Option<Value>], flow: &Flow) -> Found<Flow> {
        let quantization = quantization_of(tensor(arguments, 1), tensor(arguments, 2))?;
        if self.quantization(flow.base).is_some() {
            return match self.elementwise(node, arguments)? {
                Value::Flow(flow) if quantization.passes(&flow.expression, &self.effort) => {
                    Ok(Flow { expression: Rc::new(Expression::X), ..flow })
                }
                Value::Flow(flow) => Ok(flow),
                _ => Err("it quantizes labels; export the model up to the probabilities".to_owned()),
            };
        }
        let base = self.commit(node, flow)?;
        let base = self.push(node, base, Action::Quantize(quantization), flow.shape.features());
        Ok(Self::fresh(base, flow.shape.clone(), Kind::Integer))
    }
}

/// A constant operand.
pub(super) fn tensor(arguments: &[Option<Value>], index: usize) -> Option<&Tensor> {
    match arguments.get(index).and_then(Option::as_ref) {
        Some(Value::Constant(constant)) => Some(constant.tensor()),
        _ => None,
    }
}

/// A node that gives the part of its first input's elements that a Shape node gives of a shape.
fn constant_shape(node: &Node) -> Node {
    let mut slice = Node { op: "Slice".to_owned(), version: 1, ..node.clone() };
    slice.attributes.insert("starts".to_owned(), crate::onnx::Value::Ints(vec![node.attributes.int("start", 0)]));
    slice.attributes.insert("ends".to_owned(), crate::onnx::Value::Ints(vec![node.attributes.int("end", i64::MAX)]));
    slice
}

/// Whether two functions add up to 1 (as probabilities) or to 0 (as scores).
fn complementary(first: &Flow, second: &Flow, effort: &Effort) -> Found<bool> {
    let points: Vec<f64> = (-16..=16).map(|k| f64::from(k) * 0.37).collect();
    let column = ArrayD::from_shape_vec(IxDyn(&[points.len(), 1]), points).map_err(|error| error.to_string())?;
    let column = Tensor::of_type(column, ElementType::F64);
    let values = |flow: &Flow| {
        flow.expression
            .evaluate(&column, effort)?
            .to_f64()
            .ok_or_else(|| "it joins texts; export the model up to the probabilities".to_owned())
    };
    let sum = values(first)? + values(second)?;
    Ok(sum.iter().all(|v| (v - 1.0).abs() < 1e-5) || sum.iter().all(|v| v.abs() < 1e-5))
}

/// Whether an operator is a function of each element alone (its parameters being constant).
fn is_elementwise(node: &Node) -> bool {
    match node.domain.as_str() {
        "" => matches!(
            node.op.as_str(),
            "Add"
                | "Sub"
                | "Mul"
                | "Div"
                | "Pow"
                | "Sum"
                | "Min"
                | "Max"
                | "Neg"
                | "Abs"
                | "Sqrt"
                | "Exp"
                | "Log"
                | "Erf"
                | "Reciprocal"
                | "Floor"
                | "Ceil"
                | "Round"
                | "Sign"
                | "Greater"
                | "GreaterOrEqual"
                | "Less"
                | "LessOrEqual"
                | "Equal"
                | "Not"
                | "And"
                | "Or"
                | "Where"
                | "Relu"
                | "LeakyRelu"
                | "PRelu"
                | "Elu"
                | "Selu"
                | "Celu"
                | "Gelu"
                | "Sigmoid"
                | "HardSigmoid"
                | "HardSwish"
                | "Swish"
                | "Mish"
                | "Tanh"
                | "Softplus"
                | "Softsign"
                | "ThresholdedRelu"
                | "Clip"
                | "Identity"
                | "QuantizeLinear"
                | "DequantizeLinear"
        ),
        "com.microsoft" => matches!(
            node.op.as_str(),
            "QLinearAdd" | "QLinearSigmoid" | "QLinearLeakyRelu" | "QuantizeLinear" | "DequantizeLinear"
        ),
        _ => false,
    }
}
