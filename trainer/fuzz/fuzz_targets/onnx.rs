//! Reads, imports and evaluates any bytes as an ONNX model: errors are fine, panics are not.
//! `tests/fuzz.sh onnx` begins with real models.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ndarray::Array2;
use thumbnet_trainer::onnx::{Graph, Imported, export, export_qdq, import};

fuzz_target!(|bytes: &[u8]| {
    let Ok(graph) = Graph::decode(bytes.to_vec().into(), None) else { return };
    let _ = graph.outputs_for(Array2::zeros((1, 8)).view());
    match import(&graph) {
        // What can be imported can be exported, and is then a model again.
        Ok(Imported::Float(network)) => {
            if network.input.features() < 1 << 12 {
                let _ = network.forward(Array2::zeros((1, network.input.features())).view());
            }
            Graph::decode(export(&network).into(), None).expect("our own export");
        }
        Ok(Imported::Quantized(network)) => {
            Graph::decode(export_qdq(&network).into(), None).expect("our own export");
        }
        Err(_) => {}
    }
});
