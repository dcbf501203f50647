//! What reading a model costs on each core: `parse` with its look at the weights, and the comparison of the checksum.

use crate::bare::Program;
use crate::table::grouped;
use std::fmt::Write;
use std::path::Path;
use thumbnet_trainer::target::Machine;

/// Models of each packed type of integers.
const MODELS: [&str; 3] = ["mnist", "mnist-int4", "mnist-int2"];
/// The cores whose programs differ.
const CORES: [&str; 4] = ["m0", "m3", "m4", "m33"];

/// The instructions as a table of Markdown.
/// # Panics
/// Where a program cannot be built or started.
pub fn markdown() -> String {
    let mut table =
        format!("| model, bytes | call | {} |\n|---|---|---|---|---|---|\n", CORES.join(" | ").to_uppercase());
    for name in MODELS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name).join("model.tnet");
        let model = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (call, feature) in [("parse", ""), ("verify_checksum", "checksum")] {
            let count = |core: &str| {
                let machine = Machine::find(core).expect("a core of the table");
                Program::build("read", machine, feature).trace(&model, &[]).instructions
            };
            let counts = CORES.map(count).map(grouped);
            writeln!(table, "| {name}, {} | `{call}` | {} |", grouped(model.len() as u64), counts.join(" | "))
                .expect("a string");
        }
    }
    table
}
