//! Data sets' samples as a model's input, and a model's outputs as classes: what the application around a model does. The
//! runtime does the arithmetic.

use crate::dataset::Features;
use crate::error::{Error, ErrorKind, Result};
use thumbnet::Model;
use thumbnet_link::Element;

/// The samples in the element of the model, one after the other, as [`Target::evaluate`](super::Target::evaluate) takes
/// them: normalized and quantized for an integer model, as they are for a model of floats, which normalizes them itself.
/// # Errors
/// [`ErrorKind::Model`] if `model` is no `.tnet`; [`ErrorKind::Data`] if a sample has not the model's number of features.
pub fn samples(model: &[u8], features: &Features) -> Result<Vec<u8>> {
    let model = parse(model)?;
    let (found, expected) = (features.width(), model.input_len());
    if found != expected {
        let message = format!("a sample has {found} features, but the model takes {expected}");
        return Err(Error::new(ErrorKind::Data, "data", message));
    }
    if model.is_float() {
        return Ok(features.real().iter().flat_map(|x| x.to_le_bytes()).collect());
    }
    let mut inputs = vec![0i8; features.samples() * expected];
    let rows = inputs.chunks_mut(expected);
    match features {
        Features::Pixels(pixels) => {
            let standard = pixels.as_standard_layout();
            let samples = standard.as_slice().unwrap_or_default().chunks(expected);
            samples.zip(rows).try_for_each(|(pixels, input)| model.quantize_pixels(pixels, input))
        }
        Features::Real(real) => {
            let standard = real.as_standard_layout();
            let samples = standard.as_slice().unwrap_or_default().chunks(expected);
            samples.zip(rows).try_for_each(|(real, input)| model.quantize_input(real, input))
        }
    }
    .map_err(|error| Error::new(ErrorKind::Model, "model", error))?;
    Ok(inputs.into_iter().map(|q| q as u8).collect())
}

/// One input of `len` elements with no zero and no pattern, so that a kernel can skip nothing.
pub fn without_zeros(element: Element, len: usize) -> Vec<u8> {
    let values = (0..len).map(|i| (i * 37 % 101) as u8 + 1);
    match element {
        Element::F32 => values.flat_map(|value| (f32::from(value) / 101.0).to_le_bytes()).collect(),
        _ => values.collect(),
    }
}

/// The class of each sample, from the model's outputs as [`Target::evaluate`](super::Target::evaluate) gives them.
/// # Errors
/// [`ErrorKind::Model`] if `model` is no `.tnet`.
pub fn classes(model: &[u8], outputs: &[u8]) -> Result<Vec<usize>> {
    let model = parse(model)?;
    Ok(if model.is_float() {
        let outputs: Vec<f32> = outputs.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        outputs.chunks(model.output_len()).map(|outputs| model.classify(outputs).index).collect()
    } else {
        let outputs: Vec<i8> = outputs.iter().map(|&byte| byte as i8).collect();
        outputs.chunks(model.output_len()).map(|outputs| model.classify(outputs).index).collect()
    })
}

fn parse(model: &[u8]) -> Result<Model<'_>> {
    Model::parse(model).map_err(|error| Error::new(ErrorKind::Model, "model", error))
}
