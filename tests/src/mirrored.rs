//! Mirrored digits, learned by [`Adapter`]: what the host and the emulated chip do alike, without the standard library.

use thumbnet::adapt::Adapter;
use thumbnet::{Model, RunError};

/// The classes, and how many samples of each are learned.
pub const CLASSES: usize = 10;
/// The samples of each class that the user draws; they stand before those that are only read.
pub const SAMPLES: usize = 20;
/// How often each of them is shown.
const EPOCHS: usize = 20;
const RATE: f32 = 0.01;
/// The inputs of the network.
pub const INPUTS: usize = 784;
/// The bytes of a sample: its class, and its inputs.
pub const SAMPLE: usize = 1 + INPUTS;

/// What comes of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    /// The number of samples that were read but not learned.
    pub samples: usize,
    /// How many of them were read correctly before the learning.
    pub before: usize,
    /// And after it.
    pub after: usize,
    /// A checksum (FNV-1a) of all that the adapter keeps, to compare it bit for bit.
    pub bits: u32,
}

/// Learns the first `CLASSES * SAMPLES` of the samples, a class after the other in turn, and reads the others before and after.
/// # Errors
/// As [`Adapter`]'s.
pub fn adapt(model: &Model<'_>, memory: &mut [f32], scratch: &mut [i8], samples: &[u8]) -> Result<Report, RunError> {
    let (samples, _) = samples.as_chunks::<SAMPLE>();
    let (learned, read) = samples.split_at_checked(CLASSES * SAMPLES).unwrap_or_default();
    let mut adapter = Adapter::new(model, memory)?;
    let before = right(&mut adapter, scratch, read)?;
    for _ in 0..EPOCHS {
        for sample in learned {
            let (class, input) = split(sample);
            adapter.learn(&input, class, RATE, scratch)?;
        }
    }
    let after = right(&mut adapter, scratch, read)?;
    let bytes = memory.iter().flat_map(|number| number.to_le_bytes());
    let bits = bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    Ok(Report { samples: read.len(), before, after, bits })
}

/// How many samples are read correctly.
fn right(adapter: &mut Adapter<'_, '_>, scratch: &mut [i8], samples: &[[u8; SAMPLE]]) -> Result<usize, RunError> {
    let mut right = 0;
    for sample in samples {
        let (class, input) = split(sample);
        right += usize::from(adapter.classify(&input, scratch)?.index == class);
    }
    Ok(right)
}

/// Class and inputs.
fn split([class, inputs @ ..]: &[u8; SAMPLE]) -> (usize, [i8; INPUTS]) {
    (usize::from(*class), inputs.map(u8::cast_signed))
}
