//! Prints how long one core of this machine takes to evaluate MNIST's 10,000 test images, and how many it reads correctly.

use std::time::Instant;
use thumbnet::{Element, Model};
use thumbnet_tests::counts::{WEIGHTS, trained};
use thumbnet_trainer::dataset::{self, Options, Targets};

/// The test images.
const IMAGES: usize = 10_000;
/// The best of so many times is taken.
const ROUNDS: usize = 3;

fn main() {
    let test = dataset::load("mnist", &Options::default()).expect("MNIST is built in").test;
    let Targets::Classes(classes) = test.targets else { unreachable!("MNIST has classes") };
    println!("| weights | seconds | correct |\n|---|---|---|");
    for weights in WEIGHTS {
        let (model, samples) = trained(weights, IMAGES);
        let model = Model::parse(&model).expect("it was just written");
        let (seconds, right) = if model.is_float() {
            let inputs: Vec<f32> = samples.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            measure(&model, &inputs, &classes, 0.0)
        } else {
            let inputs: Vec<i8> = samples.iter().map(|x| x.cast_signed()).collect();
            measure(&model, &inputs, &classes, 0)
        };
        println!("| {weights} | {seconds:.2} | {:.2} % |", 100.0 * right as f64 / IMAGES as f64);
    }
}

/// The seconds, and the number of images whose class is the right one.
fn measure<T: Element>(model: &Model<'_>, inputs: &[T], classes: &[u32], zero: T) -> (f64, usize) {
    let (mut scratch, mut output) = (vec![zero; model.scratch_len()], vec![zero; model.output_len()]);
    let mut best = f64::INFINITY;
    let mut right = 0;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        right = 0;
        for (input, &class) in inputs.chunks(model.input_len()).zip(classes) {
            model.run(input, &mut scratch, &mut output).expect("the lengths are the model's");
            right += usize::from(model.classify(&output).index == class as usize);
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    (best, right)
}
