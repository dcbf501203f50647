//! The runtime on this machine, over many samples: every integer that the trainer reports is the chip's.

use super::file::wrong;
use super::read::{Network, read};
use crate::dataset::Features;
use crate::error::Result;
use crate::nn::{Encoding, Input};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use thumbnet::{Element, Model};

/// Evaluates a `.tnet` file.
#[derive(Clone, Debug)]
pub struct Executor {
    bytes: Vec<u8>,
    input: Input,
    integer: bool,
}

/// The place of an error here; a caller that knows the file's name puts it before.
const PLACE: &str = "model";

impl Executor {
    /// Takes a file.
    /// # Errors
    /// [`ErrorKind::Model`](crate::error::ErrorKind::Model) where the bytes are not a model, or are damaged.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        let (input, integer) = match read(&bytes)? {
            Network::Float(network) => (network.input, false),
            Network::Integer(network) => (network.input, true),
        };
        Ok(Self { bytes, input, integer })
    }

    /// What enters.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Whether the model works on integers.
    pub fn is_integer(&self) -> bool {
        self.integer
    }

    /// The integers that enter the model for these samples, samples x inputs.
    /// # Errors
    /// [`ErrorKind::Model`](crate::error::ErrorKind::Model) where the samples are of another width or the model works on floats.
    pub fn quantized(&self, features: &Features) -> Result<Array2<i8>> {
        let model = self.model()?;
        let mut integers = Array2::zeros((features.samples(), features.width()));
        let mut quantized = vec![0; features.width()];
        let mut keep = |index: usize, quantized: &[i8]| integers.row_mut(index).assign(&ArrayView1::from(quantized));
        match features {
            Features::Pixels(pixels) if self.input.encoding == Encoding::Pixel => {
                for (index, pixels) in pixels.rows().into_iter().enumerate() {
                    model.quantize_pixels(&pixels.to_vec(), &mut quantized).map_err(|error| wrong(PLACE, error))?;
                    keep(index, &quantized);
                }
            }
            _ => {
                for (index, real) in features.real().rows().into_iter().enumerate() {
                    model.quantize_input(&real.to_vec(), &mut quantized).map_err(|error| wrong(PLACE, error))?;
                    keep(index, &quantized);
                }
            }
        }
        Ok(integers)
    }

    /// The integers that leave the model, samples x outputs, for integers that enter it.
    /// # Errors
    /// As [`Executor::quantized`].
    pub fn integers(&self, inputs: ArrayView2<i8>) -> Result<Array2<i8>> {
        self.run(inputs)
    }

    /// What the integers that leave the model mean, samples x outputs: dequantized, and with the model's softmax.
    /// # Errors
    /// [`ErrorKind::Model`](crate::error::ErrorKind::Model) where the model works on floats.
    pub fn meaning(&self, outputs: ArrayView2<i8>) -> Result<Array2<f32>> {
        let model = self.model()?;
        let mut real = Array2::zeros(outputs.dim());
        for (output, mut real) in outputs.rows().into_iter().zip(real.rows_mut()) {
            let mut numbers = vec![0.0; output.len()];
            let output = output.to_vec();
            model.probabilities(&output, &mut numbers).map_err(|error| wrong(PLACE, error))?;
            real.assign(&ArrayView1::from(&numbers));
        }
        Ok(real)
    }

    /// The real outputs, samples x outputs; a softmax that the file only names is evaluated.
    /// # Errors
    /// [`ErrorKind::Model`](crate::error::ErrorKind::Model) where the samples are of another width.
    pub fn outputs(&self, features: &Features) -> Result<Array2<f32>> {
        if !self.is_integer() {
            return self.run(features.real().view());
        }
        self.meaning(self.integers(self.quantized(features)?.view())?.view())
    }

    /// Runs the samples, shared among the machine's cores.
    fn run<T: Element + Default + Send + Sync>(&self, inputs: ArrayView2<T>) -> Result<Array2<T>> {
        let model = self.model()?;
        let mut outputs = Array2::from_elem((inputs.nrows(), model.output_len()), T::default());
        let share = inputs.nrows().div_ceil(std::thread::available_parallelism().map_or(1, usize::from)).max(1);
        std::thread::scope(|scope| {
            let parts = inputs.axis_chunks_iter(Axis(0), share).zip(outputs.axis_chunks_iter_mut(Axis(0), share));
            let threads: Vec<_> = parts
                .map(|(inputs, mut outputs)| {
                    scope.spawn(move || {
                        let mut scratch = vec![T::default(); model.scratch_len()];
                        for (input, mut output) in inputs.rows().into_iter().zip(outputs.rows_mut()) {
                            let input = input.to_vec();
                            let mut result = vec![T::default(); output.len()];
                            model.run(&input, &mut scratch, &mut result)?;
                            output.assign(&ArrayView1::from(&result));
                        }
                        Ok(())
                    })
                })
                .collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(result) => result.map_err(|error: thumbnet::RunError| wrong(PLACE, error)),
                Err(_) => Err(wrong(PLACE, "the evaluation panicked")),
            })
        })?;
        Ok(outputs)
    }

    fn model(&self) -> Result<Model<'_>> {
        Model::parse(&self.bytes).map_err(|error| wrong(PLACE, error))
    }
}
