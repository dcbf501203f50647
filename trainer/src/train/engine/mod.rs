//! The training engine: forward, backward and update of a chain of dense layers, on a fixed set of threads, without an
//! allocation in a step.
//!
//! Each thread owns some columns (whole panels) of every matrix: of a layer's outputs, of its weights with their moments, of
//! the gradients. A step is a row of phases with barriers between them; in a phase everybody reads what the phases before
//! wrote and writes only what he owns. Every number is computed in the same order however many threads there are
//! (see [`kernel`]), so a seed gives the same bits with any number of them.
#![allow(clippy::inline_always)] // A call between a loop and its body would undo the vectorization.
#![allow(clippy::needless_range_loop)] // The loops over tiles run over several arrays at once, by constant bounds.

mod kernel;
mod lanes;
mod nonzeros;
mod phased;
mod source;
mod step;
#[cfg(test)]
mod tests;
mod update;
mod vector;

pub(super) use source::{Inputs, Outputs};
pub(super) use step::{End, Job, Tally};

use self::lanes::{LANES, Lanes, panels};
use self::nonzeros::Entry;
use self::phased::{Phased, SpinBarrier};
use super::optimizer::Optimizer;
use crate::nn::{Activation, Dense, Loss, Sequential};
use std::sync::atomic::AtomicBool;

/// A layer's sizes.
#[derive(Clone, Copy, Debug)]
struct Shape {
    inputs: usize,
    units: usize,
    activation: Activation,
}

/// What a layer's parameters and their moments are kept in; all of `units` columns and `inputs + 1` rows, the last the bias.
#[derive(Debug)]
struct Parameters {
    weights: Phased<Lanes>,
    first: Phased<Lanes>,
    second: Phased<Lanes>,
}

/// A matrix that goes from layer to layer, of `capacity` rows.
#[derive(Debug)]
struct Signal {
    /// The outputs of a layer (of the last one: its sums), or the network's inputs.
    values: Phased<Lanes>,
    /// The sums before the activation, where its derivative needs them.
    sums: Option<Phased<Lanes>>,
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
    loss: Loss,
    optimizer: Optimizer,
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
    pub(super) fn new(net: &Sequential, loss: Loss, optimizer: Optimizer, batch: usize, threads: usize) -> Self {
        let shapes: Vec<Shape> = net
            .dense_layers()
            .map(|dense| Shape { inputs: dense.inputs(), units: dense.units(), activation: dense.activation })
            .collect();
        let widths = std::iter::once(net.inputs()).chain(shapes.iter().map(|shape| shape.units));
        let signals = widths
            .enumerate()
            .map(|(index, width)| {
                let before = index.checked_sub(1).map(|layer| shapes[layer].activation);
                let last = index == shapes.len();
                let bounds: Vec<usize> = (0..=threads).map(|thread| panels(width) * thread / threads).collect();
                let length = panels(width) * batch;
                let worth =
                    width >= WORTH_SKIPPING && shapes.get(index).is_some_and(|next| next.units >= WORTH_SKIPPING);
                let sparse = worth && matches!(before, None | Some(Activation::Relu));
                Signal {
                    values: Phased::new(Lanes::ZERO, length),
                    sums: before.filter(|a| a.needs_sums() && !last).map(|_| Phased::new(Lanes::ZERO, length)),
                    delta: Phased::new(Lanes::ZERO, if last || before.is_none() { 0 } else { length }),
                    nonzeros: sparse.then(|| NonzeroBuffers::new(panels(width) * LANES, batch, threads)),
                    bounds,
                }
            })
            .collect();
        let parameters = shapes
            .iter()
            .map(|shape| {
                let zeros = || Phased::new(Lanes::ZERO, panels(shape.units) * (shape.inputs + 1));
                Parameters { weights: zeros(), first: zeros(), second: zeros() }
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
            loss,
            optimizer,
            steps: 0,
            fused: step::has_fused(),
        };
        engine.load(Part::Weights, net);
        engine
    }

    /// Takes the parameters, or moments of the same shapes, from a network's layers.
    pub(super) fn load(&mut self, part: Part, net: &Sequential) {
        for ((dense, shape), parameters) in net.dense_layers().zip(&self.shapes).zip(&mut self.parameters) {
            let to = parameters.part(part);
            for j in 0..shape.units {
                for i in 0..shape.inputs {
                    element(to, shape, i, j).clone_from(&dense.kernel[[i, j]]);
                }
                *element(to, shape, shape.inputs, j) = dense.bias[j];
            }
        }
    }

    /// Gives the parameters, or moments of the same shapes, to a network's layers.
    pub(super) fn store(&mut self, part: Part, net: &mut Sequential) {
        for ((dense, shape), parameters) in net.dense_layers_mut().zip(&self.shapes).zip(&mut self.parameters) {
            let from = parameters.part(part);
            let Dense { kernel, bias, .. } = dense;
            for ((i, j), weight) in kernel.indexed_iter_mut() {
                *weight = *element(from, shape, i, j);
            }
            for (j, bias) in bias.iter_mut().enumerate() {
                *bias = *element(from, shape, shape.inputs, j);
            }
        }
    }
}

/// What of a layer's parameters is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The parameters themselves.
    Weights,
    /// The optimizer's first moment (momentum).
    First,
    /// The optimizer's second moment.
    Second,
}

impl Parameters {
    fn part(&mut self, part: Part) -> &mut Vec<Lanes> {
        match part {
            Part::Weights => self.weights.get_mut(),
            Part::First => self.first.get_mut(),
            Part::Second => self.second.get_mut(),
        }
    }
}

fn element<'a>(matrix: &'a mut [Lanes], shape: &Shape, row: usize, column: usize) -> &'a mut f32 {
    &mut matrix[column / LANES * (shape.inputs + 1) + row].0[column % LANES]
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
