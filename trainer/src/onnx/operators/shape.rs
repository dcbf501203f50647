//! Operators that move, cut and retype elements without computing with them.

use super::super::proto::data_type;
use super::super::tensor::{Tensor, each, map_each};
use super::{Call, Outputs, typed};
use ndarray::{Array1, ArrayD, Axis, IxDyn, Slice};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    Some(match call.node.op.as_str() {
        "Constant" => constant(call),
        "ConstantOfShape" => constant_of_shape(call),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => reshape(call),
        "Transpose" => transpose(call),
        "Concat" => concat(call),
        "Cast" => call.input(0).and_then(|x| Ok(vec![cast(x, call.node.attributes.int("to", 1) as i32)?])),
        "CastLike" => call.input(0).and_then(|x| Ok(vec![cast(x, call.input(1)?.data_type())?])),
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
        Array1::from(values.to_vec()).into_dyn().into()
    } else if let Some(values) = attributes.ints("value_ints") {
        Array1::from(values.to_vec()).into_dyn().into()
    } else if let Some(values) = attributes.texts("value_strings") {
        Array1::from(values.to_vec()).into_dyn().into()
    } else if attributes.has("value_float") {
        ndarray::arr0(attributes.float("value_float", 0.0)).into_dyn().into()
    } else if attributes.has("value_int") {
        ndarray::arr0(attributes.int("value_int", 0)).into_dyn().into()
    } else if attributes.has("value_string") {
        ndarray::arr0(attributes.text("value_string", "").to_owned()).into_dyn().into()
    } else {
        return Err("its value is of a kind that is not supported; export a dense tensor".to_owned());
    };
    Ok(vec![value])
}

/// The largest constant that a few bytes of a file may ask for.
const MAX_FILLED: usize = 1 << 24;

fn constant_of_shape(call: &Call) -> Outputs {
    let shape: Vec<usize> = call
        .integers(0)?
        .into_iter()
        .map(|d| usize::try_from(d).map_err(|_| format!("dimension {d} is negative")))
        .collect::<Result<_, _>>()?;
    if shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)).is_none_or(|n| n > MAX_FILLED) {
        return Err(format!("shape {shape:?} is unreasonably large"));
    }
    let zero = Tensor::F32(ArrayD::zeros(IxDyn(&[1])));
    let value = call.node.attributes.tensor("value").unwrap_or(&zero);
    if value.is_empty() {
        return Err("its value is empty".to_owned());
    }
    Ok(vec![map_each!(value, array => {
        let one = array.view().into_shape_with_order(IxDyn(&vec![1; shape.len()]));
        one.ok().and_then(|one| Some(one.broadcast(IxDyn(&shape))?.to_owned())).ok_or("its value is not one number")?
    })])
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

fn reshaped(tensor: &Tensor, shape: &[usize]) -> Outputs {
    let from = tensor.shape().to_vec();
    tensor
        .clone()
        .reshaped(shape)
        .map(|tensor| vec![tensor])
        .ok_or_else(|| format!("{from:?} cannot be reshaped to {shape:?}"))
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
    reshaped(x, &shape_after(call, x.shape())?)
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
    Ok(vec![map_each!(x, array => array.clone().permuted_axes(IxDyn(&order)).as_standard_layout().into_owned())])
}

/// Tensors of one type one after another.
pub(super) fn concatenate(parts: &[&Tensor], axis: usize) -> Result<Tensor, String> {
    let first = parts.first().ok_or("nothing to join")?;
    macro_rules! join {
        ($($variant:ident),+) => {
            match first {
                $(Tensor::$variant(_) => {
                    let views: Vec<_> = parts.iter().filter_map(|part| if let Tensor::$variant(array) = part { Some(array.view()) } else { None }).collect();
                    if views.len() < parts.len() {
                        return Err("its inputs have different types".to_owned());
                    }
                    Tensor::$variant(ndarray::concatenate(Axis(axis), &views).map_err(|error| error.to_string())?)
                })+
            }
        };
    }
    Ok(join!(F32, F64, I8, U8, I16, U16, I32, U32, I64, U64, Bool, Text))
}

fn concat(call: &Call) -> Outputs {
    let parts = (0..call.inputs.len()).map(|index| call.input(index)).collect::<Result<Vec<_>, _>>()?;
    let rank = parts.first().map_or(0, |part| part.shape().len());
    if rank == 0 || parts.iter().any(|part| part.shape().len() != rank) {
        return Err("its inputs have different ranks".to_owned());
    }
    let axis = Call::axis(call.node.attributes.int("axis", 1), rank)?;
    Ok(vec![concatenate(&parts, axis)?])
}

/// The elements as another type (`TensorProto.DataType`): floats to integers toward zero, anything to and from text.
pub(super) fn cast(x: &Tensor, to: i32) -> Result<Tensor, String> {
    if to == data_type::STRING && !matches!(x, Tensor::Text(_)) {
        return Ok(Tensor::Text(each!(x, array => array.map(ToString::to_string))));
    }
    let values = match x {
        Tensor::Text(texts) => {
            let parsed: Result<Vec<f64>, String> = texts
                .iter()
                .map(|text| text.trim().parse::<f64>().map_err(|_| format!("{text:?} is not a number")))
                .collect();
            ArrayD::from_shape_vec(texts.raw_dim(), parsed?).map_err(|error| error.to_string())?
        }
        Tensor::I64(array) if to == data_type::UINT64 => return Ok(Tensor::U64(array.mapv(|v| v as u64))),
        Tensor::U64(array) if to == data_type::INT64 => return Ok(Tensor::I64(array.mapv(|v| v as i64))),
        other if other.data_type() == to => return Ok(other.clone()),
        other => other.to_f64().ok_or("it holds texts, expected numbers")?,
    };
    let like = |tensor: Tensor| Ok(typed(values.clone(), &tensor));
    match to {
        data_type::FLOAT => like(Tensor::F32(ArrayD::default(IxDyn(&[0])))),
        data_type::DOUBLE => Ok(Tensor::F64(values)),
        data_type::INT8 => like(Tensor::I8(ArrayD::default(IxDyn(&[0])))),
        data_type::UINT8 => like(Tensor::U8(ArrayD::default(IxDyn(&[0])))),
        data_type::INT16 => like(Tensor::I16(ArrayD::default(IxDyn(&[0])))),
        data_type::UINT16 => like(Tensor::U16(ArrayD::default(IxDyn(&[0])))),
        data_type::INT32 => like(Tensor::I32(ArrayD::default(IxDyn(&[0])))),
        data_type::UINT32 => like(Tensor::U32(ArrayD::default(IxDyn(&[0])))),
        data_type::INT64 => like(Tensor::I64(ArrayD::default(IxDyn(&[0])))),
        data_type::UINT64 => like(Tensor::U64(ArrayD::default(IxDyn(&[0])))),
        data_type::BOOL => like(Tensor::Bool(ArrayD::default(IxDyn(&[0])))),
        data_type::FLOAT16 => Ok(Tensor::F32(values.mapv(|v| half::f16::from_f64(v).to_f32()))),
        data_type::BFLOAT16 => Ok(Tensor::F32(values.mapv(|v| half::bf16::from_f64(v).to_f32()))),
        other => Err(format!("element type {other} is not supported")),
    }
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
    Ok(vec![Array1::from(part).into_dyn().into()])
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
    let taken = map_each!(x, array => array.select(Axis(axis), &places));
    let shape = [&x.shape()[..axis], indices.shape(), &x.shape()[axis + 1..]].concat();
    taken.reshaped(&shape).map(|tensor| vec![tensor]).ok_or_else(|| "its result does not fit its shape".to_owned())
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
    let mut result = x.clone();
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = Call::axis(axis, x.shape().len())?;
        if step <= 0 || axis >= x.shape().len() {
            return Err(format!("step {step} is not supported"));
        }
        let (start, end) = span(start, end, x.shape()[axis]);
        let part = Slice::new(start as isize, Some(end.max(start) as isize), step as isize);
        result = map_each!(&result, array => array.slice_axis(Axis(axis), part).to_owned());
    }
    Ok(vec![result])
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
    Ok(vec![map_each!(x, array => array.broadcast(IxDyn(&shape)).ok_or("shapes do not fit")?.to_owned())])
}
