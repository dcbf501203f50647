//! Functions that are a line on either side of 0, with slopes that differ from feature to feature: PRelu with a slope per
//! channel.

use super::effort::Effort;
use super::expression::{Affine, Expression};
use crate::onnx::tensor::{ElementType, Tensor};
use ndarray::{Array2, ArrayD, IxDyn};
use std::rc::Rc;

/// `y[j] = positive[j] * max(x[j], 0) - negative[j] * max(-x[j], 0)`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slopes {
    negative: Vec<f64>,
    positive: Vec<f64>,
}

impl Slopes {
    /// An expression of that many features as such a function of an affine one, if it is that.
    pub(super) fn of(expression: &Rc<Expression>, features: usize, effort: &Effort) -> Option<(Affine, Self)> {
        let mut candidates = vec![Affine::identity()];
        expression.leaves(&mut candidates);
        candidates
            .into_iter()
            .find_map(|before| Some((before.clone(), Self::after(expression, &before, features, effort)?)))
    }

    /// The slopes of an expression as a function of `t`, which is `before(x)`.
    fn after(expression: &Expression, before: &Affine, features: usize, effort: &Effort) -> Option<Self> {
        // The second and the fourth give the slopes; the others are no multiples of anything, so that no staircase fits.
        let points = [-2.31, -1.0, 0.0, 1.0, 2.17, 63.7, -61.3, 0.013, -0.029, 0.57, -0.43, 7.9, -8.3];
        effort.compute(points.len().saturating_mul(features)).ok()?;
        let (slope, start) = before.line();
        let at = |list: &[f64], j: usize| list[if list.len() == 1 { 0 } else { j }];
        let x = ArrayD::from_shape_fn(IxDyn(&[points.len(), features]), |index| {
            (points[index[0]] - at(&start, index[1])) / at(&slope, index[1])
        });
        let values = expression.evaluate(&Tensor::of_type(x, ElementType::F64), effort).ok()?.to_f64()?;
        let y = values.broadcast(IxDyn(&[points.len(), features]))?;
        let row = |row: usize| (0..features).map(|j| y[[row, j]]).collect::<Vec<f64>>();
        let (negative, positive): (Vec<f64>, Vec<f64>) = (row(1).iter().map(|v| -v).collect(), row(3));
        let bent = points.iter().enumerate().all(|(index, &t)| {
            row(index).iter().enumerate().all(|(j, &y)| {
                let expected = t * if t < 0.0 { negative[j] } else { positive[j] };
                (expected - y).abs() <= 1e-6 * expected.abs().max(1.0)
            })
        });
        bent.then_some(Self { negative, positive })
    }

    /// The weights after the function (inputs x outputs) as weights after `max(x, 0)` and `max(-x, 0)`.
    pub(super) fn join(&self, kernel: &Array2<f32>) -> Array2<f32> {
        let n = kernel.nrows();
        Array2::from_shape_fn((2 * n, kernel.ncols()), |(i, j)| {
            let (slope, row) = if i < n { (self.positive[i], i) } else { (-self.negative[i - n], i - n) };
            (f64::from(kernel[[row, j]]) * slope) as f32
        })
    }
}
