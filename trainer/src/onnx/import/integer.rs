//! From the chain to layers of integers: the numbers of the file are taken as they are, and give the same integers.

use super::chain::{Action, Bias, FileQuantization, Kernel, Step};
use super::effort::Effort;
use super::expression::Expression;
use super::meaning::{self, Names};
use super::open::Open;
use super::operand::parameters;
use super::recognize::recognize;
use super::refusal::refused;
use super::table;
use super::walk::{Found, Walk};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Activation, AveragePool, Elementwise, Normalization, UnitNorm};
use crate::onnx::graph::Graph;
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential, WeightType};
use std::rc::Rc;

/// The layers of a chain whose activations are quantized.
pub(super) fn lower(graph: &Graph, walk: &Walk, steps: &[Step]) -> Result<QuantizedSequential> {
    let mut layers = Layers::new(walk);
    for step in steps {
        let shape = format!("[batch, {}]", layers.features);
        layers.add(step).map_err(|message| refused(&step.place, &[shape], &message))?;
    }
    if let Some(open) = layers.open {
        return Err(Error::new(
            ErrorKind::Model,
            format!("node \"{}\"", open.name()),
            "its result is not quantized, though its input is; quantize the whole model, or convert the float model with --calibrate",
        ));
    }
    let mut input = meaning::input(graph, walk, layers.normalization);
    input.unit_norm = layers.unit_norm;
    input.pool = layers.pool;
    let class_names = meaning::class_names(graph, walk, layers.features);
    let mut dense = layers.dense;
    meaning::weight_types(graph, &mut dense);
    Ok(QuantizedSequential { name: graph.name.clone(), input, layers: dense, softmax: layers.softmax, class_names })
}

/// The layers so far.
struct Layers<'a> {
    effort: &'a Effort,
    dense: Vec<QuantizedDense>,
    open: Option<Open>,
    names: Names,
    features: usize,
    /// The number of elements that the first layer takes.
    features_in: usize,
    normalization: Option<Normalization>,
    unit_norm: Option<UnitNorm>,
    pool: Option<AveragePool>,
    /// How the last integers are quantized.
    current: Option<FileQuantization>,
    order: Option<Vec<usize>>,
    softmax: bool,
}

/// The quantization with integers in -128..=127.
fn signed(quantization: FileQuantization) -> std::result::Result<Quantization, String> {
    let zero_point = i8::try_from(quantization.zero_point - quantization.shift()).map_err(|_| {
        format!("its zero point {} does not fit 8 bits; quantize the model again", quantization.zero_point)
    })?;
    Ok(Quantization { scale: quantization.scale, zero_point })
}

impl<'a> Layers<'a> {
    fn new(walk: &'a Walk) -> Self {
        Self {
            effort: &walk.effort,
            dense: Vec::new(),
            open: None,
            names: Names::default(),
            features: walk.steps[0].features,
            features_in: walk.steps[0].features,
            normalization: None,
            unit_norm: None,
            pool: None,
            current: None,
            order: None,
            softmax: false,
        }
    }

    fn add(&mut self, step: &Step) -> Found<()> {
        if self.softmax {
            // What follows only quantizes or names the probabilities.
            return match step.action {
                Action::Quantize(_) | Action::Map(_) | Action::Table { .. } => Ok(()),
                _ => Err(
                    "it follows a softmax, which ends a network of integers; convert the float model with --calibrate"
                        .to_owned(),
                ),
            };
        }
        match &step.action {
            Action::Input => Ok(()),
            Action::Map(expression) => self.map(step, expression),
            Action::Permute(order) => {
                if self.order.replace(order.clone()).is_some() || self.open.is_some() {
                    return Err(
                        "it reorders values that no layer took yet; put the reordering right before a layer".to_owned()
                    );
                }
                self.features = order.len();
                Ok(())
            }
            Action::Dense { kernel, bias } => self.open(step, kernel, bias),
            Action::Softmax { .. } => {
                self.softmax = true;
                Ok(())
            }
            Action::UnitNorm(norm) if self.current.is_none() && self.order.is_none() && self.unit_norm.is_none() => {
                self.unit_norm = Some(*norm);
                Ok(())
            }
            Action::UnitNorm(_) => {
                Err("a norm of the sample may only stand before the first layer; use batch normalization here"
                    .to_owned())
            }
            Action::Pool(pool) => {
                let first = self.dense.is_empty() && self.open.is_none() && self.order.is_none() && self.pool.is_none();
                if self.current.is_none() || !first {
                    return Err(super::pool::ELSEWHERE.to_owned());
                }
                self.pool = Some(*pool);
                self.features = pool.len();
                self.features_in = pool.len();
                Ok(())
            }
            Action::Quantize(quantization) => self.quantize(*quantization),
            Action::Table { expression, quantization } => self.look_up(step, expression, *quantization),
        }
    }

    /// A function of real numbers: of the input, of a layer's sums, or of the last integers.
    fn map(&mut self, step: &Step, expression: &Rc<Expression>) -> Found<()> {
        if let Some(current) = self.current.filter(|_| self.open.is_none()) {
            return self.end(step, expression, current);
        }
        let found = recognize(expression, self.effort)?;
        let Some(open) = &mut self.open else {
            let linear =
                found.activation == Activation::Linear && self.unit_norm.is_none() && self.normalization.is_none();
            if !linear {
                return Err("only an affine function may stand between the input and its quantization; quantize the input first".to_owned());
            }
            self.normalization = Some(super::float::normalization(&found.before, self.features));
            return Ok(());
        };
        let (slope, start) = found.before.line();
        open.scale_by(&slope);
        open.add(&start)?;
        match found.activation {
            Activation::Linear => {}
            Activation::Relu => open.clip(0.0, f32::INFINITY),
            Activation::Elementwise(Elementwise::Clip { lo, hi }) => open.clip(lo, hi),
            _ => {
                return Err("it is computed in float between integer layers; quantize its input too (as ONNX Runtime's quantizer does), or convert the float model with --calibrate".to_owned());
            }
        }
        if found.after.is_identity() {
            Ok(())
        } else {
            Err("a scaling after the activation cannot be kept in integers; convert the float model with --calibrate"
                .to_owned())
        }
    }

    /// What the graph does with the last integers: gives them as real numbers, perhaps through a function.
    fn end(&mut self, step: &Step, expression: &Rc<Expression>, current: FileQuantization) -> Found<()> {
        match &**expression {
            Expression::X => Ok(()),
            Expression::Apply(node, arguments) if node.op == "DequantizeLinear" => {
                let quantization = parameters(arguments)?;
                match &*arguments[0] {
                    Expression::X if quantization == current => Ok(()),
                    _ => self.look_up(step, &arguments[0], quantization),
                }
            }
            Expression::Apply(..) | Expression::Affine(..) => {
                if let Some(quantization) = table::output_quantization(expression) {
                    self.look_up(step, expression, quantization)
                } else {
                    let (quantized, quantization) = table::quantized(expression, current, self.effort)?;
                    self.look_up(step, &quantized, quantization)
                }
            }
            Expression::Constant(_) => {
                Err("its result does not depend on the input; check the model before the export".to_owned())
            }
        }
    }

    fn open(&mut self, step: &Step, kernel: &Kernel, bias: &Bias) -> Found<()> {
        let Some(current) = self.current else {
            return Err("its input is not quantized, though later ones are; quantize the whole model, or convert the float model with --calibrate".to_owned());
        };
        if self.open.is_some() {
            return Err(
                "its input is not quantized; quantize the whole model, or convert the float model with --calibrate"
                    .to_owned(),
            );
        }
        let Kernel::Integer(kernel) = kernel else {
            return Err(format!(
                "its weights of {}x{} are real numbers, or have scales by input or by block, though its input is quantized; quantize them \
                 with a scale for each output or for all, or convert the float model with --calibrate",
                kernel.dim().0,
                kernel.dim().1
            ));
        };
        let order = self.order.take();
        let inputs = self.dense.last().map_or(self.features_in, |last| last.outputs);
        if let Some(order) = &order {
            self.effort.layer(inputs.saturating_sub(order.len()), kernel.weights.dim().1)?;
        }
        let order = order.as_deref().map(|order| (order, inputs));
        let open = Open::new(self.names.unique(&step.name), kernel, order, bias.clone(), signed(current)?)?;
        self.features = open.outputs();
        self.open = Some(open);
        Ok(())
    }

    fn quantize(&mut self, quantization: FileQuantization) -> Found<()> {
        if let Some(open) = self.open.take() {
            self.dense.push(open.close(signed(quantization)?)?);
        } else if self.current.is_some() {
            return Err("it quantizes integers again without a layer in between; quantize once".to_owned());
        }
        self.current = Some(quantization);
        Ok(())
    }

    /// Puts a table behind the last layer.
    fn look_up(&mut self, step: &Step, expression: &Rc<Expression>, quantization: FileQuantization) -> Found<()> {
        let Some(before) = self.current else {
            return Err("its input is not quantized; put a QuantizeLinear before it".to_owned());
        };
        if self.dense.is_empty() {
            self.identity_layer(&step.name, before)?;
        }
        let Some(layer) = self.dense.last_mut() else { return Err("it stands before any layer".to_owned()) };
        table::append(layer, expression, before, quantization, self.effort)?;
        self.current = Some(quantization);
        Ok(())
    }

    /// A layer that passes the input's integers on, so that a table can follow: weight 1, the same quantization on both sides.
    fn identity_layer(&mut self, name: &str, quantization: FileQuantization) -> Found<()> {
        let n = self.features;
        self.effort.layer(n, n)?;
        let quantization = signed(quantization)?;
        let mut weights = vec![0; n * n];
        weights.iter_mut().step_by(n + 1).for_each(|weight| *weight = 1);
        self.dense.push(QuantizedDense {
            name: self.names.unique(name),
            inputs: n,
            outputs: n,
            weight_type: WeightType::Int8,
            weights,
            weight_zero_points: Vec::new(),
            weight_scales: vec![1.0; n],
            bias: vec![0; n],
            input: quantization,
            output: quantization,
            activation: IntegerActivation::Clamp { lo: i8::MIN, hi: i8::MAX },
        });
        Ok(())
    }
}
