//! Quantized models: the graph that we export gives the integers of the runtime, and an import gives the same network.

use crate::networks::{exports, network, networks, random_network, samples};
use crate::runtime::integers;
use ndarray::Array2;
use thumbnet_trainer::nn::{Activation, Sequential};
use thumbnet_trainer::onnx::{
    ElementType, Graph, Imported, export_qdq, export_qdq_with_opset, export_qoperator, import,
};
use thumbnet_trainer::quantize::{Options, QuantizedSequential, WeightType, post_training};
use thumbnet_trainer::tnet;

/// The integers that go into the last DequantizeLinear of an exported graph.
fn graph_integers(bytes: &[u8], real: &Array2<f32>) -> Array2<i8> {
    let graph = Graph::decode(bytes.to_vec().into(), None).expect("our own export");
    let last = graph.nodes.iter().find(|node| node.name == "output/dequantize").expect("the last DequantizeLinear");
    let name = last.inputs[0].clone();
    let values = graph.evaluate(&[("input", real.clone().into_dyn().into())]).expect("our own operators");
    let shift = match values[&name].element_type() {
        ElementType::I8 => 0,
        ElementType::U8 => 128,
        other => panic!("{name} is {}", other.name()),
    };
    let integers = values[&name].to_i64().expect("numbers").into_dimensionality().expect("samples x outputs");
    integers.mapv(|q: i64| i8::try_from(q - shift).expect("an 8-bit integer"))
}

fn quantized_networks() -> Vec<(Sequential, QuantizedSequential)> {
    let mut all = Vec::new();
    for model in networks() {
        // A softmax in the middle has no integer form; log-softmax comes back as softmax, since both only say what logits are.
        let calibration = samples(300, model.input.features(), 21);
        let quantized = post_training(&model, calibration.view(), &Options::default());
        all.push((model, quantized.expect("a quantized network")));
    }
    for (name, weights) in [("int4", WeightType::Int4), ("int2", WeightType::Int2)] {
        let model = network(name, &[20, 16, 16, 4], Activation::Relu, Activation::Softmax, 31);
        let calibration = samples(300, 20, 21);
        let quantized = post_training(&model, calibration.view(), &Options { weights, ..Options::default() })
            .expect("a quantized network");
        all.push((model, quantized));
    }
    all
}

/// The integers of the runtime, which those of the export in integer operators are, in our evaluator too. The files of both
/// forms stay for onnxruntime.
fn exported(quantized: &QuantizedSequential, x: &Array2<f32>) -> Array2<i8> {
    let name = &quantized.name;
    let expected = integers(&tnet::write(quantized).expect("a .tnet"), x);
    let operators = export_qoperator(quantized, 17).expect("a quantized export");
    assert_eq!(graph_integers(&operators, x), expected, "{name}: QOperator");
    let file = |ending: &str| exports().join(format!("{name}.{ending}"));
    std::fs::write(file("qoperator.onnx"), &operators).expect("a written model");
    std::fs::write(file("qdq.onnx"), export_qdq(quantized)).expect("a written model");
    ndarray_npy::write_npy(file("qdq.input.npy"), x).expect("written inputs");
    ndarray_npy::write_npy(file("qdq.output.npy"), &expected).expect("written outputs");
    expected
}

#[test]
fn the_exported_graph_gives_the_same_integers() {
    for (model, quantized) in quantized_networks() {
        let x = samples(200, model.input.features(), 12);
        let expected = exported(&quantized, &x);
        let found = graph_integers(&export_qdq(&quantized), &x);
        // The graph computes Gemm in real numbers, so a sum that lies on the edge between two integers may fall to either side.
        let different = expected.iter().zip(&found).filter(|(a, b)| a != b).count();
        assert!(
            different * 1000 <= expected.len(),
            "{}: {different} of {} integers differ",
            model.name,
            expected.len()
        );
    }
}

#[test]
fn two_hundred_random_networks_give_the_same_integers() {
    for seed in 0..200 {
        let model = random_network(seed);
        let features = model.input.features();
        // Inputs of several ranges, for several zero points; some of them lie outside of what was calibrated.
        let shift = (seed % 7) as f32 * 0.5;
        let calibration = samples(100, features, seed + 1000) + shift;
        let quantized = post_training(&model, calibration.view(), &Options::default()).expect("a quantized network");
        exported(&quantized, &(samples(50, features, seed + 2000) * 1.1 + shift));
    }
}

#[test]
fn an_import_of_a_quantized_export_is_the_network() {
    for (model, quantized) in quantized_networks() {
        for opset in [13, 17, 24] {
            let graph = Graph::decode(export_qdq_with_opset(&quantized, opset).into(), None).expect("our own export");
            let imported = import(&graph).unwrap_or_else(|error| panic!("{}: {error}", model.name));
            let Imported::Quantized(imported) = imported else { panic!("{}: became real", model.name) };
            assert_eq!(imported, quantized, "{}", model.name);
        }
        let operators = export_qoperator(&quantized, 17).expect("a quantized export");
        let imported = import(&Graph::decode(operators.into(), None).expect("our own export"));
        let Imported::Quantized(imported) = imported.unwrap_or_else(|error| panic!("{}: {error}", model.name)) else {
            panic!("{}: became real", model.name)
        };
        assert_eq!(imported, quantized, "{}: QOperator", model.name);
    }
}
