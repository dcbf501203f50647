//! Tests that span the trainer, the runtime, the emulated chip and other tools: see `tests/`.

pub mod bare;
pub mod cli;
pub mod counts;
pub mod cycles;
pub mod dual_issue;
pub mod elf;
pub mod faulty;
pub mod image;
pub mod instruction;
pub mod mirrored;
pub mod network;
pub mod reading;
pub mod rtt;
pub mod table;
pub mod ties;
#[path = "../tolerances.rs"]
pub mod tolerance;
