//! Operators of two tensors, element by element with broadcasting, and simple functions of one.

use super::super::tensor::{Tensor, each, map_each};
use super::{Call, Outputs, typed};
use ndarray::{ArrayD, Axis, IxDyn, Zip};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    let node = call.node;
    Some(match node.op.as_str() {
        "Add" => binary(call, |a, b| a + b, i64::wrapping_add),
        "Sub" => binary(call, |a, b| a - b, i64::wrapping_sub),
        "Mul" => binary(call, |a, b| a * b, i64::wrapping_mul),
        "Div" => binary(call, |a, b| a / b, |a, b| if b == 0 { 0 } else { a.wrapping_div(b) }),
        "Pow" => binary(call, f64::powf, |a, b| a.wrapping_pow(b.clamp(0, 64) as u32)),
        "Sum" => fold(call, |a, b| a + b, i64::wrapping_add),
        "Min" => fold(call, least, i64::min),
        "Max" => fold(call, largest, i64::max),
        "Greater" => compare(call, |a, b| a > b),
        "GreaterOrEqual" => compare(call, |a, b| a >= b),
        "Less" => compare(call, |a, b| a < b),
        "LessOrEqual" => compare(call, |a, b| a <= b),
        "Equal" => equal(call),
        "And" => compare(call, |a, b| a != 0.0 && b != 0.0),
        "Or" => compare(call, |a, b| a != 0.0 || b != 0.0),
        "Not" => unary(call, |x| f64::from(x == 0.0)),
        "Where" => select(call),
        "Neg" => unary(call, |x| -x),
        "Abs" => unary(call, f64::abs),
        "Sqrt" => unary(call, f64::sqrt),
        "Exp" => unary(call, f64::exp),
        "Log" => unary(call, f64::ln),
        "Erf" => unary(call, libm::erf),
        "Reciprocal" => unary(call, |x| 1.0 / x),
        "Floor" => unary(call, f64::floor),
        "Ceil" => unary(call, f64::ceil),
        "Round" => unary(call, f64::round_ties_even),
        "Sign" => unary(call, |x| if x == 0.0 { 0.0 } else { x.signum() }),
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

/// A function of each element.
fn unary(call: &Call, f: impl Fn(f64) -> f64) -> Outputs {
    super::elementwise(call, &f)
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
    // Two long vectors across each other could ask for far more than they hold.
    let (size, given) = (
        shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)),
        a.iter().product::<usize>() + b.iter().product::<usize>(),
    );
    if size.is_none_or(|size| size > (1 << 26) && size / 64 > given) {
        return Err(format!("shapes {a:?} and {b:?} would broadcast to an unreasonable size"));
    }
    Ok(shape)
}

/// Combines two arrays with broadcasting.
fn combine<A, B, C>(a: &ArrayD<A>, b: &ArrayD<B>, f: impl Fn(&A, &B) -> C) -> Result<ArrayD<C>, String> {
    let shape = broadcast_shape(a.shape(), b.shape())?;
    let (Some(a), Some(b)) = (a.broadcast(IxDyn(&shape)), b.broadcast(IxDyn(&shape))) else {
        return Err(format!("shapes {:?} and {:?} do not fit", a.shape(), b.shape()));
    };
    Ok(Zip::from(a).and(b).map_collect(f))
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
    let exact = matches!((a, b), (Tensor::I64(_) | Tensor::U64(_), Tensor::I64(_) | Tensor::U64(_)));
    if exact && let (Some(x), Some(y)) = (a.to_i64(), b.to_i64()) {
        let result = combine(&x, &y, |&x, &y| integer(x, y))?;
        return Ok(if matches!(a, Tensor::U64(_)) {
            Tensor::U64(result.mapv(|v| v as u64))
        } else {
            Tensor::I64(result)
        });
    }
    let (Some(x), Some(y)) = (a.to_f64(), b.to_f64()) else {
        return Err("inputs hold texts, expected numbers".to_owned());
    };
    Ok(typed(combine(&x, &y, |&x, &y| real(x, y))?, a))
}

fn binary(call: &Call, real: impl Fn(f64, f64) -> f64, integer: impl Fn(i64, i64) -> i64) -> Outputs {
    let aligned = aligned(call)?;
    Ok(vec![apply(call.input(0)?, aligned.as_ref().unwrap_or(call.input(1)?), &real, &integer)?])
}

/// One operation over any number of inputs.
fn fold(call: &Call, real: impl Fn(f64, f64) -> f64, integer: impl Fn(i64, i64) -> i64) -> Outputs {
    let mut result = call.input(0)?.clone();
    for index in 1..call.inputs.len() {
        result = apply(&result, call.input(index)?, &real, &integer)?;
    }
    Ok(vec![result])
}

fn compare(call: &Call, f: impl Fn(f64, f64) -> bool) -> Outputs {
    comparison(call, &f)
}

fn comparison(call: &Call, f: &dyn Fn(f64, f64) -> bool) -> Outputs {
    let aligned = aligned(call)?;
    let b = aligned.as_ref().unwrap_or(call.input(1)?).to_f64().ok_or("input 1 holds texts, expected numbers")?;
    Ok(vec![Tensor::Bool(combine(&call.real(0)?, &b, |&a, &b| f(a, b))?)])
}

fn equal(call: &Call) -> Outputs {
    if let (Tensor::Text(a), Tensor::Text(b)) = (call.input(0)?, call.input(1)?) {
        return Ok(vec![Tensor::Bool(combine(a, b, |a, b| a == b)?)]);
    }
    compare(call, |a, b| a == b)
}

/// `condition ? a : b`
fn select(call: &Call) -> Outputs {
    let Tensor::Bool(condition) = call.input(0)? else { return Err("the condition is not bool".to_owned()) };
    let (a, b) = (call.input(1)?, call.input(2)?);
    let shape = broadcast_shape(condition.shape(), &broadcast_shape(a.shape(), b.shape())?)?;
    let flags: Vec<bool> = condition.broadcast(IxDyn(&shape)).ok_or("shapes do not fit")?.iter().copied().collect();
    if a.type_name() != b.type_name() {
        return Err(format!("its branches are {} and {}, expected one type", a.type_name(), b.type_name()));
    }
    let spread = |tensor: &Tensor| each!(tensor, array => array.broadcast(IxDyn(&shape)).is_some());
    if !spread(a) || !spread(b) {
        return Err("shapes do not fit".to_owned());
    }
    // Both branches one after the other, and one gather from them: this serves all element types at once.
    let count = flags.len();
    let indices: Vec<usize> = flags.iter().enumerate().map(|(i, &flag)| if flag { i } else { count + i }).collect();
    let flat = |tensor: &Tensor| {
        let spread =
            map_each!(tensor, array => array.broadcast(IxDyn(&shape)).map(|view| view.to_owned()).unwrap_or_default());
        spread.reshaped(&[count]).ok_or("shapes do not fit")
    };
    let both = super::shape::concatenate(&[&flat(a)?, &flat(b)?], 0)?;
    let chosen = map_each!(&both, array => array.select(Axis(0), &indices));
    chosen.reshaped(&shape).map(|tensor| vec![tensor]).ok_or_else(|| "shapes do not fit".to_owned())
}
