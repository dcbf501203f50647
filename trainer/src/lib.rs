//! Takes a multilayer perceptron from data to a microcontroller. The data flow one way, and a module uses only what stands
//! before it:
//!
//! `error -> output -> dataset -> nn -> train -> quantize -> onnx, tnet -> target -> embed -> plot -> playground -> commands -> main`

pub mod commands;
pub mod dataset;
pub mod embed;
pub mod error;
pub mod nn;
pub mod onnx;
pub mod output;
pub mod playground;
pub mod plot;
pub mod quantize;
pub mod target;
pub mod tnet;
#[cfg(test)]
#[path = "../../tests/tolerances.rs"]
mod tolerance;
pub mod train;
