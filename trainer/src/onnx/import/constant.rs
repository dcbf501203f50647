//! Constants of the graph, kept as they lie in the file: weights are large, and each other form of them is a copy.

use super::chain::{IntegerKernel, Kernel};
use super::effort::Effort;
use super::walk::Found;
use super::weights::Weights;
use crate::onnx::graph::Node;
use crate::onnx::operators;
use crate::onnx::proto::data_type;
use crate::onnx::tensor::{ElementType, Tensor};
use ndarray::{ArrayD, IxDyn};
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

/// A tensor that is known without any input. Where it is the transpose of another, or real numbers for integers, it is made once
/// it is asked for in that form, which a layer never does.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// The elements.
    source: Arc<Tensor>,
    /// Whether the source's transpose is meant.
    transposed: bool,
    /// What the source's integers stand for, where real numbers are meant.
    steps: Option<Rc<Steps>>,
    /// What is meant, once it is made.
    made: Rc<OnceCell<Arc<Tensor>>>,
}

/// How integers stand for real numbers: a scale and a zero point, one for all or one for each index of an axis.
#[derive(Debug)]
pub(super) struct Steps {
    pub(super) scale: Vec<f32>,
    pub(super) zero_point: Vec<i32>,
    /// The axis of the source.
    axis: usize,
}

impl From<Arc<Tensor>> for Constant {
    fn from(source: Arc<Tensor>) -> Self {
        Self { source, transposed: false, steps: None, made: Rc::default() }
    }
}

impl Constant {
    /// What a node makes of constants without computing: it passes one on, exchanges the axes of a matrix, or takes integers for
    /// real numbers. `None` for any other node.
    /// # Errors
    /// Integers that no layer can hold.
    pub(super) fn of_node(node: &Node, inputs: &[Option<&Self>], effort: &Effort) -> Found<Option<Self>> {
        let Some(Some(first)) = inputs.first() else { return Ok(None) };
        let made = match (node.domain.as_str(), node.op.as_str()) {
            ("", "Identity") => return Ok(Some((*first).clone())),
            ("", "Cast")
                if node.attributes.int("to", 0) == i64::from(data_type::FLOAT)
                    && (first.steps.is_some() || first.source.element_type() == ElementType::F32) =>
            {
                return Ok(Some((*first).clone()));
            }
            ("", "Transpose") if first.source.shape().len() == 2 => {
                let order = operators::permutation(node.attributes.ints("perm"), 2)?;
                Self { transposed: first.transposed != (order == [1, 0]), made: Rc::default(), ..(*first).clone() }
            }
            ("" | "com.microsoft", "DequantizeLinear") => match first.dequantized(node, inputs)? {
                Some(constant) => constant,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        effort.make(first.source.len())?;
        Ok(Some(made))
    }

    /// Integers of 8 bits as weights, or of 32 bits as a bias; `None` where the operator has to be evaluated.
    fn dequantized(&self, node: &Node, inputs: &[Option<&Self>]) -> Found<Option<Self>> {
        let element = self.source.element_type();
        if matches!(element, ElementType::I16 | ElementType::U16) {
            return Err(format!(
                "weights {:?} of {} are not supported: quantize them to int8, uint8 or int4",
                self.shape(),
                element.name()
            ));
        }
        let plain = self.steps.is_none() && !self.transposed && node.attributes.int("block_size", 0) == 0;
        let eight_bits = matches!(element, ElementType::I8 | ElementType::U8 | ElementType::I32);
        let Some(Some(scale)) = inputs.get(1).filter(|_| plain && eight_bits) else { return Ok(None) };
        let Some(scale) = scale.tensor().to_f32().filter(|_| scale.tensor().element_type() == ElementType::F32) else {
            return Ok(None);
        };
        let zero_point = match inputs.get(2).copied().flatten() {
            Some(zero) => zero.tensor().to_i64().map(|list| list.iter().map(|&v| v as i32).collect()),
            None => Some(vec![0]),
        };
        let Some(zero_point): Option<Vec<i32>> = zero_point else { return Ok(None) };
        let rank = self.source.shape().len() as i64;
        let axis = node.attributes.int("axis", 1);
        let axis = usize::try_from(if axis < 0 { axis + rank } else { axis }).unwrap_or(usize::MAX);
        let fits = |len: usize, rank: usize| len == 1 || (rank == 1 && self.source.shape().get(axis) == Some(&len));
        if !fits(scale.len(), scale.ndim()) || !fits(zero_point.len(), 1) {
            return Ok(None);
        }
        let steps = Steps { scale: scale.into_iter().collect(), zero_point, axis };
        Ok(Some(Self { steps: Some(Rc::new(steps)), made: Rc::default(), ..self.clone() }))
    }

    /// The shape.
    pub(super) fn shape(&self) -> Vec<usize> {
        let mut shape = self.source.shape().to_vec();
        if self.transposed {
            shape.reverse();
        }
        shape
    }

    /// The tensor that is meant.
    pub(super) fn tensor(&self) -> &Arc<Tensor> {
        if self.steps.is_none() && !self.transposed {
            return &self.source;
        }
        self.made.get_or_init(|| {
            let real = self.steps.as_ref().map(|steps| Arc::new(steps.real(&self.source)));
            let tensor = real.as_ref().unwrap_or(&self.source);
            if self.transposed { Arc::new(tensor.at(tensor.places().t())) } else { Arc::clone(tensor) }
        })
    }

    /// The integers behind real numbers, and what they stand for.
    pub(super) fn integers(&self) -> Option<(&Tensor, &Steps)> {
        Some((&self.source, self.steps.as_deref()?))
    }

    /// The matrix, or its transpose, times `alpha` as a layer's weights: of integers where they have a scale and a zero point for
    /// all or for each output, else of real numbers.
    /// # Errors
    /// A constant that is no matrix.
    pub(super) fn kernel(&self, transpose: bool, alpha: f32) -> Found<Kernel> {
        let weights = Weights::new(Arc::clone(&self.source), self.transposed != transpose)?;
        let Some(steps) = &self.steps else { return Ok(Kernel::Real(weights, alpha)) };
        let by_output = weights.output_axis() == steps.axis;
        let narrow = self.source.element_type() != ElementType::I32;
        if !narrow || !(by_output || (steps.scale.len() == 1 && steps.zero_point.len() == 1)) {
            return Ok(Kernel::Real(Weights::new(Arc::clone(self.tensor()), transpose)?, alpha));
        }
        let outputs = weights.dim().1;
        let scales = (0..outputs).map(|j| steps.scale[if steps.scale.len() == 1 { 0 } else { j }] * alpha).collect();
        let zero = |j: usize| steps.zero_point[if steps.zero_point.len() == 1 { 0 } else { j }];
        Ok(Kernel::Integer(IntegerKernel { weights, scales, zero_points: (0..outputs).map(zero).collect() }))
    }
}

impl Steps {
    /// The real numbers of integers.
    fn real(&self, integers: &Tensor) -> Tensor {
        let shape = integers.shape();
        let inner: usize = shape.iter().skip(self.axis.saturating_add(1)).product();
        let len = shape.get(self.axis).copied().unwrap_or(1);
        let place = |at: usize| at / inner.max(1) % len.max(1);
        let of = |list: usize, at: usize| if list == 1 { 0 } else { place(at) };
        let values = integers.to_i64().unwrap_or_default().into_iter().enumerate().map(|(at, q)| {
            (q - i64::from(self.zero_point[of(self.zero_point.len(), at)])) as f32
                * self.scale[of(self.scale.len(), at)]
        });
        ArrayD::from_shape_vec(IxDyn(shape), values.collect()).unwrap_or_default().into()
    }
}
