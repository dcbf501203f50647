//! Where two targets that must give the same integers part.

use super::Target;
use crate::error::Result;
use std::fmt;
use thumbnet_link::Element;

/// The first element that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The sample, from 0.
    pub sample: usize,
    /// The layer, from 0.
    pub layer: usize,
    /// The element of what leaves the layer, from 0.
    pub element: usize,
    /// What the first target has there.
    pub expected: String,
    /// What the second target has there.
    pub found: String,
    /// The models' checksums, where they differ: then it is no wonder.
    pub checksums: Option<(u32, u32)>,
}

impl Difference {
    /// The first difference of `outputs`, which the targets gave for `inputs`, traced to the layer that makes it: each target
    /// is asked for every layer's output. `None` if they are equal.
    /// # Errors
    /// As [`Target::layer`].
    pub fn first(
        expected: &mut dyn Target,
        found: &mut dyn Target,
        inputs: &[u8],
        outputs: (&[u8], &[u8]),
    ) -> Result<Option<Self>> {
        let info = expected.model();
        let bytes = info.element.bytes();
        let (input, output) = (info.input_len as usize * bytes, info.output_len as usize * bytes);
        let Some(at) = first_difference(outputs.0, outputs.1) else { return Ok(None) };
        let sample = at / output;
        let input = inputs.get(sample * input..(sample + 1) * input).unwrap_or_default();
        let other = found.model();
        let checksums = (info.checksum != other.checksum).then_some((info.checksum, other.checksum));
        let value = |bytes: &[u8], at: usize| element(info.element, bytes, at);
        for layer in 0..usize::from(info.layers.min(other.layers)) {
            let (a, b) = (expected.layer(layer, input)?.outputs, found.layer(layer, input)?.outputs);
            if let Some(at) = first_difference(&a, &b) {
                let element = at / bytes;
                let (expected, found) = (value(&a, element), value(&b, element));
                return Ok(Some(Self { sample, layer, element, expected, found, checksums }));
            }
        }
        // Layer by layer they agree: then what differs is how the outputs were given.
        let (layer, element) = (usize::from(info.layers) - 1, at % output / bytes);
        let [expected, found] = [outputs.0, outputs.1].map(|all| value(all, at / bytes));
        Ok(Some(Self { sample, layer, element, expected, found, checksums }))
    }
}

/// The first byte that differs, or that only one has.
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let differs = a.iter().zip(b).position(|(a, b)| a != b);
    differs.or((a.len() != b.len()).then_some(a.len().min(b.len())))
}

fn element(kind: Element, bytes: &[u8], at: usize) -> String {
    let value = match kind {
        Element::F32 => bytes.as_chunks().0.get(at).map(|&bytes| f32::from_le_bytes(bytes).to_string()),
        _ => bytes.get(at).map(|&byte| (byte as i8).to_string()),
    };
    value.unwrap_or_else(|| "nothing".into())
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sample, layer, element, expected, found, checksums } = self;
        write!(f, "sample {sample}, layer {layer}, element {element} is {found}, but must be {expected}")?;
        match checksums {
            Some((file, chip)) => write!(
                f,
                "; the chip holds another model (checksum {chip:08x}, the file's is {file:08x}): flash it again"
            ),
            None => f.write_str("; this is a bug, please report it"),
        }
    }
}
