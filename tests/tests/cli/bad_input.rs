//! Wrong files: one line that names place and remedy, exit code 1, and earlier files untouched.

use super::{network, write_models};
use std::fs;
use std::path::Path;
use thumbnet_tests::cli::{binary, thumbnet};
use thumbnet_trainer::nn::Activation;
use thumbnet_trainer::tnet;

/// A folder with models for MNIST.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write_models(folder.path(), &network(&[784, 8, 10], Activation::Softmax, 10));
    folder
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder.join(name).parent().expect("a folder")).expect("a writable folder");
    fs::write(folder.join(name), bytes).expect("a writable folder");
}

/// An IDX file of bytes.
fn idx(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn evaluation_error(folder: &Path, data: &str) -> String {
    thumbnet(folder, &["evaluate", "model.tnet", "--data", data]).error().to_string()
}

#[test]
fn data_that_are_missing() {
    let folder = folder();
    let error = evaluation_error(folder.path(), "nowhere.npz");
    assert!(error.starts_with("nowhere.npz: no such file, and no built-in data set of that name (mnist, "), "{error}");
    fs::create_dir_all(folder.path().join("data/mnist")).expect("a writable folder");
    let run = thumbnet(folder.path(), &["evaluate", "model.tnet", "--data", "mnist", "--data-dir", "data"]);
    assert_eq!(
        run.error(),
        "data/mnist: train-images-idx3-ubyte.gz is missing; a folder holds four files named as MNIST's; put it there, or name a file"
    );
}

#[test]
fn data_that_are_corrupt() {
    let folder = folder();
    write(folder.path(), "images-idx3-ubyte", &idx(&[2, 28, 28], &[0; 1000]));
    let error = evaluation_error(folder.path(), "images-idx3-ubyte");
    assert!(
        error.starts_with("images-idx3-ubyte: the header promises 2 x 28 x 28 elements, more than the file"),
        "{error}"
    );
    assert!(error.ends_with("; get it again"), "{error}");
    write(folder.path(), "images-idx3-ubyte", b"GIF89a, which is no data");
    let error = evaluation_error(folder.path(), "images-idx3-ubyte");
    assert!(error.starts_with("images-idx3-ubyte: of no kind that is known"), "{error}");
    write(folder.path(), "data.npz", b"PK\x03\x04 and then nothing");
    let error = evaluation_error(folder.path(), "data.npz");
    assert!(error.starts_with("data.npz: no .npz file: ") && error.ends_with("; write it with numpy.savez"), "{error}");
}

#[test]
fn an_idx_file_of_the_wrong_kind() {
    let folder = folder();
    write(folder.path(), "labels-idx1-ubyte", &idx(&[3], &[1, 2, 3]));
    let error = evaluation_error(folder.path(), "labels-idx1-ubyte");
    assert_eq!(
        error,
        "labels-idx1-ubyte: holds 3 labels; images (samples x rows x columns, bytes) are expected; name their file"
    );
    // Images where the labels belong.
    write(folder.path(), "t-images-idx3-ubyte", &idx(&[1, 28, 28], &[0; 784]));
    write(folder.path(), "t-labels-idx1-ubyte", &idx(&[1, 28, 28], &[0; 784]));
    let error = evaluation_error(folder.path(), "t-images-idx3-ubyte");
    assert_eq!(
        error,
        "t-labels-idx1-ubyte: holds 1 x 28 x 28 elements; labels (one axis of class indices) are expected; put their file in its place"
    );
    // Images without labels can be predicted, but not judged.
    fs::remove_file(folder.path().join("t-labels-idx1-ubyte")).expect("a file");
    let error = evaluation_error(folder.path(), "t-images-idx3-ubyte");
    assert!(error.ends_with("has no targets to compare with; `predict` needs none"), "{error}");
    assert_eq!(thumbnet(folder.path(), &["predict", "model.tnet", "t-images-idx3-ubyte"]).code, Some(0));
}

#[test]
fn a_label_that_the_model_does_not_know() {
    let folder = folder();
    write(folder.path(), "t-images-idx3-ubyte", &idx(&[1, 28, 28], &[0; 784]));
    write(folder.path(), "t-labels-idx1-ubyte", &idx(&[1], &[12]));
    let error = evaluation_error(folder.path(), "t-images-idx3-ubyte");
    assert_eq!(error, "t-images-idx3-ubyte: class index 12 occurs, but the classes are 0 to 9; correct the label");
}

#[test]
fn numbers_that_are_none() {
    let folder = folder();
    write_models(folder.path(), &network(&[2, 5, 2], Activation::Softmax, 2));
    write(folder.path(), "x.csv", b"width,height,kind\n1,2,0\n3,nan,1\n");
    let error = evaluation_error(folder.path(), "x.csv");
    assert_eq!(error, "x.csv:3: column \"height\": nan is not a finite number; fill it in or delete the row");
    let values = ndarray::arr2(&[[0.5f32, 1.0], [f32::INFINITY, 0.0]]);
    ndarray_npy::write_npy(folder.path().join("x.npy"), &values).expect("a writable folder");
    let run = thumbnet(folder.path(), &["predict", "model.tnet", "x.npy"]);
    assert_eq!(run.error(), "x.npy: row 1, column 0: inf is not a finite number; fill it in or delete the row");
}

#[test]
fn data_of_another_width() {
    let folder = folder();
    let error = evaluation_error(folder.path(), "quality");
    assert_eq!(
        error,
        "data: the samples have 2 features, but the model takes 784; give the data that it was trained on"
    );
}

#[test]
fn a_tnet_of_a_newer_version() {
    let folder = folder();
    let mut bytes = fs::read(folder.path().join("model.tnet")).expect("a file");
    let version = thumbnet::format::header::VERSION;
    bytes[version] += 1;
    write(folder.path(), "newer.tnet", &bytes);
    let error = thumbnet(folder.path(), &["inspect", "newer.tnet"]).error().to_string();
    assert_eq!(
        error,
        "newer.tnet: tnet: format version 2, but this reader knows version 1; take a newer thumbnet, or convert the model \
         anew with this one"
    );
}

#[test]
fn a_tnet_that_is_damaged() {
    let folder = folder();
    let whole = fs::read(folder.path().join("model.tnet")).expect("a file");
    write(folder.path(), "cut.tnet", &whole[..whole.len() / 2]);
    let error = thumbnet(folder.path(), &["inspect", "cut.tnet"]).error().to_string();
    assert!(error.starts_with("cut.tnet: ") && error.ends_with("copy or convert it anew"), "{error}");
    let mut flipped = whole.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    write(folder.path(), "flipped.tnet", &flipped);
    let error = thumbnet(folder.path(), &["summary", "flipped.tnet"]).error().to_string();
    assert!(error.contains("checksum") && error.ends_with("copy or convert it anew"), "{error}");
}

#[test]
fn an_onnx_that_is_none() {
    let folder = folder();
    write(folder.path(), "text.onnx", b"this is no model at all");
    for command in
        [&["summary", "text.onnx"][..], &["inspect", "text.onnx"], &["evaluate", "text.onnx", "--data", "mnist"]]
    {
        let error = thumbnet(folder.path(), command).error().to_string();
        assert!(error.starts_with("text.onnx: ") && error.ends_with("; export it again"), "{error}");
    }
    assert_eq!(thumbnet(folder.path(), &["summary", "none.onnx"]).error(), "none.onnx: no such file; check the path");
    assert_eq!(thumbnet(folder.path(), &["summary", "."]).error(), ".: is a folder; name a file in it");
}

#[test]
fn a_place_that_cannot_be_written_leaves_what_was_there() {
    let folder = folder();
    write(folder.path(), "x-images-idx3-ubyte", &idx(&[1, 28, 28], &[9; 784]));
    write(folder.path(), "file", b"kept");
    let run = thumbnet(folder.path(), &["predict", "model.tnet", "x-images-idx3-ubyte", "--out", "file/below.npy"]);
    assert!(run.error().starts_with("file/below.npy: cannot be written: "), "{run:?}");
    assert_eq!(fs::read(folder.path().join("file")).expect("a file"), b"kept");
    // A command that fails before it writes leaves the earlier output alone.
    write(folder.path(), "out.npy", b"earlier");
    let run = thumbnet(folder.path(), &["predict", "model.tnet", "nowhere.npy", "--out", "out.npy"]);
    assert!(run.error().starts_with("nowhere.npy: "), "{run:?}");
    assert_eq!(fs::read(folder.path().join("out.npy")).expect("a file"), b"earlier");
}

/// A limit on the size of files stands for a full disk: the write fails in its middle.
#[cfg(unix)]
#[test]
fn a_write_that_fails_in_its_middle_leaves_what_was_there() {
    let folder = folder();
    write(folder.path(), "weights.png", b"earlier");
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" plot weights model.onnx --out weights.png";
    let mut shell = std::process::Command::new("sh");
    let output = shell.arg("-c").arg(script).arg(binary()).current_dir(folder.path()).output().expect("a shell");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("error: weights.png: cannot be written: ") && stderr.lines().count() == 1, "{stderr}");
    assert_eq!(fs::read(folder.path().join("weights.png")).expect("a file"), b"earlier");
    let left =
        fs::read_dir(folder.path()).expect("a folder").filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert_eq!(left.filter(|name| name.contains(".tmp")).count(), 0);
}

#[test]
fn the_checked_version_is_the_one_that_is_written() {
    // `a_tnet_of_a_newer_version` counts on it.
    let bytes = tnet::write(&super::quantized(&network(&[2, 2], Activation::Linear, 0))).expect("a chip's form");
    assert_eq!(bytes[thumbnet::format::header::VERSION], 1);
}
