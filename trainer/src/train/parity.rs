//! Training against PyTorch: the fixture holds what `tests/python/torch_steps.py` computed from the same formulas.

use super::engine::{Engine, Inputs, Job, Outputs, Part};
use super::{Optimizer, Schedule};
use crate::nn::{Activation, Dense, Encoding, Input, Layer, Loss, Sequential};
use ndarray::{Array1, Array2};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

const SIZES: [usize; 4] = [6, 8, 5, 3];
const SAMPLES: usize = 12;

/// How far losses, logits and parameters may be from PyTorch's after ten steps: the order of float32 sums differs.
const TOLERANCE: f64 = 5e-6;

fn fixture() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/torch_steps.json");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The script's `pattern`.
fn pattern(count: usize, factor: usize, modulus: usize) -> Vec<f32> {
    (0..count).map(|k| ((k * factor + 3) % modulus) as f32 / 64.0 - modulus as f32 / 128.0).collect()
}

fn network() -> Sequential {
    let activations = [Activation::Relu, Activation::Tanh, Activation::Softmax];
    let layers = SIZES.windows(2).zip(activations).enumerate().map(|(index, (w, activation))| {
        let kernel = Array2::from_shape_vec((w[0], w[1]), pattern(w[0] * w[1], 29 + index, 101)).unwrap();
        let bias = Array1::from(pattern(w[1], 17, 31));
        Layer::Dense(Dense { name: format!("dense_{index}"), kernel, bias, activation })
    });
    let layers = layers.collect();
    Sequential { name: "parity".into(), input: Input::new(vec![6], Encoding::Real), layers, class_names: vec![] }
}

fn batch(step: usize) -> (Array2<f32>, Vec<u32>) {
    let mut x = Array2::from_shape_vec((SAMPLES, SIZES[0]), pattern(SAMPLES * SIZES[0], 37 + step, 127)).unwrap();
    x.column_mut(step % 5).fill(0.0);
    (x, (0..SAMPLES).map(|k| ((k + step) % SIZES[3]) as u32).collect())
}

fn check(expected: &Value, optimizer: Optimizer) {
    let mut net = network();
    let mut engine = Engine::new(&net, Loss::CategoricalCrossentropy { label_smoothing: 0.0 }, optimizer, SAMPLES, 1);
    let close = |what: &str, got: f64, expected: f64| {
        assert!((got - expected).abs() < TOLERANCE, "{optimizer:?}: {what}: {got} instead of {expected}");
    };
    let losses = numbers(&expected["losses"]);
    assert_eq!(losses.len(), 10);
    for (step, &loss) in losses.iter().enumerate() {
        let (x, classes) = batch(step);
        let order: Vec<usize> = (0..SAMPLES).collect();
        let (inputs, outputs) = (Inputs::Real(x.view()), Outputs::Classes(&classes));
        let rate = |_| optimizer.learning_rate();
        let stop = AtomicBool::new(false);
        let job = Job { inputs, outputs, order: &order, rate: &rate, stop: &stop, progress: &|_, _| {} };
        close(&format!("loss {step}"), engine.run(&job).loss / SAMPLES as f64, loss);
    }
    engine.store(Part::Weights, &mut net);
    let logits = net.sums(batch(0).0.view());
    for (got, expected) in logits.iter().zip(numbers(&expected["logits"])) {
        close("logit", f64::from(*got), expected);
    }
    let parameters = net.dense_layers().flat_map(|dense| dense.kernel.iter().chain(&dense.bias));
    let expected: Vec<f64> = expected["parameters"].as_array().unwrap().iter().flat_map(numbers).collect();
    assert_eq!(net.parameters(), expected.len());
    for (got, expected) in parameters.zip(expected) {
        close("parameter", f64::from(*got), expected);
    }
}

#[test]
fn ten_steps_agree_with_pytorch() {
    let fixture = fixture();
    let sgd = |momentum, nesterov| Optimizer::Sgd {
        learning_rate: if momentum > 0.0 { 0.05 } else { 0.1 },
        momentum,
        nesterov,
    };
    check(&fixture["sgd"], sgd(0.0, false));
    check(&fixture["momentum"], sgd(0.9, false));
    check(&fixture["nesterov"], sgd(0.9, true));
    let (learning_rate, beta_1, beta_2, epsilon) = (0.01, 0.9, 0.999, 1e-8);
    check(&fixture["adam"], Optimizer::Adam { learning_rate, beta_1, beta_2, epsilon });
    check(&fixture["adamw"], Optimizer::AdamW { learning_rate, weight_decay: 0.1, beta_1, beta_2, epsilon });
}

#[test]
fn one_cycle_is_that_of_pytorch() {
    for (step, expected) in numbers(&fixture()["one_cycle"]).into_iter().enumerate() {
        let got = f64::from(Schedule::OneCycle.factor(step as u64, 100, 10));
        assert!((got - expected).abs() < 1e-6, "{step}: {got} instead of {expected}");
    }
}
