//! Models that are no multilayer perceptron, or break a rule: one line that names the place, the operator and the remedy.

use std::path::Path;
use std::process::Command;
use thumbnet_trainer::onnx::{Graph, import};

/// What is said of each, in parts that must stand in this order.
const REFUSED: [(&str, &[&str]); 32] = [
    ("conv", &["node \"conv1\" (Conv) is not part of an MLP: ", "[batch, 1, 6, 6]", "flatten the input"]),
    ("skip_connection", &["node \"residual\" (Add)", "joins two branches", "a single chain", "without the shortcut"]),
    ("two_inputs", &["2 inputs (\"x\", \"z\")", "join the features"]),
    ("layer_norm", &["node \"norm\" (LayerNormalization)", "is not part of an MLP", "batch normalization"]),
    ("attention", &["node \"scores\" (MatMul)", "both its factors depend on the input", "use dense layers"]),
    ("no_weights", &["no layer with weights", "together with its trained weights"]),
    ("unknown_function", &["node \"fc2\" (MatMul)", "no activation function that a layer can have", "Relu"]),
    ("norm_in_the_middle", &["node \"unit\" (LpNormalization)", "before the first layer", "batch normalization"]),
    ("int16", &["node \"quantize16\" (QuantizeLinear)", "int16", "int8 or uint8"]),
    ("trees", &["node \"trees\" (ai.onnx.ml.TreeEnsembleRegressor)", "MLPClassifier"]),
    ("missing_value", &["node \"fc1\" (MatMul)", "nothing before it computes", "export it again"]),
    ("outside", &["initializer \"w\"", "outside the model's folder", "refused", "beside the model"]),
    ("recurrent", &["node \"lstm1\" (LSTM) is not part of an MLP: ", "[batch, 5]", "a window of samples"]),
    ("einsum", &["node \"product\" (Einsum) is not part of an MLP: ", "[batch, 5]", "MatMul or Gemm"]),
    (
        "batch_mixed",
        &["node \"reshape1\" (Reshape) is not part of an MLP: ", "[batch, 5]", "mixes samples", "keep the batch"],
    ),
    ("bias", &["node \"fc1\" (Gemm): ", "bias has 3 elements, expected one or 5", "export", "[batch, 5]"]),
    (
        "inputs_and_weights",
        &["node \"fc1\" (MatMul): ", "weights are 7x2", "[batch, 5]", "flatten it first, to 7 values"],
    ),
    (
        "weights_not_constant",
        &[
            "node \"fc2\" (Gemm) is not part of an MLP: ",
            "[5, batch] and [batch, 5]",
            "both its factors",
            "use dense layers",
        ],
    ),
    ("int16_weights", &["node \"weights1\" (DequantizeLinear): ", "[8, 7] of int16", "int8, uint8 or int4"]),
    ("int4_blocks", &["node \"fc1\" (MatMul): ", "8x7", "by block", "for each output", "--calibrate", "[batch, 8]"]),
    (
        "scales_by_input",
        &["node \"fc1\" (MatMul): ", "8x7", "by input", "for each output", "--calibrate", "[batch, 8]"],
    ),
    (
        "qgemm_alpha",
        &["node \"fc1\" (com.microsoft.QGemm): ", "alpha of 0.3", "multiply it into the scales", "[batch, 5]"],
    ),
    ("qgemm_columns", &["node \"fc1\" (com.microsoft.QGemm): ", "transA", "samples as rows", "[batch, 5]"]),
    ("bomb_identity", &["node \"fc1\" (MatMul): ", "1048576x1048576 weights", "export the network without it"]),
    ("bomb_gather", &["node \"fc1\" (MatMul): ", "16777215x100000 weights", "export the network without it"]),
    (
        "bomb_fill",
        &["(ConstantOfShape): ", "4194304 numbers more than the file holds", "write constants into the file"],
    ),
    (
        "bomb_outer_product",
        &["node \"outer\" (MatMul): ", "unreasonable shape [65536, 65536]", "export the model again"],
    ),
    ("bomb_chain", &["node \"fc2\" (MatMul): ", "use one of ONNX's, such as Relu"]),
    ("bomb_additions", &["(Add): ", "65536 numbers more than the file holds", "write constants into the file"]),
    ("bomb_functions", &["(f14): ", "more than 20000 nodes"]),
    ("bomb_function_constants", &["its functions are called too often", "constants as initializers"]),
    ("absent", &["initializer \"w\"", "absent.data", "beside the model"]),
];

#[test]
fn each_is_refused_with_its_place_and_a_remedy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx-refused");
    for (name, parts) in REFUSED {
        let path = folder.join(format!("{name}.onnx"));
        let message = match Graph::open(&path).and_then(|graph| import(&graph)) {
            Ok(_) => panic!("{name} was imported"),
            Err(error) => error.to_string(),
        };
        assert!(!message.contains('\n'), "{name}: more than one line: {message}");
        let mut rest = message.as_str();
        for part in parts {
            let at =
                rest.find(part).unwrap_or_else(|| panic!("{name}: {part:?} is missing or misplaced in: {message}"));
            rest = &rest[at + part.len()..];
        }
    }
    assert_eq!(std::fs::read_dir(folder).expect("the models").count(), REFUSED.len());
}

/// An import in a process of its own: what it took and how it ended.
pub(crate) fn imported(path: &Path) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_import")).arg(path).output().expect("the program starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_few_bytes_cannot_ask_for_much() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx-refused");
    let small = imported(&folder.join("no_weights.onnx"))["peak"].as_u64();
    let bombs = REFUSED.iter().filter(|(name, _)| name.starts_with("bomb_"));
    for (name, _) in bombs {
        let import = imported(&folder.join(format!("{name}.onnx")));
        let seconds = import["seconds"].as_f64().expect("seconds");
        assert!(import["error"].is_string(), "{name}: {import}");
        assert!(seconds < 2.0, "{name}: {seconds} s");
        if let (Some(peak), Some(small)) = (import["peak"].as_u64(), small) {
            let more = peak.saturating_sub(small) as f64 / 1e6;
            println!("{name}: {seconds:.3} s, {more:.1} MB more than the smallest model");
            assert!(more < 64.0, "{name}: {more} MB");
        }
    }
}

#[test]
fn the_evaluator_is_bounded_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx-refused");
    for (name, reason) in [("bomb_fill", "more than the file holds"), ("bomb_outer_product", "unreasonable shape")] {
        let graph = Graph::open(&folder.join(format!("{name}.onnx"))).expect("a graph");
        let features = if name == "bomb_fill" { 5 } else { 1 << 16 };
        let error = graph.outputs_for(ndarray::Array2::zeros((1, features)).view()).expect_err("too much");
        assert!(error.to_string().contains(reason), "{error}");
    }
}
