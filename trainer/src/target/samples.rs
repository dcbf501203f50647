//! Data sets' samples as a model's input: what the application around a model does before it calls it.

use crate::dataset::Features;
use crate::error::{Error, ErrorKind, Result};
use crate::quantize::Quantization;
use crate::tnet::{self, Network};

/// The samples in the element of the model, one after the other, as [`Target::evaluate`](super::Target::evaluate) takes
/// them: normalized and quantized for an integer model (`round_half_even(x / scale) + zero_point`, saturating, as ONNX's
/// QuantizeLinear), as they are for a model of floats, which normalizes them itself.
/// # Errors
/// [`ErrorKind::Model`] if `model` is no `.tnet`; [`ErrorKind::Data`] if a sample has not the model's number of features.
pub fn samples(model: &[u8], features: &Features) -> Result<Vec<u8>> {
    let network = tnet::read(model)?;
    let (input, quantization) = match &network {
        Network::Float(network) => (&network.input, None),
        Network::Integer(network) => (&network.input, network.layers.first().map(|layer| layer.input)),
    };
    if features.width() != input.features() {
        let message = format!("a sample has {} features, the model takes {}", features.width(), input.features());
        return Err(Error::new(ErrorKind::Data, "data", message));
    }
    let real = features.real();
    let Some(quantization) = quantization else {
        return Ok(real.iter().flat_map(|x| x.to_le_bytes()).collect());
    };
    Ok(input.normalize(real.view()).iter().map(|&x| quantize(x, quantization) as u8).collect())
}

/// The class of each sample, from the model's outputs as [`Target::evaluate`](super::Target::evaluate) gives them: the
/// largest output, or of a single output whether it is at least one half.
/// # Errors
/// [`ErrorKind::Model`] if `model` is no `.tnet`.
pub fn classes(model: &[u8], outputs: &[u8]) -> Result<Vec<usize>> {
    let model = thumbnet::Model::parse(model).map_err(|error| Error::new(ErrorKind::Model, "model", error))?;
    let values: Vec<f32> = match model.output_quantization() {
        None => outputs.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        Some(thumbnet::Quantization { scale, zero_point }) => {
            outputs.iter().map(|&q| scale * (i32::from(q as i8) - i32::from(zero_point)) as f32).collect()
        }
    };
    Ok(values.chunks(model.output_len()).map(class).collect())
}

/// The first of the largest values.
fn class(values: &[f32]) -> usize {
    match values {
        [probability] => usize::from(*probability >= 0.5),
        _ => (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best }),
    }
}

fn quantize(x: f32, Quantization { scale, zero_point }: Quantization) -> i8 {
    // The cast saturates; what lies beyond i8 stays beyond after the zero point is added.
    ((x / scale).round_ties_even() as i32).saturating_add(zero_point.into()).clamp(-128, 127) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_moved_by_128() {
        let pixel = Quantization { scale: 1.0 / 255.0, zero_point: -128 };
        for byte in 0..=255u8 {
            assert_eq!(i32::from(quantize(f32::from(byte) / 255.0, pixel)), i32::from(byte) - 128);
        }
    }

    #[test]
    fn halves_go_to_even_and_the_ends_saturate() {
        let half = Quantization { scale: 2.0, zero_point: 1 };
        assert_eq!([1.0, 3.0, -1.0, 1e30, -1e30].map(|x| quantize(x, half)), [1, 3, 1, 127, -128]);
    }
}
