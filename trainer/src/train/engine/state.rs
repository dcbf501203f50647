//! What goes into the engine and comes out: parameters, moments, and the trained network.

use super::lanes::{LANES, Lanes};
use super::rounding::learned_end;
use super::{Engine, Parameters, Shape, round};
use crate::nn::{Activation, Dense, Elementwise, Sequential};
use crate::train::history::Ranges;

/// What of a layer's parameters is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::train) enum Part {
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

    /// What the layer keeps beside weights, bias and their moments, in a fixed order.
    fn extras(&mut self) -> impl Iterator<Item = &mut f32> {
        let norm = self.normalizer.iter_mut().flat_map(|n| {
            [&mut n.weights, &mut n.first, &mut n.second, &mut n.moving]
                .into_iter()
                .flat_map(super::phased::Phased::get_mut)
        });
        let scalars = self.slope.iter_mut().chain(&mut self.range);
        let scalars = scalars.flat_map(|scalar| scalar.state.iter_mut().flat_map(super::phased::Phased::get_mut));
        let followed = self.followed.iter_mut().flat_map(|range| range.state.get_mut());
        norm.chain(scalars).chain(followed).flat_map(|lanes| &mut lanes.0)
    }
}

fn element<'a>(matrix: &'a mut [Lanes], shape: &Shape, row: usize, column: usize) -> &'a mut f32 {
    &mut matrix[column / LANES * (shape.inputs + 1) + row].0[column % LANES]
}

impl Engine {
    /// Takes the parameters, or moments of the same shapes, from a network's layers.
    pub(in crate::train) fn load(&mut self, part: Part, net: &Sequential) {
        let layers = net.dense_layers().zip(&self.shapes).zip(&mut self.parameters).zip(&self.plan.layers);
        for (((dense, shape), parameters), settings) in layers {
            let to = parameters.part(part);
            for j in 0..shape.units {
                for i in 0..shape.inputs {
                    element(to, shape, i, j).clone_from(&dense.kernel[[i, j]]);
                }
                *element(to, shape, shape.inputs, j) = dense.bias[j];
            }
            let Parameters { weights, rounded, .. } = parameters;
            if let (Part::Weights, Some(grid), Some(rounded)) = (part, settings.grid, rounded) {
                round(grid, shape.inputs + 1, weights.get_mut(), rounded.get_mut());
            }
        }
    }

    /// Gives the parameters, or moments of the same shapes, to a network's layers.
    pub(in crate::train) fn store(&mut self, part: Part, net: &mut Sequential) {
        for ((dense, shape), parameters) in net.dense_layers_mut().zip(&self.shapes).zip(&mut self.parameters) {
            give(parameters.part(part), shape, dense);
        }
    }

    /// Gives the network as it is evaluated after training: weights rounded, normalizations folded into them, a ReLU whose
    /// outputs are rounded cut at the end of their range.
    pub(in crate::train) fn finish(&mut self, net: &mut Sequential) {
        for ((dense, shape), parameters) in net.dense_layers_mut().zip(&self.shapes).zip(&mut self.parameters) {
            let Parameters { weights, rounded, normalizer, slope, range, .. } = parameters;
            give(rounded.as_mut().unwrap_or(weights).get_mut(), shape, dense);
            if let Some(normalizer) = normalizer {
                let (scale, shift) = normalizer.folded(shape.units);
                dense.scale_and_shift(&scale, &shift);
            }
            if let Some(slope) = slope {
                let slope = slope.state[0].get_mut()[0].0[0];
                dense.activation = Activation::Elementwise(Elementwise::LeakyRelu { slope });
            }
            if let Some(range) = range {
                let hi = learned_end(range.state[0].get_mut()[0].0[0]);
                dense.activation = Activation::Elementwise(Elementwise::Clip { lo: 0.0, hi });
            }
        }
    }

    /// The ranges that the layers' rounded outputs have now.
    pub(in crate::train) fn ranges(&mut self) -> Ranges {
        let range = |parameters: &mut Parameters| {
            let learned = parameters.range.as_mut().map(|range| [0.0, learned_end(range.state[0].get_mut()[0].0[0])]);
            let followed = parameters.followed.as_mut().map(|range| range.state.get_mut()[0].0);
            learned.or(followed.map(|[low, high, ..]| [low, high])).filter(|[low, high]| low < high)
        };
        self.parameters.iter_mut().map(range).collect()
    }

    /// What each layer keeps beside weights, bias and their moments.
    pub(in crate::train) fn extras(&mut self) -> Vec<Vec<f32>> {
        self.parameters.iter_mut().map(|parameters| parameters.extras().map(|value| *value).collect()).collect()
    }

    /// Takes back what [`Engine::extras`] gave.
    pub(in crate::train) fn load_extras(&mut self, extras: &[Vec<f32>]) {
        for (parameters, extras) in self.parameters.iter_mut().zip(extras) {
            parameters.extras().zip(extras).for_each(|(to, from)| *to = *from);
        }
    }
}

/// Copies a matrix of the engine into a layer.
fn give(from: &mut [Lanes], shape: &Shape, dense: &mut Dense) {
    let Dense { kernel, bias, .. } = dense;
    for ((i, j), weight) in kernel.indexed_iter_mut() {
        *weight = *element(from, shape, i, j);
    }
    for (j, bias) in bias.iter_mut().enumerate() {
        *bias = *element(from, shape, shape.inputs, j);
    }
}
