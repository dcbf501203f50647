//! `plot`.

use super::{network, write_models};
use std::fs;
use thumbnet_tests::cli::thumbnet;
use thumbnet_trainer::nn::Activation;

#[test]
fn every_picture_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let history = "epoch,loss,accuracy,val_loss,val_accuracy\n1,2.1,0.3,2.0,0.4\n2,1.5,0.6,1.4,0.7\n";
    fs::write(folder.path().join("history.csv"), history).expect("a writable folder");
    let plot = |arguments: &[&str]| thumbnet(folder.path(), &[&["plot"], arguments, &["--json"]].concat()).json();
    let is_drawn = |value: &serde_json::Value| {
        let name = value["out"].as_str().expect("a name");
        let picture = fs::read(folder.path().join(name)).expect("a picture");
        assert!(picture.starts_with(b"\x89PNG") || picture.starts_with(b"<svg"), "{name}");
        assert!(value["width"].is_number() && value["height"].is_number());
    };
    is_drawn(&plot(&["curves", "history.csv"]));
    is_drawn(&plot(&["curves", "history.csv", "--out", "curves.png"]));
    let lines = plot(&["curves", "history.csv", "--out", "-"]);
    assert_eq!(lines["lines"].as_array().map(Vec::len), Some(4));
    write_models(folder.path(), &network(&[784, 8, 10], Activation::Softmax, 10));
    is_drawn(&plot(&["confusion", "model.tnet", "--data", "mnist", "--count", "100"]));
    is_drawn(&plot(&["digits", "model.tnet", "--data", "mnist", "--count", "100", "--wrong"]));
    is_drawn(&plot(&["weights", "model.onnx", "--out", "weights.svg"]));
    is_drawn(&plot(&["weights", "model.tnet"]));
    is_drawn(&plot(&["histogram", "model.onnx", "--quantized", "model.tnet"]));
    is_drawn(&plot(&["sizes", "model.onnx", "model.tnet", "--data", "mnist", "--count", "100"]));
    is_drawn(&plot(&["confusion", "model.tnet", "--data", "mnist", "--language", "zh", "--out", "zh.svg"]));
    assert!(fs::read_to_string(folder.path().join("zh.svg")).expect("a picture").contains("真实类别"));
    write_models(folder.path(), &network(&[2, 8, 1], Activation::Sigmoid, 2));
    is_drawn(&plot(&["boundary", "model.tnet", "--data", "quality", "--cells", "20"]));
    let two = plot(&[
        "boundary",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../models/quality/model.onnx"),
        "model.tnet",
        "--data",
        "quality",
        "--cells",
        "20",
        "--title",
        "linear",
        "--title",
        "tanh",
        "--language",
        "zh",
        "--out",
        "two.svg",
    ]);
    is_drawn(&two);
    assert_eq!(two["width"].as_u64(), Some(2 * 520));
    let words = fs::read_to_string(folder.path().join("two.svg")).expect("a picture");
    assert!(["线性", "tanh", "合格"].iter().all(|word| words.contains(word)));
    is_drawn(&plot(&["activations"]));
    is_drawn(&plot(&["activations", "gelu", "leaky_relu", "--out", "activations.png"]));
    write_models(folder.path(), &network(&[13, 8, 1], Activation::Linear, 0));
    is_drawn(&plot(&["scatter", "model.onnx", "--data", "boston"]));
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    write_models(folder.path(), &network(&[13, 8, 1], Activation::Linear, 0));
    let run = thumbnet(folder.path(), &["plot", "boundary", "model.tnet", "--data", "boston"]);
    assert_eq!(run.code, Some(2));
    assert_eq!(run.stderr, "error: boston: has not two features and classes; only a plane can be drawn\n");
    let run = thumbnet(folder.path(), &["plot", "scatter", "model.tnet", "--data", "boston", "--out", "prices.gif"]);
    assert_eq!(run.stderr, "error: prices.gif: a picture's name ends in .png or .svg\n");
    let run = thumbnet(folder.path(), &["plot", "activations", "softmax"]);
    assert_eq!(run.stderr, "error: softmax: looks at a sample's other sums, too, and is no curve; leave it out\n");
    let run = thumbnet(folder.path(), &["plot", "activations", "rulu"]);
    assert!(run.code == Some(2) && run.stderr.contains("unknown variant `rulu`"), "{run:?}");
    let run = thumbnet(folder.path(), &["plot", "sizes", "model.tnet", "--data", "boston"]);
    assert_eq!(run.stderr, "error: boston: has no classes; only accuracies can be drawn\n");
    let other = tempfile::tempdir().expect("a folder");
    write_models(other.path(), &network(&[13, 4, 1], Activation::Linear, 0));
    let quantized = other.path().join("model.tnet").display().to_string();
    let run = thumbnet(folder.path(), &["plot", "histogram", "model.onnx", "--quantized", &quantized]);
    assert!(run.code == Some(2) && run.stderr.contains("has 52 weights in "), "{run:?}");
}
