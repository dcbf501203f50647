//! Activation functions.

use super::super::tensor::{ElementType, Tensor};
use super::arithmetic::combine;
use super::{Call, Outputs, elementwise, typed};
use crate::nn::Elementwise;
use ndarray::{ArrayD, Axis};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    let attributes = &call.node.attributes;
    let alpha = |default: f32| f64::from(attributes.float("alpha", default));
    Some(match call.node.op.as_str() {
        "Relu" => elementwise(call, &|x| if x.is_nan() { x } else { x.max(0.0) }),
        "LeakyRelu" => {
            let slope = alpha(0.01);
            elementwise(call, &|x| if x < 0.0 { slope * x } else { x })
        }
        "PRelu" => parametric_relu(call),
        "Elu" => {
            let alpha = alpha(1.0);
            elementwise(call, &|x| if x < 0.0 { alpha * x.exp_m1() } else { x })
        }
        "Selu" => {
            let (alpha, gamma) = (alpha(1.673_263_2), f64::from(attributes.float("gamma", 1.050_701)));
            elementwise(call, &|x| gamma * if x > 0.0 { x } else { alpha * x.exp_m1() })
        }
        "Celu" => {
            let alpha = alpha(1.0);
            elementwise(call, &|x| x.max(0.0) + (alpha * (x / alpha).exp_m1()).min(0.0))
        }
        "Gelu" => {
            let function = if attributes.text("approximate", "none") == "tanh" {
                Elementwise::GeluTanh
            } else {
                Elementwise::Gelu
            };
            elementwise(call, &|x| function.wide(x))
        }
        "Sigmoid" => elementwise(call, &sigmoid),
        "HardSigmoid" => {
            let (alpha, beta) = (alpha(0.2), f64::from(attributes.float("beta", 0.5)));
            elementwise(call, &|x| (alpha * x + beta).clamp(0.0, 1.0))
        }
        "HardSwish" => elementwise(call, &|x| Elementwise::HardSwish.wide(x)),
        "Swish" => {
            let alpha = alpha(1.0);
            elementwise(call, &|x| x * sigmoid(alpha * x))
        }
        "Mish" => elementwise(call, &|x| Elementwise::Mish.wide(x)),
        "Tanh" => elementwise(call, &f64::tanh),
        "Softplus" => elementwise(call, &|x| Elementwise::Softplus.wide(x)),
        "Softsign" => elementwise(call, &|x| x / (1.0 + x.abs())),
        "ThresholdedRelu" => {
            let threshold = alpha(1.0);
            elementwise(call, &|x| if x > threshold { x } else { 0.0 })
        }
        "Clip" => clip(call),
        "Softmax" => softmax(call, false),
        "LogSoftmax" => softmax(call, true),
        "Identity" => call.input(0).map(|x| vec![x.clone()]),
        "Dropout" => call.input(0).map(|x| {
            let mask = ArrayD::from_elem(x.shape(), 1.0);
            vec![x.clone(), Tensor::of_type(mask, ElementType::Bool)]
        }),
        _ => return None,
    })
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn parametric_relu(call: &Call) -> Outputs {
    let y = combine(&call.real(0)?, &call.real(1)?, &|x, slope| if x < 0.0 { slope * x } else { x })?;
    Ok(vec![typed(y, call.input(0)?)])
}

/// The bounds are attributes before opset 11 and inputs since.
fn clip(call: &Call) -> Outputs {
    let bound = |index: usize, name: &str, default: f64| -> Result<f64, String> {
        if call.node.version < 11 {
            return Ok(f64::from(call.node.attributes.float(name, default as f32)));
        }
        match call.optional(index) {
            Some(_) => call.real(index)?.first().copied().ok_or_else(|| format!("its bound {name} is empty")),
            None => Ok(default),
        }
    };
    let (lo, hi) = (bound(1, "min", f64::NEG_INFINITY)?, bound(2, "max", f64::INFINITY)?);
    elementwise(call, &|x| x.max(lo).min(hi))
}

/// Before opset 13 over all axes from `axis` (1 by default) on, since then along `axis` (the last by default).
fn softmax(call: &Call, logarithm: bool) -> Outputs {
    let mut x = call.real(0)?;
    let shape = x.shape().to_vec();
    let old = call.node.version < 13;
    let axis = Call::axis(call.node.attributes.int("axis", if old { 1 } else { -1 }), shape.len())?;
    let lane = if old {
        let (outer, inner) = (shape[..axis].iter().product::<usize>(), shape[axis..].iter().product::<usize>());
        x = x.into_shape_with_order((outer, inner)).map_err(|error| error.to_string())?.into_dyn();
        1
    } else {
        axis
    };
    if x.ndim() == 0 {
        return Err("its input is a single number".to_owned());
    }
    for mut lane in x.lanes_mut(Axis(lane)) {
        let largest = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = lane.iter().map(|x| (x - largest).exp()).sum();
        lane.mapv_inplace(|x| if logarithm { x - largest - sum.ln() } else { (x - largest).exp() / sum });
    }
    let x = x.into_shape_with_order(shape).map_err(|error| error.to_string())?;
    Ok(vec![typed(x, call.input(0)?)])
}
