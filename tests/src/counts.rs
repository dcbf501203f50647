//! What an evaluation costs on each emulated core: the networks of the table, and the numbers in its columns.

use crate::bare::{self, Program, Run, Scratch};
use crate::image;
use crate::network;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use thumbnet::Model;
use thumbnet_trainer::dataset::{self, Options};
use thumbnet_trainer::nn::{Activation, Dense, Layer, Sequential};
use thumbnet_trainer::onnx::{self, Imported};
use thumbnet_trainer::quantize::{self, QuantizedSequential, WeightType};
use thumbnet_trainer::target::{self, Kernel, Machine};
use thumbnet_trainer::tnet::{self, FloatType};

/// The cores that integers are compared and counted on.
pub const CORES: [&str; 5] = ["m0", "m3", "m4", "m7", "m33"];

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
const MNIST: [&str; 2] = ["models/mnist/model.tnet", "models/mnist/model.onnx"];
/// The other models of the zoo, but for `boston-tutorial`, which is `boston` with other weights: those for MNIST with its images, the
/// others with any inputs.
const ZOO: [(&str, &str); 10] = [
    ("mnist-best", "mnist"),
    ("mnist-int4", "mnist"),
    ("mnist-int2", "mnist"),
    ("mnist-12k", "mnist"),
    ("mnist-4k", "mnist"),
    ("mnist-1k", "mnist"),
    ("fashion-mnist", "any"),
    ("fashion-mnist-best", "any"),
    ("boston", "any"),
    ("quality", "any"),
];
/// The number of test images whose mean the tables have.
pub const SAMPLES: usize = 100;
/// The training images on which the ranges of integers are observed.
const CALIBRATION: usize = 2000;

/// The types of weights, as they are called in the table.
pub const WEIGHTS: [&str; 5] = ["int8", "int4", "int2", "f32", "f16"];

/// One row of the table.
pub struct Row {
    /// Network, weights, inputs and core.
    pub key: [String; 4],
    /// The products of one evaluation.
    pub products: u64,
    /// The instructions of one evaluation, in the mean over the samples.
    pub instructions: u64,
    /// The cycles, estimated.
    pub cycles: Option<u64>,
    /// The bytes of stack.
    pub stack: u64,
    /// The bytes of scratch.
    pub scratch: usize,
}

/// Measures what `wanted` asks for of a row's key, where there are images the mean of the first so many.
/// # Panics
/// Where a program cannot be built or started, or its outputs are not the host's.
pub fn measure(images: usize, wanted: impl Fn(&str) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for (name, widths) in NETWORKS {
        let any: Vec<u8> = (0..widths[0]).map(|_| random.random()).collect();
        let any_floats: Vec<u8> =
            (0..widths[0]).flat_map(|_| random.random_range(-1.0f32..1.0).to_le_bytes()).collect();
        for weights in WEIGHTS {
            let is_float = weights.starts_with('f');
            for inputs in ["any", "mnist", "dense", "least", "mnist least"] {
                let key = |core: &str| [name, weights, inputs, core].map(str::to_owned);
                let cores: Vec<_> = CORES.into_iter().filter(|core| wanted(&key(core).join(","))).collect();
                // Only the first network was trained, and only integers skip zeros and work in less memory; of one type it is seen what
                // skipping costs where there are none.
                let is_row = match inputs {
                    "mnist" | "mnist least" => name == "A" && !is_float,
                    "dense" => weights == "int8",
                    "least" => !is_float,
                    _ => true,
                };
                if cores.is_empty() || !is_row {
                    continue;
                }
                let (model, samples) = match inputs {
                    "mnist" | "mnist least" => trained(weights, images),
                    "dense" => (dense_model(widths), any.iter().map(|&x| if x == 0x80 { 0 } else { x }).collect()),
                    _ => (random_model(widths, weights), if is_float { any_floats.clone() } else { any.clone() }),
                };
                rows.extend(measured(cores.into_iter().map(key), &model, &samples));
            }
        }
    }
    for (name, inputs) in ZOO {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name).join("model.tnet");
        let model = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let weights = kernels_of(&model);
        let key = |core: &str| [name, &weights, inputs, core].map(str::to_owned);
        let cores: Vec<_> = CORES.into_iter().filter(|core| wanted(&key(core).join(","))).collect();
        if cores.is_empty() {
            continue;
        }
        let samples = if inputs == "mnist" {
            let mnist = dataset::load("mnist", &Options::default()).unwrap();
            target::samples(&model, &mnist.test.head(images).features).unwrap()
        } else {
            let mut random = ChaCha8Rng::seed_from_u64(4);
            (0..Model::parse(&model).unwrap().input_len()).map(|_| random.random()).collect()
        };
        rows.extend(measured(cores.into_iter().map(key), &model, &samples));
    }
    rows
}

/// What kernels a model of integers needs: `int4+pool`.
fn kernels_of(model: &[u8]) -> String {
    let kinds = Model::parse(model).unwrap().kinds();
    let kernels = [("int8", Kernel::Int8), ("int4", Kernel::Int4), ("int2", Kernel::Int2), ("pool", Kernel::Pool)];
    let needed = kernels.into_iter().filter(|(_, kernel)| kinds & kernel.bit() != 0);
    needed.map(|(name, _)| name).collect::<Vec<_>>().join("+")
}

/// The bytes of code that the evaluation of a model takes which is part of the program, for each type of weights and each of
/// [`image::CORES`].
/// # Panics
/// Where a program cannot be built.
pub fn code() -> Vec<(&'static str, Vec<usize>)> {
    let folder = tempfile::tempdir().unwrap();
    let models = WEIGHTS.map(|weights| {
        let path = folder.path().join(format!("{weights}.tnet"));
        std::fs::write(&path, random_model(&[2, 8, 2], weights)).unwrap();
        path
    });
    // One core after the other: each builds the runtime once.
    let cores = image::CORES.map(|core| models.each_ref().map(|path| image::code(core, path)));
    let rows = WEIGHTS.into_iter().enumerate();
    rows.map(|(index, weights)| (weights, cores.iter().map(|sizes| sizes[index]).collect())).collect()
}

/// A network with random weights of this type.
fn random_model(widths: &[usize], weights: &str) -> Vec<u8> {
    let integers = |weight_type| tnet::write(&with_weights(widths, |_| weight_type, 7));
    let model = match weights {
        "int8" => integers(WeightType::Int8),
        "int4" => integers(WeightType::Int4),
        "int2" => integers(WeightType::Int2),
        "f32" => tnet::write_float(&floats(widths), FloatType::F32),
        _ => tnet::write_float(&floats(widths), FloatType::F16),
    };
    model.unwrap_or_else(|error| panic!("{error}"))
}

/// A network of int8 weights whose hidden layers give negative numbers, too: hardly an output is the integer -128, which is
/// skipped.
/// # Panics
/// Where a width is 0.
pub fn dense_model(widths: &[usize]) -> Vec<u8> {
    let mut network = with_weights(widths, |_| WeightType::Int8, 7);
    let mut input = network.layers[0].input;
    for layer in &mut network.layers {
        layer.output.zero_point = 0;
        (layer.input, input) = (input, layer.output);
    }
    tnet::write(&network).unwrap_or_else(|error| panic!("{error}"))
}

/// Measures the rows of one model and its samples. Cores of one program share its run.
fn measured(keys: impl Iterator<Item = [String; 4]>, model: &[u8], samples: &[u8]) -> Vec<Row> {
    let mut runs: Vec<(&Machine, Run)> = Vec::new();
    keys.map(|key| {
        let machine = Machine::find(&key[3]).unwrap_or_else(|error| panic!("{error}"));
        let index = runs.iter().position(|(known, _)| bare::share_programs(known, machine)).unwrap_or_else(|| {
            runs.push((machine, run(&key, machine, model, samples)));
            runs.len() - 1
        });
        row(key, machine, &runs[index].1, model, samples)
    })
    .collect()
}

/// Runs the program of a row.
fn run(key: &[String; 4], machine: &'static Machine, model: &[u8], samples: &[u8]) -> Run {
    let scratch = if key[2].ends_with("least") { Scratch::Least } else { Scratch::All };
    Program::build("evaluate", machine, &key[1].replace('+', ",")).with(scratch).trace(model, samples)
}

/// What a run says of one core.
fn row(key: [String; 4], machine: &Machine, run: &Run, model: &[u8], samples: &[u8]) -> Row {
    let least = key[2].ends_with("least");
    let (outputs, stack) = run.printed.trim_end().rsplit_once('\n').expect("outputs and stack");
    let parsed = Model::parse(model).unwrap();
    let host = target::open("host", model).unwrap().evaluate(samples).unwrap().outputs;
    let size = if parsed.is_float() { size_of::<f32>() } else { 1 };
    let number = |word: &str| u32::from_str_radix(word, 16).expect("a hexadecimal number");
    let chip: Vec<u8> =
        outputs.split_whitespace().flat_map(|word| number(word).to_le_bytes().into_iter().take(size)).collect();
    assert!(chip == host, "{}: other outputs than the host's", key.join(","));
    let count = (samples.len() / parsed.input_len() / size) as u64;
    Row {
        key,
        products: parsed.macs(),
        instructions: run.instructions / count,
        cycles: run.cycles(machine).map(|cycles| cycles / count),
        stack: stack.parse().expect("a number"),
        scratch: size * if least { parsed.least_scratch_len() } else { parsed.scratch_len_on(machine.kernels()) },
    }
}

/// Network A as it was trained on MNIST, with weights of this type, and the first test images.
/// # Panics
/// Where the repository has not its files.
pub fn trained(weights: &str, images: usize) -> (Vec<u8>, Vec<u8>) {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    let [tnet, onnx] = MNIST.map(|path| repository.join(path));
    let mnist = dataset::load("mnist", &Options::default()).unwrap();
    // There is one file of integers: the others come of the same network, as `thumbnet convert` makes them.
    let network = || match onnx::import(&onnx::Graph::open(&onnx).unwrap()).unwrap() {
        Imported::Float(network) => network,
        Imported::Quantized(_) => panic!("{} has integers", onnx.display()),
    };
    let integers = |weights| {
        let rows = &dataset::permutation(mnist.train.samples(), 0)[..CALIBRATION];
        let options = quantize::Options { weights, ..quantize::Options::default() };
        let calibration = mnist.train.select(rows).features.real();
        tnet::write(&quantize::post_training(&network(), calibration.view(), &options).unwrap())
    };
    let model = match weights {
        "int8" => Ok(std::fs::read(tnet).unwrap()),
        "int4" => integers(WeightType::Int4),
        "int2" => integers(WeightType::Int2),
        "f32" => tnet::write_float(&network(), FloatType::F32),
        _ => tnet::write_float(&network(), FloatType::F16),
    };
    let model = model.unwrap_or_else(|error| panic!("{error}"));
    let samples = target::samples(&model, &mnist.test.head(images).features).unwrap();
    (model, samples)
}
