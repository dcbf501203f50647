//! Operators of integers that stand for real numbers. They round where their definitions round: the scales are f32, and so
//! is every product with them.

use super::super::tensor::{ElementType, Tensor};
use super::arithmetic::{broadcast_shape, combine};
use super::linear::matmul;
use super::{Call, Outputs, each, typed};
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
        "QLinearSoftmax" => qlinear_softmax(call),
        "QLinearSigmoid" => qlinear_unary(call, &|x| super::activation::sigmoid(x as f64) as f32),
        "QLinearLeakyRelu" => {
            let slope = call.node.attributes.float("alpha", 0.01);
            qlinear_unary(call, &|x| if x < 0.0 { slope * x } else { x })
        }
        _ => return None,
    })
}

/// The least and largest integer of a tensor's type.
fn limits(element: ElementType) -> Result<(f32, f32), String> {
    Ok(match element {
        ElementType::I8 => (-128.0, 127.0),
        ElementType::U8 => (0.0, 255.0),
        ElementType::I16 => (-32768.0, 32767.0),
        ElementType::U16 => (0.0, 65535.0),
        other => return Err(format!("quantization to {} is not supported", other.name())),
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
    let (element, zero_point) = if let Some(tensor) = call.optional(2) {
        (tensor.element_type(), call.real(2)?)
    } else {
        let asked = ElementType::of_number(attributes.int("output_dtype", 0) as i32);
        (asked.unwrap_or(ElementType::U8), ArrayD::zeros(IxDyn(&[1])))
    };
    let (lo, hi) = limits(element)?;
    let mut y = combine(&x, &fit(&spread(&call.real(1)?, x.shape(), axis, block)?, x.shape())?, &|x, scale| {
        f64::from((x as f32 / scale as f32).round_ties_even())
    })?;
    y = combine(&y, &fit(&spread(&zero_point, x.shape(), axis, block)?, x.shape())?, &|y, zero_point| {
        f64::from((y as f32 + zero_point as f32).clamp(lo, hi))
    })?;
    Ok(vec![Tensor::of_type(y, element)])
}

fn dequantize_linear(call: &Call) -> Outputs {
    let x = call.real(0)?;
    let attributes = &call.node.attributes;
    let (axis, block) = (attributes.int("axis", 1), attributes.int("block_size", 0).max(0) as usize);
    let mut centered = x;
    if call.optional(2).is_some() {
        let zero_point = fit(&spread(&call.real(2)?, centered.shape(), axis, block)?, centered.shape())?;
        centered = combine(&centered, &zero_point, &|x, zero_point| x - zero_point)?;
    }
    let scale = fit(&spread(&call.real(1)?, centered.shape(), axis, block)?, centered.shape())?;
    let real = combine(&centered, &scale, &|x, scale| f64::from(x as f32 * scale as f32))?;
    Ok(vec![typed(real, call.input(1)?)])
}

fn dynamic_quantize_linear(call: &Call) -> Outputs {
    let x = call.real(0)?;
    let (lo, hi) = x.iter().fold((0.0_f32, 0.0_f32), |(lo, hi), &v| (lo.min(v as f32), hi.max(v as f32)));
    let scale = if hi > lo { (hi - lo) / 255.0 } else { 1.0 };
    let zero_point = (-lo / scale).clamp(0.0, 255.0).round_ties_even();
    let y = each(x, &|v| f64::from(((v as f32 / scale).round_ties_even() + zero_point).clamp(0.0, 255.0)));
    let zero_point = ndarray::arr0(f64::from(zero_point)).into_dyn();
    Ok(vec![Tensor::of_type(y, ElementType::U8), scale.into(), Tensor::of_type(zero_point, ElementType::U8)])
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
    Ok(vec![Tensor::of_type(sums, ElementType::I32)])
}

/// Sums to integers: `round(sum * (a_scale * b_scale / y_scale)) + y_zero_point`, each operation in f32.
fn requantize(sums: &ArrayD<f64>, multiplier: &ArrayD<f64>, zero_point: f32, like: &Tensor) -> Result<Tensor, String> {
    let (lo, hi) = limits(like.element_type())?;
    let y = combine(sums, &fit(multiplier, sums.shape())?, &|sum, multiplier| {
        f64::from(((sum as f32 * multiplier as f32).round_ties_even() + zero_point).clamp(lo, hi))
    })?;
    Ok(typed(y, like))
}

/// `a_scale * b_scale / y_scale` in f32, in that order; a list of scales is by columns.
fn multiplier(a: f32, b: ArrayD<f64>, y: f32) -> ArrayD<f64> {
    let values = each(b, &|b| f64::from(a * b as f32 / y));
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
    let multiplier = multiplier(scalar(call, 1)?, call.real(4)?, scalar(call, 6)?);
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
    // alpha stands with the scales: C is in steps of it too.
    let mut sums = matmul(&Ok(a), &Ok(b))?;
    if call.optional(6).is_some() {
        sums = &sums + &fit(&call.real(6)?, sums.shape())?;
    }
    let alpha = attributes.float("alpha", 1.0);
    let (a_scale, b_scale) = (scalar(call, 1)?, call.real(4)?);
    if call.optional(7).is_none() {
        let scale = multiplier(alpha * a_scale, b_scale, 1.0);
        let real = combine(&sums, &fit(&scale, sums.shape())?, &|sum, scale| f64::from(sum as f32) * scale)?;
        return Ok(vec![Tensor::of_type(real, ElementType::F32)]);
    }
    let multiplier = multiplier(alpha * a_scale, b_scale, scalar(call, 7)?);
    Ok(vec![requantize(&sums, &multiplier, scalar(call, 8)?, call.input(8)?)?])
}

/// A, a_scale, a_zero_point, B, b_scale, b_zero_point, y_scale, y_zero_point.
fn qlinear_add(call: &Call) -> Outputs {
    let zero = |index: usize| if call.optional(index).is_some() { scalar(call, index) } else { Ok(0.0) };
    let real = |index: usize, scale: f32, zero: f32| -> Result<ArrayD<f64>, String> {
        Ok(each(call.real(index)?, &|q| f64::from((q as f32 - zero) * scale)))
    };
    let (a, b) = (real(0, scalar(call, 1)?, zero(2)?)?, real(3, scalar(call, 4)?, zero(5)?)?);
    let like = call.input(0)?;
    let (lo, hi) = limits(like.element_type())?;
    let (scale, zero) = (scalar(call, 6)?, zero(7)?);
    let y = combine(&a, &b, &|a, b| f64::from((((a + b) as f32 / scale).round_ties_even() + zero).clamp(lo, hi)))?;
    Ok(vec![typed(y, like)])
}

/// X, x_scale, x_zero_point, y_scale, y_zero_point.
fn qlinear_softmax(call: &Call) -> Outputs {
    let zero = |index: usize| if call.optional(index).is_some() { scalar(call, index) } else { Ok(0.0) };
    let (x_scale, y_scale, y_zero) = (scalar(call, 1)?, scalar(call, 3)?, zero(4)?);
    let (lo, hi) = limits(call.input(0)?.element_type())?;
    // ONNX Runtime takes a whole number of steps for 1.
    let steps = f64::from((1.0 / y_scale).floor());
    // The zero point of the inputs is the same in every term, and falls out.
    let mut x = call.real(0)?.mapv_into(|q| q * f64::from(x_scale));
    let axis = Call::axis(call.node.attributes.int("axis", -1), x.ndim())?;
    if x.ndim() == 0 {
        return Err("its input is a single number".to_owned());
    }
    for mut lane in x.lanes_mut(ndarray::Axis(axis)) {
        let largest = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = lane.iter().map(|x| (x - largest).exp()).sum();
        lane.mapv_inplace(|x| {
            let share = ((x - largest).exp() * steps / sum).round_ties_even();
            (share + f64::from(y_zero)).clamp(f64::from(lo), f64::from(hi))
        });
    }
    Ok(vec![typed(x, call.input(0)?)])
}

/// X, x_scale, x_zero_point, y_scale, y_zero_point.
fn qlinear_unary(call: &Call, f: &dyn Fn(f32) -> f32) -> Outputs {
    let zero = |index: usize| if call.optional(index).is_some() { scalar(call, index) } else { Ok(0.0) };
    let (x_scale, x_zero, y_scale, y_zero) = (scalar(call, 1)?, zero(2)?, scalar(call, 3)?, zero(4)?);
    let (lo, hi) = limits(call.input(0)?.element_type())?;
    super::elementwise(call, &|q| {
        f64::from(((f((q as f32 - x_zero) * x_scale) / y_scale).round_ties_even() + y_zero).clamp(lo, hi))
    })
}
