//! What a value of the graph is while the importer walks through it.

use super::constant::Constant;
use super::expression::Expression;
use super::refusal::no_mlp;
use super::weights::Weights;
use std::rc::Rc;

/// The kind of numbers in a [`Flow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Real numbers.
    Real,
    /// Integers: quantized values, or indices into a table.
    Integer,
    /// Truth values.
    Truth,
}

/// Numbers that come from the network's input: a function, element by element, of what one [`super::chain::Step`] gives.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// The step.
    pub(super) base: usize,
    /// The function.
    pub(super) expression: Rc<Expression>,
    /// The shape.
    pub(super) shape: Shape,
    /// The kind of numbers.
    pub(super) kind: Kind,
    /// Two columns `1 - p` and `p` of which only `p` is kept.
    pub(super) binary: bool,
    /// The number of operators in the function, each counted as often as it would be evaluated.
    pub(super) size: usize,
}

/// The operand of a dynamic quantization: a scale or a zero point that depends on the data.
#[derive(Clone, Debug)]
pub(super) enum Dynamic {
    /// The integers of a flow.
    Integers(Flow),
    /// The scale of these integers, times a constant (one number, or one per output).
    Scale(Vec<f32>),
    /// Their zero point.
    ZeroPoint,
    /// Their product with integer weights.
    Sums {
        /// What is multiplied.
        input: Flow,
        /// The weights.
        weights: Weights,
        /// Their zero points, one per output.
        zero_points: Vec<i32>,
        /// The product's shape.
        shape: Shape,
    },
}

/// A value of the graph.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Known without any input.
    Constant(Constant),
    /// Depends on the input.
    Flow(Flow),
    /// Class labels made from a flow: what follows only names classes.
    Labels(Flow),
    /// A part of a dynamic quantization.
    Dynamic(Dynamic),
}

/// A shape one axis of which counts samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The dimensions; that of the samples is whatever number the walk assumes.
    pub(super) dims: Vec<usize>,
    /// The axis of the samples; `None` where it was squeezed away.
    pub(super) batch: Option<usize>,
}

impl std::fmt::Display for Shape {
    /// `[batch, 1, 28, 28]`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dim = |(axis, dim): (usize, &usize)| {
            if Some(axis) == self.batch { "batch".to_owned() } else { dim.to_string() }
        };
        let dims: Vec<String> = self.dims.iter().enumerate().map(dim).collect();
        write!(f, "[{}]", dims.join(", "))
    }
}

impl Shape {
    /// The number of elements of one sample.
    pub(super) fn features(&self) -> usize {
        self.dims.iter().enumerate().filter(|&(axis, _)| Some(axis) != self.batch).map(|(_, &dim)| dim).product()
    }

    /// The shape of one sample among others: the samples' axis is 1.
    pub(super) fn single(&self) -> Vec<usize> {
        self.dims.iter().enumerate().map(|(axis, &dim)| if Some(axis) == self.batch { 1 } else { dim }).collect()
    }

    /// The same elements in the same order as `dims`, which hold as many. Samples stay whole, or this is an error.
    pub(super) fn reshaped(&self, dims: Vec<usize>, samples: usize) -> Result<Self, String> {
        let before = |axis: usize, dims: &[usize]| dims[..axis].iter().product::<usize>();
        let batch = match self.batch {
            // With one sample any axis of 1 will do; the first is where samples are counted.
            _ if samples == 1 => (dims.len() > 1 && dims[0] == 1).then_some(0),
            Some(axis) => {
                let ahead = before(axis, &self.dims);
                let found = (0..dims.len()).find(|&other| dims[other] == samples && before(other, &dims) == ahead);
                Some(found.ok_or_else(|| no_mlp("it mixes samples; keep the batch dimension, as Flatten does"))?)
            }
            None => None,
        };
        Ok(Self { dims, batch })
    }
}
