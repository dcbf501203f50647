//! Learning on the device, with what a device would have: a model in flash, a few samples, and memory of a fixed size.

use std::path::Path;
use thumbnet::Model;
use thumbnet::adapt::Adapter;
use thumbnet_trainer::dataset::{Dataset, Features, Options, Targets, load};

/// The samples a class that the user draws.
const SAMPLES: usize = 20;
const EPOCHS: usize = 20;
const RATE: f32 = 0.01;

/// The images of a set as they look in a mirror, quantized for the model, with their classes.
fn mirrored(model: &Model<'_>, set: &Dataset) -> Vec<(Vec<i8>, usize)> {
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
            let mut input = vec![0; model.input_len()];
            model.quantize_pixels(&mirrored, &mut input).unwrap();
            (input, class as usize)
        })
        .collect()
}

/// The MNIST network reads mirrored digits hardly better than by chance for those that are not symmetric; twenty samples a
/// class are enough to teach it most of them.
#[test]
fn mirrored_digits_are_learned_from_twenty_samples_a_class() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/mnist/model.tnet");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let model = Model::parse(&bytes).unwrap();
    let mnist = load("mnist", &Options::default()).unwrap();
    let test = mirrored(&model, &mnist.test);
    let train = mirrored(&model, &mnist.train);
    let samples: Vec<_> =
        (0..10).flat_map(|class| train.iter().filter(move |sample| sample.1 == class).take(SAMPLES)).collect();

    let mut memory = vec![0.0; Adapter::memory_len(&model)];
    let mut scratch = vec![0; Adapter::scratch_len(&model)];
    let mut adapter = Adapter::new(&model, &mut memory).unwrap();
    let accuracy = |adapter: &mut Adapter<'_, '_>, scratch: &mut [i8]| {
        let right = |(input, class): &&(Vec<i8>, usize)| adapter.classify(input, scratch).unwrap().index == *class;
        test.iter().filter(right).count() as f64 / test.len() as f64
    };
    let before = accuracy(&mut adapter, &mut scratch);
    for _ in 0..EPOCHS {
        // One class after the other: a sample of each in turn, as they would come.
        for i in 0..SAMPLES {
            for (input, class) in samples.iter().skip(i).step_by(SAMPLES) {
                adapter.learn(input, *class, RATE, &mut scratch).unwrap();
            }
        }
    }
    let after = accuracy(&mut adapter, &mut scratch);
    println!("mirrored digits: {:.2} % before, {:.2} % after", 100.0 * before, 100.0 * after);
    assert!(before < 0.55, "{before}");
    assert!(after > 0.78, "{after}");
}
