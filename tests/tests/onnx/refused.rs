//! Models that are no multilayer perceptron, or break a rule: one line that names the place, the operator and the remedy.

use std::path::Path;
use thumbnet_trainer::onnx::{Graph, import};

/// What is said of each, in parts that must stand in this order.
const REFUSED: [(&str, &[&str]); 13] = [
    ("conv", &["node \"conv1\" (Conv)", "[batch, 1, 6, 6]", "is not part of an MLP", "flatten the input"]),
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
