//! The operators, each evaluated in the plainest way: they fold constants for the importer, and they are the oracle of what a
//! model means. Floats are computed in f64 and rounded once to the operator's type, unless the operator's definition rounds
//! in between.

mod activation;
mod arithmetic;
mod label;
mod linear;
mod pool;
mod quantized;
mod reduction;
mod shape;

pub(super) use arithmetic::broadcast_shape;
pub(super) use pool::windows;
pub(super) use shape::permutation;

use super::graph::Node;
use super::tensor::Tensor;
use ndarray::ArrayD;

/// What an operator gives, or why it cannot.
pub(super) type Outputs = Result<Vec<Tensor>, String>;

/// A node with its inputs at hand.
pub(super) struct Call<'a> {
    pub(super) node: &'a Node,
    pub(super) inputs: &'a [Option<&'a Tensor>],
}

impl<'a> Call<'a> {
    /// The input of that number, which must be there.
    fn input(&self, index: usize) -> Result<&'a Tensor, String> {
        self.optional(index).ok_or_else(|| format!("input {index} is missing"))
    }

    /// The input of that number, if it is there.
    fn optional(&self, index: usize) -> Option<&'a Tensor> {
        self.inputs.get(index).copied().flatten()
    }

    /// An input as real numbers.
    fn real(&self, index: usize) -> Result<ArrayD<f64>, String> {
        self.input(index)?.to_f64().ok_or_else(|| format!("input {index} holds texts, expected numbers"))
    }

    /// An input as a list of integers.
    fn integers(&self, index: usize) -> Result<Vec<i64>, String> {
        let array =
            self.input(index)?.to_i64().ok_or_else(|| format!("input {index} holds texts, expected integers"))?;
        Ok(array.into_iter().collect())
    }

    /// An axis: negative ones count from the end.
    fn axis(axis: i64, rank: usize) -> Result<usize, String> {
        let wrapped = if axis < 0 { axis + rank as i64 } else { axis };
        usize::try_from(wrapped)
            .ok()
            .filter(|&axis| axis < rank.max(1))
            .ok_or_else(|| format!("axis {axis} does not exist in a tensor of rank {rank}"))
    }

    /// Axes from the attribute `axes` (the older opsets) or from the input of that number.
    fn axes(&self, index: usize) -> Result<Option<Vec<i64>>, String> {
        match self.node.attributes.ints("axes") {
            Some(axes) => Ok(Some(axes.to_vec())),
            None if self.optional(index).is_some() => self.integers(index).map(Some),
            None => Ok(None),
        }
    }
}

/// A function of each element of the first input. Behind a pointer, as in all that follows, since an array's loop is a lot of
/// code to have once for every function.
fn elementwise(call: &Call, f: &dyn Fn(f64) -> f64) -> Outputs {
    Ok(vec![typed(each(call.real(0)?, f), call.input(0)?)])
}

/// A function of each element.
fn each(mut values: ArrayD<f64>, f: &dyn Fn(f64) -> f64) -> ArrayD<f64> {
    values.mapv_inplace(f);
    values
}

/// Real numbers as a tensor of the type of `like`.
pub(super) fn typed(values: ArrayD<f64>, like: &Tensor) -> Tensor {
    Tensor::of_type(values, like.element_type())
}

/// The shape that a node which only reshapes gives to a tensor of the shape `from`; `constants` are its other inputs.
pub(super) fn shape_after(node: &Node, from: &[usize], constants: &[Option<&Tensor>]) -> Result<Vec<usize>, String> {
    let inputs: Vec<Option<&Tensor>> = std::iter::once(None).chain(constants.iter().copied()).collect();
    shape::shape_after(&Call { node, inputs: &inputs }, from)
}

/// Evaluates one node. `None` where the operator is none of those that a multilayer perceptron is made of.
pub(super) fn evaluate(node: &Node, inputs: &[Option<&Tensor>]) -> Option<Outputs> {
    let call = Call { node, inputs };
    match node.domain.as_str() {
        "" => arithmetic::evaluate(&call)
            .or_else(|| activation::evaluate(&call))
            .or_else(|| linear::evaluate(&call))
            .or_else(|| shape::evaluate(&call))
            .or_else(|| reduction::evaluate(&call))
            .or_else(|| pool::evaluate(&call))
            .or_else(|| quantized::evaluate(&call)),
        "ai.onnx.ml" => label::evaluate(&call),
        "com.microsoft" => quantized::evaluate_microsoft(&call),
        _ => None,
    }
}
