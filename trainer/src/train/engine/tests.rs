//! The engine against the textbook's backpropagation, at sizes below, at and above its tiles and panels.

use super::{End, Engine, Inputs, Job, Outputs, Part};
use crate::nn::{Activation, Dense, Elementwise, Encoding, Initializer, Input, Layer, Loss, Sequential, Target};
use crate::train::Optimizer;
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

const CROSSENTROPY: Loss = Loss::CategoricalCrossentropy { label_smoothing: 0.0 };

fn network(sizes: &[usize], hidden: Activation) -> Sequential {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let last = sizes.len() - 2;
    let layers = sizes.windows(2).enumerate().map(|(index, w)| {
        let activation = if index == last { Activation::Softmax } else { hidden };
        let mut dense = Dense::new("d", w[0], w[1], activation, Initializer::GlorotUniform, &mut random);
        dense.bias = Initializer::Uniform { limit: 0.2 }.bias(w[0], w[1], &mut random);
        Layer::Dense(dense)
    });
    let layers = layers.collect();
    Sequential { name: "t".into(), input: Input::new(vec![sizes[0]], Encoding::Real), layers, class_names: vec![] }
}

/// Inputs of which about the given share is 0, and classes.
fn data(samples: usize, features: usize, classes: u32, zeros: f32) -> (Array2<f32>, Vec<u32>) {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let value = || if random.random::<f32>() < zeros { 0.0 } else { random.random::<f32>() * 2.0 - 1.0 };
    let x = Array2::from_shape_simple_fn((samples, features), value);
    (x, (0..samples as u32).map(|k| k % classes).collect())
}

fn run(engine: &mut Engine, x: &Array2<f32>, classes: &[u32]) -> End {
    let order: Vec<usize> = (0..classes.len()).collect();
    let stop = AtomicBool::new(false);
    let (inputs, outputs) = (Inputs::Real(x.view()), Outputs::Classes(classes));
    engine.run(&Job { inputs, outputs, order: &order, rate: &|_| 1.0, stop: &stop, progress: &|_, _| {} }).end
}

/// One step of plain descent with rate 1: what the parameters lose is the gradient.
fn check(sizes: &[usize], samples: usize, hidden: Activation, zeros: f32, fused: bool, threads: usize) {
    let net = network(sizes, hidden);
    let (x, classes) = data(samples, sizes[0], sizes[sizes.len() - 1] as u32, zeros);
    let targets: Vec<_> = classes.iter().map(|&class| Target::Class(class)).collect();
    let (_, expected) = net.gradients(x.view(), &targets, CROSSENTROPY);
    let sgd = Optimizer::Sgd { learning_rate: 1.0, momentum: 0.0, nesterov: false };
    let mut engine = Engine::new(&net, CROSSENTROPY, sgd, samples, threads);
    engine.fused &= fused;
    assert_eq!(run(&mut engine, &x, &classes), End::Done);
    let mut after = net.clone();
    engine.store(Part::Weights, &mut after);
    for (layer, ((before, after), expected)) in net.dense_layers().zip(after.dense_layers()).zip(&expected).enumerate()
    {
        let close = |before: &f32, after: &f32, expected: &f32| (before - after - expected).abs() < 2e-6;
        let kernels = before.kernel.iter().zip(&after.kernel).zip(&expected.kernel);
        let biases = before.bias.iter().zip(&after.bias).zip(&expected.bias);
        for ((before, after), expected) in kernels.chain(biases) {
            assert!(
                close(before, after, expected),
                "{sizes:?} x {samples}, {hidden:?}, layer {layer}: {} instead of {expected}",
                before - after
            );
        }
    }
}

#[test]
fn a_step_is_the_textbooks_gradient() {
    let swish = Activation::Elementwise(Elementwise::Swish { beta: 1.0 });
    let shapes: [&[usize]; 8] = [
        &[1, 2],
        &[2, 3, 2],
        &[5, 7, 6, 4],
        &[8, 8, 8],
        &[16, 24, 10],
        &[33, 17, 9, 3],
        &[70, 65, 9],
        &[130, 90, 72, 11],
    ];
    for sizes in shapes {
        for samples in [1, 3, 4, 7, 32] {
            for (hidden, zeros) in
                [(Activation::Relu, 0.9), (Activation::Tanh, 0.0), (Activation::Sigmoid, 0.5), (swish, 0.8)]
            {
                for fused in [false, true] {
                    check(sizes, samples, hidden, zeros, fused, 1);
                }
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (hidden, zeros) in [(Activation::Relu, 0.9), (Activation::Relu, 0.1), (Activation::Tanh, 0.3)] {
        let net = network(&[130, 90, 72, 11], hidden);
        let (x, classes) = data(77, 130, 11, zeros);
        let trained = |threads: usize| {
            let adam = Optimizer::Adam { learning_rate: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
            let mut engine = Engine::new(&net, CROSSENTROPY, adam, 16, threads);
            for _ in 0..3 {
                assert_eq!(run(&mut engine, &x, &classes), End::Done);
            }
            let mut after = net.clone();
            engine.store(Part::Weights, &mut after);
            assert_ne!(after, net);
            after
        };
        let one = trained(1);
        for threads in [2, 3, 5] {
            assert_eq!(one, trained(threads), "{hidden:?}, {threads} threads");
        }
    }
}

#[test]
fn parameters_go_in_and_out_unchanged() {
    let net = network(&[9, 17, 3], Activation::Relu);
    let mut engine = Engine::new(&net, CROSSENTROPY, Optimizer::default(), 4, 1);
    let mut out = network(&[9, 17, 3], Activation::Relu);
    for dense in out.dense_layers_mut() {
        dense.kernel.fill(0.0);
        dense.bias.fill(0.0);
    }
    engine.store(Part::Weights, &mut out);
    assert_eq!(out, net);
}
