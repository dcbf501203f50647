//! A function of one element, as the graph's elementwise operators compose it. It may differ from feature to feature by its
//! constants.

use super::effort::Effort;
use crate::onnx::graph::Node;
use crate::onnx::operators;
use crate::onnx::tensor::Tensor;
use ndarray::{ArrayD, IxDyn};
use std::rc::Rc;

/// `(x - offset) * scale + bias`, each a list of one number or of one per feature. The three are kept apart so that what the
/// file says comes out as it stood there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Affine {
    pub(super) offset: Vec<f64>,
    pub(super) scale: Vec<f64>,
    pub(super) bias: Vec<f64>,
}

/// A function of the element `x`.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    /// `x`
    X,
    /// A constant: one element, or one per feature.
    Constant(Tensor),
    /// An affine function of another expression.
    Affine(Affine, Rc<Expression>),
    /// An operator of others.
    Apply(Rc<Node>, Vec<Rc<Expression>>),
}

/// Element by element, the shorter list (of one) repeated.
pub(super) fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let at = |list: &[f64], index: usize| if list.len() == 1 { list[0] } else { list[index] };
    (0..a.len().max(b.len())).map(|index| f(at(a, index), at(b, index))).collect()
}

impl Affine {
    /// `x`
    pub(super) fn identity() -> Self {
        Self { offset: vec![0.0], scale: vec![1.0], bias: vec![0.0] }
    }

    pub(super) fn is_identity(&self) -> bool {
        self.offset.iter().chain(&self.bias).all(|&v| v == 0.0) && self.scale.iter().all(|&v| v == 1.0)
    }

    /// The number of features that it differs by.
    pub(super) fn width(&self) -> usize {
        self.offset.len().max(self.scale.len()).max(self.bias.len())
    }

    /// Adds `term` to the result.
    pub(super) fn plus(&self, term: &[f64]) -> Self {
        let plain = self.scale.iter().all(|&v| v == 1.0) && self.bias.iter().all(|&v| v == 0.0);
        let mut sum = self.clone();
        if plain {
            sum.offset = zip(&self.offset, term, |a, b| a - b);
        } else {
            sum.bias = zip(&self.bias, term, |a, b| a + b);
        }
        sum
    }

    /// Multiplies the result with `factor`.
    pub(super) fn times(&self, factor: &[f64]) -> Self {
        Self {
            offset: self.offset.clone(),
            scale: zip(&self.scale, factor, |a, b| a * b),
            bias: zip(&self.bias, factor, |a, b| a * b),
        }
    }

    /// Divides the result by `divisor`. Kept exact where the scale is 1: the reciprocal is what is written down.
    pub(super) fn over(&self, divisor: &[f64]) -> Self {
        Self {
            offset: self.offset.clone(),
            scale: zip(&self.scale, divisor, |a, b| a / b),
            bias: zip(&self.bias, divisor, |a, b| a / b),
        }
    }

    /// The function's slope and its value at 0.
    pub(super) fn line(&self) -> (Vec<f64>, Vec<f64>) {
        (self.scale.clone(), zip(&self.bias, &zip(&self.offset, &self.scale, |o, s| o * s), |b, os| b - os))
    }

    /// `outer` after this.
    pub(super) fn then(&self, outer: &Self) -> Self {
        let shifted = self.plus(&outer.offset.iter().map(|v| -v).collect::<Vec<_>>());
        shifted.times(&outer.scale).plus(&outer.bias)
    }
}

impl Expression {
    /// `affine` of an expression, merged with an affine function on its top.
    pub(super) fn affine(affine: Affine, inner: &Rc<Self>) -> Rc<Self> {
        let (merged, core) = match &**inner {
            Self::Affine(first, core) => (first.then(&affine), core),
            _ => (affine, inner),
        };
        if merged.is_identity() { Rc::clone(core) } else { Rc::new(Self::Affine(merged, Rc::clone(core))) }
    }

    /// The expression as an affine function of a core that is none.
    pub(super) fn peel(self: &Rc<Self>) -> (Affine, Rc<Self>) {
        match &**self {
            Self::Affine(affine, core) => (affine.clone(), Rc::clone(core)),
            _ => (Affine::identity(), Rc::clone(self)),
        }
    }

    /// The number of features that it differs by on top: in its own constants, not in those of the operators inside.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Constant(tensor) => tensor.len(),
            Self::Affine(affine, _) => affine.width(),
            Self::X | Self::Apply(..) => 1,
        }
    }

    /// The elements that one evaluation of it at one point computes.
    pub(super) fn work(&self) -> usize {
        self.widest_and_work().1
    }

    fn widest_and_work(&self) -> (usize, usize) {
        let (widest, work) = match self {
            Self::X | Self::Constant(_) => (1, 0),
            Self::Affine(_, inner) => inner.widest_and_work(),
            // A table of 256 entries for each feature, or for all.
            Self::Apply(node, arguments) if node.op == "Gather" && arguments.len() == 2 => {
                let (widest, work) = arguments[1].widest_and_work();
                (widest.max(arguments[0].width().div_ceil(256)), work)
            }
            Self::Apply(_, arguments) => arguments
                .iter()
                .map(|argument| argument.widest_and_work())
                .fold((1, 0_usize), |(widest, work), argument| {
                    (argument.0.max(widest), argument.1.saturating_add(work))
                }),
        };
        let widest = self.width().max(widest);
        (widest, work.saturating_add(widest))
    }

    /// The values for `x`, points x 1 or points x features: points x 1, or points x features where constants vary.
    /// # Errors
    /// Operators that cannot be evaluated, or more work than the file justifies.
    pub(super) fn evaluate(&self, x: &Tensor, effort: &Effort) -> Result<Tensor, String> {
        effort.compute(self.work().saturating_mul(x.len()))?;
        self.values(x)
    }

    fn values(&self, x: &Tensor) -> Result<Tensor, String> {
        match self {
            Self::X => Ok(x.clone()),
            Self::Constant(tensor) => {
                let len = tensor.len();
                tensor.clone().reshaped(&[1, len]).ok_or_else(|| "a constant has an impossible shape".to_owned())
            }
            Self::Affine(affine, inner) => {
                let inner = inner.values(x)?;
                let row = |list: &[f64]| {
                    ArrayD::from_shape_vec(IxDyn(&[1, list.len()]), list.to_vec()).map_err(|error| error.to_string())
                };
                let y = (inner.to_f64().ok_or("texts are not numbers")? - row(&affine.offset)?) * row(&affine.scale)?
                    + row(&affine.bias)?;
                Ok(operators::typed(y, &inner))
            }
            Self::Apply(node, arguments) => {
                let values = arguments.iter().enumerate().map(|(index, argument)| match &**argument {
                    // A table is not by features.
                    Self::Constant(table) if node.op == "Gather" && index == 0 => Ok(table.clone()),
                    other => other.values(x),
                });
                let values = values.collect::<Result<Vec<_>, _>>()?;
                let inputs: Vec<Option<&Tensor>> = values.iter().map(Some).collect();
                // Constants were brought to points x features, so an axis of features is now axis 1.
                let outputs =
                    operators::evaluate(node, &inputs).ok_or("an operator of the expression is not known")??;
                outputs.into_iter().next().ok_or_else(|| "an operator gave nothing".to_owned())
            }
        }
    }

    /// Every affine function of `x` that the operators of the expression are applied to.
    pub(super) fn leaves(&self, into: &mut Vec<Affine>) {
        let mut leaf = |affine: Affine| {
            if !into.contains(&affine) {
                into.push(affine);
            }
        };
        match self {
            Self::X => leaf(Affine::identity()),
            Self::Constant(_) => {}
            Self::Affine(affine, inner) => match &**inner {
                Self::X => leaf(affine.clone()),
                other => other.leaves(into),
            },
            Self::Apply(_, arguments) => arguments.iter().for_each(|argument| argument.leaves(into)),
        }
    }

    /// The expression as a function of `t`, an affine function of `x`; `None` where some part of it is not one by the same
    /// numbers for all features.
    pub(super) fn in_terms_of(&self, t: &Affine) -> Option<Rc<Self>> {
        match self {
            Self::X => Self::leaf_in_terms_of(&Affine::identity(), t),
            Self::Constant(tensor) => {
                uniform(&tensor.to_f64()?.into_iter().collect::<Vec<_>>()).map(|_| Rc::new(self.first_of_constant()))
            }
            Self::Affine(affine, inner) if matches!(**inner, Self::X) => Self::leaf_in_terms_of(affine, t),
            Self::Affine(affine, inner) => {
                let one = Affine {
                    offset: vec![uniform(&affine.offset)?],
                    scale: vec![uniform(&affine.scale)?],
                    bias: vec![uniform(&affine.bias)?],
                };
                Some(Self::affine(one, &inner.in_terms_of(t)?))
            }
            Self::Apply(node, arguments) => {
                let arguments = arguments.iter().map(|argument| argument.in_terms_of(t)).collect::<Option<Vec<_>>>()?;
                Some(Rc::new(Self::Apply(Rc::clone(node), arguments)))
            }
        }
    }

    /// The operators in it, those inside others first.
    pub(super) fn operators(self: &Rc<Self>) -> Vec<Rc<Self>> {
        let mut found = Vec::new();
        self.collect_operators(&mut found);
        found
    }

    fn collect_operators(self: &Rc<Self>, found: &mut Vec<Rc<Self>>) {
        match &**self {
            Self::X | Self::Constant(_) => {}
            Self::Affine(_, inner) => inner.collect_operators(found),
            Self::Apply(_, arguments) => {
                for argument in arguments {
                    argument.collect_operators(found);
                }
                if !found.iter().any(|known| Rc::ptr_eq(known, self)) {
                    found.push(Rc::clone(self));
                }
            }
        }
    }

    /// The expression with `x` in the place of `part`; `None` where `x` stands outside of it too.
    pub(super) fn in_place_of(self: &Rc<Self>, part: &Rc<Self>) -> Option<Rc<Self>> {
        if Rc::ptr_eq(self, part) {
            return Some(Rc::new(Self::X));
        }
        match &**self {
            Self::X => None,
            Self::Constant(_) => Some(Rc::clone(self)),
            Self::Affine(affine, inner) => Some(Self::affine(affine.clone(), &inner.in_place_of(part)?)),
            Self::Apply(node, arguments) => {
                let arguments =
                    arguments.iter().map(|argument| argument.in_place_of(part)).collect::<Option<Vec<_>>>()?;
                Some(Rc::new(Self::Apply(Rc::clone(node), arguments)))
            }
        }
    }

    fn first_of_constant(&self) -> Self {
        match self {
            Self::Constant(tensor) => {
                let first = ArrayD::zeros(IxDyn(&[tensor.len().min(1)]));
                Self::Constant(tensor.at(first.view()))
            }
            other => other.clone(),
        }
    }

    fn leaf_in_terms_of(leaf: &Affine, t: &Affine) -> Option<Rc<Self>> {
        if leaf == t {
            return Some(Rc::new(Self::X));
        }
        let ((slope, start), (t_slope, t_start)) = (leaf.line(), t.line());
        let ratio = uniform(&zip(&slope, &t_slope, |a, b| a / b))?;
        let rest = uniform(&zip(&start, &t_start, |a, b| a - ratio * b))?;
        Some(Self::affine(Affine { offset: vec![0.0], scale: vec![ratio], bias: vec![rest] }, &Rc::new(Self::X)))
    }
}

/// The one number of a list, if all its elements are that number (but for rounding in f32).
fn uniform(list: &[f64]) -> Option<f64> {
    let first = *list.first()?;
    let tolerance = 1e-6 * first.abs().max(1e-3);
    (first.is_finite() && list.iter().all(|v| (v - first).abs() <= tolerance)).then_some(first)
}
