//! The walk through the graph: what each node makes of the values before it.

use super::chain::{Action, FileQuantization, Step};
use super::constant::Constant;
use super::effort::Effort;
use super::expression::Expression;
use super::operand::{line, parameters, per_feature};
use super::refusal::{no_mlp, refused};
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
pub(super) type Found<T> = std::result::Result<T, String>;

/// The state of the walk.
pub(super) struct Walk {
    /// The steps found so far.
    pub(super) steps: Vec<Step>,
    /// What the names stand for.
    pub(super) values: HashMap<String, Value>,
    /// Names of classes met on the way.
    pub(super) class_names: Vec<String>,
    /// The number of samples that shapes are computed with.
    pub(super) samples: usize,
    /// Whether the file's input holds unsigned bytes.
    pub(super) pixels: bool,
    /// The shape of one sample.
    pub(super) input_shape: Vec<usize>,
    /// What the import may still cost.
    pub(super) effort: Effort,
}

impl Walk {
    /// Walks through the whole graph.
    /// # Errors
    /// The first node that is no part of a multilayer perceptron, by name.
    pub(super) fn through(graph: &Graph) -> Result<Self> {
        let mut walk = Self::start(graph)?;
        for (name, tensor) in &graph.constants {
            walk.values.insert(name.clone(), Value::Constant(Arc::clone(tensor).into()));
        }
        for node in &graph.nodes {
            let arguments: Vec<Option<Value>> = node.inputs.iter().map(|name| walk.values.get(name).cloned()).collect();
            let results =
                walk.node(node, &arguments).map_err(|message| refused(&node.place(), &shapes(&arguments), &message))?;
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
        // Without any shape it is taken for samples x features.
        let dims = input.shape.as_deref().unwrap_or(&[None, None]);
        // The first axis counts samples, unless there is only one axis and its size is fixed.
        let batch = match dims {
            [] => {
                return Err(bad(format!(
                    "{place} is a single number; export the model with samples of features as input"
                )));
            }
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
            return Err(bad(format!(
                "{place} has {features} features; export the model with those of one sample, at most 16777216"
            )));
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
            class_names: Vec::new(),
            samples,
            pixels: input.element_type == data_type::UINT8,
            input_shape,
            effort: Effort::of(graph),
        })
    }

    /// What a node gives.
    fn node(&mut self, node: &Node, arguments: &[Option<Value>]) -> Found<Vec<Value>> {
        if let Some((name, _)) =
            node.inputs.iter().zip(arguments).find(|(name, value)| value.is_none() && !name.is_empty())
        {
            return Err(format!(
                "its input \"{name}\" is not computed by anything; the file is damaged, export it again"
            ));
        }
        if let Some(constants) =
            arguments.iter().map(|value| constant_or_none(value.as_ref())).collect::<Option<Vec<_>>>()
        {
            if let Some(constant) = Constant::of_node(node, &constants, &self.effort)? {
                return Ok(vec![Value::Constant(constant)]);
            }
            let tensors: Vec<_> =
                constants.iter().map(|constant| constant.map(|constant| &**constant.tensor())).collect();
            let outputs = operators::evaluate(node, &tensors).ok_or_else(|| unknown(node))??;
            self.effort.make(outputs.iter().map(Tensor::len).sum())?;
            return Ok(outputs.into_iter().map(|tensor| Value::Constant(Arc::new(tensor).into())).collect());
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
            Action::Pool(_) => self.quantization(self.steps[step].parent),
            _ => None,
        }
    }

    /// A step that gives a flow's elements as they are: what a layer or a norm then takes.
    pub(super) fn commit(&mut self, node: &Node, flow: &Flow) -> Found<usize> {
        if flow.binary {
            return Err("it comes after the two columns of a binary classifier, where only labels may; take the probabilities as the output".to_owned());
        }
        let features = flow.shape.features();
        if features != self.steps[flow.base].features {
            return Err(format!(
                "it takes {features} of the {} values before it; let it take all, or cut the layer before it",
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
    fn commit_integers(&mut self, node: &Node, flow: &Flow) -> Found<usize> {
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
                Value::Constant(constant) if constant.tensor().len() > 1 => Some(constant.tensor().to_texts()),
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

    /// Elementwise functions of flows and constants, with the shapes' broadcasting.
    pub(super) fn elementwise(&self, node: &Node, arguments: &[Option<Value>]) -> Found<Value> {
        let flows: Vec<&Flow> = arguments
            .iter()
            .flatten()
            .filter_map(|value| if let Value::Flow(flow) = value { Some(flow) } else { None })
            .collect();
        let first = flows[0].clone();
        if flows.iter().any(|flow| flow.base != first.base || flow.shape.features() != first.shape.features()) {
            return Err(no_mlp(
                "it joins two branches of the network; only a single chain of layers is an MLP, so train it without the shortcut",
            ));
        }
        if first.binary {
            return Ok(Value::Labels(first));
        }
        // A function that uses its own results twice, again and again, doubles with every operator.
        let size = flows.iter().fold(1_usize, |sum, flow| sum.saturating_add(flow.size));
        if size > MAX_OPERATORS {
            return Err(format!(
                "its function has more than {MAX_OPERATORS} operators; no activation function has so many, use one of ONNX's, such as Relu, Tanh, Sigmoid or Gelu"
            ));
        }
        let mut operands = Vec::with_capacity(arguments.len());
        for argument in arguments.iter().flatten() {
            operands.push(match argument {
                Value::Flow(flow) => Rc::clone(&flow.expression),
                Value::Constant(constant) => {
                    Rc::new(Expression::Constant(per_feature(node, constant.tensor(), &first.shape)?))
                }
                _ => return Err("it computes with labels; export the model up to the probabilities".to_owned()),
            });
        }
        self.effort.make(operands.iter().map(|operand| operand.width()).max().unwrap_or(0))?;
        let kind = match node.op.as_str() {
            "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Equal" | "Not" | "And" | "Or" => Kind::Truth,
            "QuantizeLinear" => Kind::Integer,
            "DequantizeLinear" => Kind::Real,
            "Where" => flows.last().map_or(Kind::Real, |flow| flow.kind),
            _ => first.kind,
        };
        let expression = if kind == Kind::Real && first.kind == Kind::Real { line(node, &operands) } else { None };
        let expression = expression.unwrap_or_else(|| Rc::new(Expression::Apply(Rc::new(node.clone()), operands)));
        self.effort.make(expression.width())?;
        Ok(Value::Flow(Flow { expression, kind, size, ..first }))
    }
}

/// A constant, or nothing where an input is left out: what an operator may be evaluated with.
#[expect(clippy::option_option, reason = "the outer says whether all is known, the inner whether the input is there")]
fn constant_or_none(value: Option<&Value>) -> Option<Option<&Constant>> {
    match value {
        None => Some(None),
        Some(Value::Constant(constant)) => Some(Some(constant)),
        Some(_) => None,
    }
}

/// The shapes of the values that depend on the input.
fn shapes(arguments: &[Option<Value>]) -> Vec<String> {
    let shape = |value: &Value| match value {
        Value::Flow(flow) | Value::Labels(flow) | Value::Dynamic(Dynamic::Integers(flow)) => {
            Some(flow.shape.to_string())
        }
        Value::Dynamic(Dynamic::Sums { shape, .. }) => Some(shape.to_string()),
        Value::Constant(_) | Value::Dynamic(_) => None,
    };
    arguments.iter().flatten().filter_map(shape).collect()
}

/// What to say of an operator that no chain of layers has.
pub(super) fn unknown(node: &Node) -> String {
    let advice = match node.op.as_str() {
        "Conv" | "ConvTranspose" | "MaxPool" | "GlobalAveragePool" => {
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
        "Einsum" => "write the product as MatMul or Gemm",
        _ => "an MLP is a chain of Gemm or MatMul, elementwise functions, BatchNormalization and reshapes",
    };
    no_mlp(advice)
}

/// The number of features, from the rows of the first weight matrix, where the input leaves it open.
fn features_from_weights(graph: &Graph) -> Option<usize> {
    graph.nodes.iter().find_map(|node| {
        let (weights, transposed) = match node.op.as_str() {
            "MatMul" | "MatMulInteger" => (1, false),
            "Gemm" => (1, node.attributes.flag("transB")),
            "QLinearMatMul" => (3, false),
            "QGemm" => (3, node.attributes.flag("transB")),
            _ => return None,
        };
        // The weights may be integers behind a DequantizeLinear, or halves behind a Cast.
        let name = node.inputs.get(weights)?;
        let through = graph.nodes.iter().find(|before| before.outputs.first() == Some(name));
        let name = match through {
            Some(before) if matches!(before.op.as_str(), "DequantizeLinear" | "Cast" | "Identity") => {
                before.inputs.first()?
            }
            _ => name,
        };
        let [rows, columns] = *graph.constants.get(name)?.shape() else { return None };
        Some(if transposed { columns } else { rows })
    })
}
