//! Which function an expression is, found from its values: so it does not matter how an exporter wrote it down.

use super::effort::Effort;
use super::expression::{Affine, Expression};
use crate::nn::{Activation, Elementwise};
use crate::onnx::graph::Node;
use crate::onnx::tensor::{ElementType, Tensor};
use ndarray::{ArrayD, IxDyn};
use std::rc::Rc;

/// An expression as an activation function between two affine ones.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recognized {
    pub(super) before: Affine,
    pub(super) activation: Activation,
    pub(super) after: Affine,
}

/// The points at which functions are compared: dense around 0, sparse far out, none on a usual kink.
fn points() -> Vec<f64> {
    let near = (-320..=320).map(|k| f64::from(k) * 0.031 + 0.007);
    let far = [15.3, 20.7, 33.1].into_iter().flat_map(|x| [x, -x]);
    near.chain(far).collect()
}

/// Finds out what an expression is: one activation, or several one after another.
/// # Errors
/// Where it is no function that layers can have.
pub(super) fn recognize_chain(expression: &Rc<Expression>, effort: &Effort) -> Result<Vec<Recognized>, String> {
    let whole = recognize(expression, effort);
    if whole.is_ok() {
        return whole.map(|found| vec![found]);
    }
    // The innermost operator comes first: with it taken out, the rest may be known.
    for inner in expression.operators() {
        if Rc::ptr_eq(&inner, expression) {
            continue;
        }
        let Some(outer) = expression.in_place_of(&inner) else { continue };
        let Ok(first) = recognize(&inner, effort) else { continue };
        if let Ok(rest) = recognize_chain(&outer, effort) {
            return Ok(std::iter::once(first).chain(rest).collect());
        }
    }
    whole.map(|found| vec![found])
}

/// Finds out what an expression is.
/// # Errors
/// Where it is no function that a layer can have.
pub(super) fn recognize(expression: &Rc<Expression>, effort: &Effort) -> Result<Recognized, String> {
    let (after, core) = expression.peel();
    match &*core {
        Expression::X => {
            return Ok(Recognized { before: after, activation: Activation::Linear, after: Affine::identity() });
        }
        Expression::Constant(_) => {
            return Err("its result does not depend on the input; check the model before the export".to_owned());
        }
        _ => {}
    }
    let mut candidates = vec![Affine::identity()];
    core.leaves(&mut candidates);
    effort.compute(candidates.len().saturating_mul(core.work()))?;
    let mut varies = false;
    for before in candidates {
        let Some(function) = core.in_terms_of(&before) else {
            varies = true;
            continue;
        };
        if let Some(activation) = by_operator(&function) {
            return Ok(Recognized { before, activation, after });
        }
        if let Some((scale, bias, activation)) = by_values(&function, effort)? {
            let inner = Affine { offset: vec![0.0], scale: vec![scale], bias: vec![bias] };
            return Ok(Recognized { before, activation, after: inner.then(&after) });
        }
    }
    let reason = if varies {
        "it differs from feature to feature, which no layer can hold; use one function for all of a layer"
    } else {
        "it is no activation function that a layer can have; use one of ONNX's, such as Relu, Tanh, Sigmoid or Gelu"
    };
    Err(reason.to_owned())
}

/// A single operator whose parameters can be taken as they are.
fn by_operator(function: &Expression) -> Option<Activation> {
    let Expression::Apply(node, arguments) = function else { return None };
    if !matches!(**arguments.first()?, Expression::X) || !node.domain.is_empty() {
        return None;
    }
    let bound = |index: usize| match arguments.get(index).map(|argument| &**argument) {
        Some(Expression::Constant(tensor)) => tensor.to_f32()?.first().copied(),
        _ => None,
    };
    let Node { attributes, version, .. } = &**node;
    let alpha = |default| attributes.float("alpha", default);
    let elementwise = match node.op.as_str() {
        "Relu" => return Some(Activation::Relu),
        "Sigmoid" => return Some(Activation::Sigmoid),
        "Tanh" => return Some(Activation::Tanh),
        "LeakyRelu" => Elementwise::LeakyRelu { slope: alpha(0.01) },
        "PRelu" => Elementwise::LeakyRelu { slope: bound(1)? },
        "Elu" => Elementwise::Elu { alpha: alpha(1.0) },
        "Selu" => Elementwise::Selu { alpha: alpha(1.673_263_2), gamma: attributes.float("gamma", 1.050_701) },
        "Celu" => Elementwise::Celu { alpha: alpha(1.0) },
        "Gelu" if attributes.text("approximate", "none") == "tanh" => Elementwise::GeluTanh,
        "Gelu" => Elementwise::Gelu,
        "Swish" => Elementwise::Swish { beta: alpha(1.0) },
        "Mish" => Elementwise::Mish,
        "Softplus" => Elementwise::Softplus,
        "Softsign" => Elementwise::Softsign,
        "HardSigmoid" => Elementwise::HardSigmoid { alpha: alpha(0.2), beta: attributes.float("beta", 0.5) },
        "HardSwish" => Elementwise::HardSwish,
        "ThresholdedRelu" => Elementwise::ThresholdedRelu { threshold: alpha(1.0) },
        "Sign" => Elementwise::Sign,
        "Abs" => Elementwise::Abs,
        "Exp" => Elementwise::Exp,
        "Clip" if *version < 11 => {
            Elementwise::Clip { lo: attributes.float("min", f32::MIN), hi: attributes.float("max", f32::MAX) }
        }
        "Clip" => Elementwise::Clip { lo: bound(1).unwrap_or(f32::MIN), hi: bound(2).unwrap_or(f32::MAX) },
        _ => return None,
    };
    Some(match elementwise {
        // PyTorch and Keras write their ReLU so, where it passes through other tools.
        Elementwise::Clip { lo: 0.0, hi } if hi >= f32::MAX => Activation::Relu,
        Elementwise::LeakyRelu { slope: 0.0 } => Activation::Relu,
        other => Activation::Elementwise(other),
    })
}

/// The values of a function at [`points`].
struct Curve {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Curve {
    /// The function's value at a point.
    fn at(function: &Expression, x: &[f64], effort: &Effort) -> Result<Vec<f64>, String> {
        let column = ArrayD::from_shape_vec(IxDyn(&[x.len(), 1]), x.to_vec()).map_err(|error| error.to_string())?;
        let y =
            function.evaluate(&Tensor::of_type(column, ElementType::F64), effort)?.to_f64().ok_or("it gives texts")?;
        if y.len() == x.len() { Ok(y.into_iter().collect()) } else { Err("it changes the shape".to_owned()) }
    }

    /// `(scale, bias)` if the function is `scale * candidate(x) + bias` with one of the two biases asked about.
    fn matches(&self, candidate: impl Fn(f64) -> f64, bias: f64) -> Option<(f64, f64)> {
        let expected: Vec<f64> = self.x.iter().map(|&x| candidate(x)).collect();
        let (at, largest) = expected
            .iter()
            .enumerate()
            .filter(|(_, e)| e.is_finite())
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        let scale = (self.y[at] - bias) / largest;
        // Constants of the file are f32.
        let scale = if (scale - 1.0).abs() < 3e-7 { 1.0 } else { scale };
        let fits = self.x.iter().zip(&expected).zip(&self.y).all(|((_, &e), &y)| {
            let expected = scale * e + bias;
            expected == y || (expected - y).abs() <= 2e-6 * expected.abs().max(y.abs()).max(0.1 * scale.abs())
        });
        (fits && scale != 0.0 && scale.is_finite()).then_some((scale, bias))
    }
}

/// Compares a function's values with those of all the activations there are.
fn by_values(function: &Expression, effort: &Effort) -> Result<Option<(f64, f64, Activation)>, String> {
    let x = points();
    let y = Curve::at(function, &x, effort)?;
    if y.iter().any(|v| v.is_nan()) {
        return Ok(None);
    }
    let curve = Curve { x, y };
    let named = |activation: Activation, f: &dyn Fn(f64) -> f64| {
        curve.matches(f, 0.0).map(|(scale, bias)| (scale, bias, activation))
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let simple = named(Activation::Linear, &|x| x)
        .or_else(|| named(Activation::Relu, &|x| x.max(0.0)))
        .or_else(|| named(Activation::Sigmoid, &sigmoid))
        .or_else(|| named(Activation::Tanh, &f64::tanh));
    if simple.is_some() {
        return Ok(simple);
    }
    let at = |x: f64| Curve::at(function, &[x], effort).map(|y| y[0]);
    let parametric = [
        Elementwise::Gelu,
        Elementwise::GeluTanh,
        Elementwise::Swish { beta: 1.0 },
        Elementwise::Mish,
        Elementwise::Softplus,
        Elementwise::Softsign,
        Elementwise::HardSwish,
        Elementwise::Sign,
        Elementwise::Abs,
        Elementwise::Exp,
        leaky_relu(at(-1.0)?, at(1.0)?),
        elu(at(-1.0)?, at(-40.0)?, at(1.0)?),
        swish(at(1.0)?, at(-1.0)?),
    ];
    for candidate in parametric {
        if let Some((scale, bias)) = curve.matches(|x| candidate.wide(x), 0.0) {
            return Ok(Some((scale, bias, Activation::Elementwise(candidate))));
        }
    }
    Ok(clip(&curve).or_else(|| one_minus_sigmoid(&curve)))
}

fn leaky_relu(at_minus_one: f64, at_one: f64) -> Elementwise {
    Elementwise::LeakyRelu { slope: (-at_minus_one / at_one) as f32 }
}

/// `c * elu`, or CELU, whose exponent has a scale of its own.
fn elu(at_minus_one: f64, lowest: f64, at_one: f64) -> Elementwise {
    let rate = -(1.0 - at_minus_one / lowest).ln();
    if (rate - 1.0).abs() < 1e-6 {
        Elementwise::Elu { alpha: (-lowest / at_one) as f32 }
    } else {
        Elementwise::Celu { alpha: (1.0 / rate) as f32 }
    }
}

/// `c * x * sigmoid(beta * x)`: the two halves tell beta.
fn swish(at_one: f64, at_minus_one: f64) -> Elementwise {
    Elementwise::Swish { beta: (-at_one / at_minus_one).ln() as f32 }
}

/// A line between two bounds.
fn clip(curve: &Curve) -> Option<(f64, f64, Activation)> {
    let (lo, hi) = curve.y.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &y| (lo.min(y), hi.max(y)));
    let mut inside = curve.x.iter().zip(&curve.y).filter(|&(_, &y)| y > lo && y < hi);
    let ((x0, y0), (x1, y1)) = (inside.next()?, inside.next_back()?);
    let slope = (y1 - y0) / (x1 - x0);
    let start = y0 - slope * x0;
    let (a, b) = ((lo - start) / slope, (hi - start) / slope);
    let candidate = Elementwise::Clip { lo: a.min(b) as f32, hi: a.max(b) as f32 };
    let (scale, bias) = curve.matches(|x| candidate.wide(x), start)?;
    Some((scale, bias, Activation::Elementwise(candidate)))
}

/// `1 - sigmoid(x)`, `sigmoid(x) - 1/2` and the like.
fn one_minus_sigmoid(curve: &Curve) -> Option<(f64, f64, Activation)> {
    let shift = curve.x.iter().zip(&curve.y).min_by(|a, b| a.0.total_cmp(b.0)).map(|(_, &y)| y)?;
    let (scale, bias) = curve.matches(|x| 1.0 / (1.0 + (-x).exp()), shift)?;
    Some((scale, bias, Activation::Sigmoid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(op: &str, arguments: &[&Rc<Expression>]) -> Rc<Expression> {
        let node = Node {
            name: op.to_owned(),
            op: op.to_owned(),
            domain: String::new(),
            version: 18,
            inputs: vec![],
            outputs: vec![],
            attributes: crate::onnx::Attributes::default(),
        };
        Rc::new(Expression::Apply(Rc::new(node), arguments.iter().map(|&argument| Rc::clone(argument)).collect()))
    }

    fn line(scale: f64, bias: f64, inner: &Rc<Expression>) -> Rc<Expression> {
        Expression::affine(Affine { offset: vec![0.0], scale: vec![scale], bias: vec![bias] }, inner)
    }

    fn constant(value: f32) -> Rc<Expression> {
        Rc::new(Expression::Constant(ndarray::arr0(value).into_dyn().into()))
    }

    fn activation(expression: &Rc<Expression>) -> Activation {
        recognize(expression, &Effort::beside(0)).expect("a known function").activation
    }

    #[test]
    fn compositions_are_what_they_mean() {
        let x = Rc::new(Expression::X);
        let silu = apply("Mul", &[&x, &apply("Sigmoid", &[&x])]);
        assert_eq!(activation(&silu), Activation::Elementwise(Elementwise::Swish { beta: 1.0 }));
        let erf = apply("Erf", &[&line(f64::from(1.0 / std::f32::consts::SQRT_2), 0.0, &x)]);
        let gelu = apply("Mul", &[&line(0.5, 0.0, &x), &line(1.0, 1.0, &erf)]);
        assert_eq!(activation(&gelu), Activation::Elementwise(Elementwise::Gelu));
        let relu6 = apply("Min", &[&apply("Max", &[&x, &constant(0.0)]), &constant(6.0)]);
        assert_eq!(activation(&relu6), Activation::Elementwise(Elementwise::Clip { lo: 0.0, hi: 6.0 }));
        let hard_swish = apply(
            "Mul",
            &[
                &x,
                &line(
                    1.0 / 6.0,
                    0.0,
                    &apply("Min", &[&apply("Max", &[&line(1.0, 3.0, &x), &constant(0.0)]), &constant(6.0)]),
                ),
            ],
        );
        assert_eq!(activation(&hard_swish), Activation::Elementwise(Elementwise::HardSwish));
        let guarded = apply(
            "Where",
            &[&apply("Greater", &[&x, &constant(20.0)]), &x, &apply("Log", &[&line(1.0, 1.0, &apply("Exp", &[&x]))])],
        );
        assert_eq!(activation(&guarded), Activation::Elementwise(Elementwise::Softplus));
        let tanh_by_sigmoid = line(2.0, -1.0, &apply("Sigmoid", &[&line(2.0, 0.0, &x)]));
        let found = recognize(&tanh_by_sigmoid, &Effort::beside(0)).expect("a known function");
        assert!(matches!(found.activation, Activation::Sigmoid | Activation::Tanh), "{found:?}");
        assert!(recognize(&apply("Floor", &[&x]), &Effort::beside(0)).is_err());
    }
}
