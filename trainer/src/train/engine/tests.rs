//! The engine against the textbook's backpropagation, at sizes below, at and above its tiles and panels.

use super::{End, Engine, Inputs, Job, Outputs, Part, Plan};
use crate::nn::{Activation, Dense, Elementwise, Encoding, Initializer, Input, Layer, Loss, Sequential, Target};
use crate::tolerance;
use crate::train::{BatchNormalization, Clip, LayerSettings, Optimizer, Regularizer, WeightGrid};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

const CROSSENTROPY: Loss = Loss::CategoricalCrossentropy { label_smoothing: 0.0 };

fn network(sizes: &[usize], hidden: Activation) -> Sequential {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let last = sizes.len() - 2;
    let layers = sizes.windows(2).enumerate().map(|(index, w)| {
        let activation = match w[1] {
            1 if index == last => Activation::Sigmoid,
            _ if index == last => Activation::Softmax,
            _ => hidden,
        };
        let mut dense = Dense::new("d", w[0], w[1], activation, Initializer::GlorotUniform, &mut random);
        dense.bias = Initializer::Uniform { limit: 0.2 }.bias(w[0], w[1], &mut random);
        Layer::Dense(dense)
    });
    let layers = layers.collect();
    Sequential { name: "t".into(), input: Input::new(vec![sizes[0]], Encoding::Real), layers, class_names: vec![] }
}

/// The cross-entropy that goes with the last layer.
fn loss(net: &Sequential) -> Loss {
    match net.dense_layers().last() {
        Some(dense) if dense.activation == Activation::Sigmoid => Loss::BinaryCrossentropy,
        _ => CROSSENTROPY,
    }
}

fn plan(net: &Sequential, optimizer: Optimizer) -> Plan {
    let layers = vec![LayerSettings::default(); net.layers.len()];
    Plan { loss: loss(net), optimizer, clip: Clip::default(), input_dropout: 0.0, layers, seed: 1 }
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
    engine
        .run(&Job {
            inputs,
            outputs,
            weights: None,
            order: &order,
            rate: &|_| 1.0,
            stop: &stop,
            progress: &|_, _| {},
            beside: &|_, _| {},
        })
        .end
}

/// One step of plain descent with rate 1: what the parameters lose is the gradient.
fn check(sizes: &[usize], samples: usize, hidden: Activation, zeros: f32, fused: bool, threads: usize) {
    let net = network(sizes, hidden);
    let (x, classes) = data(samples, sizes[0], sizes[sizes.len() - 1].max(2) as u32, zeros);
    let targets: Vec<_> = classes.iter().map(|&class| Target::Class(class)).collect();
    let (_, expected) = net.gradients(x.view(), &targets, loss(&net));
    let sgd = Optimizer::Sgd { learning_rate: 1.0, momentum: 0.0, nesterov: false };
    let mut engine = Engine::new(&net, plan(&net, sgd), samples, threads);
    engine.fused &= fused;
    assert_eq!(run(&mut engine, &x, &classes), End::Done);
    let mut after = net.clone();
    engine.store(Part::Weights, &mut after);
    for (layer, ((before, after), expected)) in net.dense_layers().zip(after.dense_layers()).zip(&expected).enumerate()
    {
        let close =
            |before: &f32, after: &f32, expected: &f32| (before - after - expected).abs() < tolerance::TRAINING_STEP;
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
    let shapes: [&[usize]; 12] = [
        &[1, 2],
        &[3, 1],
        &[5, 1, 3],
        &[13, 20, 1],
        &[32, 33, 1],
        &[2, 3, 2],
        &[5, 7, 6, 4],
        &[8, 8, 8],
        &[16, 24, 10],
        &[33, 17, 9, 3],
        &[70, 65, 9],
        &[130, 90, 72, 11],
    ];
    for sizes in shapes {
        for samples in [1, 3, 4, 7, 32, 45] {
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
    let (many, single) = ([130, 90, 72, 11], [130, 90, 1]);
    for (sizes, hidden, zeros) in [
        (&many[..], Activation::Relu, 0.9),
        (&many, Activation::Relu, 0.1),
        (&many, Activation::Tanh, 0.3),
        (&single, Activation::Relu, 0.1),
        (&single, Activation::Tanh, 0.9),
    ] {
        let net = network(sizes, hidden);
        let (x, classes) = data(77, 130, sizes[sizes.len() - 1].max(2) as u32, zeros);
        let trained = |threads: usize| {
            let adam = Optimizer::Adam { learning_rate: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
            let mut engine = Engine::new(&net, plan(&net, adam), 16, threads);
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
            assert_eq!(one, trained(threads), "{sizes:?}, {hidden:?}, {threads} threads");
        }
    }
}

#[test]
fn parameters_go_in_and_out_unchanged() {
    let net = network(&[9, 17, 3], Activation::Relu);
    let mut engine = Engine::new(&net, plan(&net, Optimizer::default()), 4, 1);
    let mut out = network(&[9, 17, 3], Activation::Relu);
    for dense in out.dense_layers_mut() {
        dense.kernel.fill(0.0);
        dense.bias.fill(0.0);
    }
    engine.store(Part::Weights, &mut out);
    assert_eq!(out, net);
}

/// The gradient of the mean cross-entropy with dropped inputs and outputs, by the textbook.
#[test]
fn a_step_with_dropout_is_the_textbooks_gradient_of_the_masked_network() {
    let sizes = [21, 18, 5];
    let (samples, rates) = (7, [0.2, 0.5]);
    for hidden in [Activation::Relu, Activation::Tanh, Activation::Elementwise(Elementwise::Gelu)] {
        let net = network(&sizes, hidden);
        let (x, classes) = data(samples, sizes[0], 5, 0.0);
        let mut plan = plan(&net, Optimizer::Sgd { learning_rate: 1.0, momentum: 0.0, nesterov: false });
        (plan.input_dropout, plan.layers[0].dropout) = (rates[0], rates[1]);
        let mut engine = Engine::new(&net, plan.clone(), samples, 1);
        assert_eq!(run(&mut engine, &x, &classes), End::Done);
        let mut after = net.clone();
        engine.store(Part::Weights, &mut after);

        let mask = |signal: usize| {
            let width = sizes[signal];
            let mut mask = Array2::zeros((samples, width));
            for p in 0..super::panels(width) {
                let mut rows = vec![super::Lanes([1.0; 8]); samples];
                let key = super::dropout::key(plan.seed, 0, signal);
                super::Dropout::new(rates[signal]).unwrap().apply(key, p, &mut rows);
                for ((b, j), value) in mask.indexed_iter_mut().filter(|((_, j), _)| j / 8 == p) {
                    *value = rows[b].0[j % 8];
                }
            }
            mask
        };
        let masks = [mask(0), mask(1)];
        let layers: Vec<&Dense> = net.dense_layers().collect();
        let entering = &x * &masks[0];
        let sums = layers[0].sums(entering.view());
        let mut outputs = sums.clone();
        hidden.apply(&mut outputs);
        let dropped = &outputs * &masks[1];
        let mut delta = layers[1].forward(dropped.view());
        classes.iter().enumerate().for_each(|(b, &class)| delta[[b, class as usize]] -= 1.0);
        delta /= samples as f32;
        let mut before = (delta.dot(&layers[1].kernel.t()) * &masks[1]).as_standard_layout().into_owned();
        for ((mut g, z), y) in before.rows_mut().into_iter().zip(sums.rows()).zip(outputs.rows()) {
            hidden.backward_row(&z.to_vec(), &y.to_vec(), g.as_slice_mut().unwrap());
        }
        let expected = [entering.t().dot(&before), dropped.t().dot(&delta)];
        for ((before, after), expected) in layers.iter().zip(after.dense_layers()).zip(expected) {
            let lost = &before.kernel - &after.kernel;
            assert!(lost.iter().zip(&expected).all(|(a, b)| (a - b).abs() < tolerance::TRAINING_STEP), "{hidden:?}");
        }
    }
}

#[test]
fn everything_beside_gives_the_same_bits_on_any_number_of_threads_too() {
    let leaky = Activation::Elementwise(Elementwise::LeakyRelu { slope: 0.1 });
    let net = network(&[130, 90, 72, 11], leaky);
    let (x, classes) = data(77, 130, 11, 0.5);
    let mut plan = plan(&net, Optimizer::default());
    (plan.clip, plan.input_dropout) = (Clip { norm: Some(0.3), value: Some(0.01) }, 0.1);
    for settings in &mut plan.layers[..2] {
        settings.dropout = 0.5;
        settings.learned_slope = true;
        settings.batch_normalization = Some(BatchNormalization::default());
        settings.grid = Some(WeightGrid::Int4);
        settings.activity_regularizer = Regularizer { l1: 1e-3, l2: 1e-3 };
        settings.kernel_regularizer = Regularizer { l1: 1e-4, l2: 1e-3 };
    }
    let trained = |threads: usize| {
        let mut engine = Engine::new(&net, plan.clone(), 16, threads);
        for _ in 0..3 {
            assert_eq!(run(&mut engine, &x, &classes), End::Done);
        }
        let mut after = net.clone();
        engine.finish(&mut after);
        (after, engine.extras())
    };
    let one = trained(1);
    for threads in [2, 3, 5] {
        assert_eq!(one, trained(threads), "{threads} threads");
    }
}

#[test]
fn what_is_not_trained_stays() {
    let net = network(&[9, 17, 12, 3], Activation::Relu);
    let (x, classes) = data(20, 9, 3, 0.0);
    let mut plan = plan(&net, Optimizer::default());
    plan.layers[1].trainable = false;
    plan.layers[0].use_bias = false;
    let mut fresh = net.clone();
    fresh.dense_layers_mut().take(1).for_each(|dense| dense.bias.fill(0.0));
    let mut engine = Engine::new(&fresh, plan, 4, 2);
    assert_eq!(run(&mut engine, &x, &classes), End::Done);
    let mut after = fresh.clone();
    engine.finish(&mut after);
    let layers: Vec<(&Dense, &Dense)> = fresh.dense_layers().zip(after.dense_layers()).collect();
    assert_ne!(layers[0].0.kernel, layers[0].1.kernel);
    assert!(layers[0].1.bias.iter().all(|&bias| bias == 0.0));
    assert_eq!(layers[1].0, layers[1].1);
    assert_ne!(layers[2].0.bias, layers[2].1.bias);
}

#[test]
fn rounded_weights_lie_on_their_grid_and_the_exact_ones_move_below_it() {
    for (grid, levels) in [(WeightGrid::Int8, 127.0f32), (WeightGrid::Int4, 7.0), (WeightGrid::Ternary, 1.0)] {
        let net = network(&[40, 30, 5], Activation::Relu);
        let (x, classes) = data(64, 40, 5, 0.0);
        let mut plan = plan(&net, Optimizer::default());
        plan.layers.iter_mut().for_each(|layer| layer.grid = Some(grid));
        let mut engine = Engine::new(&net, plan, 16, 1);
        for _ in 0..20 {
            assert_eq!(run(&mut engine, &x, &classes), End::Done);
        }
        let (mut exact, mut rounded) = (net.clone(), net.clone());
        engine.store(Part::Weights, &mut exact);
        engine.finish(&mut rounded);
        for (exact, rounded) in exact.dense_layers().zip(rounded.dense_layers()) {
            assert_ne!(exact.kernel, rounded.kernel);
            for (exact, rounded) in exact.kernel.columns().into_iter().zip(rounded.kernel.columns()) {
                let smallest = rounded.iter().map(|w| w.abs()).filter(|w| *w > 0.0).fold(f32::INFINITY, f32::min);
                let largest = exact.iter().fold(0f32, |a, w| a.max(w.abs()));
                let mean = exact.iter().map(|w| w.abs()).sum::<f32>() / exact.len() as f32;
                let step = grid.step(largest, mean);
                assert!(smallest >= step * 0.999);
                for (exact, rounded) in exact.iter().zip(rounded) {
                    let q = rounded / step;
                    assert!((q - q.round()).abs() < tolerance::GRID && q.abs() < levels + 0.01, "{grid:?}: {q}");
                    assert!((exact - rounded).abs() < 0.501 * step || q.abs() > levels - 0.01, "{grid:?}");
                }
            }
        }
    }
}
