//! From the chain to layers of real numbers: affine functions are folded into the layers beside them.

use super::chain::{Action, Bias, Step};
use super::effort::Effort;
use super::expression::{Affine, zip};
use super::meaning::{self, Names};
use super::recognize::recognize_chain;
use super::refusal::refused;
use super::slopes::Slopes;
use super::walk::{Found, Walk};
use crate::error::Result;
use crate::nn::{Activation, AveragePool, Dense, Layer, Normalization, Sequential, UnitNorm};
use crate::onnx::graph::Graph;
use ndarray::{Array1, Array2};

/// The layers of a chain without quantization.
pub(super) fn lower(graph: &Graph, walk: &Walk, steps: &[Step]) -> Result<Sequential> {
    let mut layers = Layers::new(walk);
    for step in steps {
        let shape = format!("[batch, {}]", layers.features);
        layers.add(step).map_err(|message| refused(&step.place, &[shape], &message))?;
    }
    let shape = format!("[batch, {}]", layers.features);
    layers.finish().map_err(|message| refused("output", &[shape], &message))?;
    let normalization = layers.normalization.map(|affine| normalization(&affine, walk.steps[0].features));
    let mut input = meaning::input(graph, walk, normalization);
    input.unit_norm = layers.unit_norm;
    input.pool = layers.pool;
    let class_names = meaning::class_names(graph, walk, layers.features);
    let name = graph.name.clone();
    Ok(Sequential { name, input, layers: layers.dense.into_iter().map(Layer::Dense).collect(), class_names })
}

/// An affine function of the input as a normalization, one offset and scale per feature.
pub(super) fn normalization(affine: &Affine, features: usize) -> Normalization {
    let offset =
        zip(&affine.offset, &zip(&affine.bias, &affine.scale, |b, s| if b == 0.0 { 0.0 } else { b / s }), |o, b| o - b);
    let list =
        |values: &[f64]| (0..features).map(|index| values[if values.len() == 1 { 0 } else { index }] as f32).collect();
    Normalization { offset: list(&offset), scale: list(&affine.scale) }
}

/// The layers so far, and what has yet to find a place in one.
struct Layers<'a> {
    effort: &'a Effort,
    dense: Vec<Dense>,
    names: Names,
    /// The number of elements of the last result.
    features: usize,
    /// The number of elements of the input.
    features_in: usize,
    normalization: Option<Affine>,
    unit_norm: Option<UnitNorm>,
    pool: Option<AveragePool>,
    /// An affine function of the last result.
    pending: Option<Affine>,
    /// The last result's halves still have to be put together.
    slopes: Option<Slopes>,
    /// A reordering of the last result.
    order: Option<Vec<usize>>,
}

impl<'a> Layers<'a> {
    fn new(walk: &'a Walk) -> Self {
        let features = walk.steps[0].features;
        Self {
            effort: &walk.effort,
            dense: Vec::new(),
            names: Names::default(),
            features,
            features_in: features,
            normalization: None,
            unit_norm: None,
            pool: None,
            pending: None,
            slopes: None,
            order: None,
        }
    }

    fn add(&mut self, step: &Step) -> Found<()> {
        match &step.action {
            Action::Input => {}
            Action::Map(expression) => match recognize_chain(expression, self.effort) {
                Ok(chain) => {
                    for found in chain {
                        self.affine(&found.before);
                        if found.activation != Activation::Linear {
                            self.activate(found.activation, &step.name)?;
                        }
                        self.affine(&found.after);
                    }
                }
                Err(error) => {
                    let (before, slopes) = Slopes::of(expression, self.features, self.effort).ok_or(error)?;
                    self.affine(&before);
                    self.bend(slopes, &step.name)?;
                }
            },
            Action::Permute(order) => {
                self.settle_order(&step.name)?;
                self.settle(&step.name)?;
                self.order = Some(order.clone());
                self.features = order.len();
            }
            Action::Dense { kernel, bias } => {
                let (_, outputs) = kernel.dim();
                let real = kernel.real()?;
                let bias = match bias {
                    Bias::Real(bias) => bias.clone(),
                    Bias::Integer(_) => return Err("its bias is quantized, but not its input; quantize the whole model, or dequantize the bias to real numbers".to_owned()),
                };
                self.dense(&step.name, real, bias)?;
                self.features = outputs;
            }
            Action::Softmax { logarithm } => {
                self.activate(if *logarithm { Activation::LogSoftmax } else { Activation::Softmax }, &step.name)?;
            }
            Action::UnitNorm(norm) => {
                if !self.dense.is_empty() || self.unit_norm.is_some() || self.pool.is_some() || self.order.is_some() {
                    return Err(
                        "a norm of the sample may only stand before the first layer; use batch normalization here"
                            .to_owned(),
                    );
                }
                self.normalize();
                self.unit_norm = Some(*norm);
            }
            Action::Pool(pool) => {
                if !self.dense.is_empty() || self.order.is_some() {
                    return Err(super::pool::ELSEWHERE.to_owned());
                }
                self.normalize();
                if self.pending.is_some() {
                    return Err(
                        "a scaling stands between a norm and a pooling; export it without one of them".to_owned()
                    );
                }
                self.pool = Some(*pool);
                self.features = pool.len();
                self.features_in = pool.len();
            }
            Action::Quantize(_) | Action::Table { .. } => {
                return Err("it is quantized, though its input is not; quantize the whole model".to_owned());
            }
        }
        Ok(())
    }

    /// Takes an affine function of the result on board.
    fn affine(&mut self, affine: &Affine) {
        if !affine.is_identity() {
            self.pending = Some(self.pending.take().map_or_else(|| affine.clone(), |first| first.then(affine)));
        }
    }

    /// Before the first layer, an affine function is the input's normalization (unless a norm or an order came between).
    fn normalize(&mut self) {
        let first = self.unit_norm.is_none() && self.pool.is_none() && self.normalization.is_none();
        if first && self.dense.is_empty() && self.order.is_none() {
            self.normalization = self.pending.take();
        }
    }

    fn dense(&mut self, name: &str, mut kernel: Array2<f32>, mut bias: Vec<f32>) -> Found<()> {
        let linear =
            self.order.is_none() && self.dense.last().is_some_and(|last| last.activation == Activation::Linear);
        if linear {
            self.settle(name)?;
        } else {
            self.normalize();
        }
        if let Some(affine) = self.pending.take() {
            let (slope, start) = affine.line();
            let at = |list: &[f64], index: usize| list[if list.len() == 1 { 0 } else { index }];
            for (j, bias) in bias.iter_mut().enumerate() {
                let shift: f64 = (0..kernel.nrows()).map(|i| at(&start, i) * f64::from(kernel[[i, j]])).sum();
                *bias = (f64::from(*bias) + shift) as f32;
            }
            for ((i, _), weight) in kernel.indexed_iter_mut() {
                *weight = (f64::from(*weight) * at(&slope, i)) as f32;
            }
        }
        if let Some(slopes) = self.slopes.take() {
            kernel = slopes.join(&kernel);
        }
        if let Some(order) = self.order.take() {
            // y[i] = x[order[i]]: the weights of y[i] go where x[order[i]] is.
            let inputs = self.dense.last().map_or(self.features_in, |dense| dense.kernel.ncols());
            self.effort.layer(inputs.saturating_sub(order.len()), kernel.ncols())?;
            let mut moved = Array2::zeros((inputs, kernel.ncols()));
            for (i, &from) in order.iter().enumerate() {
                let mut row = moved.row_mut(from);
                row += &kernel.row(i);
            }
            kernel = moved;
        }
        let name = self.names.unique(name);
        self.dense.push(Dense { name, kernel, bias: Array1::from(bias), activation: Activation::Linear });
        Ok(())
    }

    /// Gives the last layer its activation; one more layer is put in where there is none to take it.
    fn activate(&mut self, activation: Activation, name: &str) -> Found<()> {
        if self.order.is_some() {
            self.identity_layer(name)?;
        }
        self.settle(name)?;
        if self.dense.last().is_none_or(|last| last.activation != Activation::Linear) {
            self.identity_layer(name)?;
        }
        if let Some(last) = self.dense.last_mut() {
            last.activation = activation;
        }
        Ok(())
    }

    /// A function with a slope of its own for each feature on either side of 0: the layer before gets every unit twice, once
    /// negated, with a ReLU, and the layer after puts the halves together.
    fn bend(&mut self, slopes: Slopes, name: &str) -> Found<()> {
        if self.order.is_some() {
            self.identity_layer(name)?;
        }
        self.settle(name)?;
        if self.dense.last().is_none_or(|last| last.activation != Activation::Linear) {
            self.identity_layer(name)?;
        }
        if let Some(last) = self.dense.last_mut() {
            last.kernel = ndarray::concatenate![ndarray::Axis(1), last.kernel, -&last.kernel];
            last.bias = ndarray::concatenate![ndarray::Axis(0), last.bias, -&last.bias];
            last.activation = Activation::Relu;
        }
        self.slopes = Some(slopes);
        Ok(())
    }

    /// Folds the pending affine function into the last layer, or into one more.
    fn settle(&mut self, name: &str) -> Found<()> {
        self.normalize();
        let Some(affine) = self.pending.take() else { return Ok(()) };
        let Some(last) =
            self.dense.last_mut().filter(|last| last.activation == Activation::Linear && self.order.is_none())
        else {
            self.pending = Some(affine);
            return self.identity_layer(name);
        };
        let (slope, start) = affine.line();
        let at = |list: &[f64], index: usize| list[if list.len() == 1 { 0 } else { index }];
        for ((_, j), weight) in last.kernel.indexed_iter_mut() {
            *weight = (f64::from(*weight) * at(&slope, j)) as f32;
        }
        for (j, bias) in last.bias.iter_mut().enumerate() {
            *bias = (f64::from(*bias) * at(&slope, j) + at(&start, j)) as f32;
        }
        Ok(())
    }

    fn settle_order(&mut self, name: &str) -> Found<()> {
        if self.order.is_some() || self.slopes.is_some() { self.identity_layer(name) } else { Ok(()) }
    }

    /// One more layer that changes nothing by itself.
    fn identity_layer(&mut self, name: &str) -> Found<()> {
        self.effort.layer(self.features, self.features)?;
        self.dense(name, Array2::eye(self.features), vec![0.0; self.features])
    }

    /// What is left at the end goes into the last layer.
    fn finish(&mut self) -> Found<()> {
        if self.slopes.is_some() {
            self.identity_layer("output")?;
        }
        if self.dense.is_empty() {
            return Ok(());
        }
        self.settle_order("output")?;
        self.settle("output")
    }
}
