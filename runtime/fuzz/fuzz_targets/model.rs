//! Any bytes are an error or a model, and any model can be evaluated.
//!
//! The checksum is written right before the bytes are read, so that no corruption hides behind a wrong one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnet::Model;

#[path = "../../tests/use_all/mod.rs"]
mod use_all;

/// Where the checksum stands (FORMAT.md).
const CRC: std::ops::Range<usize> = 12..16;

/// What a run may take, so that the fuzzer is not stopped by its own memory limit: the sizes of a valid model are bounded by
/// its weights, but a layer of one output may have as many inputs as the file has bytes.
const LARGEST: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    let Ok(model) = Model::parse(&bytes) else { return };
    if let Err(error) = model.verify_checksum() {
        bytes[CRC].copy_from_slice(&error.computed.to_le_bytes());
    }
    // Names may lie over the header and its checksum, whose bytes they are read from then.
    let Ok(model) = Model::parse(&bytes) else { return };
    model.verify_checksum().unwrap();
    if model.input_len() + model.scratch_len() + model.output_len() > LARGEST {
        return;
    }
    use_all::use_all(&model);
});
