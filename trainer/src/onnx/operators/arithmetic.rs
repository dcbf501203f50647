//! Operators of two tensors, element by element with broadcasting, and simple functions of one.

use super::super::tensor::{ElementType, Tensor};
use super::{Call, Outputs, elementwise, typed};
use ndarray::{ArrayD, IxDyn};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    let node = call.node;
    Some(match node.op.as_str() {
        "Add" => binary(call, &|a, b| a + b, &i64::wrapping_add),
        "Sub" => binary(call, &|a, b| a - b, &i64::wrapping_sub),
        "Mul" => binary(call, &|a, b| a * b, &i64::wrapping_mul),
        "Div" => binary(call, &|a, b| a / b, &|a, b| if b == 0 { 0 } else { a.wrapping_div(b) }),
        "Pow" => binary(call, &f64::powf, &|a, b| a.wrapping_pow(b.clamp(0, 64) as u32)),
        "Sum" => fold(call, &|a, b| a + b, &i64::wrapping_add),
        "Min" => fold(call, &least, &i64::min),
        "Max" => fold(call, &largest, &i64::max),
        "Greater" => compare(call, &|a, b| a > b),
        "GreaterOrEqual" => compare(call, &|a, b| a >= b),
        "Less" => compare(call, &|a, b| a < b),
        "LessOrEqual" => compare(call, &|a, b| a <= b),
        "Equal" => equal(call),
        "And" => compare(call, &|a, b| a != 0.0 && b != 0.0),
        "Or" => compare(call, &|a, b| a != 0.0 || b != 0.0),
        "Not" => elementwise(call, &|x| f64::from(x == 0.0)),
        "Where" => select(call),
        "Neg" => elementwise(call, &|x| -x),
        "Abs" => elementwise(call, &f64::abs),
        "Sqrt" => elementwise(call, &f64::sqrt),
        "Exp" => elementwise(call, &f64::exp),
        "Log" => elementwise(call, &f64::ln),
        "Erf" => elementwise(call, &libm::erf),
        "Reciprocal" => elementwise(call, &|x| 1.0 / x),
        "Floor" => elementwise(call, &f64::floor),
        "Ceil" => elementwise(call, &f64::ceil),
        "Round" => elementwise(call, &f64::round_ties_even),
        "Sign" => elementwise(call, &|x| if x == 0.0 { 0.0 } else { x.signum() }),
        _ => return None,
    })
}

/// The lesser of two numbers; NaN if one is.
fn least(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// The larger of two numbers; NaN if one is.
fn largest(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// The shape that two shapes broadcast to: aligned at the end, a 1 stretches.
pub(in super::super) fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    let mut shape = Vec::with_capacity(rank);
    for axis in 0..rank {
        shape.push(match (dim(a, axis), dim(b, axis)) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => return Err(format!("shapes {a:?} and {b:?} do not fit")),
        });
    }
    reasonable(&shape, a.iter().product::<usize>() + b.iter().product::<usize>())?;
    Ok(shape)
}

/// Refuses a result that is far larger than the `given` elements that it is made from: two long vectors across each other
/// could ask for anything.
pub(super) fn reasonable(shape: &[usize], given: usize) -> Result<(), String> {
    let size = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    if size.is_none_or(|size| size > (1 << 22) && size / 64 > given) {
        return Err(format!("its result would have the unreasonable shape {shape:?}"));
    }
    Ok(())
}

/// Combines two arrays with broadcasting.
pub(super) fn combine<T: Copy>(a: &ArrayD<T>, b: &ArrayD<T>, f: &dyn Fn(T, T) -> T) -> Result<ArrayD<T>, String> {
    let shape = broadcast_shape(a.shape(), b.shape())?;
    let (Some(a), Some(b)) = (a.broadcast(IxDyn(&shape)), b.broadcast(IxDyn(&shape))) else {
        return Err(format!("shapes {:?} and {:?} do not fit", a.shape(), b.shape()));
    };
    let values = a.iter().zip(&b).map(|(&a, &b)| f(a, b)).collect();
    ArrayD::from_shape_vec(shape, values).map_err(|error| error.to_string())
}

/// The second operand, as opset 6 aligns it: with `broadcast`, its axes begin at `axis` of the first.
fn aligned(call: &Call) -> Result<Option<Tensor>, String> {
    let (a, b) = (call.input(0)?, call.input(1)?);
    if call.node.version >= 7 || !call.node.attributes.flag("broadcast") || !call.node.attributes.has("axis") {
        return Ok(None);
    }
    let axis = Call::axis(call.node.attributes.int("axis", 0), a.shape().len())?;
    let mut shape = b.shape().to_vec();
    while shape.len() + axis < a.shape().len() {
        shape.push(1);
    }
    Ok(b.clone().reshaped(&shape))
}

fn apply(
    a: &Tensor,
    b: &Tensor,
    real: &dyn Fn(f64, f64) -> f64,
    integer: &dyn Fn(i64, i64) -> i64,
) -> Result<Tensor, String> {
    let wide = |tensor: &Tensor| matches!(tensor.element_type(), ElementType::I64 | ElementType::U64);
    if wide(a)
        && wide(b)
        && let (Some(x), Some(y)) = (a.to_i64(), b.to_i64())
    {
        return Ok(Tensor::of_integers(combine(&x, &y, integer)?, a.element_type()));
    }
    let (Some(x), Some(y)) = (a.to_f64(), b.to_f64()) else {
        return Err("inputs hold texts, expected numbers".to_owned());
    };
    Ok(typed(combine(&x, &y, real)?, a))
}

fn binary(call: &Call, real: &dyn Fn(f64, f64) -> f64, integer: &dyn Fn(i64, i64) -> i64) -> Outputs {
    let aligned = aligned(call)?;
    Ok(vec![apply(call.input(0)?, aligned.as_ref().unwrap_or(call.input(1)?), real, integer)?])
}

/// One operation over any number of inputs.
fn fold(call: &Call, real: &dyn Fn(f64, f64) -> f64, integer: &dyn Fn(i64, i64) -> i64) -> Outputs {
    let mut result = call.input(0)?.clone();
    for index in 1..call.inputs.len() {
        result = apply(&result, call.input(index)?, real, integer)?;
    }
    Ok(vec![result])
}

fn compare(call: &Call, f: &dyn Fn(f64, f64) -> bool) -> Outputs {
    let aligned = aligned(call)?;
    let b = aligned.as_ref().unwrap_or(call.input(1)?).to_f64().ok_or("input 1 holds texts, expected numbers")?;
    let truths = combine(&call.real(0)?, &b, &|a, b| f64::from(f(a, b)))?;
    Ok(vec![Tensor::of_type(truths, ElementType::Bool)])
}

fn equal(call: &Call) -> Outputs {
    let (a, b) = (call.input(0)?, call.input(1)?);
    if a.element_type() != ElementType::Text || b.element_type() != ElementType::Text {
        return compare(call, &|a, b| a == b);
    }
    let (left, right) = (a.to_texts(), b.to_texts());
    let places = |tensor: &Tensor| tensor.places().mapv(f64::from);
    let truths = combine(&places(a), &places(b), &|i, j| f64::from(left[i as usize] == right[j as usize]))?;
    Ok(vec![Tensor::of_type(truths, ElementType::Bool)])
}

/// `condition ? a : b`
fn select(call: &Call) -> Outputs {
    let (condition, a, b) = (call.input(0)?, call.input(1)?, call.input(2)?);
    if condition.element_type() != ElementType::Bool {
        return Err("the condition is not bool".to_owned());
    }
    if a.element_type() != b.element_type() {
        return Err(format!("its branches are {} and {}, expected one type", a.type_name(), b.type_name()));
    }
    // Both branches lie one after the other, and an element of the result is one of the first or of the second.
    let (first, second) = (a.places().mapv(f64::from), b.places().mapv(|place| f64::from(place) + a.len() as f64));
    let shape = broadcast_shape(condition.shape(), &broadcast_shape(a.shape(), b.shape())?)?;
    let condition = call.real(0)?;
    let (Some(condition), Some(first), Some(second)) =
        (condition.broadcast(IxDyn(&shape)), first.broadcast(IxDyn(&shape)), second.broadcast(IxDyn(&shape)))
    else {
        return Err("shapes do not fit".to_owned());
    };
    let places = condition.iter().zip(first.iter().zip(&second));
    let places = places.map(|(&flag, (&first, &second))| if flag == 0.0 { second } else { first } as u32).collect();
    let places = ArrayD::from_shape_vec(shape, places).map_err(|error| error.to_string())?;
    Ok(vec![Tensor::chained(&[a, b])?.at(places.view())])
}
