//! What reading a model costs on each core: `parse` with its look at the weights, and the comparison of the checksum.

use crate::bare::Program;
use crate::table::grouped;
use std::fmt::Write;
use std::path::Path;
use thumbnet_trainer::target::Machine;

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
    /// `parse` or `verify_checksum`.
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
    rows
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
