//! The kernels of every emulated core: their integers are the host's, and they take no more instructions than
//! `tests/counts.csv` says. After a change for the better, `THUMBNET_BLESS=1` writes that table anew.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;
use thumbnet_tests::network;
use thumbnet_trainer::dataset::{self, Options};
use thumbnet_trainer::nn::{Activation, Dense, Layer, Sequential};
use thumbnet_trainer::quantize::{QuantizedSequential, WeightType};
use thumbnet_trainer::target::{self, Goal, Machine, Qemu, Target as _};
use thumbnet_trainer::tnet::{self, FloatType};

const CORES: [&str; 4] = ["m0", "m3", "m4", "m33"];

/// A network whose layers have weights of this type, evenly spread.
fn with_weights(widths: &[usize], weight_type: impl Fn(usize) -> WeightType, seed: u64) -> QuantizedSequential {
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

/// Inputs of every kind: none, all that there is, few, and any.
fn inputs(length: usize, random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut inputs = vec![0x80; length];
    inputs.extend(vec![0x7f; length]);
    inputs.extend((0..length).map(|_| if random.random_bool(0.2) { random.random() } else { 0x80 }));
    inputs.extend((0..length).map(|_| random.random::<u8>()));
    inputs
}

#[test]
fn every_core_gives_the_hosts_integers() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for seed in 0..4 {
        // Widths below, at and above the tiles of eight, four and two rows, and the turns of inputs.
        let mut widths: Vec<usize> = (0..10).map(|_| random.random_range(1..=40)).collect();
        widths[random.random_range(0..10)] = random.random_range(60..=150);
        let types: Vec<_> = widths
            .iter()
            .map(|_| {
                [WeightType::Int8, WeightType::Int8, WeightType::Int4, WeightType::Int2][random.random_range(0..4)]
            })
            .collect();
        let model = tnet::write(&with_weights(&widths, |index| types[index], seed)).unwrap();
        let inputs = inputs(widths[0], &mut random);
        let host = target::open("host", &model).unwrap().evaluate(&inputs).unwrap();
        for core in CORES {
            let mut chip = target::open(&format!("qemu:{core}"), &model).unwrap_or_else(|error| panic!("{error}"));
            let outputs: Vec<u8> =
                inputs.chunks(widths[0]).flat_map(|input| chip.evaluate(input).unwrap().outputs).collect();
            assert_eq!(outputs, host.outputs, "{core}, widths {widths:?}, weights {types:?}");
        }
    }
}

/// A network of floats with these widths.
fn floats(widths: &[usize]) -> Sequential {
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

#[test]
fn floats_have_the_hosts_bits_with_an_fpu() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for widths in [&[40, 15, 9, 8][..], &[33, 23, 7, 2]] {
        for weights in [FloatType::F32, FloatType::F16] {
            let model = tnet::write_float(&floats(widths), weights).unwrap();
            let inputs: Vec<u8> =
                (0..2 * widths[0]).flat_map(|_| random.random_range(-1.0f32..1.0).to_le_bytes()).collect();
            let host = target::open("host", &model).unwrap().evaluate(&inputs).unwrap();
            for core in ["m4", "m33"] {
                let mut chip = target::open(&format!("qemu:{core}"), &model).unwrap();
                let outputs: Vec<u8> =
                    inputs.chunks(4 * widths[0]).flat_map(|input| chip.evaluate(input).unwrap().outputs).collect();
                assert_eq!(outputs, host.outputs, "{core}, {widths:?}, {weights:?}");
            }
        }
    }
}

/// The tutorial's network, and the one of MLPerf Tiny's anomaly detection.
const NETWORKS: [(&str, &[usize]); 2] =
    [("A", &[784, 392, 392, 10]), ("B", &[640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640])];

/// The table: for each network, weights and core the instructions of one evaluation.
fn measured() -> String {
    let mut table = String::from("network,weights,inputs,core,instructions\n");
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for (name, widths) in NETWORKS {
        let any: Vec<u8> = (0..widths[0]).map(|_| random.random()).collect();
        let any_floats: Vec<u8> =
            (0..widths[0]).flat_map(|_| random.random_range(-1.0f32..1.0).to_le_bytes()).collect();
        let mut row = |weights: &str, kind: &str, core: &str, model: &[u8], inputs: &[u8], samples: u64| {
            let mut chip = Machine::find(core)
                .and_then(|machine| Qemu::open(core, machine, model, Goal::Speed))
                .unwrap_or_else(|error| panic!("{error}"));
            let count = chip.evaluate(inputs).unwrap().count / samples;
            writeln!(table, "{name},{weights},{kind},{core},{count}").unwrap();
        };
        for (weights, weight_type) in
            [("int8", WeightType::Int8), ("int4", WeightType::Int4), ("int2", WeightType::Int2)]
        {
            let model = tnet::write(&with_weights(widths, |_| weight_type, 7)).unwrap();
            for core in CORES {
                row(weights, "any", core, &model, &any, 1);
            }
            if name == "A" {
                let images = dataset::load("mnist", &Options::default()).unwrap().test.head(20);
                row(weights, "mnist", "m4", &model, &target::samples(&model, &images.features).unwrap(), 20);
            }
        }
        for (weights, float) in [("f32", FloatType::F32), ("f16", FloatType::F16)] {
            let model = tnet::write_float(&floats(widths), float).unwrap();
            row(weights, "any", "m4", &model, &any_floats, 1);
        }
    }
    table
}

/// The columns of a row but the last, and the last.
fn cells(row: &str) -> (&str, u64) {
    let (key, count) = row.rsplit_once(',').unwrap();
    (key, count.parse().unwrap())
}

#[test]
fn counts_do_not_grow() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.csv");
    let measured = measured();
    println!("{measured}");
    if std::env::var_os("THUMBNET_BLESS").is_some() {
        std::fs::write(path, &measured).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    let rows = |table: &'_ str| table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let (committed, measured) = (rows(&committed), rows(&measured));
    assert_eq!(committed.len(), measured.len(), "counts.csv has other rows than are measured");
    for (committed, measured) in committed.iter().zip(&measured) {
        let ((key, allowed), (same, count)) = (cells(committed), cells(measured));
        assert_eq!(key, same);
        assert!(count * 100 <= allowed * 102, "{key}: {count} instructions, {allowed} in counts.csv");
    }
}
