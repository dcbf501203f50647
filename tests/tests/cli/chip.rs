//! The commands that let a chip evaluate.

use super::{network, quantized};
use tempfile::TempDir;
use thumbnet_tests::cli::{thumbnet, thumbnet_with};
use thumbnet_tests::tolerance;
use thumbnet_trainer::nn::Activation;
use thumbnet_trainer::tnet;

/// A folder with `model.tnet`, a classifier of digits.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let network = quantized(&network(&[784, 20, 10], Activation::Softmax, 10));
    let model = tnet::write(&network).expect("a network that can be written");
    std::fs::write(folder.path().join("model.tnet"), model).expect("a file");
    folder
}

#[test]
fn flash_lets_the_emulated_chip_classify() {
    let folder = folder();
    let size = std::fs::metadata(folder.path().join("model.tnet")).expect("the file").len();
    let value = thumbnet(folder.path(), &["flash", "model.tnet", "--target", "qemu", "--json"]).json();
    assert_eq!(value["target"], "qemu");
    assert_eq!(value["core"], "Cortex-M4");
    assert_eq!(value["bytes_written"], size);
    let samples = value["samples"].as_array().expect("samples");
    let labels: Vec<u64> = samples.iter().map(|sample| sample["label"].as_u64().expect("a label")).collect();
    assert_eq!(labels, [7, 2, 1, 0, 4, 1, 4, 9, 5, 9], "the first test digits of MNIST");
    assert!(samples.iter().all(|sample| sample["predicted"].as_u64().is_some_and(|class| class < 10)));
    assert!(value["count_per_sample"].as_u64().is_some_and(|count| count > 5000));
    assert!(value["ram_bytes"].as_u64().is_some_and(|bytes| (800..4096).contains(&bytes)), "{value}");
}

#[test]
fn flash_draws_the_digits_and_shows_the_chips_logs() {
    let folder = folder();
    let run = thumbnet(folder.path(), &["flash", "model.tnet", "--count", "2", "-v"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("chip: ") && run.stdout.contains('█'), "{}", run.stdout);
    assert!(run.stdout.contains("of 2 right"), "{}", run.stdout);
    assert!(run.stderr.contains("2 layers"), "the firmware logs what it found: {}", run.stderr);
}

#[test]
fn bench_counts_instructions_layer_by_layer() {
    let folder = folder();
    let value = thumbnet(folder.path(), &["bench", "model.tnet", "--json"]).json();
    assert_eq!(value["unit"], "instructions");
    assert_eq!(value["layers"][0]["macs"], 784 * 20);
    assert_eq!(value["layers"][1]["macs"], 200);
    let layers: f64 = (0..2).map(|i| value["layers"][i]["count"].as_f64().expect("a count")).sum();
    assert!((layers - value["total"].as_f64().expect("a total")).abs() < f64::from(tolerance::FUNCTION));
    assert!(value["per_mac"].as_f64().is_some_and(|per_mac| (0.5..30.0).contains(&per_mac)), "{value}");

    let value = thumbnet(folder.path(), &["bench", "model.tnet", "--target", "host", "--json"]).json();
    assert_eq!(value["unit"], "seconds");
    assert!(value["total"].as_f64().is_some_and(|seconds| seconds > 0.0 && seconds < 1.0), "{value}");
}

#[test]
fn what_is_missing_is_named_with_the_way_to_get_it() {
    let folder = folder();
    let with = |name: &str, value: &str, arguments: &[&str]| thumbnet_with(folder.path(), arguments, &[(name, value)]);
    let run = with("THUMBNET_QEMU", "no-such-qemu", &["flash", "model.tnet", "-q"]);
    assert!(run.error().contains("no-such-qemu is not installed") && run.stderr.contains("install"), "{}", run.stderr);
    let run = with("THUMBNET_FIRMWARE", "no-such-folder", &["flash", "model.tnet", "-q"]);
    assert!(run.error().contains("no-such-folder") && run.stderr.contains("THUMBNET_FIRMWARE"), "{}", run.stderr);
}

#[test]
fn a_model_that_is_no_tnet_and_data_that_do_not_fit_are_refused() {
    let folder = folder();
    std::fs::write(folder.path().join("broken.tnet"), b"TNET and nothing more").expect("a file");
    let run = thumbnet(folder.path(), &["flash", "broken.tnet", "-q"]);
    assert!(run.error().contains("ends after"), "{}", run.stderr);
    let run = thumbnet(folder.path(), &["flash", "model.tnet", "--data", "moons", "-q"]);
    assert!(run.error().contains("2 features") && run.stderr.contains("784"), "{}", run.stderr);
}
