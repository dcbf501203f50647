//! Learning on the device, with what a device would have: a model in flash, a few samples, and memory of a fixed size. On the host, and
//! on an emulated Cortex-M4, where it gives the same bits.

use std::path::Path;
use thumbnet::adapt::Adapter;
use thumbnet::{Buffer, Model, RunError};
use thumbnet_tests::bare::Program;
use thumbnet_tests::mirrored::{self, CLASSES, INPUTS, Report, SAMPLES};
use thumbnet_tests::tolerance;
use thumbnet_trainer::dataset::{Dataset, Features, Options, Targets, load};
use thumbnet_trainer::nn::{Activation, Dense, Encoding, Input, Layer, Normalization, Sequential, UnitNorm};
use thumbnet_trainer::target::Machine;
use thumbnet_trainer::tnet::{FloatType, write_float};

/// The images of a set as they look in a mirror, quantized for the model, each after its class.
fn mirrored(model: &Model<'_>, set: &Dataset) -> Vec<(u8, Vec<u8>)> {
    let (Features::Pixels(images), Targets::Classes(classes)) = (&set.features, &set.targets) else {
        panic!("MNIST has pixels and classes")
    };
    images
        .rows()
        .into_iter()
        .zip(classes)
        .map(|(image, &class)| {
            let image = image.to_vec();
            let mirrored: Vec<u8> = image.chunks(28).flat_map(|row| row.iter().rev()).copied().collect();
            let mut input = [0; INPUTS];
            model.quantize_pixels(&mirrored, &mut input).unwrap();
            (class as u8, input.map(i8::cast_unsigned).to_vec())
        })
        .collect()
}

/// Those to learn, a sample of each class in turn, as they would come; then so many of the test images.
fn samples(model: &Model<'_>, count: usize) -> Vec<u8> {
    let mnist = load("mnist", &Options::default()).unwrap();
    let train = mirrored(model, &mnist.train);
    let of = |class: u8| train.iter().filter(move |sample| sample.0 == class).take(SAMPLES).collect::<Vec<_>>();
    let classes: Vec<_> = (0..CLASSES as u8).map(of).collect();
    let learned = (0..SAMPLES).flat_map(|index| classes.iter().map(move |samples| samples[index]));
    let test = mirrored(model, &mnist.test.head(count));
    learned.chain(&test).flat_map(|(class, input)| [*class].into_iter().chain(input.iter().copied())).collect()
}

fn mnist() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/mnist/model.tnet");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn on_the_host(model: &Model<'_>, samples: &[u8]) -> Report {
    let mut memory = vec![0.0; Adapter::memory_len(model)];
    let mut scratch = vec![0; Adapter::scratch_len(model)];
    mirrored::adapt(model, &mut memory, &mut scratch, samples).unwrap()
}

fn print(place: &str, Report { samples, before, after, .. }: &Report) {
    let share = |right: &usize| 100.0 * *right as f64 / *samples as f64;
    println!("{place}: of {samples} mirrored digits {:.2} % before, {:.2} % after", share(before), share(after));
}

#[test]
fn a_refusal_leaves_the_memory_as_it_is() {
    let bytes = mnist();
    let model = Model::parse(&bytes).unwrap();
    let mut memory = vec![7.0; Adapter::memory_len(&model) - 1];
    assert!(Adapter::new(&model, &mut memory).is_err());
    assert!(memory.iter().all(|&x| x == 7.0));
}

/// A network of floats with a single layer, whose input is as it says.
fn floats(input: Input, activation: Activation) -> Vec<u8> {
    let layer = Dense {
        name: "dense".into(),
        kernel: ndarray::arr2(&[[0.5, -0.25, 0.125], [0.0, 0.75, -1.0]]),
        bias: ndarray::arr1(&[0.0, 0.5, -0.5]),
        activation,
    };
    let layers = vec![Layer::Dense(layer)];
    write_float(&Sequential { name: "floats".into(), input, layers, class_names: Vec::new() }, FloatType::F32).unwrap()
}

/// The probabilities before and after each of a few steps.
fn learned(bytes: &[u8], samples: &[[f32; 2]]) -> Vec<f32> {
    let model = Model::parse(bytes).unwrap();
    let mut memory = vec![0.0; Adapter::memory_len(&model)];
    let mut scratch = vec![0.0; Adapter::scratch_len(&model)];
    let mut adapter = Adapter::new(&model, &mut memory).unwrap();
    let mut probabilities = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        probabilities.extend_from_slice(adapter.evaluate(sample, &mut scratch).unwrap());
        adapter.learn(sample, index % 3, 0.25, &mut scratch).unwrap();
        probabilities.extend_from_slice(adapter.evaluate(sample, &mut scratch).unwrap());
    }
    probabilities
}

/// The only layer learns from what it works on: the inputs as the model prepares them.
#[test]
fn floats_are_learned_as_the_layer_sees_them() {
    let raw = [[2000.0, 50.0], [1250.0, 70.0], [-1000.0, 60.0], [3000.0, 20.0]];
    let prepared = raw.map(|[a, b]| {
        let [a, b] = [(a - 1000.0) / 500.0, (b - 40.0) / 16.0];
        let norm = f32::max(a, b);
        [a / norm, b / norm]
    });
    let plain = Input::new(vec![2], Encoding::Real);
    let normalization = Normalization { offset: vec![1000.0, 40.0], scale: vec![1.0 / 500.0, 1.0 / 16.0] };
    let input = Input { normalization: Some(normalization), unit_norm: Some(UnitNorm::Max), ..plain.clone() };
    for activation in [Activation::Softmax, Activation::LogSoftmax] {
        let expected = learned(&floats(plain.clone(), activation), &prepared);
        assert_eq!(learned(&floats(input.clone(), activation), &raw), expected, "{activation:?}");
        // By the formula: a step of the first class.
        let model = floats(plain.clone(), activation);
        let model = Model::parse(&model).unwrap();
        let mut memory = vec![0.0; Adapter::memory_len(&model)];
        let mut scratch = vec![0.0; Adapter::scratch_len(&model)];
        let mut adapter = Adapter::new(&model, &mut memory).unwrap();
        let p = adapter.evaluate(&[1.0, 2.0], &mut scratch).unwrap().to_vec();
        let loss = adapter.learn(&[1.0, 2.0], 0, 0.5, &mut scratch).unwrap();
        assert!((loss + p[0].ln()).abs() < tolerance::FUNCTION, "{loss} of {p:?}");
        let row = |p: f32, right: f32| [-0.5 * (p - right), -(p - right), -0.5 * (p - right)];
        assert_eq!(memory[..9], [row(p[0], 1.0), row(p[1], 0.0), row(p[2], 0.0)].concat());
    }
}

#[test]
fn what_cannot_be_evaluated_changes_nothing() {
    let bytes = floats(Input::new(vec![2], Encoding::Real), Activation::Softmax);
    let model = Model::parse(&bytes).unwrap();
    let mut memory = vec![0.0; Adapter::memory_len(&model)];
    let mut scratch = vec![0.0; Adapter::scratch_len(&model)];
    let mut adapter = Adapter::new(&model, &mut memory).unwrap();
    let length = RunError::Length { buffer: Buffer::Input, expected: 2, found: 3 };
    assert_eq!(adapter.learn(&[1.0, 2.0, 3.0], 0, 0.5, &mut scratch), Err(length));
    assert_eq!(adapter.learn(&[1.0, 2.0], 3, 0.5, &mut scratch), Err(RunError::Class { classes: 3, found: 3 }));
    assert_eq!(adapter.learn(&[1, 2], 0, 0.5, &mut [0; 9]), Err(RunError::Element));
    assert!(memory.iter().all(|&x| x == 0.0));
    let linear = floats(Input::new(vec![2], Encoding::Real), Activation::Linear);
    assert_eq!(Adapter::new(&Model::parse(&linear).unwrap(), &mut memory).err(), Some(RunError::Softmax));
}

/// The MNIST network reads mirrored digits hardly better than by chance for those that are not symmetric; twenty samples a
/// class are enough to teach it most of them.
#[test]
fn mirrored_digits_are_learned_from_twenty_samples_a_class() {
    let bytes = mnist();
    let model = Model::parse(&bytes).unwrap();
    let report = on_the_host(&model, &samples(&model, 10_000));
    print("host", &report);
    // The bits are defined on every machine, so that the numbers are exact; the documentation of `thumbnet::adapt` names them.
    assert_eq!((report.samples, report.before, report.after), (10_000, 4_059, 8_338));
}

#[test]
fn an_emulated_chip_learns_the_same_bits() {
    let bytes = mnist();
    let model = Model::parse(&bytes).unwrap();
    let samples = samples(&model, 1_000);
    let report = on_the_host(&model, &samples);
    for core in ["m4", "m33"] {
        let printed = Program::build("adapt", Machine::find(core).unwrap(), "").run(&bytes, &samples);
        assert_eq!(printed.trim_end(), format!("{report:?}"), "{core}");
        print(core, &report);
    }
    assert_eq!((report.samples, report.before, report.after), (1_000, 393, 813));
}
