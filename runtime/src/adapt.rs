//! Learning on the device: the last layer of a classifier is adapted to samples that the device sees.
//!
//! The layers before the last one give features; they stay as they are, in flash. What changes is the last layer, in `f32`:
//! [`Adapter`] keeps the *difference* between the adapted weights and those of the file in memory that the caller owns, so that the
//! file's weights (of any type) need no copy. A step is one step of stochastic gradient descent on the cross-entropy of the softmax.
//!
//! ```
//! use thumbnet::adapt::Adapter;
//!
//! thumbnet::model!(static XOR = "../tests/models/xor.tnet");
//!
//! // The device's user wants the opposite: equal inputs are true.
//! let samples = [([0, 0], 1), ([0, 64], 0), ([64, 0], 0), ([64, 64], 1)];
//! let mut memory = [0.0; 10];
//! let mut scratch = [0; 32];
//! let mut adapter = Adapter::new(&XOR, &mut memory)?;
//! for _ in 0..200 {
//!     for (input, class) in samples {
//!         adapter.learn(&input, class, 0.3, &mut scratch)?;
//!     }
//! }
//! for (input, class) in samples {
//!     assert_eq!(adapter.classify(&input, &mut scratch)?.index, class);
//! }
//! # Ok::<(), thumbnet::RunError>(())
//! ```
//!
//! How much a few samples are worth: MNIST's network reads 40.59 % of the test digits when they are drawn mirrored, and 83.38 % after
//! twenty mirrored samples of each class. An emulated Cortex-M4 and Cortex-M33 learn the same, bit for bit what the host learns; of 1,000 digits
//! they read 39.30 % before and 81.30 % after. It takes 17 kB of RAM for the adapter. Printed by
//! `cargo test --release -p thumbnet-tests --test adapt -- --nocapture`; the program of the chip is `tests/bare/src/bin/adapt.rs`.

use crate::activation::softmax;
use crate::error::Buffer;
use crate::math::ln;
use crate::{Class, Element, Function, Model, RunError};
use core::fmt;

/// A classifier whose last layer learns.
///
/// It works for models whose outputs are logits of a softmax (all integer classifiers of several classes), and for models of
/// floats that end in one, or in its logarithm.
pub struct Adapter<'m, 'w> {
    model: &'m Model<'m>,
    /// For each output, the difference of its weights and then that of its bias.
    rows: &'w mut [f32],
    features: &'w mut [f32],
    /// Logits, and after them probabilities.
    outputs: &'w mut [f32],
}

impl<'m, 'w> Adapter<'m, 'w> {
    /// The number of floats that an adapter takes: the last layer's weights and biases, its inputs and its outputs.
    pub const fn memory_len(model: &Model<'_>) -> usize {
        let features = features_len(model);
        let outputs = model.output_len();
        outputs.saturating_mul(features.saturating_add(2)).saturating_add(features)
    }

    /// The number of elements that [`Self::learn`] and [`Self::classify`] work in.
    pub const fn scratch_len(model: &Model<'_>) -> usize {
        model.scratch_len().saturating_add(model.output_len())
    }

    /// Starts from the model as it is. `memory` has at least [`Self::memory_len`] elements.
    /// # Errors
    /// [`RunError::Length`] where the memory is too small, [`RunError::Softmax`] where the model does not end in a softmax.
    pub fn new(model: &'m Model<'m>, memory: &'w mut [f32]) -> Result<Self, RunError> {
        let adapter = Self::resume(model, memory)?;
        for part in [&mut *adapter.rows, &mut *adapter.features, &mut *adapter.outputs] {
            part.fill(0.0);
        }
        Ok(adapter)
    }

    /// Goes on from what an earlier adapter of the same model left in its memory, which may have been stored meanwhile.
    /// # Errors
    /// As [`Self::new`].
    pub fn resume(model: &'m Model<'m>, memory: &'w mut [f32]) -> Result<Self, RunError> {
        let softmax = [Function::Softmax, Function::LogSoftmax].into_iter().any(|function| model.ends_in(function));
        if !model.has_softmax() && !softmax {
            return Err(RunError::Softmax);
        }
        let expected = Self::memory_len(model);
        let length = RunError::Length { buffer: Buffer::Memory, expected, found: memory.len() };
        let features = features_len(model);
        let weights = model.output_len().saturating_mul(features.saturating_add(1));
        let (rows, rest) = memory.split_at_mut_checked(weights).ok_or(length)?;
        let (features, rest) = rest.split_at_mut_checked(features).ok_or(length)?;
        let (outputs, _) = rest.split_at_mut_checked(model.output_len()).ok_or(length)?;
        Ok(Self { model, rows, features, outputs })
    }

    /// One step of gradient descent toward `class` for this input; gives the cross-entropy before the step. The memory is
    /// fixed; of samples, it holds only what the last layer took and gave for the last one.
    /// # Errors
    /// As [`Model::run`] (`scratch` has at least [`Self::scratch_len`] elements); [`RunError::Class`] for a class that the model does
    /// not have. Nothing is learned then.
    pub fn learn<T: Element>(
        &mut self,
        input: &[T],
        class: usize,
        rate: f32,
        scratch: &mut [T],
    ) -> Result<f32, RunError> {
        let classes = self.model.output_len();
        if class >= classes {
            return Err(RunError::Class { classes, found: class });
        }
        self.evaluate(input, scratch)?;
        let probability = self.outputs.get(class).copied().unwrap_or(0.0);
        let mut rows = &mut *self.rows;
        for (index, &output) in self.outputs.iter().enumerate() {
            let Some((row, rest)) = rows.split_at_mut_checked(self.features.len() + 1) else { break };
            // The derivative of softmax and cross-entropy together.
            let slope = rate * (output - if index == class { 1.0 } else { 0.0 });
            let Some((bias, weights)) = row.split_last_mut() else { break };
            for (weight, &feature) in weights.iter_mut().zip(&*self.features) {
                *weight -= slope * feature;
            }
            *bias -= slope;
            rows = rest;
        }
        Ok(-ln(probability.max(f32::MIN_POSITIVE)))
    }

    /// The most probable class of an input, by the model as it is adapted.
    /// # Errors
    /// As [`Model::run`]; `scratch` has at least [`Self::scratch_len`] elements.
    pub fn classify<T: Element>(&mut self, input: &[T], scratch: &mut [T]) -> Result<Class<'m>, RunError> {
        let probabilities = self.evaluate(input, scratch)?;
        // Where all are NaN after a rate that was too high, the score says so.
        let mut best = (0, f32::NAN);
        for (index, &probability) in probabilities.iter().enumerate() {
            if index == 0 || probability > best.1 {
                best = (index, probability);
            }
        }
        Ok(Class { index: best.0, label: self.model.labels().get(best.0), score: best.1 })
    }

    /// The probabilities of the classes, by the model as it is adapted.
    /// # Errors
    /// As [`Self::classify`].
    pub fn evaluate<T: Element>(&mut self, input: &[T], scratch: &mut [T]) -> Result<&[f32], RunError> {
        let expected = Self::scratch_len(self.model);
        let length = RunError::Length { buffer: Buffer::Scratch, expected, found: scratch.len() };
        let work = scratch.len().checked_sub(self.model.output_len()).ok_or(length)?;
        let (scratch, output) = scratch.split_at_mut_checked(work).ok_or(length)?;
        let layers = self.model.layer_count();
        let features = &mut *self.features;
        let mut keep = |values: &[T], quantization| {
            for (feature, value) in features.iter_mut().zip(values) {
                *feature = value.real(quantization);
            }
        };
        self.model.run_with(input, scratch, output, |index, values: &[T]| {
            if index + 2 == layers {
                keep(values, self.model.layer(index).and_then(|layer| layer.output_quantization()));
            }
        })?;
        if layers == 1 {
            // What the only layer has worked on.
            let prepared = T::FLOAT && self.model.prepares_input();
            keep(if prepared { scratch } else { input }, self.model.input_quantization());
        }
        let quantization = self.model.output_quantization();
        let logits = self.model.has_softmax() || !self.model.ends_in(Function::Softmax);
        let mut rows = &*self.rows;
        for (logit, y) in self.outputs.iter_mut().zip(output) {
            let y = y.real(quantization);
            let start = if logits { y } else { ln(y.max(f32::MIN_POSITIVE)) };
            let Some((row, rest)) = rows.split_at_checked(self.features.len() + 1) else { break };
            let Some((bias, weights)) = row.split_last() else { break };
            *logit = weights.iter().zip(&*self.features).fold(start + bias, |sum, (weight, x)| sum + weight * x);
            rows = rest;
        }
        softmax(self.outputs);
        Ok(self.outputs)
    }
}

impl fmt::Debug for Adapter<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (features, classes) = (self.features.len(), self.outputs.len());
        f.debug_struct("Adapter").field("features", &features).field("classes", &classes).finish_non_exhaustive()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Adapter<'_, '_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (features, classes) = (self.features.len(), self.outputs.len());
        defmt::write!(f, "Adapter {{ features: {=usize}, classes: {=usize}, .. }}", features, classes);
    }
}

/// The number of inputs of the last layer.
const fn features_len(model: &Model<'_>) -> usize {
    match model.layer(model.layer_count().saturating_sub(1)) {
        Some(layer) => layer.inputs(),
        None => 0,
    }
}
