//! Damaged files: every truncation and many corruptions of real models are errors or other models, never a panic, and never
//! cost more time or memory than the file justifies.

use crate::networks::{network, samples};
use crate::refused::imported as imported_alone;
use ndarray::Array2;
use prost::Message;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::time::Instant;
use thumbnet_trainer::nn::Activation;
use thumbnet_trainer::onnx::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, attribute_type, data_type};
use thumbnet_trainer::onnx::{Graph, Imported, export, export_qdq, export_qoperator, import};
use thumbnet_trainer::quantize::{Options, post_training};

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

/// A model with its graph written in another way.
fn rewritten(bytes: &[u8], rewrite: fn(&mut GraphProto)) -> Vec<u8> {
    let mut model = ModelProto::decode(bytes).expect("our own export");
    rewrite(model.graph.as_mut().expect("a graph"));
    model.encode_to_vec()
}

/// All initializers in the fields of their type, as scikit-learn's exporter writes them.
fn typed(graph: &mut GraphProto) {
    for tensor in graph.initializer.iter_mut().filter(|tensor| tensor.data_type == data_type::FLOAT) {
        let raw = std::mem::take(&mut tensor.raw_data);
        tensor.float_data = raw.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    }
}

/// All initializers as Constant nodes.
fn constant_nodes(graph: &mut GraphProto) {
    for tensor in std::mem::take(&mut graph.initializer) {
        let output = vec![tensor.name.clone()];
        let value = AttributeProto {
            name: "value".to_owned(),
            r#type: attribute_type::TENSOR,
            t: Some(tensor),
            ..AttributeProto::default()
        };
        let node = NodeProto { op_type: "Constant".to_owned(), output, attribute: vec![value], ..NodeProto::default() };
        graph.node.insert(0, node);
    }
}

/// All matrices behind a Transpose.
fn transposed(graph: &mut GraphProto) {
    for tensor in graph.initializer.iter_mut().filter(|tensor| tensor.dims.len() == 2) {
        let name = format!("{}_t", tensor.name);
        let name = std::mem::replace(&mut tensor.name, name);
        let (rows, columns) = (tensor.dims[0] as usize, tensor.dims[1] as usize);
        let elements = tensor.raw_data.as_chunks::<4>().0;
        let raw: Vec<u8> = (0..rows * columns).flat_map(|k| elements[k % rows * columns + k / rows]).collect();
        tensor.raw_data = raw.into();
        tensor.dims.reverse();
        let (input, output) = (vec![tensor.name.clone()], vec![name]);
        graph.node.insert(0, NodeProto { op_type: "Transpose".to_owned(), input, output, ..NodeProto::default() });
    }
}

#[test]
fn a_model_of_a_million_parameters_is_imported_quickly_and_in_little_memory() {
    let model = network("large", &[784, 900, 320, 10], Activation::Relu, Activation::Softmax, 1);
    assert!(model.parameters() > 990_000, "{} parameters", model.parameters());
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: Vec<u8>| {
        std::fs::write(folder.path().join(name), bytes).expect("a written model");
        folder.path().join(name)
    };
    let exported = export(&model);
    let Ok(Imported::Float(imported)) = Graph::decode(exported.clone().into(), None).and_then(|graph| import(&graph))
    else {
        panic!("our own export is of real numbers")
    };
    assert_eq!(imported, model);
    let quantized =
        post_training(&model, samples(64, 784, 2).view(), &Options::default()).expect("a quantized network");
    let small = network("small", &[4, 3, 2], Activation::Relu, Activation::Softmax, 1);
    // The processes differ by the model alone, so the smaller one tells what the program itself takes.
    let base = imported_alone(&write("small.onnx", export(&small)));
    for (name, bytes) in [
        ("raw data", exported.clone()),
        ("typed fields", rewritten(&exported, typed)),
        ("constant nodes", rewritten(&exported, constant_nodes)),
        ("transposed copies", rewritten(&exported, transposed)),
        ("integers (QDQ)", export_qdq(&quantized)),
        ("integers (QOperator)", export_qoperator(&quantized, 17).expect("a quantized export")),
    ] {
        let size = bytes.len();
        let import = imported_alone(&write("large.onnx", bytes));
        assert!(import["error"].is_null(), "{name}: {import}");
        let seconds = import["seconds"].as_f64().expect("seconds");
        assert!(seconds < 0.3, "{name}: {seconds} s");
        if let (Some(peak), Some(base)) = (import["peak"].as_u64(), base["peak"].as_u64()) {
            let times = peak.saturating_sub(base) as f64 / size as f64;
            println!("{size:>9} bytes, {name}: {seconds:.3} s, {times:.2} times the file in memory");
            assert!(times > 0.5 && times < 3.0, "{name}: {times} times the file");
        }
    }
}
