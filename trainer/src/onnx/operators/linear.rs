//! Products with matrices, and the normalization that folds into them.

use super::arithmetic::{broadcast_shape, reasonable};
use super::{Call, Outputs, typed};
use ndarray::{Array2, ArrayD, Ix2, IxDyn};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    Some(match call.node.op.as_str() {
        "Gemm" => gemm(call),
        "MatMul" => matmul(&call.real(0), &call.real(1)).and_then(|y| Ok(vec![typed(y, call.input(0)?)])),
        "BatchNormalization" => batch_normalization(call),
        _ => return None,
    })
}

fn matrix(array: ArrayD<f64>, name: &str) -> Result<Array2<f64>, String> {
    let shape = array.shape().to_vec();
    array.into_dimensionality::<Ix2>().map_err(|_| format!("{name} has shape {shape:?}, expected a matrix"))
}

/// `alpha * A' * B' + beta * C`
fn gemm(call: &Call) -> Outputs {
    let attributes = &call.node.attributes;
    let (mut a, mut b) = (matrix(call.real(0)?, "A")?, matrix(call.real(1)?, "B")?);
    if attributes.flag("transA") {
        a = a.reversed_axes();
    }
    if attributes.flag("transB") {
        b = b.reversed_axes();
    }
    if a.ncols() != b.nrows() {
        return Err(format!("input B is {}x{}, expected {} rows", b.nrows(), b.ncols(), a.ncols()));
    }
    reasonable(&[a.nrows(), b.ncols()], a.len() + b.len())?;
    let mut y = a.dot(&b) * f64::from(attributes.float("alpha", 1.0));
    if call.optional(2).is_some() {
        let c = call.real(2)? * f64::from(attributes.float("beta", 1.0));
        let c = c
            .broadcast(y.raw_dim())
            .ok_or_else(|| format!("input C has shape {:?}, expected {:?}", c.shape(), y.shape()))?;
        y += &c;
    }
    Ok(vec![typed(y.into_dyn(), call.input(0)?)])
}

/// The product as numpy defines it: vectors are rows or columns, leading axes broadcast.
pub(super) fn matmul(a: &Result<ArrayD<f64>, String>, b: &Result<ArrayD<f64>, String>) -> Result<ArrayD<f64>, String> {
    let (a, b) = (a.as_ref().map_err(Clone::clone)?, b.as_ref().map_err(Clone::clone)?);
    let (a_shape, b_shape) = (a.shape().to_vec(), b.shape().to_vec());
    if a_shape.is_empty() || b_shape.is_empty() {
        return Err("an input is a single number, expected matrices".to_owned());
    }
    let mut wide_a = a.view();
    let mut wide_b = b.view();
    if a_shape.len() == 1 {
        wide_a = wide_a.insert_axis(ndarray::Axis(0));
    }
    if b_shape.len() == 1 {
        wide_b = wide_b.insert_axis(ndarray::Axis(1));
    }
    let (ra, rb) = (wide_a.ndim(), wide_b.ndim());
    let (m, k, n) = (wide_a.shape()[ra - 2], wide_a.shape()[ra - 1], wide_b.shape()[rb - 1]);
    if wide_b.shape()[rb - 2] != k {
        return Err(format!("inputs {a_shape:?} and {b_shape:?} do not fit"));
    }
    let batch = broadcast_shape(&wide_a.shape()[..ra - 2], &wide_b.shape()[..rb - 2])?;
    let full = |rows: usize, columns: usize| IxDyn(&[batch.as_slice(), &[rows, columns]].concat());
    let (Some(left), Some(right)) = (wide_a.broadcast(full(m, k)), wide_b.broadcast(full(k, n))) else {
        return Err(format!("inputs {a_shape:?} and {b_shape:?} do not fit"));
    };
    let shape = [batch.as_slice(), &[m, n]].concat();
    reasonable(&shape, a.len() + b.len())?;
    let mut y = ArrayD::zeros(shape);
    for index in ndarray::indices(IxDyn(&batch)) {
        let (mut left, mut right) = (left.view(), right.view());
        let mut target = y.view_mut();
        for axis in 0..batch.len() {
            left.index_axis_inplace(ndarray::Axis(0), index[axis]);
            right.index_axis_inplace(ndarray::Axis(0), index[axis]);
            target.index_axis_inplace(ndarray::Axis(0), index[axis]);
        }
        let (Ok(left), Ok(right), Ok(mut target)) = (
            left.into_dimensionality::<Ix2>(),
            right.into_dimensionality::<Ix2>(),
            target.into_dimensionality::<Ix2>(),
        ) else {
            return Err(format!("inputs {a_shape:?} and {b_shape:?} do not fit"));
        };
        target.assign(&left.dot(&right));
    }
    if a_shape.len() == 1 {
        y = y.index_axis_move(ndarray::Axis(batch.len()), 0);
    }
    if b_shape.len() == 1 {
        let last = y.ndim() - 1;
        y = y.index_axis_move(ndarray::Axis(last), 0);
    }
    Ok(y)
}

/// Inference only: `(x - mean) / sqrt(variance + epsilon) * scale + bias`, by the channels of axis 1.
fn batch_normalization(call: &Call) -> Outputs {
    if call.node.attributes.flag("training_mode") {
        return Err("it is in training mode; export the model for inference".to_owned());
    }
    let mut x = call.real(0)?;
    let channels = if x.ndim() < 2 { x.len() } else { x.shape()[1] };
    let parameter = |index: usize| -> Result<Vec<f64>, String> {
        let values: Vec<f64> = call.real(index)?.into_iter().collect();
        if values.len() == channels {
            Ok(values)
        } else {
            Err(format!("input {index} has {} elements, expected {channels}", values.len()))
        }
    };
    let (scale, bias, mean, variance) = (parameter(1)?, parameter(2)?, parameter(3)?, parameter(4)?);
    let epsilon = f64::from(call.node.attributes.float("epsilon", 1e-5));
    let axis = ndarray::Axis(usize::from(x.ndim() > 1));
    for (channel, mut part) in x.axis_iter_mut(axis).enumerate() {
        let (factor, mean, bias) =
            (scale[channel] / (variance[channel] + epsilon).sqrt(), mean[channel], bias[channel]);
        part.mapv_inplace(|x| (x - mean) * factor + bias);
    }
    Ok(vec![typed(x, call.input(0)?)])
}
