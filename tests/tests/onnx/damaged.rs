//! Damaged files: every truncation and many corruptions of real models are errors or other models, never a panic, and never
//! cost more time or memory than the file justifies.

use crate::networks::network;
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::time::Instant;
use thumbnet_trainer::nn::Activation;
use thumbnet_trainer::onnx::{Graph, Imported, export, import};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx").join(name)).expect("a fixture")
}

/// Reads, imports and evaluates a file, whatever it holds; whether it can be imported.
fn try_everything(bytes: &[u8]) -> bool {
    let Ok(graph) = Graph::decode(bytes.to_vec().into(), None) else { return false };
    let imported = import(&graph);
    let _ = graph.outputs_for(Array2::zeros((2, 8)).view());
    if let Ok(Imported::Float(network)) = &imported
        && network.input.features() < 1 << 16
    {
        let _ = network.forward(Array2::zeros((2, network.input.features())).view());
    }
    imported.is_ok()
}

const MODELS: [&str; 4] = [
    "torch_legacy_relu.onnx",
    "sklearn_standard_zipmap.onnx",
    "ort_qdq_gemm_as8_ws8_channel.onnx",
    "hand_local_function.onnx",
];

#[test]
fn every_truncation_is_an_error() {
    for name in MODELS {
        let bytes = fixture(name);
        assert!(try_everything(&bytes), "{name} whole");
        let whole: Vec<usize> = (0..bytes.len()).filter(|&end| try_everything(&bytes[..end])).collect();
        // A cut between two fields after the graph leaves a model without the names of its operators' versions.
        assert!(whole.len() < 4, "{name}: {} truncations still are models: {whole:?}", whole.len());
    }
}

#[test]
fn corruptions_are_errors_or_models() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let begin = Instant::now();
    let mut tried = 0;
    for name in MODELS {
        let bytes = fixture(name);
        for _ in 0..1000 {
            let mut damaged = bytes.clone();
            for _ in 0..rng.random_range(1..4) {
                let at = rng.random_range(0..damaged.len());
                damaged[at] = rng.random();
            }
            try_everything(&damaged);
            tried += 1;
        }
    }
    println!("{tried} corruptions in {:?}", begin.elapsed());
}

/// A number as the format writes it.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A field of bytes, whose length may be a lie.
fn field(tag: u8, claimed: u64, bytes: &[u8]) -> Vec<u8> {
    [vec![tag << 3 | 2], varint(claimed), bytes.to_vec()].concat()
}

#[test]
fn lengths_that_lie_are_caught_before_anything_is_allocated() {
    // A graph (7) of an initializer (5) whose raw data (9) claim to be an exabyte.
    let tensor = field(9, 1 << 60, b"few");
    let graph = field(5, tensor.len() as u64, &tensor);
    assert!(Graph::decode(field(7, graph.len() as u64, &graph).into(), None).is_err());
    // Dimensions (1) of 2^40 x 2^40 floats without any data, and a shape whose size overflows to 0.
    for dims in [[1_u64 << 40, 1 << 40], [1 << 32, 1 << 32], [1 << 30, 4]] {
        let mut tensor: Vec<u8> = dims.iter().flat_map(|&dim| [vec![8], varint(dim)].concat()).collect();
        tensor.extend([16, 1]);
        let graph = field(5, tensor.len() as u64, &tensor);
        let error = Graph::decode(field(7, graph.len() as u64, &graph).into(), None).expect_err("a shape without data");
        assert!(error.to_string().contains("shape"), "{error}");
    }
    let error = Graph::decode(b"no model at all".to_vec().into(), None).expect_err("a text");
    assert!(error.to_string().contains("not an ONNX model"), "{error}");
}

/// The most memory in use so far, in bytes.
fn peak_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<usize>().ok()? * 1024)
}

#[test]
fn a_model_of_a_million_parameters_is_imported_quickly() {
    let model = network("large", &[784, 900, 320, 10], Activation::Relu, Activation::Softmax, 1);
    assert!(model.parameters() > 990_000, "{} parameters", model.parameters());
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), export(&model)).expect("a written model");
    let before = peak_memory();
    let begin = Instant::now();
    let graph = Graph::open(file.path()).expect("our own export");
    let imported = import(&graph).expect("our own export");
    let seconds = begin.elapsed().as_secs_f64();
    println!("{} parameters in {seconds:.3} s", model.parameters());
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        let times = (after - before) as f64 / (4 * model.parameters()) as f64;
        println!("peak memory grew by {times:.1} times the model");
        assert!(times < 3.0, "{times} times the model");
    }
    assert_eq!(imported, Imported::Float(model));
    assert!(seconds < 0.3, "{seconds} s");
}
