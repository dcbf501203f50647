//! The walk through the graph: what each node makes of the values before it.

use super::chain::{Action, FileQuantization, Step};
use super::dense::{QuantizedConstant, quantized_constant};
use super::expression::{Affine, Expression};
use super::value::{Dynamic, Flow, Kind, Shape, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::onnx::graph::{Graph, Node};
use crate::onnx::operators;
use crate::onnx::proto::data_type;
use crate::onnx::tensor::Tensor;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The number of samples that is assumed where the file leaves it open: a prime that is no size of anything, so that it can be
/// found again in a shape that the graph computes.
const SAMPLES: usize = 15_485_863;

/// More operators between two layers than any activation function has.
const MAX_OPERATORS: usize = 500;

/// What a node says when it cannot be part of the chain.
pub(super) type Step1<T> = std::result::Result<T, String>;

/// The state of the walk.
pub(super) struct Walk {
    /// The steps found so far.
    pub(super) steps: Vec<Step>,
    /// What the names stand for.
    pub(super) values: HashMap<String, Value>,
    /// The integers behind dequantized constants.
    pub(super) quantized: HashMap<String, QuantizedConstant>,
    /// Names of classes met on the way.
    pub(super) class_names: Vec<String>,
    /// The number of samples that shapes are computed with.
    pub(super) samples: usize,
    /// Whether the file's input holds unsigned bytes.
    pub(super) pixels: bool,
    /// The shape of one sample.
    pub(super) input_shape: Vec<usize>,
}

impl Walk {
    /// Walks through the whole graph.
    /// # Errors
    /// The first node that is no part of a multilayer perceptron, by name.
    pub(super) fn through(graph: &Graph) -> Result<Self> {
        let mut walk = Self::start(graph)?;
        for (name, tensor) in &graph.constants {
            walk.values.insert(name.clone(), Value::Constant(Arc::clone(tensor)));
        }
        for node in &graph.nodes {
            let arguments: Vec<Option<Value>> = node.inputs.iter().map(|name| walk.values.get(name).cloned()).collect();
            walk.keep_integers(node, &arguments);
            let results =
                walk.node(node, &arguments).map_err(|message| Error::new(ErrorKind::Model, node.place(), message))?;
            for (name, value) in node.outputs.iter().zip(results) {
                if !name.is_empty() {
                    walk.values.insert(name.clone(), value);
                }
            }
        }
        Ok(walk)
    }

    fn start(graph: &Graph) -> Result<Self> {
        let bad = |message: String| Error::new(ErrorKind::Model, "graph", message);
        let [input] = graph.inputs.as_slice() else {
            let names: Vec<_> = graph.inputs.iter().map(|input| format!("\"{}\"", input.name)).collect();
            return Err(bad(format!(
                "it has {} inputs ({}), expected one; join the features into one input before exporting",
                names.len(),
                names.join(", ")
            )));
        };
        let place = format!("input \"{}\"", input.name);
        let Some(dims) = &input.shape else {
            return Err(bad(format!("{place} has no known shape; export the model with one")));
        };
        // The first axis counts samples, unless there is only one axis and its size is fixed.
        let batch = match dims.as_slice() {
            [] => return Err(bad(format!("{place} is a single number, expected a sample of features"))),
            [Some(_)] => None,
            _ => Some(0),
        };
        let samples = batch.map_or(Some(1), |axis| dims[axis]).unwrap_or(SAMPLES);
        let mut shape = Vec::with_capacity(dims.len());
        for (axis, dim) in dims.iter().enumerate() {
            shape.push(match dim {
                Some(dim) => *dim,
                None if Some(axis) == batch => samples,
                None => features_from_weights(graph).ok_or_else(|| {
                    bad(format!(
                        "{place}: the size of its axis {axis} is open; export the model with a fixed number of features"
                    ))
                })?,
            });
        }
        let shape = Shape { dims: shape, batch };
        let features = shape.features();
        if features == 0 || features > 1 << 24 {
            return Err(bad(format!("{place} has {features} features")));
        }
        let integer = matches!(input.element_type, data_type::INT8 | data_type::UINT8);
        let step = Step { parent: 0, place, name: input.name.clone(), action: Action::Input, features };
        let flow = Flow {
            base: 0,
            expression: Rc::new(Expression::X),
            shape: shape.clone(),
            kind: if integer { Kind::Integer } else { Kind::Real },
            binary: false,
            size: 0,
        };
        let input_shape =
            shape.dims.iter().enumerate().filter(|&(axis, _)| Some(axis) != batch).map(|(_, &dim)| dim).collect();
        Ok(Self {
            steps: vec![step],
            values: HashMap::from([(input.name.clone(), Value::Flow(flow))]),
            quantized: HashMap::new(),
            class_names: Vec::new(),
            samples,
            pixels: input.element_type == data_type::UINT8,
            input_shape,
        })
    }

    /// Remembers the integers behind constants that a node dequantizes or passes on.
    fn keep_integers(&mut self, node: &Node, arguments: &[Option<Value>]) {
        let constants: Option<Vec<_>> = arguments.iter().map(|value| constant_or_none(value.as_ref())).collect();
        let kept = constants
            .and_then(|constants| quantized_constant(node, &constants))
            .or_else(|| self.quantized.get(node.inputs.first()?)?.after(node));
        if let (Some(kept), Some(output)) = (kept, node.outputs.first()) {
            self.quantized.insert(output.clone(), kept);
        }
    }

    /// What a node gives.
    fn node(&mut self, node: &Node, arguments: &[Option<Value>]) -> Step1<Vec<Value>> {
        if let Some((name, _)) =
            node.inputs.iter().zip(arguments).find(|(name, value)| value.is_none() && !name.is_empty())
        {
            return Err(format!("its input \"{name}\" is not computed by anything"));
        }
        if let Some(constants) =
            arguments.iter().map(|value| constant_or_none(value.as_ref())).collect::<Option<Vec<_>>>()
        {
            let outputs = operators::evaluate(node, &constants).ok_or_else(|| unknown(node))??;
            return Ok(outputs.into_iter().map(|tensor| Value::Constant(Arc::new(tensor))).collect());
        }
        if let Some(source) = arguments
            .iter()
            .flatten()
            .find_map(|value| if let Value::Labels(flow) = value { Some(flow.clone()) } else { None })
        {
            self.learn_class_names(node, arguments);
            return Ok(vec![Value::Labels(source); node.outputs.len()]);
        }
        if arguments.iter().flatten().any(|value| matches!(value, Value::Dynamic(_))) {
            return self.dynamic(node, arguments);
        }
        self.flow(node, arguments)
    }

    /// Appends a step to `parent` and returns its number.
    pub(super) fn push(&mut self, node: &Node, parent: usize, action: Action, features: usize) -> usize {
        self.steps.push(Step { parent, place: node.place(), name: node.name.clone(), action, features });
        self.steps.len() - 1
    }

    /// The quantization that a step's integers have, if it gives integers.
    pub(super) fn quantization(&self, step: usize) -> Option<FileQuantization> {
        match self.steps[step].action {
            Action::Quantize(quantization) | Action::Table { quantization, .. } => Some(quantization),
            _ => None,
        }
    }

    /// A step that gives a flow's elements as they are: what a layer or a norm then takes.
    pub(super) fn commit(&mut self, node: &Node, flow: &Flow) -> Step1<usize> {
        if flow.binary {
            return Err("it comes after the two columns of a binary classifier; only labels may".to_owned());
        }
        let features = flow.shape.features();
        if features != self.steps[flow.base].features {
            return Err(format!(
                "it takes {features} of the {} values before it; all are needed",
                self.steps[flow.base].features
            ));
        }
        if self.quantization(flow.base).is_some() {
            return self.commit_integers(node, flow);
        }
        Ok(match &*flow.expression {
            Expression::X => flow.base,
            _ => self.push(node, flow.base, Action::Map(Rc::clone(&flow.expression)), features),
        })
    }

    /// As `commit`, of a flow from integers: it must be dequantized ones.
    fn commit_integers(&mut self, node: &Node, flow: &Flow) -> Step1<usize> {
        let Expression::Apply(dequantize, arguments) = &*flow.expression else {
            return Err("it takes integers without their scale; dequantize them first".to_owned());
        };
        if dequantize.op != "DequantizeLinear" {
            return Err(format!(
                "its input is computed in float ({}) between integer layers; quantize it again before this layer, or convert the float model with --calibrate",
                dequantize.op
            ));
        }
        let quantization = parameters(arguments)?;
        if matches!(*arguments[0], Expression::X) && self.quantization(flow.base) == Some(quantization) {
            return Ok(flow.base);
        }
        Ok(self.push(
            node,
            flow.base,
            Action::Table { expression: Rc::clone(&arguments[0]), quantization },
            flow.shape.features(),
        ))
    }

    /// A flow that is a new step's result as it is.
    pub(super) fn fresh(base: usize, shape: Shape, kind: Kind) -> Flow {
        Flow { base, expression: Rc::new(Expression::X), shape, kind, binary: false, size: 0 }
    }

    /// Reads class names off the nodes that make labels.
    fn learn_class_names(&mut self, node: &Node, arguments: &[Option<Value>]) {
        if !matches!(node.op.as_str(), "ArrayFeatureExtractor" | "Gather" | "LabelEncoder" | "ZipMap") {
            return;
        }
        let from_attributes = || {
            let attributes = &node.attributes;
            let texts = ["classlabels_strings", "values_strings"]
                .iter()
                .find_map(|key| attributes.texts(key))
                .map(<[String]>::to_vec);
            let ints = ["classlabels_int64s", "values_int64s"].iter().find_map(|key| attributes.ints(key));
            texts
                .filter(|list| !list.is_empty())
                .or_else(|| ints.map(|list| list.iter().map(ToString::to_string).collect()))
        };
        let from_constants = || {
            arguments.iter().flatten().find_map(|value| match value {
                Value::Constant(tensor) if tensor.len() > 1 => Some(names(tensor)),
                _ => None,
            })
        };
        if self.class_names.is_empty() {
            self.class_names = from_attributes().or_else(from_constants).unwrap_or_default();
        }
    }

    /// The labels of a ZipMap or a linear classifier.
    pub(super) fn learn_class_labels(&mut self, node: &Node) {
        let texts =
            node.attributes.texts("classlabels_strings").filter(|list| !list.is_empty()).map(<[String]>::to_vec);
        let ints = ["classlabels_int64s", "classlabels_ints"].iter().find_map(|key| node.attributes.ints(key));
        if let Some(labels) = texts.or_else(|| ints.map(|list| list.iter().map(ToString::to_string).collect())) {
            self.class_names = labels;
        }
    }

    /// The parts of a dynamic quantization, put together again to one layer.
    fn dynamic(&mut self, node: &Node, arguments: &[Option<Value>]) -> Step1<Vec<Value>> {
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
                let product = super::dense::integer_weights(weights, constant(3).map(|zero| &**zero))?;
                let shape = super::dense::product_shape(&input.shape, product.dim())?;
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

    /// Elementwise functions of flows and constants, with the shapes' broadcasting.
    pub(super) fn elementwise(node: &Node, arguments: &[Option<Value>]) -> Step1<Value> {
        let flows: Vec<&Flow> = arguments
            .iter()
            .flatten()
            .filter_map(|value| if let Value::Flow(flow) = value { Some(flow) } else { None })
            .collect();
        let first = flows[0].clone();
        if flows.iter().any(|flow| flow.base != first.base || flow.shape.features() != first.shape.features()) {
            return Err("it joins two branches of the network; only a single chain of layers is an MLP".to_owned());
        }
        if first.binary {
            return Ok(Value::Labels(first));
        }
        // A function that uses its own results twice, again and again, doubles with every operator.
        let size = flows.iter().fold(1_usize, |sum, flow| sum.saturating_add(flow.size));
        if size > MAX_OPERATORS {
            return Err(format!(
                "its function has more than {MAX_OPERATORS} operators; no activation function has so many"
            ));
        }
        let mut operands = Vec::with_capacity(arguments.len());
        for argument in arguments.iter().flatten() {
            operands.push(match argument {
                Value::Flow(flow) => Rc::clone(&flow.expression),
                Value::Constant(tensor) => Rc::new(Expression::Constant(per_feature(node, tensor, &first.shape)?)),
                _ => return Err("it computes with labels".to_owned()),
            });
        }
        let kind = match node.op.as_str() {
            "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Equal" | "Not" | "And" | "Or" => Kind::Truth,
            "QuantizeLinear" => Kind::Integer,
            "DequantizeLinear" => Kind::Real,
            "Where" => flows.last().map_or(Kind::Real, |flow| flow.kind),
            _ => first.kind,
        };
        let expression = if kind == Kind::Real && first.kind == Kind::Real { line(node, &operands) } else { None };
        let expression = expression.unwrap_or_else(|| Rc::new(Expression::Apply(Rc::new(node.clone()), operands)));
        Ok(Value::Flow(Flow { expression, kind, size, ..first }))
    }
}

/// A constant, or nothing where an input is left out: what an operator may be evaluated with.
#[expect(clippy::option_option, reason = "the outer says whether all is known, the inner whether the input is there")]
fn constant_or_none(value: Option<&Value>) -> Option<Option<&Tensor>> {
    match value {
        None => Some(None),
        Some(Value::Constant(tensor)) => Some(Some(tensor)),
        Some(_) => None,
    }
}

/// What to say of an operator that no chain of layers has.
pub(super) fn unknown(node: &Node) -> String {
    let advice = match node.op.as_str() {
        "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool" | "GlobalAveragePool" => {
            "only fully connected layers run on the chip; flatten the input and use dense layers"
        }
        "LSTM" | "GRU" | "RNN" => {
            "only fully connected layers run on the chip; give it a window of samples as features"
        }
        "LayerNormalization" | "InstanceNormalization" => "use batch normalization, which folds into the layers",
        "TreeEnsembleClassifier" | "TreeEnsembleRegressor" | "SVMClassifier" | "SVMRegressor" => {
            "train a network instead, for instance scikit-learn's MLPClassifier"
        }
        "If" | "Loop" | "Scan" => "export the model without control flow",
        _ => "an MLP is a chain of Gemm or MatMul, elementwise functions, BatchNormalization and reshapes",
    };
    format!("is not part of an MLP: {advice}")
}

/// The names in a constant.
pub(super) fn names(tensor: &Tensor) -> Vec<String> {
    crate::onnx::tensor::each!(tensor, array => array.iter().map(ToString::to_string).collect())
}

/// A constant operand, flattened: one element, or one per feature.
fn per_feature(node: &Node, tensor: &Tensor, shape: &Shape) -> Step1<Tensor> {
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
        _ => return Err(format!("a constant of shape {:?} does not fit values of shape {single:?}", tensor.shape())),
    };
    let flat = crate::onnx::tensor::map_each!(tensor, array => match array.broadcast(ndarray::IxDyn(&wide)) {
        Some(view) => view.to_owned(),
        None => array.clone(),
    });
    flat.reshaped(&[shape.features()])
        .ok_or_else(|| format!("a constant of shape {:?} does not fit values of shape {single:?}", tensor.shape()))
}

/// Sums and products with constants as an affine function.
fn line(node: &Node, operands: &[Rc<Expression>]) -> Option<Rc<Expression>> {
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
pub(super) fn parameters(arguments: &[Rc<Expression>]) -> Step1<FileQuantization> {
    let constant = |index: usize| match arguments.get(index).map(|argument| &**argument) {
        Some(Expression::Constant(tensor)) => Some(tensor),
        _ => None,
    };
    quantization_of(constant(1), constant(2))
}

/// The quantization of a scale and a zero point (uint8 zero where it is left out).
pub(super) fn quantization_of(scale: Option<&Tensor>, zero_point: Option<&Tensor>) -> Step1<FileQuantization> {
    let one =
        |tensor: &Tensor| tensor.to_f64().filter(|array| array.len() == 1).and_then(|array| array.first().copied());
    let scale = scale.and_then(one).ok_or("the scale of an activation is not one constant number")? as f32;
    let (zero, unsigned) = match zero_point {
        None => (0.0, true),
        Some(tensor @ (Tensor::I8(_) | Tensor::U8(_))) => {
            (one(tensor).ok_or("the zero point of an activation is not one number")?, matches!(tensor, Tensor::U8(_)))
        }
        Some(other) => {
            return Err(format!("activations of {} are not supported: quantize to int8 or uint8", other.type_name()));
        }
    };
    if !(scale.is_normal() && scale > 0.0) {
        return Err(format!("the scale {scale} of an activation is not a positive number"));
    }
    Ok(FileQuantization { scale, zero_point: zero as i32, unsigned })
}

/// The number of features, from the rows of the first weight matrix, where the input leaves it open.
fn features_from_weights(graph: &Graph) -> Option<usize> {
    graph.nodes.iter().find_map(|node| {
        let weights = graph.constants.get(node.inputs.get(1)?)?;
        let [rows, columns] = *weights.shape() else { return None };
        match node.op.as_str() {
            "MatMul" => Some(rows),
            "Gemm" => Some(if node.attributes.flag("transB") { columns } else { rows }),
            _ => None,
        }
    })
}
