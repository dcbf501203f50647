//! What the outputs mean: real numbers, probabilities, classes.

use crate::activation::softmax;
use crate::error::Buffer;
use crate::math::exp;
use crate::{Element, Function, Model, RunError};

/// A class that a model found.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Class<'a> {
    /// Its number, counted from 0.
    pub index: usize,
    /// Its name, where the model names its classes.
    pub label: Option<&'a str>,
    /// Its probability where the model gives probabilities, the real value of its output otherwise.
    pub score: f32,
}

impl<'a> Model<'a> {
    /// The real values of an evaluation's outputs.
    /// # Errors
    /// [`RunError::Length`] where a slice does not have [`Model::output_len`] elements, [`RunError::Element`] where they are of the
    /// other kind; nothing is written then.
    pub fn dequantize<T: Element>(&self, output: &[T], real: &mut [f32]) -> Result<(), RunError> {
        if T::FLOAT != self.is_float() {
            return Err(RunError::Element);
        }
        for found in [output.len(), real.len()] {
            if found != self.output_len() {
                return Err(RunError::Length { buffer: Buffer::Output, expected: self.output_len(), found });
            }
        }
        let quantization = self.output_quantization();
        for (real, y) in real.iter_mut().zip(output) {
            *real = y.real(quantization);
        }
        Ok(())
    }

    /// The probabilities of the classes: the softmax of the real values where the model's outputs are logits, their exponentials
    /// where its last layer is a log-softmax, and the real values themselves where it gives probabilities already (a single
    /// output is that of the second of two classes).
    /// # Errors
    /// As [`Self::dequantize`].
    pub fn probabilities<T: Element>(&self, output: &[T], probabilities: &mut [f32]) -> Result<(), RunError> {
        self.dequantize(output, probabilities)?;
        if self.has_softmax() {
            softmax(probabilities);
        } else if self.ends_in(Function::LogSoftmax) {
            for p in probabilities {
                *p = exp(*p);
            }
        }
        Ok(())
    }

    /// The most probable class of an evaluation's outputs; the first of several that are equal.
    ///
    /// A single output of a model with two classes is the probability of the second one.
    ///
    /// An output that is not the model's, by its length or the kind of its numbers, has no class: the score is NaN then, the index 0
    /// and the label `None`.
    pub fn classify<T: Element>(&self, output: &[T]) -> Class<'a> {
        self.next_class(output, None).unwrap_or(Class { index: 0, label: None, score: f32::NAN })
    }

    /// The `K` most probable classes, the best first; none of an output that is not the model's.
    #[cfg(feature = "heapless")]
    pub fn top_k<T: Element, const K: usize>(&self, output: &[T]) -> heapless::Vec<Class<'a>, K> {
        let mut classes = heapless::Vec::new();
        let mut last = None;
        while let Some(class) = self.next_class(output, last) {
            if classes.push(class).is_err() {
                break;
            }
            last = Some(class.index);
        }
        classes
    }

    /// The class that follows another in the order of falling scores; the first one without another.
    fn next_class<T: Element>(&self, output: &[T], last: Option<usize>) -> Option<Class<'a>> {
        if T::FLOAT != self.is_float() || output.len() != self.output_len() {
            return None;
        }
        let quantization = self.output_quantization();
        if let ([only], 2) = (output, self.labels().len()) {
            let second = only.real(quantization);
            let scores = [1.0 - second, second];
            let index = following(scores.into_iter(), last)?;
            return Some(self.class(index, if index == 0 { 1.0 - second } else { second }));
        }
        let real = output.iter().map(|y| y.real(quantization));
        let index = following(real.clone(), last)?;
        let value = real.clone().nth(index)?;
        let score = if self.has_softmax() {
            let largest = real.clone().fold(f32::NEG_INFINITY, f32::max);
            exp(value - largest) / real.fold(0.0, |sum, x| sum + exp(x - largest))
        } else if self.ends_in(Function::LogSoftmax) {
            exp(value)
        } else {
            value
        };
        Some(self.class(index, score))
    }

    fn class(&self, index: usize, score: f32) -> Class<'a> {
        Class { index, label: self.labels().get(index), score }
    }
}

/// The index of the largest value after that of `last`, where equal values stand in the order of their indices, and what is no
/// number behind all numbers.
fn following(values: impl Iterator<Item = f32> + Clone, last: Option<usize>) -> Option<usize> {
    let values = values.map(|value| if value.is_nan() { f32::NEG_INFINITY } else { value });
    let limit = match last {
        Some(index) => Some((index, values.clone().nth(index)?)),
        None => None,
    };
    let follows = |&(index, value): &(usize, f32)| match limit {
        Some((last, limit)) => value < limit || (value == limit && index > last),
        None => true,
    };
    let mut best = None;
    for (index, value) in values.enumerate().filter(follows) {
        match best {
            Some((_, most)) if value <= most => {}
            _ => best = Some((index, value)),
        }
    }
    best.map(|(index, _)| index)
}
