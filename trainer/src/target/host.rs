//! This machine: the runtime itself.

use super::{Evaluation, Sizes, Target, Unit};
use crate::error::{Error, ErrorKind, Result};
use std::time::Instant;
use thumbnet::Model;
use thumbnet_link::{Element, Memory, ModelInfo};

/// The runtime on this machine.
pub struct Host {
    bytes: Vec<u8>,
    info: ModelInfo,
}

impl Host {
    /// Evaluates `model` here.
    /// # Errors
    /// [`ErrorKind::Model`] if it is none, or damaged.
    pub fn new(model: &[u8]) -> Result<Self> {
        let parsed = Model::parse(model).map_err(error)?;
        parsed.verify_checksum().map_err(error)?;
        let info = ModelInfo {
            checksum: parsed.checksum(),
            bytes: parsed.bytes().len() as u32,
            element: if parsed.is_float() { Element::F32 } else { Element::I8 },
            input_len: parsed.input_len() as u32,
            output_len: parsed.output_len() as u32,
            layers: parsed.layer_count(),
        };
        Ok(Self { bytes: parsed.bytes().to_vec(), info })
    }

    /// The model, which was read before.
    fn parsed(&self) -> Result<Model<'_>> {
        Model::parse(&self.bytes).map_err(error)
    }

    fn sample_bytes(&self) -> usize {
        let model = self.model();
        model.input_len as usize * model.element.bytes()
    }
}

/// Evaluates one sample; `observe` sees what leaves each layer.
fn evaluate(model: &Model, input: &[u8], mut observe: impl FnMut(usize, Vec<u8>)) -> Result<Vec<u8>> {
    if model.is_float() {
        let input: Vec<f32> = input.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        let output = run(model, &input, |layer, values| observe(layer, bytes_f32(values)))?;
        return Ok(bytes_f32(&output));
    }
    let input: Vec<i8> = input.iter().map(|&byte| byte as i8).collect();
    let output = run(model, &input, |layer, values| observe(layer, bytes_i8(values)))?;
    Ok(bytes_i8(&output))
}

fn run<T: thumbnet::Element + Default>(
    model: &Model,
    input: &[T],
    mut observe: impl FnMut(usize, &[T]),
) -> Result<Vec<T>> {
    let mut scratch = vec![T::default(); model.scratch_len()];
    let mut output = vec![T::default(); model.output_len()];
    model.run_with(input, &mut scratch, &mut output, |layer, values| observe(layer.into(), values)).map_err(error)?;
    Ok(output)
}

fn bytes_f32(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn bytes_i8(values: &[i8]) -> Vec<u8> {
    values.iter().map(|&value| value as u8).collect()
}

fn error(cause: impl std::error::Error) -> Error {
    Error::new(ErrorKind::Model, "host", cause)
}

impl Target for Host {
    fn name(&self) -> &'static str {
        "host"
    }

    fn core(&self) -> &'static str {
        std::env::consts::ARCH
    }

    fn unit(&self) -> Unit {
        Unit::Nanoseconds
    }

    fn model(&self) -> ModelInfo {
        self.info
    }

    fn evaluate(&mut self, inputs: &[u8]) -> Result<Evaluation> {
        let size = self.sample_bytes();
        if !inputs.len().is_multiple_of(size) {
            return Err(Error::new(
                ErrorKind::Model,
                "host",
                format!("the input has {} bytes, a sample {size}", inputs.len()),
            ));
        }
        let model = self.parsed()?;
        let begin = Instant::now();
        let mut outputs = Vec::new();
        for input in inputs.chunks(size) {
            outputs.extend(evaluate(&model, input, |_, _| {})?);
        }
        Ok(Evaluation { outputs, count: begin.elapsed().as_nanos() as u64 })
    }

    fn layer(&mut self, layer: usize, input: &[u8]) -> Result<Evaluation> {
        let model = self.parsed()?;
        let begin = Instant::now();
        let mut found = None;
        evaluate(&model, input, |index, values| {
            if index == layer {
                found = Some(values);
            }
        })?;
        let outputs =
            found.ok_or_else(|| Error::new(ErrorKind::Model, "host", format!("there is no layer {layer}")))?;
        Ok(Evaluation { outputs, count: begin.elapsed().as_nanos() as u64 })
    }

    fn profile(&mut self, input: &[u8]) -> Result<Vec<u64>> {
        let model = self.parsed()?;
        let mut times = Vec::new();
        let mut begin = Instant::now();
        evaluate(&model, input, |_, _| {
            times.push(begin.elapsed().as_nanos() as u64);
            begin = Instant::now();
        })?;
        Ok(times)
    }

    fn program(&self) -> Option<Sizes> {
        None
    }

    fn memory(&mut self) -> Result<Option<Memory>> {
        Ok(None)
    }

    fn logs(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}
