//! Tests that span the trainer, the runtime, the emulated chip and other tools: see `tests/`.

pub mod cli;
pub mod counts;
pub mod faulty;
pub mod network;
pub mod rtt;
#[path = "../tolerances.rs"]
pub mod tolerance;
