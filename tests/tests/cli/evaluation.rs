//! `summary`, `evaluate`, `predict` and `inspect`.

use super::{network, write_models};
use ndarray::{Array2, ArrayD};
use std::fs;
use thumbnet_tests::cli::thumbnet;
use thumbnet_tests::tolerance;
use thumbnet_trainer::dataset::Features;
use thumbnet_trainer::nn::Activation;
use thumbnet_trainer::onnx;
use thumbnet_trainer::tnet::{self, Executor};

#[test]
fn the_tutorials_networks_have_their_numbers_of_parameters() {
    let folder = tempfile::tempdir().expect("a folder");
    for (sizes, parameters) in [(&[3, 3, 1][..], 16), (&[2, 20, 1], 81), (&[784, 392, 392, 10], 465_706)] {
        let model = network(sizes, Activation::Linear, 0);
        fs::write(folder.path().join("model.onnx"), onnx::export(&model)).expect("a writable folder");
        let value = thumbnet(folder.path(), &["summary", "model.onnx", "--json"]).json();
        assert_eq!(value["parameters"], parameters);
        assert_eq!(value["trainable_parameters"], parameters);
        assert_eq!(value["layers"].as_array().map(Vec::len), Some(sizes.len() - 1));
        assert_eq!(value["layers"][0]["output_shape"][0], sizes[1]);
        let macs: usize = sizes.windows(2).map(|size| size[0] * size[1]).sum();
        assert_eq!(value["macs"], macs);
    }
}

#[test]
fn predict_gives_the_networks_outputs_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = network(&[4, 12, 3], Activation::Softmax, 3);
    let integers = write_models(folder.path(), &model);
    let real = Array2::from_shape_fn((20, 4), |(i, j)| ((i * 5 + j * 3) % 17) as f32 / 17.0);
    ndarray_npy::write_npy(folder.path().join("x.npy"), &real).expect("a writable folder");
    let predict = |arguments: &[&str]| thumbnet(folder.path(), &[&["predict"], arguments].concat());

    let value = predict(&["model.onnx", "x.npy", "--out", "y.npy", "--json"]).json();
    let written: Array2<f32> = ndarray_npy::read_npy(folder.path().join("y.npy")).expect("float32");
    let expected = model.forward(real.view());
    assert!((&written - &expected).iter().all(|difference| difference.abs() < tolerance::FUNCTION));
    assert_eq!((value["samples"].as_u64(), value["outputs"].as_array().map(Vec::len)), (Some(20), Some(20)));
    assert_eq!(value["labels"].as_array().map(Vec::len), Some(20));

    let executor = Executor::new(tnet::write(&integers).expect("a chip's form")).expect("a model");
    let entering = executor.quantized(&Features::Real(real)).expect("inputs that fit");
    let leaving = executor.integers(entering.view()).expect("inputs that fit");
    ndarray_npy::write_npy(folder.path().join("q.npy"), &entering).expect("a writable folder");
    // Real and integer inputs, the .tnet and the quantized graph: the same integers.
    for (file, input) in [("model.tnet", "x.npy"), ("model.tnet", "q.npy"), ("model-int8.onnx", "x.npy")] {
        let value = predict(&[file, input, "--raw", "--out", "raw.npy", "--json"]).json();
        let raw: Array2<i8> = ndarray_npy::read_npy(folder.path().join("raw.npy")).expect("int8");
        assert_eq!(raw, leaving, "{file} {input}");
        assert_eq!(value["outputs"][0], serde_json::json!(leaving.row(0).to_vec()));
    }
    let value = predict(&["model.tnet", "q.npy", "--json"]).json();
    let sum: f64 = value["outputs"][3].as_array().expect("a row").iter().filter_map(serde_json::Value::as_f64).sum();
    assert!((sum - 1.0).abs() < f64::from(tolerance::SUM), "probabilities add up to {sum}");
}

#[test]
fn predict_reads_tables_archives_and_images() {
    let folder = tempfile::tempdir().expect("a folder");
    write_models(folder.path(), &network(&[2, 5, 2], Activation::Softmax, 2));
    let outputs =
        |input: &str| thumbnet(folder.path(), &["predict", "model.onnx", input, "--json"]).json()["outputs"].clone();
    fs::write(folder.path().join("x.csv"), "a,b\n0.25,0.5\n1,0\n").expect("a writable folder");
    fs::write(folder.path().join("labeled.csv"), "a,b,kind\n0.25,0.5,good\n1,0,bad\n").expect("a writable folder");
    let mut archive =
        ndarray_npy::NpzWriter::new(fs::File::create(folder.path().join("x.npz")).expect("a writable folder"));
    archive.add_array("x", &ndarray::arr2(&[[0.25f32, 0.5], [1.0, 0.0]])).expect("an array");
    archive.finish().expect("an archive");
    assert_eq!(outputs("x.csv").as_array().map(Vec::len), Some(2));
    assert_eq!(outputs("x.csv"), outputs("labeled.csv"));
    assert_eq!(outputs("x.csv"), outputs("x.npz"));

    write_models(folder.path(), &network(&[784, 8, 10], Activation::Softmax, 10));
    let image = fs::File::create(folder.path().join("x.png")).expect("a writable folder");
    let mut encoder = png::Encoder::new(image, 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..784u32).map(|pixel| (pixel % 251) as u8).collect();
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("an image");
    let array = ArrayD::from_shape_vec(vec![1, 28, 28], pixels).expect("the shape of an image");
    ndarray_npy::write_npy(folder.path().join("x.npy"), &array).expect("a writable folder");
    assert_eq!(outputs("x.png"), outputs("x.npy"));
    let inverted = thumbnet(folder.path(), &["predict", "model.onnx", "x.png", "--invert", "--json"]).json();
    assert_ne!(inverted["outputs"], outputs("x.png"));
}

#[test]
fn evaluate_measures_classes_and_values() {
    let folder = tempfile::tempdir().expect("a folder");
    write_models(folder.path(), &network(&[784, 16, 10], Activation::Softmax, 10));
    for file in ["model.onnx", "model-int8.onnx", "model.tnet"] {
        let value = thumbnet(folder.path(), &["evaluate", file, "--data", "mnist", "--count", "500", "--json"]).json();
        assert_eq!((value["samples"].as_u64(), value["split"].as_str()), (Some(500), Some("test")));
        let confusion = value["confusion"].as_array().expect("a matrix");
        let counts = |row: &serde_json::Value| {
            row.as_array().expect("a row").iter().filter_map(serde_json::Value::as_u64).sum::<u64>()
        };
        assert_eq!(confusion.iter().map(counts).sum::<u64>(), 500);
        let right: u64 = (0..10).filter_map(|class| confusion[class][class].as_u64()).sum();
        assert_eq!(value["accuracy"].as_f64(), Some(right as f64 / 500.0));
        assert!(value["loss"].as_f64().is_some_and(|loss| loss > 1.0), "an untrained network knows nothing");
    }
    write_models(folder.path(), &network(&[13, 8, 1], Activation::Linear, 0));
    let value = thumbnet(folder.path(), &["evaluate", "model.onnx", "--data", "boston", "--json"]).json();
    assert_eq!(value["samples"].as_u64(), Some(123));
    assert!(["mse", "mae", "r2"].iter().all(|key| value[key].is_number()), "{value}");
    let whole =
        thumbnet(folder.path(), &["evaluate", "model.onnx", "--data", "boston", "--split", "all", "--json"]).json();
    assert_eq!(whole["samples"].as_u64(), Some(490));
}

#[test]
fn inspect_tells_what_a_chip_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    write_models(folder.path(), &network(&[784, 32, 10], Activation::Softmax, 10));
    let bytes = fs::metadata(folder.path().join("model.tnet")).expect("a file").len();
    let value = thumbnet(folder.path(), &["inspect", "model.tnet", "--json"]).json();
    assert_eq!((value["format"].as_str(), value["flash_bytes"].as_u64()), (Some("tnet"), Some(bytes)));
    assert_eq!((value["parameters"].as_u64(), value["macs"].as_u64()), (Some(25_450), Some(25_408)));
    assert_eq!(value["input"]["shape"], serde_json::json!([28, 28]));
    assert_eq!(value["checksum"].as_str().map(str::len), Some(8));
    // The kernels of a Cortex-M4 take each input as 16 bits, from a multiple of four on; the first layer's outputs are bytes.
    assert_eq!(value["scratch_bytes"].as_u64(), Some(2 * 784 + 3 + 32), "{value}");
    // The quantized graph becomes the same file.
    let graph = thumbnet(folder.path(), &["inspect", "model-int8.onnx", "--json"]).json();
    assert_eq!(graph["macs"], value["macs"]);
    assert!(thumbnet(folder.path(), &["inspect", "model.tnet"]).stdout.contains("bytes of flash"));
}

#[test]
fn inspect_measures_on_the_emulated_chip() {
    let folder = tempfile::tempdir().expect("a folder");
    write_models(folder.path(), &network(&[784, 32, 10], Activation::Softmax, 10));
    let value = thumbnet(folder.path(), &["inspect", "model.onnx", "--target", "qemu", "--json"]).json();
    assert_eq!(value["chip"]["core"].as_str(), Some("Cortex-M4"));
    let number = |path: &str| value.pointer(path).and_then(serde_json::Value::as_u64).expect("a number");
    assert_eq!(number("/chip/flash/model"), number("/flash_bytes"));
    let flash = number("/chip/flash/program");
    assert!((8 << 10..24 << 10).contains(&flash), "{flash}");
    assert_eq!(number("/chip/flash/total"), flash + number("/flash_bytes"));
    let parts = ["statics", "frame", "activations", "stack"].map(|part| number(&format!("/chip/ram/{part}")));
    assert_eq!(number("/chip/ram/total"), parts.iter().sum::<u64>());
    // A float network's activations are four bytes each, and its first layer reads the frame's.
    assert!(parts[2] >= number("/scratch_bytes"), "{value}");
    assert!(number("/chip/count") > number("/macs") / 2, "{value}");

    let text = thumbnet(folder.path(), &["inspect", "model.tnet", "--target", "qemu:m0"]).stdout;
    assert!(text.contains("Cortex-M0") && text.contains("instructions for an input without zeros"), "{text}");
    assert!(text.contains(" relu "), "{text}");
    let run = thumbnet(folder.path(), &["inspect", "model.tnet", "--target", "host"]);
    assert!(run.code == Some(2) && run.stderr.contains("--target") && run.stderr.contains("qemu"), "{run:?}");
}
