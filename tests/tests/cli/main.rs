//! The commands, through the built binary: results on standard output, one clear line for what is wrong.

mod bad_input;
mod chip;
mod data;
mod evaluation;
mod pictures;
mod process;

use ndarray::{Array1, Array2};
use std::path::Path;
use thumbnet_trainer::nn::{Activation, Dense, Encoding, Input, Layer, Sequential};
use thumbnet_trainer::quantize::{self, QuantizedSequential, post_training};
use thumbnet_trainer::{onnx, tnet};

/// A network of these sizes whose weights vary smoothly; ReLU, and `last` at the end.
fn network(sizes: &[usize], last: Activation, classes: usize) -> Sequential {
    let layers = sizes.windows(2).enumerate().map(|(index, size)| {
        let wave = |i: usize, j: usize| ((i * 7 + j * 13 + index * 5) as f32 * 0.7).sin() / (size[0] as f32).sqrt();
        Layer::Dense(Dense {
            name: format!("dense_{index}"),
            kernel: Array2::from_shape_fn((size[0], size[1]), |(i, j)| wave(i, j)),
            bias: Array1::from_shape_fn(size[1], |j| 0.1 * wave(j, j)),
            activation: if index + 2 == sizes.len() { last } else { Activation::Relu },
        })
    });
    let input = if sizes[0] == 784 {
        Input::new(vec![28, 28], Encoding::Pixel)
    } else {
        Input::new(vec![sizes[0]], Encoding::Real)
    };
    let class_names = (0..classes).map(|class| class.to_string()).collect();
    Sequential { name: "tutorial".into(), input, layers: layers.collect(), class_names }
}

/// The network in integers, calibrated on a grid.
fn quantized(network: &Sequential) -> QuantizedSequential {
    let samples =
        Array2::from_shape_fn((64, network.input.features()), |(i, j)| ((i * 31 + j * 17) % 101) as f32 / 100.0);
    post_training(network, samples.view(), &quantize::Options::default()).expect("a network that can be quantized")
}

/// Writes `model.onnx`, `model-int8.onnx` and `model.tnet`.
fn write_models(folder: &Path, network: &Sequential) -> QuantizedSequential {
    let integers = quantized(network);
    std::fs::write(folder.join("model.onnx"), onnx::export(network)).expect("a writable folder");
    std::fs::write(folder.join("model-int8.onnx"), onnx::export_qdq(&integers)).expect("a writable folder");
    std::fs::write(folder.join("model.tnet"), tnet::write(&integers).expect("a chip's form"))
        .expect("a writable folder");
    integers
}
