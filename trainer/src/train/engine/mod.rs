//! The training engine: forward, backward and update of a chain of dense layers, on a fixed set of threads, without an
//! allocation in a step.
//!
//! Each thread owns some columns (whole panels) of every matrix: of a layer's outputs, of its weights with their moments, of
//! the gradients. A step is a row of phases with barriers between them; in a phase everybody reads what the phases before
//! wrote and writes only what he owns. Every number is computed in the same order however many threads there are
//! (see [`kernel`]), so a seed gives the same bits with any number of them.
#![allow(clippy::inline_always)] // A call between a loop and its body would undo the vectorization.
#![allow(clippy::needless_range_loop)] // The loops over tiles run over several arrays at once, by constant bounds.

mod backward;
mod dropout;
mod kernel;
mod lanes;
mod nonzeros;
mod normalize;
mod phased;
mod rounding;
mod scalar;
mod shaping;
mod source;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod update;
mod vector;

pub(super) use source::{Inputs, Outputs};
pub(super) use state::Part;
pub(super) use step::{End, Job, Tally};

use self::dropout::Dropout;
use self::lanes::{LANES, Lanes, panels};
use self::nonzeros::Entry;
use self::normalize::Normalizer;
use self::phased::{Phased, SpinBarrier};
use self::rounding::SumRange;
use self::scalar::Scalar;
use super::layer::{Clip, LayerSettings, WeightGrid};
use super::optimizer::Optimizer;
use crate::nn::{Activation, Elementwise, Loss, Sequential};
use std::sync::atomic::AtomicBool;

/// How a network is trained.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) loss: Loss,
    pub(super) optimizer: Optimizer,
    pub(super) clip: Clip,
    /// The share of the inputs that is set to 0 in each step.
    pub(super) input_dropout: f32,
    /// One per dense layer.
    pub(super) layers: Vec<LayerSettings>,
    /// Decides what is dropped.
    pub(super) seed: u64,
}

/// A layer's sizes.
#[derive(Clone, Copy, Debug)]
struct Shape {
    inputs: usize,
    units: usize,
    activation: Activation,
}

/// What a layer's parameters and their moments are kept in; the matrices all of `units` columns and `inputs + 1` rows, the last
/// the bias.
#[derive(Debug)]
struct Parameters {
    weights: Phased<Lanes>,
    first: Phased<Lanes>,
    second: Phased<Lanes>,
    /// The weights as the products see them, where they are rounded.
    rounded: Option<Phased<Lanes>>,
    normalizer: Option<Normalizer>,
    slope: Option<Scalar>,
    /// The range of a ReLU's outputs, where they are rounded.
    range: Option<Scalar>,
    /// The range of the sums of any other activation whose outputs are rounded.
    followed: Option<SumRange>,
    /// Per panel the gradient's sum of squares, where its norm is cut.
    squares: Phased<f64>,
}

impl Parameters {
    /// What the layer learns as one number; no layer learns two.
    fn scalar(&self) -> Option<&Scalar> {
        self.slope.as_ref().or(self.range.as_ref())
    }
}

/// A matrix that goes from layer to layer, of `capacity` rows.
#[derive(Debug)]
struct Signal {
    /// The outputs of a layer (of the last one: its sums), or the network's inputs.
    values: Phased<Lanes>,
    /// The sums before the activation, where its derivative needs them.
    sums: Option<Phased<Lanes>>,
    dropout: Option<Dropout>,
    /// The outputs before the dropout.
    whole: Option<Phased<Lanes>>,
    /// The loss's gradient with respect to the sums.
    delta: Phased<Lanes>,
    /// The nonzeros of the values, where there can be many zeros.
    nonzeros: Option<NonzeroBuffers>,
    /// The panels where each thread's part begins, and the end.
    bounds: Vec<usize>,
}

#[derive(Debug)]
struct NonzeroBuffers {
    rows: Phased<Entry>,
    row_counts: Phased<u32>,
    columns: Phased<Entry>,
    column_counts: Phased<u32>,
    totals: Phased<usize>,
}

/// A network in training.
#[derive(Debug)]
pub(super) struct Engine {
    shapes: Vec<Shape>,
    parameters: Vec<Parameters>,
    signals: Vec<Signal>,
    capacity: usize,
    threads: usize,
    barrier: SpinBarrier,
    halt: AtomicBool,
    plan: Plan,
    /// How many updates have been made.
    pub(super) steps: u64,
    fused: bool,
}

/// Work of a step (multiply-adds) below which a second thread costs more than it brings.
const WORTH_A_THREAD: usize = 400_000;
/// Zeros are not looked for where a layer has fewer inputs or units than this.
const WORTH_SKIPPING: usize = 64;

impl Engine {
    /// How many of `threads` threads are worth starting for batches of `batch` samples.
    pub(super) fn useful_threads(net: &Sequential, batch: usize, threads: usize) -> usize {
        threads.clamp(1, (net.macs() * batch / WORTH_A_THREAD).max(1))
    }

    /// An engine for batches of at most `batch` samples, on `threads` threads.
    pub(super) fn new(net: &Sequential, plan: Plan, batch: usize, threads: usize) -> Self {
        let shapes: Vec<Shape> = net
            .dense_layers()
            .map(|dense| Shape { inputs: dense.inputs(), units: dense.units(), activation: dense.activation })
            .collect();
        let widths = std::iter::once(net.input.width()).chain(shapes.iter().map(|shape| shape.units));
        let signals = widths
            .enumerate()
            .map(|(index, width)| {
                let before = index.checked_sub(1).map(|layer| shapes[layer].activation);
                let last = index == shapes.len();
                let bounds: Vec<usize> = (0..=threads).map(|thread| panels(width) * thread / threads).collect();
                let length = panels(width) * batch;
                let worth =
                    width >= WORTH_SKIPPING && shapes.get(index).is_some_and(|next| next.units >= WORTH_SKIPPING);
                let rate = index.checked_sub(1).map_or(plan.input_dropout, |layer| plan.layers[layer].dropout);
                let dropout = Dropout::new(rate);
                let sparse = worth && (matches!(before, None | Some(Activation::Relu)) || rate >= 0.5);
                Signal {
                    values: Phased::new(Lanes::ZERO, length),
                    sums: before
                        .filter(|a| (a.needs_sums() || plan.layers[index - 1].output_range.is_some()) && !last)
                        .map(|_| Phased::new(Lanes::ZERO, length)),
                    dropout,
                    whole: dropout.filter(|_| index > 0).map(|_| Phased::new(Lanes::ZERO, length)),
                    delta: Phased::new(Lanes::ZERO, if last || before.is_none() { 0 } else { length }),
                    nonzeros: sparse.then(|| NonzeroBuffers::new(panels(width) * LANES, batch, threads)),
                    bounds,
                }
            })
            .collect();
        let parameters = shapes
            .iter()
            .zip(&plan.layers)
            .map(|(shape, settings)| {
                let zeros = || Phased::new(Lanes::ZERO, panels(shape.units) * (shape.inputs + 1));
                let slope = match shape.activation {
                    Activation::Elementwise(Elementwise::LeakyRelu { slope }) if settings.learned_slope => Some(slope),
                    _ => None,
                };
                let (range, followed) = match settings.output_range {
                    None => (None, None),
                    Some(range) if shape.activation == Activation::Relu => {
                        (Some(Scalar::new(range, shape.units)), None)
                    }
                    Some(_) => (None, Some(SumRange::new(shape.units))),
                };
                Parameters {
                    weights: zeros(),
                    first: zeros(),
                    second: zeros(),
                    rounded: settings.grid.map(|_| zeros()),
                    normalizer: settings.batch_normalization.map(|s| Normalizer::new(s, shape.units, batch)),
                    slope: slope.map(|slope| Scalar::new(slope, shape.units)),
                    range,
                    followed,
                    squares: Phased::new(0.0, panels(shape.units)),
                }
            })
            .collect();
        let mut engine = Self {
            shapes,
            parameters,
            signals,
            capacity: batch,
            threads,
            barrier: SpinBarrier::new(threads),
            halt: AtomicBool::new(false),
            plan,
            steps: 0,
            fused: step::has_fused(),
        };
        engine.load(Part::Weights, net);
        engine
    }
}

impl NonzeroBuffers {
    fn new(width: usize, capacity: usize, threads: usize) -> Self {
        Self {
            rows: Phased::new(Entry::NONE, (width + threads) * capacity),
            row_counts: Phased::new(0, threads * capacity),
            columns: Phased::new(Entry::NONE, width * (capacity + 1)),
            column_counts: Phased::new(0, width),
            totals: Phased::new(0, threads),
        }
    }
}

/// Rounds the weights of whole panels to a grid; the bias, the last of the `rows` of a panel, stays.
#[inline(always)]
fn round(grid: WeightGrid, rows: usize, weights: &[Lanes], rounded: &mut [Lanes]) {
    for (weights, rounded) in weights.chunks_exact(rows).zip(rounded.chunks_exact_mut(rows)) {
        let (mut largest, mut total) = ([0f32; LANES], [0f32; LANES]);
        for w in &weights[..rows - 1] {
            for k in 0..LANES {
                largest[k] = largest[k].max(w.0[k].abs());
                total[k] += w.0[k].abs();
            }
        }
        let count = (rows - 1).max(1) as f32;
        // A unit of nothing but zeros has no step; any will do.
        let step: [f32; LANES] = std::array::from_fn(|k| match grid.step(largest[k], total[k] / count) {
            step if step.is_normal() => step,
            _ => 1.0,
        });
        for (w, r) in weights[..rows - 1].iter().zip(&mut *rounded) {
            for k in 0..LANES {
                r.0[k] = grid.round(w.0[k], step[k]) * step[k];
            }
        }
        rounded[rows - 1] = weights[rows - 1];
    }
}
