//! Operators that look along an axis.

use super::super::tensor::{ElementType, Tensor};
use super::{Call, Outputs, typed};
use ndarray::{ArrayD, Axis};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    Some(match call.node.op.as_str() {
        "ArgMax" => argmax(call),
        "LpNormalization" => lp_normalization(call),
        "ReduceSum" => reduce(call, |x| x, 0.0, |sum, x| sum + x, |sum, _| sum),
        "ReduceMean" => reduce(call, |x| x, 0.0, |sum, x| sum + x, |sum, count| sum / count as f64),
        "ReduceMax" => reduce(call, |x| x, f64::NEG_INFINITY, f64::max, |max, _| max),
        "ReduceMin" => reduce(call, |x| x, f64::INFINITY, f64::min, |min, _| min),
        "ReduceL1" => reduce(call, f64::abs, 0.0, |sum, x| sum + x, |sum, _| sum),
        "ReduceL2" => reduce(call, |x| x * x, 0.0, |sum, x| sum + x, |sum, _| sum.sqrt()),
        "ReduceSumSquare" => reduce(call, |x| x * x, 0.0, |sum, x| sum + x, |sum, _| sum),
        _ => return None,
    })
}

fn argmax(call: &Call) -> Outputs {
    let x = call.real(0)?;
    if x.ndim() == 0 {
        return Err("its input is a single number".to_owned());
    }
    let axis = Axis(Call::axis(call.node.attributes.int("axis", 0), x.ndim())?);
    let last = call.node.attributes.flag("select_last_index");
    let mut best = x.map_axis(axis, |lane| {
        let mut best = 0;
        for (index, &value) in lane.iter().enumerate() {
            if value > lane[best] || (last && value == lane[best]) {
                best = index;
            }
        }
        best as f64
    });
    if call.node.attributes.int("keepdims", 1) != 0 {
        best = best.insert_axis(axis);
    }
    Ok(vec![Tensor::of_type(best, ElementType::I64)])
}

fn lp_normalization(call: &Call) -> Outputs {
    let mut x = call.real(0)?;
    if x.ndim() == 0 {
        return Err("its input is a single number".to_owned());
    }
    let axis = Axis(Call::axis(call.node.attributes.int("axis", -1), x.ndim())?);
    let power = call.node.attributes.int("p", 2);
    for mut lane in x.lanes_mut(axis) {
        let norm = if power == 1 {
            lane.iter().map(|x| x.abs()).sum()
        } else {
            lane.iter().map(|x| x * x).sum::<f64>().sqrt()
        };
        lane.mapv_inplace(|x| if norm == 0.0 { 0.0 } else { x / norm });
    }
    Ok(vec![typed(x, call.input(0)?)])
}

fn reduce(
    call: &Call,
    before: fn(f64) -> f64,
    start: f64,
    step: fn(f64, f64) -> f64,
    end: fn(f64, usize) -> f64,
) -> Outputs {
    let mut x: ArrayD<f64> = call.real(0)?;
    let rank = x.ndim();
    let axes = match call.axes(1)? {
        Some(axes) if !axes.is_empty() => {
            axes.into_iter().map(|axis| Call::axis(axis, rank)).collect::<Result<Vec<_>, _>>()?
        }
        _ if call.node.attributes.flag("noop_with_empty_axes") => return Ok(vec![call.input(0)?.clone()]),
        _ => (0..rank).collect(),
    };
    let count: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    x.mapv_inplace(before);
    for &axis in &axes {
        x = x.fold_axis(Axis(axis), start, |&sum, &value| step(sum, value)).insert_axis(Axis(axis));
    }
    x.mapv_inplace(|value| end(value, count));
    if call.node.attributes.int("keepdims", 1) == 0 {
        let shape: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).map(|axis| x.shape()[axis]).collect();
        x = x.into_shape_with_order(shape).map_err(|error| error.to_string())?;
    }
    Ok(vec![typed(x, call.input(0)?)])
}
