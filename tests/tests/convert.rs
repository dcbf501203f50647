//! `thumbnet convert` and `thumbnet verify` as a user runs them, on models from elsewhere.

use ndarray::Array2;
use std::fs;
use std::path::Path;
use thumbnet_tests::cli::thumbnet;
use thumbnet_tests::tolerance;

/// A fixture's path, and a folder with inputs of eight features in `inputs.npy`.
fn prepared(name: &str) -> (String, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let inputs = Array2::from_shape_fn((64, 8), |(i, j)| ((i * 7 + j * 13) % 29) as f32 / 7.0 - 2.0);
    ndarray_npy::write_npy(folder.path().join("inputs.npy"), &inputs).expect("written inputs");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx").join(name);
    (fixture.display().to_string(), folder)
}

#[test]
fn real_numbers_need_data_to_become_integers() {
    let (model, folder) = prepared("torch_relu.onnx");
    fs::write(folder.path().join("model.tnet"), "an earlier file").expect("a file");
    let run = thumbnet(folder.path(), &["convert", &model, "model.tnet"]);
    let message = run.error();
    assert!(message.contains("--calibrate") && message.contains("--weights f32"), "{message}");
    assert_eq!(fs::read(folder.path().join("model.tnet")).expect("the earlier file"), b"an earlier file");

    let run = thumbnet(folder.path(), &["convert", &model, "model.tnet", "--calibrate", "inputs.npy", "--json"]).json();
    assert_eq!(run["weights"], "int8");
    let layers = run["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), 3);
    for layer in layers {
        assert!(layer["snr_db"].as_f64().expect("a number") > 20.0, "{layer}");
    }
    let bytes = fs::metadata(folder.path().join("model.tnet")).expect("the model").len();
    assert_eq!(run["bytes"], bytes);
}

#[test]
fn every_executor_agrees_on_what_was_converted() {
    let (model, folder) = prepared("torch_gelu.onnx");
    let mut rounded = 0;
    for (output, options) in [("f32.tnet", ["--weights", "f32"]), ("int8.onnx", ["--calibrate", "inputs.npy"])] {
        let arguments = [&["convert", &model, output, "--json"][..], &options[..]].concat();
        thumbnet(folder.path(), &arguments).json();
        let run =
            thumbnet(folder.path(), &["verify", output, "--data", "inputs.npy", "--target", "host", "--json"]).json();
        assert_eq!(run["samples"], 64);
        let names: Vec<&str> =
            run["executors"].as_array().expect("rows").iter().filter_map(|row| row["name"].as_str()).collect();
        assert!(names.contains(&"evaluator") && names.contains(&"tract") && names.contains(&"host"), "{names:?}");
        for row in run["executors"].as_array().expect("rows") {
            let difference = row["max_abs_diff"].as_f64().expect("a number");
            if output == "f32.tnet" && row["name"] == "int8 runtime" {
                // Rounding to integers shows, changes few labels, and is no error.
                assert!(difference > f64::from(tolerance::NETWORK), "{row}");
                assert!(row["label_agreement"].as_f64().is_some_and(|share| share > 0.9), "{row}");
                rounded += 1;
            } else {
                assert!(difference < f64::from(tolerance::NETWORK), "{output}: {row}");
            }
        }
    }
    assert_eq!(rounded, 1, "the model of real numbers is also run in integers");
}

#[test]
fn integers_survive_every_form() {
    let (model, folder) = prepared("ort_qoperator_matmul_au8_ws8.onnx");
    let steps = [(model.as_str(), "first.tnet"), ("first.tnet", "qdq.onnx"), ("qdq.onnx", "second.tnet")];
    for (input, output) in steps {
        thumbnet(folder.path(), &["convert", input, output, "--json"]).json();
    }
    thumbnet(folder.path(), &["convert", "second.tnet", "operators.onnx", "--form", "qoperator", "--json"]).json();
    thumbnet(folder.path(), &["convert", "operators.onnx", "third.tnet", "--json"]).json();
    let read = |name: &str| fs::read(folder.path().join(name)).expect("a model");
    assert_eq!(read("first.tnet"), read("second.tnet"));
    assert_eq!(read("first.tnet"), read("third.tnet"));
}

#[test]
fn what_is_no_onnx_model_is_refused_in_one_line() {
    let (_, folder) = prepared("torch_relu.onnx");
    fs::write(folder.path().join("notes.onnx"), "these are my notes").expect("a file");
    let run = thumbnet(folder.path(), &["convert", "notes.onnx", "model.tnet", "--weights", "f32"]);
    assert!(run.error().contains("notes.onnx") && run.error().contains("not an ONNX model"), "{}", run.error());
    assert!(!folder.path().join("model.tnet").exists());
}

#[test]
fn verify_is_content_with_every_fixture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx");
    let mut paths: Vec<_> =
        fs::read_dir(&folder).expect("the fixtures").map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    paths.sort();
    assert!(paths.len() > 150, "only {} models", paths.len());
    let mut failures = Vec::new();
    for path in &paths {
        let run = thumbnet(&folder, &["verify", &path.display().to_string(), "--json"]);
        if run.code != Some(0) {
            failures.push(format!("{}: {}", path.display(), run.stderr.trim()));
            continue;
        }
        // What informs only is there, too: nothing is left out.
        let names: Vec<String> =
            run.json()["executors"].as_array().expect("rows").iter().map(|row| row["name"].to_string()).collect();
        assert!(
            ["evaluator", "tract", "int8 runtime"].iter().all(|name| names.contains(&format!("{name:?}"))),
            "{names:?}"
        );
    }
    assert!(failures.is_empty(), "{} of {} models:\n{}", failures.len(), paths.len(), failures.join("\n"));
}
