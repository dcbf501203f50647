//! Operators that move, cut and retype elements without computing with them.

use super::super::proto::data_type;
use super::super::tensor::{ElementType, Tensor};
use super::{Call, Outputs};
use ndarray::{ArrayD, Axis, IxDyn, Slice};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    Some(match call.node.op.as_str() {
        "Constant" => constant(call),
        "ConstantOfShape" => constant_of_shape(call),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => reshape(call),
        "Transpose" => transpose(call),
        "Concat" => concat(call),
        "Cast" => call.input(0).and_then(|x| Ok(vec![cast(x, call.node.attributes.int("to", 1) as i32)?])),
        "CastLike" => call.input(0).and_then(|x| Ok(vec![cast(x, call.input(1)?.element_type().number())?])),
        "Shape" => shape(call),
        "Gather" => gather(call),
        "Slice" => slice(call),
        "Expand" => expand(call),
        _ => return None,
    })
}

fn constant(call: &Call) -> Outputs {
    let attributes = &call.node.attributes;
    let value = if let Some(tensor) = attributes.tensor("value") {
        tensor.clone()
    } else if let Some(values) = attributes.floats("value_floats") {
        values.to_vec().into()
    } else if let Some(values) = attributes.ints("value_ints") {
        values.to_vec().into()
    } else if let Some(values) = attributes.texts("value_strings") {
        values.to_vec().into()
    } else if attributes.has("value_float") {
        attributes.float("value_float", 0.0).into()
    } else if attributes.has("value_int") {
        attributes.int("value_int", 0).into()
    } else if attributes.has("value_string") {
        attributes.text("value_string", "").to_owned().into()
    } else {
        return Err("its value is of a kind that is not supported; export a dense tensor".to_owned());
    };
    Ok(vec![value])
}

/// The largest constant that a few bytes of a file may ask for.
const MAX_FILLED: usize = 1 << 22;

fn constant_of_shape(call: &Call) -> Outputs {
    let shape: Vec<usize> = call
        .integers(0)?
        .into_iter()
        .map(|d| usize::try_from(d).map_err(|_| format!("dimension {d} is negative")))
        .collect::<Result<_, _>>()?;
    if shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)).is_none_or(|n| n > MAX_FILLED) {
        return Err(format!("shape {shape:?} is unreasonably large"));
    }
    let zero = Tensor::from(0.0_f32);
    let value = call.node.attributes.tensor("value").unwrap_or(&zero);
    if value.len() != 1 {
        return Err("its value is not one number".to_owned());
    }
    Ok(vec![value.at(ArrayD::zeros(shape).view())])
}

/// The shape that a request with 0 (keep) and -1 (the rest) means for a tensor of `from`.
fn resolve_shape(from: &[usize], request: &[i64], allow_zero: bool) -> Result<Vec<usize>, String> {
    let count: usize = from.iter().product();
    let mut shape = Vec::with_capacity(request.len());
    let mut rest = None;
    for (axis, &dim) in request.iter().enumerate() {
        shape.push(match dim {
            -1 if rest.is_none() => {
                rest = Some(axis);
                1
            }
            0 if !allow_zero => *from
                .get(axis)
                .ok_or_else(|| format!("shape {request:?} keeps axis {axis} of {from:?}, which has none"))?,
            dim => usize::try_from(dim).map_err(|_| format!("shape {request:?} is impossible"))?,
        });
    }
    let size = shape
        .iter()
        .try_fold(1_usize, |n, &d| n.checked_mul(d))
        .ok_or_else(|| format!("shape {request:?} is too large"))?;
    if let Some(axis) = rest {
        shape[axis] = count.checked_div(size).unwrap_or(0);
    }
    if shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)) != Some(count) {
        return Err(format!("{from:?} cannot be reshaped to {request:?}"));
    }
    Ok(shape)
}

fn reshaped(tensor: Tensor, shape: &[usize]) -> Result<Tensor, String> {
    let from = tensor.shape().to_vec();
    tensor.reshaped(shape).ok_or_else(|| format!("{from:?} cannot be reshaped to {shape:?}"))
}

/// The shape that Reshape, Flatten, Squeeze and Unsqueeze give to a tensor of that shape.
pub(in super::super) fn shape_after(call: &Call, from: &[usize]) -> Result<Vec<usize>, String> {
    let rank = from.len();
    let attributes = &call.node.attributes;
    let axes = |axes: Vec<i64>, rank: usize| {
        axes.into_iter().map(|axis| Call::axis(axis, rank)).collect::<Result<Vec<_>, _>>()
    };
    match call.node.op.as_str() {
        "Reshape" => {
            let request = match attributes.ints("shape") {
                Some(shape) => shape.to_vec(),
                None => call.integers(1)?,
            };
            resolve_shape(from, &request, attributes.flag("allowzero"))
        }
        "Flatten" => {
            let axis = attributes.int("axis", 1);
            let axis = if axis == rank as i64 { rank } else { Call::axis(axis, rank)? };
            Ok(vec![from[..axis].iter().product(), from[axis..].iter().product()])
        }
        "Squeeze" => {
            let axes = match call.axes(1)? {
                Some(list) => axes(list, rank)?,
                None => (0..rank).filter(|&axis| from[axis] == 1).collect(),
            };
            Ok((0..rank).filter(|axis| !axes.contains(axis)).map(|axis| from[axis]).collect())
        }
        _ => {
            let list = call.axes(1)?.ok_or("its axes are missing")?;
            let rank = rank + list.len();
            let axes = axes(list, rank)?;
            let mut old = from.iter();
            Ok((0..rank).map(|axis| if axes.contains(&axis) { 1 } else { old.next().copied().unwrap_or(1) }).collect())
        }
    }
}

fn reshape(call: &Call) -> Outputs {
    let x = call.input(0)?;
    Ok(vec![reshaped(x.clone(), &shape_after(call, x.shape())?)?])
}

/// The order of axes after a Transpose of a tensor of that rank.
pub(in super::super) fn permutation(attribute: Option<&[i64]>, rank: usize) -> Result<Vec<usize>, String> {
    let Some(order) = attribute else { return Ok((0..rank).rev().collect()) };
    let axes = order.iter().map(|&axis| Call::axis(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    if axes.len() != rank || (0..rank).any(|axis| !axes.contains(&axis)) {
        return Err(format!("perm {order:?} is no order of {rank} axes"));
    }
    Ok(axes)
}

fn transpose(call: &Call) -> Outputs {
    let x = call.input(0)?;
    let order = permutation(call.node.attributes.ints("perm"), x.shape().len())?;
    Ok(vec![x.at(x.places().view().permuted_axes(IxDyn(&order)))])
}

fn concat(call: &Call) -> Outputs {
    let parts = (0..call.inputs.len()).map(|index| call.input(index)).collect::<Result<Vec<_>, _>>()?;
    let rank = parts.first().map_or(0, |part| part.shape().len());
    if rank == 0 || parts.iter().any(|part| part.shape().len() != rank) {
        return Err("its inputs have different ranks".to_owned());
    }
    let axis = Call::axis(call.node.attributes.int("axis", 1), rank)?;
    // The places of a part are those in the chain of all parts.
    let mut before = 0;
    let mut places = Vec::with_capacity(parts.len());
    for part in &parts {
        let start = before;
        places.push(part.places().mapv_into(|place| start + place));
        before += part.len() as u32;
    }
    let views: Vec<_> = places.iter().map(|places| places.view()).collect();
    let places = ndarray::concatenate(Axis(axis), &views).map_err(|error| error.to_string())?;
    Ok(vec![Tensor::chained(&parts)?.at(places.view())])
}

/// The elements as another type (`TensorProto.DataType`): floats to integers toward zero, anything to and from text.
fn cast(x: &Tensor, number: i32) -> Result<Tensor, String> {
    let to = ElementType::of_number(number).ok_or_else(|| format!("element type {number} is not supported"))?;
    let half = matches!(number, data_type::FLOAT16 | data_type::BFLOAT16);
    if to == x.element_type() && !half {
        return Ok(x.clone());
    }
    match (x.element_type(), to) {
        (_, ElementType::Text) => return reshaped(Tensor::from(x.to_texts()), x.shape()),
        (ElementType::I64 | ElementType::U64, ElementType::I64 | ElementType::U64) => {
            return Ok(Tensor::of_integers(x.to_i64().ok_or("it holds texts, expected numbers")?, to));
        }
        _ => {}
    }
    let mut values = if let Some(values) = x.to_f64() {
        values
    } else {
        let number = |text: &String| text.trim().parse::<f64>().map_err(|_| format!("{text:?} is not a number"));
        let numbers = x.to_texts().iter().map(number).collect::<Result<Vec<_>, _>>()?;
        ArrayD::from_shape_vec(x.shape(), numbers).map_err(|error| error.to_string())?
    };
    match number {
        data_type::FLOAT16 => values.mapv_inplace(|v| half::f16::from_f64(v).to_f64()),
        data_type::BFLOAT16 => values.mapv_inplace(|v| half::bf16::from_f64(v).to_f64()),
        _ => {}
    }
    Ok(Tensor::of_type(values, to))
}

/// `start..end` as Python counts, within `len`.
fn span(start: i64, end: i64, len: usize) -> (usize, usize) {
    let place = |at: i64| (if at < 0 { at.saturating_add(len as i64) } else { at }).clamp(0, len as i64) as usize;
    (place(start), place(end))
}

fn shape(call: &Call) -> Outputs {
    let shape = call.input(0)?.shape();
    let (start, end) =
        span(call.node.attributes.int("start", 0), call.node.attributes.int("end", i64::MAX), shape.len());
    let part: Vec<i64> = shape.get(start..end).unwrap_or_default().iter().map(|&d| d as i64).collect();
    Ok(vec![part.into()])
}

fn gather(call: &Call) -> Outputs {
    let (x, indices) = (call.input(0)?, call.input(1)?);
    let rank = x.shape().len();
    if rank == 0 {
        return Err("its data is a single number".to_owned());
    }
    let axis = Call::axis(call.node.attributes.int("axis", 0), rank)?;
    let len = x.shape()[axis];
    let places = call.integers(1)?.into_iter().map(|index| {
        let wrapped = if index < 0 { index + len as i64 } else { index };
        usize::try_from(wrapped)
            .ok()
            .filter(|&place| place < len)
            .ok_or_else(|| format!("index {index} is outside an axis of {len}"))
    });
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let shape = [&x.shape()[..axis], indices.shape(), &x.shape()[axis + 1..]].concat();
    super::arithmetic::reasonable(&shape, x.len() + indices.len())?;
    let taken = x.at(x.places().select(Axis(axis), &places).view());
    Ok(vec![reshaped(taken, &shape)?])
}

/// The bounds are attributes before opset 10 and inputs since. Steps are positive.
fn slice(call: &Call) -> Outputs {
    let x = call.input(0)?;
    let attributes = &call.node.attributes;
    let list = |name: &str, index: usize| match attributes.ints(name) {
        Some(values) => Ok(Some(values.to_vec())),
        None if call.optional(index).is_some() => call.integers(index).map(Some),
        None => Ok::<_, String>(None),
    };
    let (starts, ends) =
        (list("starts", 1)?.ok_or("its starts are missing")?, list("ends", 2)?.ok_or("its ends are missing")?);
    let axes = list("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = list("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return Err("its starts, ends, axes and steps have different lengths".to_owned());
    }
    let mut places = x.places();
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = Call::axis(axis, x.shape().len())?;
        if step <= 0 || axis >= x.shape().len() {
            return Err(format!("step {step} is not supported"));
        }
        let (start, end) = span(start, end, x.shape()[axis]);
        let part = Slice::new(start as isize, Some(end.max(start) as isize), step as isize);
        places.slice_axis_inplace(Axis(axis), part);
    }
    Ok(vec![x.at(places.view())])
}

fn expand(call: &Call) -> Outputs {
    let x = call.input(0)?;
    let request: Vec<usize> = call
        .integers(1)?
        .into_iter()
        .map(|d| usize::try_from(d).map_err(|_| format!("dimension {d} is negative")))
        .collect::<Result<_, _>>()?;
    let shape = super::arithmetic::broadcast_shape(x.shape(), &request)?;
    if shape.iter().product::<usize>() > MAX_FILLED {
        return Err(format!("shape {shape:?} is unreasonably large"));
    }
    Ok(vec![x.spread(&shape).ok_or("shapes do not fit")?])
}
