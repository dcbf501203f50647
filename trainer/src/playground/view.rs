//! The network as the page shows it: with the weights as they are trained, or with integers, evaluated by the chip's runtime.

use super::settings::Weights;
use crate::dataset::{Dataset, Features, Targets};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::Sequential;
use crate::quantize::{self, QuantizedSequential, post_training};
use crate::tnet::{self, Executor, FloatType};
use ndarray::{Array2, ArrayView2};
use thumbnet::{Backend, Model};

/// A network ready to be evaluated.
#[derive(Clone, Debug)]
pub(super) enum View {
    /// As it is trained.
    Float(Sequential),
    /// With integers, calibrated on the training points.
    Integer {
        /// As an exporter wants it.
        network: Box<QuantizedSequential>,
        /// The same as the chip reads it.
        executor: Executor,
        /// Its file.
        bytes: Vec<u8>,
    },
}

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Score {
    /// The mean cross-entropy, or the mean squared error, as `thumbnet evaluate` prints it.
    pub(super) loss: f64,
    /// The share of right classes.
    pub(super) accuracy: Option<f64>,
}

impl View {
    /// Rounds the weights, if wanted. `calibration` is samples x inputs.
    /// # Errors
    /// [`ErrorKind::Model`] where the network's numbers are not finite.
    pub(super) fn new(network: &Sequential, weights: Weights, calibration: ArrayView2<f32>) -> Result<Self> {
        let Some(weights) = weights.integer() else { return Ok(Self::Float(network.clone())) };
        let network =
            post_training(network, calibration, &quantize::Options { weights, ..quantize::Options::default() })?;
        let bytes = tnet::write(&network)?;
        Ok(Self::Integer { executor: Executor::new(bytes.clone())?, network: Box::new(network), bytes })
    }

    /// The network as the chip reads it.
    /// # Errors
    /// [`ErrorKind::Model`] where its numbers are not finite.
    pub(super) fn tnet(&self) -> Result<Vec<u8>> {
        match self {
            Self::Float(network) => tnet::write_float(network, FloatType::F32),
            Self::Integer { bytes, .. } => Ok(bytes.clone()),
        }
    }

    /// The one output for each sample (samples x inputs).
    /// # Errors
    /// [`ErrorKind::Model`] where the samples do not fit.
    pub(super) fn outputs(&self, samples: Array2<f32>) -> Result<Vec<f32>> {
        match self {
            Self::Float(network) => Ok(network.forward(samples.view()).into_iter().collect()),
            Self::Integer { executor, .. } => Ok(executor.outputs(&Features::Real(samples))?.into_iter().collect()),
        }
    }

    /// What each hidden neuron gives for each sample, layer by layer, neurons x samples.
    /// # Errors
    /// As [`View::outputs`].
    pub(super) fn neurons(&self, samples: ArrayView2<f32>) -> Result<Vec<Array2<f32>>> {
        match self {
            Self::Float(network) => {
                let outputs = network.layer_outputs(samples);
                let hidden = outputs.len().saturating_sub(2);
                Ok(outputs.into_iter().skip(1).take(hidden).map(Array2::reversed_axes).collect())
            }
            Self::Integer { network, bytes, .. } => {
                let hidden = &network.layers[..network.layers.len() - 1];
                let shape = |outputs: usize| Array2::zeros((outputs, samples.nrows()));
                let mut neurons: Vec<Array2<f32>> = hidden.iter().map(|layer| shape(layer.outputs)).collect();
                observe(bytes, samples, |sample, layer, outputs| {
                    let Some(neurons) = neurons.get_mut(layer) else { return };
                    let q = hidden[layer].output;
                    for (&y, neuron) in outputs.iter().zip(neurons.column_mut(sample)) {
                        *neuron = q.scale * (f32::from(y) - f32::from(q.zero_point));
                    }
                })?;
                Ok(neurons)
            }
        }
    }

    /// How good it is on a part of the data (its features are the network's inputs); zeros where there are no samples.
    /// # Errors
    /// As [`View::outputs`].
    pub(super) fn score(&self, part: &Dataset) -> Result<Score> {
        let outputs = self.outputs(part.features.real())?;
        let samples = outputs.len().max(1) as f64;
        Ok(match &part.targets {
            Targets::Classes(classes) => {
                let pairs = || outputs.iter().zip(classes);
                let true_class = |(&p, &class): (&f32, &u32)| f64::from(if class == 1 { p } else { 1.0 - p });
                let loss = pairs().map(|pair| -true_class(pair).max(1e-7).ln()).sum::<f64>() / samples;
                let right = pairs().filter(|(p, class)| (**p > 0.5) == (**class == 1)).count();
                Score { loss, accuracy: Some(right as f64 / samples) }
            }
            Targets::Values(values) => {
                let squares = outputs.iter().zip(values).map(|(y, t)| f64::from(y - t).powi(2));
                Score { loss: squares.sum::<f64>() / samples, accuracy: None }
            }
            Targets::None => Score { loss: 0.0, accuracy: None },
        })
    }
}

/// Runs the chip's runtime on each sample and shows what leaves each layer.
fn observe(bytes: &[u8], samples: ArrayView2<f32>, mut seen: impl FnMut(usize, usize, &[i8])) -> Result<()> {
    let wrong = |error: &dyn std::fmt::Display| Error::new(ErrorKind::Model, "model", error);
    let model = Model::parse(bytes).map_err(|error| wrong(&error))?;
    let (mut input, mut scratch) = (vec![0_i8; model.input_len()], vec![0_i8; model.scratch_len()]);
    let mut output = vec![0_i8; model.output_len()];
    for (index, sample) in samples.rows().into_iter().enumerate() {
        model.quantize_input(&sample.to_vec(), &mut input).map_err(|error| wrong(&error))?;
        let observer = |layer: u16, outputs: &[i8]| seen(index, usize::from(layer), outputs);
        model.run_with(&input, &mut scratch, &mut output, observer).map_err(|error| wrong(&error))?;
    }
    Ok(())
}

/// What a `.tnet` takes of a chip's memory by itself: bytes of flash, and bytes of RAM for inputs, activations and outputs.
pub(super) fn memory(tnet: &[u8]) -> Option<(usize, usize)> {
    let model = Model::parse(tnet).ok()?;
    let element = if model.is_float() { 4 } else { 1 };
    Some((tnet.len(), (model.scratch_len_on(Backend::Dsp) + model.input_len() + model.output_len()) * element))
}
