//! What an evaluation costs on each emulated core: the networks of the table, and the numbers in its columns.

use crate::network;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thumbnet_trainer::dataset::{self, Options};
use thumbnet_trainer::nn::{Activation, Dense, Layer, Sequential};
use thumbnet_trainer::quantize::{QuantizedSequential, WeightType};
use thumbnet_trainer::target::{self, Goal, Machine, Qemu, Target as _};
use thumbnet_trainer::tnet::{self, FloatType};

/// The cores that integers are compared and counted on.
pub const CORES: [&str; 4] = ["m0", "m3", "m4", "m33"];

/// A network whose layers have weights of this type, evenly spread.
pub fn with_weights(widths: &[usize], weight_type: impl Fn(usize) -> WeightType, seed: u64) -> QuantizedSequential {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut network = network::random(widths, seed);
    for (index, layer) in network.layers.iter_mut().enumerate() {
        layer.weight_type = weight_type(index);
        let limit = match layer.weight_type {
            WeightType::Int4 => 7,
            WeightType::Int2 => 1,
            _ => continue,
        };
        for weight in &mut layer.weights {
            *weight = random.random_range(-limit..=limit);
        }
        for scale in &mut layer.weight_scales {
            *scale *= 127.0 / f32::from(limit);
        }
        for bias in &mut layer.bias {
            *bias = *bias * i32::from(limit) / 127;
        }
    }
    network
}

/// A network of floats with these widths.
pub fn floats(widths: &[usize]) -> Sequential {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let layers = widths.windows(2).map(|pair| {
        let bound = 1.0 / (pair[0] as f32).sqrt();
        Layer::Dense(Dense {
            name: "dense".into(),
            kernel: ndarray::Array2::from_shape_fn((pair[0], pair[1]), |_| random.random_range(-bound..bound)),
            bias: ndarray::Array1::from_shape_fn(pair[1], |_| random.random_range(-bound..bound)),
            activation: Activation::Relu,
        })
    });
    let layers = layers.collect();
    Sequential { name: "floats".into(), input: network::random(widths, 0).input, layers, class_names: Vec::new() }
}

/// The tutorial's network, and the one of MLPerf Tiny's anomaly detection.
const NETWORKS: [(&str, &[usize]); 2] =
    [("A", &[784, 392, 392, 10]), ("B", &[640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640])];

/// Network A, trained on MNIST.
const MNIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/mnist/model.tnet");
/// The number of test images whose mean is taken.
const SAMPLES: usize = 100;

/// One row of the table.
pub struct Row {
    /// Network, weights, inputs and core.
    pub key: [String; 4],
    /// The instructions of one evaluation, in the mean over the samples.
    pub instructions: u64,
}

/// Measures what `wanted` asks for of a row's key.
/// # Panics
/// Where a firmware cannot be built or started.
pub fn measure(wanted: impl Fn(&str) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for (name, widths) in NETWORKS {
        let any: Vec<u8> = (0..widths[0]).map(|_| random.random()).collect();
        let any_floats: Vec<u8> =
            (0..widths[0]).flat_map(|_| random.random_range(-1.0f32..1.0).to_le_bytes()).collect();
        let mut row = |weights: &str, kind: &str, core: &str, model: &[u8], inputs: &[u8], samples: u64| {
            let key = [name, weights, kind, core];
            if !wanted(&key.join(",")) {
                return;
            }
            let mut chip = Machine::find(core)
                .and_then(|machine| Qemu::open(core, machine, model, Goal::Speed))
                .unwrap_or_else(|error| panic!("{error}"));
            let instructions = chip.evaluate(inputs).unwrap().count / samples;
            rows.push(Row { key: key.map(str::to_owned), instructions });
        };
        for (weights, weight_type) in
            [("int8", WeightType::Int8), ("int4", WeightType::Int4), ("int2", WeightType::Int2)]
        {
            let model = tnet::write(&with_weights(widths, |_| weight_type, 7)).unwrap();
            for core in CORES {
                row(weights, "any", core, &model, &any, 1);
            }
            if name == "A" {
                // The committed model is network A, trained; there is none with fewer bits.
                let model = if weights == "int8" { std::fs::read(MNIST).unwrap() } else { model };
                let images = dataset::load("mnist", &Options::default()).unwrap().test.head(SAMPLES);
                let inputs = target::samples(&model, &images.features).unwrap();
                row(weights, "mnist", "m4", &model, &inputs, SAMPLES as u64);
            }
        }
        for (weights, float) in [("f32", FloatType::F32), ("f16", FloatType::F16)] {
            let model = tnet::write_float(&floats(widths), float).unwrap();
            row(weights, "any", "m4", &model, &any_floats, 1);
        }
    }
    rows
}
