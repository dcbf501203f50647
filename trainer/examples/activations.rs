//! Why networks need activations: linear layers in a row are one linear layer. And the activations, drawn with their
//! derivatives.
//!
//! `cargo run --release --example activations` writes `activations.svg` and two decision boundaries; with the words of the
//! pictures in Chinese after `-- zh`.

use ndarray::{Array1, Array2, arr2};
use std::path::Path;
use thumbnet_trainer::dataset::{Dataset, Options, Targets, load_whole};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::nn::{Activation, Dense, Encoding, Initializer, Input, Layer, Loss, Sequential, Target};
use thumbnet_trainer::output::write_file;
use thumbnet_trainer::plot::{Boundary, Curves, Language, Panel, Picture, Series};

fn main() -> Result<()> {
    let language = if std::env::args().nth(1).as_deref() == Some("zh") { Language::Chinese } else { Language::English };
    two_linear_layers();
    let data = load_whole("circle", &Options::default())?;
    for (name, activation) in [("linear", Activation::Linear), ("tanh", Activation::Tanh)] {
        let network = learned(&data, activation);
        let file = format!("boundary-{name}.png");
        write_file(Path::new(&file), &boundary(&data, &network, name, language).png()?)?;
        println!("2-8-8-1 with {name:<6}: {:.1} % of the circle right, {file}", 100.0 * accuracy(&data, &network));
    }
    write_file(Path::new("activations.svg"), drawn(language).svg()?.as_bytes())?;
    println!("activations.svg");
    Ok(())
}

/// (x A) B = x (A B): the second layer adds nothing.
fn two_linear_layers() {
    let (a, b) = (arr2(&[[1.0f32, 2.0], [0.5, -1.0]]), arr2(&[[3.0f32, 0.0], [1.0, 2.0]]));
    let x = arr2(&[[0.4f32, 0.7]]);
    println!("two layers        x A B   = {:.3}", x.dot(&a).dot(&b));
    println!("one layer         x (A B) = {:.3}", x.dot(&a.dot(&b)));
}

/// A network 2-8-8-1 after 400 steps of gradient descent over all samples.
fn learned(data: &Dataset, activation: Activation) -> Sequential {
    let mut random = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
    let sizes = [2, 8, 8, 1];
    let layers = sizes.windows(2).enumerate().map(|(index, size)| {
        Layer::Dense(Dense {
            name: format!("dense_{index}"),
            kernel: Initializer::GlorotUniform.kernel(size[0], size[1], &mut random),
            bias: Array1::zeros(size[1]),
            activation: if index == 2 { Activation::Sigmoid } else { activation },
        })
    });
    let mut network = Sequential {
        name: "circle".into(),
        input: Input::new(vec![2], Encoding::Real),
        layers: layers.collect(),
        class_names: data.class_names.clone(),
    };
    let (inputs, Targets::Classes(classes)) = (data.features.real(), &data.targets) else { return network };
    let targets: Vec<_> = classes.iter().map(|&class| Target::Class(class)).collect();
    for _ in 0..400 {
        let (_, gradients) = network.gradients(inputs.view(), &targets, Loss::BinaryCrossentropy);
        for (dense, gradient) in network.dense_layers_mut().zip(gradients) {
            dense.kernel.scaled_add(-0.3, &gradient.kernel);
            dense.bias.scaled_add(-0.3, &gradient.bias);
        }
    }
    network
}

fn accuracy(data: &Dataset, network: &Sequential) -> f32 {
    let (outputs, Targets::Classes(classes)) = (network.forward(data.features.real().view()), &data.targets) else {
        return 0.0;
    };
    let right = outputs.iter().zip(classes).filter(|&(&output, &class)| (output > 0.5) == (class == 1)).count();
    right as f32 / classes.len() as f32
}

fn boundary(data: &Dataset, network: &Sequential, activation: &str, language: Language) -> Boundary {
    let range = [[-6.0, 6.0], [-6.0, 6.0]];
    let centers = Boundary::centers(range, 100);
    let outputs = network.forward(Array2::from_shape_fn((centers.len(), 2), |(row, axis)| centers[row][axis]).view());
    let points = data.features.real();
    let classes = if let Targets::Classes(classes) = &data.targets { classes.as_slice() } else { &[] };
    Boundary {
        title: format!("two hidden layers, {activation}"),
        axes: ["x1".into(), "x2".into()],
        range,
        cells: 100,
        probabilities: outputs.iter().map(|&output| vec![1.0 - output, output]).collect(),
        names: data.class_names.clone(),
        points: points.rows().into_iter().zip(classes).map(|(point, &class)| ([point[0], point[1]], class)).collect(),
        language,
    }
}

/// Sigmoid, tanh and ReLU with their slopes.
fn drawn(language: Language) -> Curves {
    let xs: Vec<f32> = (-50..=50).map(|x| x as f32 / 10.0).collect();
    let curve = |activation: Activation| xs.iter().map(|&x| activation.value(x).unwrap_or(x)).collect::<Vec<_>>();
    let slope = |activation: Activation| {
        let value = |x: f32| activation.value(x).unwrap_or(x);
        xs.iter().map(|&x| (value(x + 1e-2) - value(x - 1e-2)) / 2e-2).collect::<Vec<_>>()
    };
    let activations = [("sigmoid", Activation::Sigmoid), ("tanh", Activation::Tanh), ("ReLU", Activation::Relu)];
    let panels = activations.map(|(name, activation)| Panel {
        label: name.into(),
        series: vec![
            Series { name: "value".into(), values: curve(activation) },
            Series { name: "derivative".into(), values: slope(activation) },
        ],
    });
    Curves {
        title: "Activations and their derivatives".into(),
        panels: panels.into(),
        axis: Some(("x".into(), [-5.0, 5.0])),
        language,
    }
}
