//! Any bytes are an error or a model, and any model can be evaluated.
//!
//! The checksum is written right before the bytes are read, so that no corruption hides behind a wrong one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thumbnet::{Element, Model};

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
    let _ = (model.macs(), model.labels().iter().count(), model.names().iter().count());
    if model.is_float() {
        run(&model, 0.75f32);
    } else {
        let mut input = vec![0; model.input_len()];
        model.quantize_input(&vec![0.3; model.input_len()], &mut input).unwrap();
        run(&model, *input.first().unwrap());
    }
});

fn run<T: Element>(model: &Model<'_>, value: T) {
    let mut output = vec![value; model.output_len()];
    let mut layers = 0;
    let observer = |_, _: &[T]| layers += 1;
    let input = vec![value; model.input_len()];
    model.run_with(&input, &mut vec![value; model.scratch_len()], &mut output, observer).unwrap();
    assert_eq!(layers, model.layer_count());
    let _ = model.classify(&output);
    model.probabilities(&output, &mut vec![0.0; model.output_len()]).unwrap();
}
