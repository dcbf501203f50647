//! From the chain to layers of integers: the numbers of the file are taken as they are, and give the same integers.

use super::chain::{Action, Bias, FileQuantization, IntegerKernel, Kernel, Step};
use super::effort::Effort;
use super::expression::{Expression, zip};
use super::meaning::{self, Names};
use super::operand::parameters;
use super::recognize::recognize;
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
        layers.add(step).map_err(|message| Error::new(ErrorKind::Model, &step.place, message))?;
    }
    if let Some(open) = layers.open {
        return Err(Error::new(
            ErrorKind::Model,
            format!("node \"{}\"", open.name),
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

/// A layer whose result is not quantized yet.
struct Open {
    name: String,
    inputs: usize,
    /// Outputs x inputs.
    weights: Vec<i8>,
    /// One per output, as are the scales.
    zero_points: Vec<i8>,
    scales: Vec<f32>,
    bias: Bias,
    input: Quantization,
    lo: f32,
    hi: f32,
}

/// The layers so far.
struct Layers<'a> {
    effort: &'a Effort,
    dense: Vec<QuantizedDense>,
    open: Option<Open>,
    names: Names,
    features: usize,
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
    let zero_point = i8::try_from(quantization.zero_point - quantization.shift())
        .map_err(|_| format!("its zero point {} is impossible", quantization.zero_point))?;
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
            normalization: None,
            unit_norm: None,
            pool: None,
            current: None,
            order: None,
            softmax: false,
        }
    }

    fn add(&mut self, step: &Step) -> std::result::Result<(), String> {
        if self.softmax {
            // What follows only quantizes or names the probabilities.
            return match step.action {
                Action::Quantize(_) | Action::Map(_) | Action::Table { .. } => Ok(()),
                _ => Err("it follows a softmax, which ends a network of integers".to_owned()),
            };
        }
        match &step.action {
            Action::Input => Ok(()),
            Action::Map(expression) => self.map(step, expression),
            Action::Permute(order) => {
                if self.order.replace(order.clone()).is_some() || self.open.is_some() {
                    return Err("it reorders values that no layer took yet".to_owned());
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
                Ok(())
            }
            Action::Quantize(quantization) => self.quantize(*quantization),
            Action::Table { expression, quantization } => self.look_up(step, expression, *quantization),
        }
    }

    /// A function of real numbers: of the input, of a layer's sums, or of the last integers.
    fn map(&mut self, step: &Step, expression: &Rc<Expression>) -> std::result::Result<(), String> {
        if let Some(current) = self.current.filter(|_| self.open.is_none()) {
            return self.end(step, expression, current);
        }
        let found = recognize(expression, self.effort)?;
        let Some(open) = &mut self.open else {
            let linear =
                found.activation == Activation::Linear && self.unit_norm.is_none() && self.normalization.is_none();
            if !linear {
                return Err("only an affine function may stand between the input and its quantization".to_owned());
            }
            self.normalization = Some(super::float::normalization(&found.before, self.features));
            return Ok(());
        };
        let (slope, start) = found.before.line();
        open.scale_by(&slope);
        open.add(&start)?;
        match found.activation {
            Activation::Linear => {}
            Activation::Relu => open.lo = open.lo.max(0.0),
            Activation::Elementwise(Elementwise::Clip { lo, hi }) => {
                (open.lo, open.hi) = (open.lo.max(lo), open.hi.min(hi));
            }
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
    fn end(
        &mut self,
        step: &Step,
        expression: &Rc<Expression>,
        current: FileQuantization,
    ) -> std::result::Result<(), String> {
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
            Expression::Constant(_) => Err("its result does not depend on the input".to_owned()),
        }
    }

    fn open(&mut self, step: &Step, kernel: &Kernel, bias: &Bias) -> std::result::Result<(), String> {
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
            return Err("its weights are not quantized by output or by tensor, though its input is; quantize them so, or convert the float model with --calibrate".to_owned());
        };
        let IntegerKernel { weights, scales, zero_points } = kernel;
        let (mut inputs, outputs) = weights.dim();
        let (mut weights, shift) = weights.integers()?;
        let zero_points = zero_points
            .iter()
            .map(|&zero| {
                i8::try_from(zero - shift)
                    .map_err(|_| format!("its weights' zero point {zero} does not fit their type"))
            })
            .collect::<Found<Vec<i8>>>()?;
        if let Some(order) = self.order.take() {
            let taken = inputs;
            inputs = self
                .dense
                .last()
                .map_or(order.len().max(order.iter().max().map_or(0, |max| max + 1)), |last| last.outputs);
            self.effort.layer(inputs.saturating_sub(taken), outputs)?;
            // Where an input is not taken, a weight of 0.
            let mut moved: Vec<i8> = zero_points.iter().flat_map(|&zero| std::iter::repeat_n(zero, inputs)).collect();
            let mut seen = vec![false; inputs];
            for (i, &from) in order.iter().enumerate() {
                if std::mem::replace(&mut seen[from], true) {
                    return Err(format!("what stands before it takes value {from} twice; take each once"));
                }
                for j in 0..outputs {
                    moved[j * inputs + from] = weights[j * taken + i];
                }
            }
            weights = moved;
        }
        self.features = outputs;
        self.open = Some(Open {
            name: self.names.unique(&step.name),
            inputs,
            weights,
            zero_points,
            scales: scales.clone(),
            bias: bias.clone(),
            input: signed(current)?,
            lo: f32::NEG_INFINITY,
            hi: f32::INFINITY,
        });
        Ok(())
    }

    fn quantize(&mut self, quantization: FileQuantization) -> std::result::Result<(), String> {
        if let Some(open) = self.open.take() {
            self.dense.push(open.close(signed(quantization)?)?);
        } else if self.current.is_some() {
            return Err("it quantizes integers again without a layer in between".to_owned());
        }
        self.current = Some(quantization);
        Ok(())
    }

    /// Puts a table behind the last layer.
    fn look_up(
        &mut self,
        step: &Step,
        expression: &Rc<Expression>,
        quantization: FileQuantization,
    ) -> std::result::Result<(), String> {
        let Some(before) = self.current else { return Err("its input is not quantized".to_owned()) };
        if self.dense.is_empty() {
            self.identity_layer(&step.name, before)?;
        }
        let Some(layer) = self.dense.last_mut() else { return Err("it stands before any layer".to_owned()) };
        table::append(layer, expression, before, quantization, self.effort)?;
        self.current = Some(quantization);
        Ok(())
    }

    /// A layer that passes the input's integers on, so that a table can follow: weight 1, the same quantization on both sides.
    fn identity_layer(&mut self, name: &str, quantization: FileQuantization) -> std::result::Result<(), String> {
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

impl Open {
    /// Multiplies the real sums with a factor per output.
    fn scale_by(&mut self, slope: &[f64]) {
        if slope.iter().all(|&s| s == 1.0) {
            return;
        }
        self.bias = Bias::Real(zip(&self.real_bias(), slope, |b, s| b * s).into_iter().map(|b| b as f32).collect());
        self.scales = zip(&self.scales.iter().map(|&s| f64::from(s)).collect::<Vec<_>>(), slope, |a, b| a * b)
            .into_iter()
            .map(|s| s as f32)
            .collect();
        // Scales are positive: the sign goes into the weights. `!w - !z` is `-(w - z)`, and fits.
        for (j, scale) in self.scales.iter_mut().enumerate() {
            if *scale < 0.0 {
                *scale = -*scale;
                self.zero_points[j] = !self.zero_points[j];
                self.weights[j * self.inputs..][..self.inputs].iter_mut().for_each(|weight| *weight = !*weight);
            }
        }
    }

    /// The bias as real numbers.
    fn real_bias(&self) -> Vec<f64> {
        match &self.bias {
            Bias::Real(bias) => bias.iter().map(|&b| f64::from(b)).collect(),
            Bias::Integer(bias) => {
                bias.iter().zip(&self.scales).map(|(&b, &s)| f64::from(b) * f64::from(self.input.scale * s)).collect()
            }
        }
    }

    /// Adds a real number per output: exactly, where the bias was empty and this is one in whole steps.
    fn add(&mut self, term: &[f64]) -> std::result::Result<(), String> {
        if term.iter().all(|&t| t == 0.0) {
            return Ok(());
        }
        let outputs = self.scales.len();
        let mut steps = Vec::with_capacity(outputs);
        let integers = self.integer_bias()?;
        for (j, &bias) in integers.iter().enumerate() {
            let step = f64::from(self.input.scale * self.scales[j]);
            steps.push(to_i32(f64::from(bias) + (term[if term.len() == 1 { 0 } else { j }] / step).round_ties_even())?);
        }
        self.bias = Bias::Integer(steps);
        Ok(())
    }

    fn integer_bias(&self) -> std::result::Result<Vec<i32>, String> {
        match &self.bias {
            Bias::Integer(bias) => Ok(bias.clone()),
            Bias::Real(bias) => bias
                .iter()
                .zip(&self.scales)
                .map(|(&b, &s)| to_i32((f64::from(b) / f64::from(self.input.scale * s)).round_ties_even()))
                .collect(),
        }
    }

    fn close(self, output: Quantization) -> std::result::Result<QuantizedDense, String> {
        let bias = self.integer_bias()?;
        if let Some(bad) = self.scales.iter().find(|scale| !(scale.is_normal() && **scale > 0.0)) {
            return Err(format!("a weight scale is {bad}, expected a positive number"));
        }
        let outputs = self.scales.len();
        let (weights, weight_zero_points) = stored(self.weights, self.inputs, self.zero_points);
        let level = |real: f32| {
            ((real / output.scale).round_ties_even() + f32::from(output.zero_point)).clamp(-128.0, 127.0) as i8
        };
        let (lo, hi) = (level(self.lo), level(self.hi));
        Ok(QuantizedDense {
            name: self.name,
            inputs: self.inputs,
            outputs,
            weight_type: WeightType::Int8,
            weights,
            weight_zero_points,
            weight_scales: self.scales,
            bias,
            input: self.input,
            output,
            activation: IntegerActivation::Clamp { lo, hi },
        })
    }
}

fn to_i32(value: f64) -> std::result::Result<i32, String> {
    if value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX) {
        Ok(value as i32)
    } else {
        Err(format!("its bias of {value} steps does not fit 32 bits"))
    }
}

/// Weights, outputs x inputs, and their zero points: none where the differences fit 8 bits.
fn stored(mut weights: Vec<i8>, inputs: usize, zero_points: Vec<i8>) -> (Vec<i8>, Vec<i8>) {
    let wide = inputs.max(1);
    let fit = weights
        .chunks(wide)
        .zip(&zero_points)
        .all(|(row, &zero)| row.iter().all(|weight| weight.checked_sub(zero).is_some()));
    if !fit {
        return (weights, zero_points);
    }
    for (row, &zero) in weights.chunks_mut(wide).zip(&zero_points) {
        row.iter_mut().for_each(|weight| *weight -= zero);
    }
    (weights, Vec::new())
}
