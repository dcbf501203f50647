//! Poolings in front of the first layer: a Slice of the image, an AveragePool, or both.

use super::chain::{Action, FileQuantization};
use super::effort::Effort;
use super::expression::Expression;
use super::table::domain;
use super::value::{Flow, Kind, Shape, Value};
use super::walk::{Found, Walk};
use crate::nn::AveragePool;
use crate::onnx::graph::Node;
use crate::onnx::operators;
use crate::onnx::tensor::Tensor;
use std::rc::Rc;

/// What to say of a pooling that the runtime does not have.
pub(super) const ELSEWHERE: &str = "a pooling may only stand before the first layer, once; use dense layers there";

impl Walk {
    /// A Slice that cuts a window out of each sample's image.
    pub(super) fn crop(&mut self, node: &Node, arguments: &[Option<Value>], flow: &Flow) -> Found<Flow> {
        let image = image(flow)?;
        self.effort.make(flow.shape.features())?;
        let numbers: Vec<i64> = (0..flow.shape.features() as i64).collect();
        let numbers = Tensor::from(numbers).reshaped(&flow.shape.single()).ok_or("its input has no shape")?;
        let mut inputs = vec![Some(&numbers)];
        for argument in arguments.iter().skip(1) {
            inputs.push(match argument {
                Some(Value::Constant(constant)) => Some(&**constant.tensor()),
                None => None,
                Some(_) => return Err("its bounds are not constant; export the model with fixed ones".to_owned()),
            });
        }
        let kept = operators::evaluate(node, &inputs).ok_or("it is no Slice")??;
        let [kept] = kept.as_slice() else { return Err("it has more than one output".to_owned()) };
        let dims = kept.shape().to_vec();
        let places: Vec<i64> = kept.to_i64().ok_or("it cuts texts")?.into_iter().collect();
        let [.., rows, columns] = dims[..] else { return Err("it cuts no image".to_owned()) };
        let first = places.first().copied().unwrap_or(0) as usize;
        let offset = [first / image[1], first % image[1]];
        let at = |k: usize| ((offset[0] + k / columns) * image[1] + offset[1] + k % columns) as i64;
        if places.is_empty() || places.len() != rows * columns || places.iter().enumerate().any(|(k, &p)| p != at(k)) {
            return Err("it keeps values that are no window of an image; cut a rectangle, or flatten the whole sample"
                .to_owned());
        }
        let base = if flow.kind == Kind::Real && self.quantization(flow.base).is_none() {
            self.commit(node, flow)?
        } else {
            flow.base
        };
        let pool = AveragePool { image, offset, outputs: [rows, columns], size: [1, 1] };
        self.pooled(node, base, pool, flow)
    }

    /// An average pooling without padding, gaps or overlaps.
    pub(super) fn average_pool(&mut self, node: &Node, flow: &Flow) -> Found<Flow> {
        let image = image(flow)?;
        let (size, strides) = operators::windows(node)?;
        if strides != size {
            return Err(format!(
                "its windows of {size:?} lie {strides:?} apart; only windows side by side run on the chip, so let the strides be the size"
            ));
        }
        let outputs = [0, 1].map(|axis| image[axis] / size[axis]);
        if outputs.contains(&0) {
            return Err(format!("its windows of {size:?} are larger than the image of {image:?}"));
        }
        let pool = AveragePool { image, offset: [0, 0], outputs, size };
        if self.quantization(flow.base).is_none() {
            let base = self.commit(node, flow)?;
            return self.pooled(node, base, pool, flow);
        }
        let integers = match &*flow.expression {
            Expression::Apply(dequantize, arguments) => {
                dequantize.op == "DequantizeLinear" && matches!(*arguments[0], Expression::X)
            }
            _ => false,
        };
        if !integers {
            return Err("it averages integers in a form of their own; dequantize them right before it".to_owned());
        }
        let mut pooled = self.pooled(node, flow.base, pool, flow)?;
        // The means are integers once they are quantized again, which what follows has to do.
        let as_it_is = Node { op: "Identity".to_owned(), ..node.clone() };
        pooled.expression = Rc::new(Expression::Apply(Rc::new(as_it_is), vec![Rc::clone(&flow.expression)]));
        Ok(pooled)
    }

    /// The flow behind a pooling of what `base` gives: still the same function of integers.
    fn pooled(&mut self, node: &Node, base: usize, pool: AveragePool, flow: &Flow) -> Found<Flow> {
        let before = &self.steps[base];
        let (base, pool) = match before.action {
            Action::Pool(first) => (before.parent, first.then(pool).ok_or(ELSEWHERE)?),
            _ => (base, pool),
        };
        let real = self.quantization(base).is_none();
        let base = self.push(node, base, Action::Pool(pool), pool.len());
        let mut dims = flow.shape.dims.clone();
        let rank = dims.len();
        dims[rank - 2..].copy_from_slice(&pool.outputs);
        let shape = Shape { dims, batch: flow.shape.batch };
        let expression = if real { Rc::new(Expression::X) } else { Rc::clone(&flow.expression) };
        Ok(Flow { expression, ..Self::fresh(base, shape, flow.kind) })
    }
}

/// The rows and columns of the image that each sample is.
fn image(flow: &Flow) -> Found<[usize; 2]> {
    match flow.shape.dims[..] {
        [.., rows, columns] if rows * columns == flow.shape.features() && flow.shape.dims.len() > 2 => {
            Ok([rows, columns])
        }
        _ => Err("it takes no images of one channel, which only may be pooled; use dense layers".to_owned()),
    }
}

impl FileQuantization {
    /// Whether a function of its integers gives them back.
    pub(super) fn passes(self, expression: &Expression, effort: &Effort) -> bool {
        let all = domain(self);
        expression.evaluate(&all, effort).is_ok_and(|given| given.to_i64() == all.to_i64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_and_a_mean_are_one_pooling() {
        let pool = |image, offset, outputs, size| AveragePool { image, offset, outputs, size };
        let crop = pool([28, 28], [2, 3], [24, 20], [1, 1]);
        let mean = pool([24, 20], [0, 0], [12, 5], [2, 4]);
        assert_eq!(crop.then(mean), Some(pool([28, 28], [2, 3], [12, 5], [2, 4])));
        let inner = pool([12, 5], [1, 0], [10, 5], [1, 1]);
        assert_eq!(mean.then(inner), Some(pool([24, 20], [2, 0], [10, 5], [2, 4])));
        assert_eq!(mean.then(pool([12, 5], [0, 0], [6, 5], [2, 1])), None);
    }
}
