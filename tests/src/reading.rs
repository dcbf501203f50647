//! What reading a model costs on each core: `parse` with its look at the weights, and the comparison of the checksum.

use crate::bare::Program;
use crate::counts::with_weights;
use crate::table::grouped;
use std::fmt::Write;
use std::path::Path;
use thumbnet::format::{HEADER, RECORD, header, record};
use thumbnet::{Model, ParseError};
use thumbnet_trainer::quantize::WeightType;
use thumbnet_trainer::target::Machine;
use thumbnet_trainer::tnet;

/// Models of each packed type of integers.
const MODELS: [&str; 3] = ["mnist", "mnist-int4", "mnist-int2"];
/// The cores whose programs differ.
pub const CORES: [&str; 4] = ["m0", "m3", "m4", "m33"];

/// The instructions of one call of one model.
pub struct Row {
    /// The model's name.
    pub model: &'static str,
    /// The bytes of its file.
    pub bytes: usize,
    /// `parse` or `verify_checksum`; `refuse` where `parse` gives an error.
    pub call: &'static str,
    /// The instructions on each of [`CORES`].
    pub instructions: [u64; CORES.len()],
}

/// Measures all calls.
/// # Panics
/// Where a program cannot be built or started.
pub fn measure() -> Vec<Row> {
    let mut rows = Vec::new();
    for name in MODELS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name).join("model.tnet");
        let model = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (call, feature) in [("parse", ""), ("verify_checksum", "checksum")] {
            let instructions = CORES.map(|core| {
                let machine = Machine::find(core).expect("a core of the table");
                Program::build("read", machine, feature).trace(&model, &[]).instructions
            });
            rows.push(Row { model: name, bytes: model.len(), call, instructions });
        }
    }
    let model = overlapping();
    let instructions = CORES.map(|core| {
        let machine = Machine::find(core).expect("a core of the table");
        Program::build("read", machine, "").trace(&model, &[1]).instructions
    });
    rows.push(Row { model: "overlapping", bytes: model.len(), call: "refuse", instructions });
    rows
}

/// Thousands of layers that share their payloads: to look at them for each layer would take as long as a thousand files.
fn overlapping() -> Vec<u8> {
    const PAIRS: usize = 2048;
    let pair = tnet::write(&with_weights(&[1, 14_000, 1], |_| WeightType::Int2, 1)).expect("two layers");
    let put = |bytes: &mut [u8], at: usize, value: usize| {
        bytes[at..at + 4].copy_from_slice(&u32::try_from(value).expect("32 bits").to_le_bytes());
    };
    let (head, rest) = pair.split_at(HEADER);
    let (records, rest) = rest.split_at(2 * RECORD);
    let more = (PAIRS - 1) * records.len();
    let mut bytes = [head, &records.repeat(PAIRS), rest].concat();
    for index in 0..2 * PAIRS {
        let at = HEADER + index * RECORD + record::PAYLOAD;
        let payload = u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize;
        put(&mut bytes, at, payload + more);
    }
    bytes[header::LAYERS..header::LAYERS + 2].copy_from_slice(&(2 * PAIRS as u16).to_le_bytes());
    let length = bytes.len();
    put(&mut bytes, header::LENGTH, length);
    put(&mut bytes, header::LABELS, 0);
    put(&mut bytes, header::NAMES, 0);
    // The first two layers are right.
    let error = Model::parse(&bytes).expect_err("the third has the first one's payload");
    assert_eq!(error, ParseError::Layer { index: 2, offset: record::PAYLOAD as u8 });
    bytes
}

/// The instructions as a table of Markdown.
/// # Panics
/// As [`measure`].
pub fn markdown() -> String {
    let mut table =
        format!("| model, bytes | call | {} |\n|---|---|---|---|---|---|\n", CORES.join(" | ").to_uppercase());
    for Row { model, bytes, call, instructions } in measure() {
        let counts = instructions.map(grouped).join(" | ");
        writeln!(table, "| {model}, {} | `{call}` | {counts} |", grouped(bytes as u64)).expect("a string");
    }
    table
}
