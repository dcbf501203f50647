//! Operators of integers that stand for real numbers. They round where their definitions round: the scales are f32, and so
//! is every product with them.

use super::super::tensor::Tensor;
use super::arithmetic::broadcast_shape;
use super::linear::matmul;
use super::{Call, Outputs, typed};
use ndarray::{ArrayD, Axis, IxDyn};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    Some(match call.node.op.as_str() {
        "QuantizeLinear" => quantize_linear(call),
        "DequantizeLinear" => dequantize_linear(call),
        "DynamicQuantizeLinear" => dynamic_quantize_linear(call),
        "MatMulInteger" => matmul_integer(call),
        "QLinearMatMul" => qlinear_matmul(call),
        _ => return None,
    })
}

pub(super) fn evaluate_microsoft(call: &Call) -> Option<Outputs> {
    Some(match call.node.op.as_str() {
        "QuantizeLinear" => quantize_linear(call),
        "DequantizeLinear" => dequantize_linear(call),
        "QGemm" => qgemm(call),
        "QLinearAdd" => qlinear_add(call),
        "QLinearSigmoid" => qlinear_unary(call, 1, |x| super::activation::sigmoid(x as f64) as f32),
        "QLinearLeakyRelu" => {
            let slope = call.node.attributes.float("alpha", 0.01);
            qlinear_unary(call, 1, |x| if x < 0.0 { slope * x } else { x })
        }
        _ => return None,
    })
}

/// The least and largest integer of a tensor's type.
pub(in super::super) fn limits(like: &Tensor) -> Result<(f32, f32), String> {
    Ok(match like {
        Tensor::I8(_) => (-128.0, 127.0),
        Tensor::U8(_) => (0.0, 255.0),
        Tensor::I16(_) => (-32768.0, 32767.0),
        Tensor::U16(_) => (0.0, 65535.0),
        other => return Err(format!("quantization to {} is not supported", other.type_name())),
    })
}

/// Scale or zero point, spread over `shape`: one number, one per index of `axis`, or one per block along it.
fn spread(parameter: &ArrayD<f64>, shape: &[usize], axis: i64, block: usize) -> Result<ArrayD<f64>, String> {
    if parameter.len() == 1 {
        let value = parameter.first().copied().unwrap_or(0.0);
        return Ok(ArrayD::from_elem(IxDyn(&vec![1; shape.len()]), value));
    }
    let axis = Call::axis(axis, shape.len())?;
    if parameter.ndim() == 1 && parameter.len() == shape[axis] {
        let mut wide = vec![1; shape.len()];
        wide[axis] = parameter.len();
        return parameter.clone().into_shape_with_order(wide).map_err(|error| error.to_string());
    }
    if block > 0 && parameter.ndim() == shape.len() {
        let places: Vec<usize> = (0..shape[axis]).map(|index| index / block).collect();
        if places.last().is_some_and(|&last| last >= parameter.shape()[axis]) {
            return Err(format!("scale {:?} has too few blocks for {shape:?}", parameter.shape()));
        }
        return Ok(parameter.select(Axis(axis), &places));
    }
    Err(format!("scale {:?} does not fit input {shape:?} along axis {axis}", parameter.shape()))
}

fn fit(parameter: &ArrayD<f64>, shape: &[usize]) -> Result<ArrayD<f64>, String> {
    parameter
        .broadcast(IxDyn(shape))
        .map(|view| view.to_owned())
        .ok_or_else(|| format!("scale {:?} does not fit {shape:?}", parameter.shape()))
}

fn quantize_linear(call: &Call) -> Outputs {
    let x = call.real(0)?;
    let attributes = &call.node.attributes;
    let (axis, block) = (attributes.int("axis", 1), attributes.int("block_size", 0).max(0) as usize);
    let fallback = match attributes.int("output_dtype", 0) as i32 {
        super::super::proto::data_type::INT8 => Tensor::I8(ArrayD::default(IxDyn(&[1]))),
        super::super::proto::data_type::INT16 => Tensor::I16(ArrayD::default(IxDyn(&[1]))),
        super::super::proto::data_type::UINT16 => Tensor::U16(ArrayD::default(IxDyn(&[1]))),
        _ => Tensor::U8(ArrayD::default(IxDyn(&[1]))),
    };
    let like = call.optional(2).unwrap_or(&fallback);
    let zero_point = like.to_f64().ok_or("its zero point is not a number")?;
    let scale = fit(&spread(&call.real(1)?, x.shape(), axis, block)?, x.shape())?;
    let zero_point = fit(&spread(&zero_point, x.shape(), axis, block)?, x.shape())?;
    let (lo, hi) = limits(like)?;
    let integers = ndarray::Zip::from(&x).and(&scale).and(&zero_point).map_collect(|&x, &scale, &zero_point| {
        f64::from(((x as f32 / scale as f32).round_ties_even() + zero_point as f32).clamp(lo, hi))
    });
    Ok(vec![typed(integers, like)])
}

fn dequantize_linear(call: &Call) -> Outputs {
    let x = call.real(0)?;
    let attributes = &call.node.attributes;
    let (axis, block) = (attributes.int("axis", 1), attributes.int("block_size", 0).max(0) as usize);
    let scale = fit(&spread(&call.real(1)?, x.shape(), axis, block)?, x.shape())?;
    let zero_point = match call.optional(2) {
        Some(_) => fit(&spread(&call.real(2)?, x.shape(), axis, block)?, x.shape())?,
        None => ArrayD::zeros(x.raw_dim()),
    };
    let real = ndarray::Zip::from(&x)
        .and(&scale)
        .and(&zero_point)
        .map_collect(|&x, &scale, &zero_point| f64::from((x - zero_point) as f32 * scale as f32));
    Ok(vec![typed(real, call.input(1)?)])
}

fn dynamic_quantize_linear(call: &Call) -> Outputs {
    let x = call.real(0)?.mapv(|v| v as f32);
    let (lo, hi) = x.iter().fold((0.0_f32, 0.0_f32), |(lo, hi), &v| (lo.min(v), hi.max(v)));
    let scale = if hi > lo { (hi - lo) / 255.0 } else { 1.0 };
    let zero_point = (-lo / scale).clamp(0.0, 255.0).round_ties_even();
    let y = x.mapv(|v| ((v / scale).round_ties_even() + zero_point).clamp(0.0, 255.0) as u8);
    Ok(vec![Tensor::U8(y), ndarray::arr0(scale).into_dyn().into(), ndarray::arr0(zero_point as u8).into_dyn().into()])
}

/// The integers less their zero points; a list of zero points is by rows of A or by columns of B.
fn centered(call: &Call, index: usize, zero_point: usize, columns: bool) -> Result<ArrayD<f64>, String> {
    let x = call.real(index)?;
    if call.optional(zero_point).is_none() {
        return Ok(x);
    }
    let mut zero = call.real(zero_point)?;
    if zero.len() == 1 {
        zero = ArrayD::from_elem(IxDyn(&[]), zero.first().copied().unwrap_or(0.0));
    } else if !columns && zero.ndim() == 1 {
        zero = zero.insert_axis(Axis(1));
    }
    let shape = broadcast_shape(x.shape(), zero.shape())?;
    Ok(fit(&x, &shape)? - fit(&zero, &shape)?)
}

fn matmul_integer(call: &Call) -> Outputs {
    let sums = matmul(&centered(call, 0, 2, false), &centered(call, 1, 3, true))?;
    Ok(vec![Tensor::I32(sums.mapv(|v| v as i64 as i32))])
}

/// Sums to integers: `round(sum * (a_scale * b_scale / y_scale)) + y_zero_point`, each operation in f32.
fn requantize(sums: &ArrayD<f64>, multiplier: &ArrayD<f64>, zero_point: f32, like: &Tensor) -> Result<Tensor, String> {
    let (lo, hi) = limits(like)?;
    let multiplier = fit(multiplier, sums.shape())?;
    let y = ndarray::Zip::from(sums).and(&multiplier).map_collect(|&sum, &multiplier| {
        f64::from(((sum as f32 * multiplier as f32).round_ties_even() + zero_point).clamp(lo, hi))
    });
    Ok(typed(y, like))
}

/// `a_scale * b_scale / y_scale` in f32, in that order; a list of scales is by columns.
fn multiplier(a: f32, b: &ArrayD<f64>, y: f32) -> ArrayD<f64> {
    let values = b.mapv(|b| f64::from(a * b as f32 / y));
    if values.len() == 1 { values.into_shape_with_order(IxDyn(&[])).unwrap_or_default() } else { values }
}

fn scalar(call: &Call, index: usize) -> Result<f32, String> {
    let values = call.real(index)?;
    match values.first() {
        Some(&value) if values.len() == 1 => Ok(value as f32),
        _ => Err(format!("input {index} has shape {:?}, expected one number", values.shape())),
    }
}

fn qlinear_matmul(call: &Call) -> Outputs {
    let sums = matmul(&centered(call, 0, 2, false), &centered(call, 3, 5, true))?;
    let multiplier = multiplier(scalar(call, 1)?, &call.real(4)?, scalar(call, 6)?);
    Ok(vec![requantize(&sums, &multiplier, scalar(call, 7)?, call.input(7)?)?])
}

/// A, a_scale, a_zero_point, B, b_scale, b_zero_point, C (int32), y_scale, y_zero_point; real numbers without the last two.
fn qgemm(call: &Call) -> Outputs {
    let attributes = &call.node.attributes;
    let b = if attributes.flag("transB") {
        let (mut b, zero) = (call.real(3)?, call.real(5)?);
        if b.ndim() != 2 {
            return Err("B is not a matrix".to_owned());
        }
        b = b.reversed_axes();
        let zero = if zero.len() == 1 { zero.into_shape_with_order(IxDyn(&[])).unwrap_or_default() } else { zero };
        b.clone() - fit(&zero, b.shape())?
    } else {
        centered(call, 3, 5, true)?
    };
    let mut a = centered(call, 0, 2, false)?;
    if attributes.flag("transA") {
        a = a.reversed_axes();
    }
    let mut sums = matmul(&Ok(a), &Ok(b))? * f64::from(attributes.float("alpha", 1.0));
    if call.optional(6).is_some() {
        sums = &sums + &fit(&call.real(6)?, sums.shape())?;
    }
    let alpha = attributes.float("alpha", 1.0);
    let (a_scale, b_scale) = (scalar(call, 1)?, call.real(4)?);
    if call.optional(7).is_none() {
        let scale = multiplier(alpha * a_scale, &b_scale, 1.0);
        let real = &sums.mapv(|v| f64::from(v as f32)) * &fit(&scale, sums.shape())?;
        return Ok(vec![Tensor::F32(real.mapv(|v| v as f32))]);
    }
    let multiplier = multiplier(alpha * a_scale, &b_scale, scalar(call, 7)?);
    Ok(vec![requantize(&sums, &multiplier, scalar(call, 8)?, call.input(8)?)?])
}

/// A, a_scale, a_zero_point, B, b_scale, b_zero_point, y_scale, y_zero_point.
fn qlinear_add(call: &Call) -> Outputs {
    let zero = |index: usize| if call.optional(index).is_some() { scalar(call, index) } else { Ok(0.0) };
    let real = |array: ArrayD<f64>, scale: f32, zero: f32| array.mapv(|q| f64::from((q as f32 - zero) * scale));
    let a = real(call.real(0)?, scalar(call, 1)?, zero(2)?);
    let b = real(call.real(3)?, scalar(call, 4)?, zero(5)?);
    let shape = broadcast_shape(a.shape(), b.shape())?;
    let sums = fit(&a, &shape)? + fit(&b, &shape)?;
    let like = call.input(0)?;
    let (lo, hi) = limits(like)?;
    let (scale, zero) = (scalar(call, 6)?, zero(7)?);
    let y = sums.mapv(|sum| f64::from(((sum as f32 / scale).round_ties_even() + zero).clamp(lo, hi)));
    Ok(vec![typed(y, like)])
}

/// X, x_scale, x_zero_point, y_scale, y_zero_point.
fn qlinear_unary(call: &Call, first: usize, f: impl Fn(f32) -> f32) -> Outputs {
    let zero = |index: usize| if call.optional(index).is_some() { scalar(call, index) } else { Ok(0.0) };
    let (x_scale, x_zero, y_scale, y_zero) =
        (scalar(call, first)?, zero(first + 1)?, scalar(call, first + 2)?, zero(first + 3)?);
    let (lo, hi) = limits(call.input(0)?)?;
    let y = call
        .real(0)?
        .mapv(|q| f64::from(((f((q as f32 - x_zero) * x_scale) / y_scale).round_ties_even() + y_zero).clamp(lo, hi)));
    Ok(vec![typed(y, call.input(0)?)])
}
