//! The operators, each evaluated in the plainest way: they fold constants for the importer, and they are the oracle of what a
//! model means. Floats are computed in f64 and rounded once to the operator's type, unless the operator's definition rounds
//! in between.

mod activation;
mod arithmetic;
mod label;
mod linear;
mod quantized;
mod reduction;
mod shape;

pub(super) use arithmetic::broadcast_shape;
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

/// A function of each element of the first input. Behind a pointer, since an array's loop is a lot of code to have once for
/// every function.
fn elementwise(call: &Call, f: &dyn Fn(f64) -> f64) -> Outputs {
    Ok(vec![typed(call.real(0)?.mapv(f), call.input(0)?)])
}

/// Real numbers as a tensor of the type of `like`: floats rounded, integers cut and wrapped.
pub(super) fn typed(values: ArrayD<f64>, like: &Tensor) -> Tensor {
    match like {
        Tensor::F32(_) => Tensor::F32(values.mapv(|v| v as f32)),
        Tensor::F64(_) | Tensor::Text(_) => Tensor::F64(values),
        Tensor::I8(_) => Tensor::I8(values.mapv(|v| v as i64 as i8)),
        Tensor::U8(_) => Tensor::U8(values.mapv(|v| v as i64 as u8)),
        Tensor::I16(_) => Tensor::I16(values.mapv(|v| v as i64 as i16)),
        Tensor::U16(_) => Tensor::U16(values.mapv(|v| v as i64 as u16)),
        Tensor::I32(_) => Tensor::I32(values.mapv(|v| v as i64 as i32)),
        Tensor::U32(_) => Tensor::U32(values.mapv(|v| v as i64 as u32)),
        Tensor::I64(_) => Tensor::I64(values.mapv(|v| v as i64)),
        Tensor::U64(_) => Tensor::U64(values.mapv(|v| if v < 0.0 { v as i64 as u64 } else { v as u64 })),
        Tensor::Bool(_) => Tensor::Bool(values.mapv(|v| v != 0.0)),
    }
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
            .or_else(|| quantized::evaluate(&call)),
        "ai.onnx.ml" => label::evaluate(&call),
        "com.microsoft" => quantized::evaluate_microsoft(&call),
        _ => None,
    }
}
