//! ONNX in both directions. The exported models are also left in `target/onnx-exports` with inputs and expected outputs, for
//! `tests/python/onnx_exports.py` to check with onnxruntime.

mod damaged;
mod export;
mod foreign;
mod networks;
mod quantized;
mod refused;
mod runtime;
