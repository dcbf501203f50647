//! Networks of random weights, with every activation there is, and data for them.

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use thumbnet_trainer::nn::{
    Activation, AveragePool, Dense, Elementwise, Encoding, Input, Layer, Normalization, Sequential, UnitNorm,
};

const ACTIVATIONS: [(&str, Activation); 21] = [
    ("linear", Activation::Linear),
    ("relu", Activation::Relu),
    ("sigmoid", Activation::Sigmoid),
    ("tanh", Activation::Tanh),
    ("softmax", Activation::Softmax),
    ("log_softmax", Activation::LogSoftmax),
    ("leaky_relu", Activation::Elementwise(Elementwise::LeakyRelu { slope: 0.02 })),
    ("elu", Activation::Elementwise(Elementwise::Elu { alpha: 0.9 })),
    ("selu", Activation::Elementwise(Elementwise::Selu { alpha: 1.673_263_2, gamma: 1.050_701 })),
    ("celu", Activation::Elementwise(Elementwise::Celu { alpha: 1.3 })),
    ("gelu", Activation::Elementwise(Elementwise::Gelu)),
    ("gelu_tanh", Activation::Elementwise(Elementwise::GeluTanh)),
    ("silu", Activation::Elementwise(Elementwise::Swish { beta: 1.0 })),
    ("swish", Activation::Elementwise(Elementwise::Swish { beta: 1.7 })),
    ("mish", Activation::Elementwise(Elementwise::Mish)),
    ("softplus", Activation::Elementwise(Elementwise::Softplus)),
    ("softsign", Activation::Elementwise(Elementwise::Softsign)),
    ("hard_sigmoid", Activation::Elementwise(Elementwise::HardSigmoid { alpha: 0.25, beta: 0.5 })),
    ("hard_swish", Activation::Elementwise(Elementwise::HardSwish)),
    ("relu6", Activation::Elementwise(Elementwise::Clip { lo: 0.0, hi: 6.0 })),
    ("abs", Activation::Elementwise(Elementwise::Abs)),
];

/// A network of random weights.
pub(crate) fn network(name: &str, sizes: &[usize], hidden: Activation, last: Activation, seed: u64) -> Sequential {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let count = sizes.len() - 1;
    let layers = sizes.windows(2).enumerate().map(|(index, pair)| {
        let scale = (3.0 / pair[0] as f32).sqrt();
        let kernel = Array2::from_shape_simple_fn((pair[0], pair[1]), || (rng.random::<f32>() * 2.0 - 1.0) * scale);
        let bias = Array1::from_shape_simple_fn(pair[1], || rng.random::<f32>() - 0.5);
        let activation = if index + 1 == count { last } else { hidden };
        Layer::Dense(Dense { name: format!("dense_{}", index + 1), kernel, bias, activation })
    });
    let layers = layers.collect();
    Sequential {
        name: name.to_owned(),
        input: Input::new(vec![sizes[0]], Encoding::Real),
        layers,
        class_names: Vec::new(),
    }
}

pub(crate) fn samples(count: usize, features: usize, seed: u64) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((count, features), || rng.random::<f32>() * 4.0 - 2.0)
}

/// All the networks that are exported here.
pub(crate) fn networks() -> Vec<Sequential> {
    let mut all: Vec<Sequential> = ACTIVATIONS
        .iter()
        .map(|(name, activation)| network(name, &[7, 12, 5], Activation::Relu, *activation, 3))
        .collect();
    all.extend(
        ACTIVATIONS
            .iter()
            .filter(|(_, activation)| !matches!(activation, Activation::Softmax | Activation::LogSoftmax))
            .map(|(name, activation)| {
                network(&format!("hidden_{name}"), &[6, 9, 9, 3], *activation, Activation::Softmax, 4)
            }),
    );
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut pixels = network("pixels", &[16, 10, 4], Activation::Relu, Activation::Softmax, 5);
    pixels.input = Input::new(vec![4, 4], Encoding::Pixel);
    pixels.class_names = ["zero", "one, or \"two\"", "drei", "четыре"].map(String::from).to_vec();
    let mut table = network("table", &[3, 8, 1], Activation::Tanh, Activation::Sigmoid, 6);
    table.class_names = vec!["no".to_owned(), "yes".to_owned()];
    table.input.feature_names = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    table.input.normalization = Some(Normalization {
        offset: (0..3).map(|_| rng.random::<f32>() * 9.0).collect(),
        scale: (0..3).map(|_| rng.random::<f32>() + 0.1).collect(),
    });
    all.extend([pixels, table.clone()]);
    for (name, norm) in [("l1", UnitNorm::L1), ("l2", UnitNorm::L2), ("max", UnitNorm::Max)] {
        let mut normed = table.clone();
        normed.name = format!("norm_{name}");
        normed.input.unit_norm = Some(norm);
        all.push(normed);
    }
    // Windows of four elements have halves; what is cut off lies on all sides.
    for (name, encoding, image, crop, size) in [
        ("pooled_pixels", Encoding::Pixel, [8, 6], [8, 6], [2, 2]),
        ("pooled_crop", Encoding::Pixel, [9, 8], [6, 6], [3, 2]),
        ("pooled_real", Encoding::Real, [5, 7], [4, 6], [2, 3]),
        ("cropped", Encoding::Real, [6, 6], [4, 2], [1, 1]),
    ] {
        let pool = AveragePool::centered(image, crop, size).expect("windows that fit");
        let mut pooled = network(name, &[pool.len(), 11, 4], Activation::Relu, Activation::Softmax, 15);
        pooled.input = Input::new(image.to_vec(), encoding);
        pooled.input.pool = Some(pool);
        all.push(pooled);
    }
    all.push(network("deep", &[5, 8, 7, 6, 5, 4, 5, 6, 7, 8, 7, 6, 2], Activation::Tanh, Activation::Linear, 8));
    all
}

/// A network of up to 300 inputs, four layers and 300 units in each, every hidden layer with an activation of its own.
pub(crate) fn random_network(seed: u64) -> Sequential {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let layers = rng.random_range(1..=4);
    let sizes: Vec<usize> = (0..=layers).map(|_| rng.random_range(1..=300)).collect();
    let mut activation = |last: bool| {
        loop {
            let (_, activation) = ACTIVATIONS[rng.random_range(0..ACTIVATIONS.len())];
            // A softmax has no integer form in the middle.
            if last || !matches!(activation, Activation::Softmax | Activation::LogSoftmax) {
                return activation;
            }
        }
    };
    let mut model = network(&format!("random_{seed}"), &sizes, Activation::Linear, activation(true), seed);
    for layer in &mut model.layers[..layers - 1] {
        if let Layer::Dense(dense) = layer {
            dense.activation = activation(false);
        }
    }
    model
}

pub(crate) fn exports() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/onnx-exports");
    std::fs::create_dir_all(&folder).expect("a folder for the exports");
    folder
}

/// The largest difference, relative to the larger of the values and 1.
pub(crate) fn difference(a: &Array2<f32>, b: &Array2<f32>) -> f32 {
    assert_eq!(a.dim(), b.dim());
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / a.abs().max(b.abs()).max(1.0)).fold(0.0, f32::max)
}
