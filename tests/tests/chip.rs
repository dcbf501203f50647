//! The emulated chip gives the same integers as the runtime on this machine.

use std::time::Instant;
use thumbnet_tests::network;
use thumbnet_trainer::dataset::{self, Options, Targets};
use thumbnet_trainer::target::{self, MACHINES, Memory, Target, Unit};
use thumbnet_trainer::tnet;

const SAMPLES: usize = 1000;

/// The first test images of MNIST as inputs of a model.
fn images(model: &[u8], count: usize) -> Vec<u8> {
    let images = dataset::load("mnist", &Options::default()).unwrap().test.head(count);
    target::samples(model, &images.features).unwrap()
}

fn open(spec: &str, model: &[u8]) -> Box<dyn Target> {
    target::open(spec, model).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_integer_of_1000_images_is_the_hosts() {
    let model = tnet::write(&network::random(&[784, 61, 34, 10], 1)).unwrap();
    let inputs = images(&model, SAMPLES);
    let host = open("host", &model).evaluate(&inputs).unwrap();
    let chip = open("qemu", &model).evaluate(&inputs).unwrap();
    assert_eq!(host.outputs.len(), SAMPLES * 10);
    assert_eq!(host.outputs, chip.outputs);
    // A constant output would be equal too.
    assert!(host.outputs.chunks(10).any(|scores| scores != &host.outputs[..10]));
}

#[test]
fn many_samples_of_a_small_model_are_answered_in_one_frame() {
    for (sizes, seed) in [(&[2, 8, 8, 1][..], 6), (&[1, 4, 1], 7), (&[3, 5, 70], 8)] {
        let model = tnet::write(&network::random(sizes, seed)).unwrap();
        let inputs: Vec<u8> = (0..900 * sizes[0]).map(|k| (k * 37 % 251) as u8).collect();
        let host = open("host", &model).evaluate(&inputs).unwrap();
        let chip = open("qemu", &model).evaluate(&inputs).unwrap();
        assert_eq!(host.outputs.len(), 900 * sizes[sizes.len() - 1]);
        assert_eq!(host.outputs, chip.outputs, "{sizes:?}");
    }
}

#[test]
fn the_committed_model_gives_the_hosts_integers_and_is_right() {
    let model = include_bytes!("../../models/mnist/model.tnet");
    let test = dataset::load("mnist", &Options::default()).unwrap().test.head(SAMPLES);
    let inputs = target::samples(model, &test.features).unwrap();
    let mut qemu = open("qemu", model);
    let begin = Instant::now();
    let chip = qemu.evaluate(&inputs).unwrap();
    let rate = SAMPLES as f64 / begin.elapsed().as_secs_f64();
    println!("{rate:.0} images a second through QEMU");
    assert!(rate > 50.0, "{rate}");
    assert_eq!(chip.outputs, open("host", model).evaluate(&inputs).unwrap().outputs);
    let Targets::Classes(labels) = &test.targets else { panic!("MNIST has classes") };
    let classes = target::classes(model, &chip.outputs).unwrap();
    let right = classes.iter().zip(labels).filter(|&(&class, &label)| class == label as usize).count();
    assert!(right * 100 >= SAMPLES * 98, "{right} of {SAMPLES} right");
}

#[test]
fn the_tutorials_network_runs_in_4_kb_of_ram() {
    let model = tnet::write(&network::random(&[784, 392, 392, 10], 6)).unwrap();
    let inputs = images(&model, 20);
    let mut chip = open("qemu", &model);
    let evaluation = chip.evaluate(&inputs).unwrap();
    assert_eq!(open("host", &model).evaluate(&inputs).unwrap().outputs, evaluation.outputs);
    let Memory { statics, frame, activations, stack, .. } = chip.memory().unwrap().unwrap();
    let ram = statics + frame + activations + stack;
    println!(
        "784-392-392-10: {} instructions per image; {ram} bytes of RAM: statics {statics}, frame {frame}, activations {activations}, stack {stack}",
        evaluation.count / 20
    );
    assert!(ram < 4 << 10, "{ram}");
    assert!(stack > 100, "the stack is not measured: {stack}");
}

#[test]
fn every_layer_of_the_chip_is_the_hosts_and_the_profile_adds_up() {
    let model = tnet::write(&network::random(&[784, 40, 24, 10], 2)).unwrap();
    let input = images(&model, 1);
    let (mut host, mut chip) = (open("host", &model), open("qemu", &model));
    for (layer, outputs) in [40, 24, 10].into_iter().enumerate() {
        let chips = chip.layer(layer, &input).unwrap();
        assert_eq!(chips.outputs.len(), outputs);
        assert_eq!(chips.outputs, host.layer(layer, &input).unwrap().outputs, "layer {layer}");
    }
    assert!(chip.layer(3, &input).unwrap_err().to_string().contains("only 3 layers"));

    assert_eq!(chip.unit(), Unit::Instructions);
    let profile = chip.profile(&input).unwrap();
    let (sum, whole) = (profile.iter().sum::<u64>(), chip.evaluate(&input).unwrap().count);
    assert_eq!(profile.len(), 3);
    assert!(profile[0] > profile[1] && profile[0] > profile[2], "{profile:?}");
    // The timer ticks every 40 instructions, and the observer between the layers takes a few.
    assert!(sum.abs_diff(whole) < whole / 20 + 1000, "{sum} by layer, {whole} as a whole");
}

#[test]
fn the_chip_counts_the_same_every_time() {
    let model = tnet::write(&network::random(&[784, 16, 10], 3)).unwrap();
    let input = images(&model, 1);
    let mut chip = open("qemu", &model);
    let first = chip.evaluate(&input).unwrap().count;
    for _ in 0..5 {
        assert!(chip.evaluate(&input).unwrap().count.abs_diff(first) <= 80);
    }
}

#[test]
fn an_input_of_another_length_is_refused_and_the_next_one_is_not() {
    let model = tnet::write(&network::random(&[784, 16, 10], 4)).unwrap();
    let input = images(&model, 1);
    let mut chip = open("qemu", &model);
    let error = chip.evaluate(&input[1..]).unwrap_err().to_string();
    assert!(error.contains("783 bytes") && error.contains("784"), "{error}");
    assert!(chip.evaluate(&input).is_ok());
}

#[test]
fn every_core_gives_the_hosts_integers() {
    let model = tnet::write(&network::random(&[784, 24, 13, 10], 5)).unwrap();
    let inputs = images(&model, 100);
    let host = open("host", &model).evaluate(&inputs).unwrap();
    for machine in MACHINES {
        let mut chip = open(&format!("qemu:{}", machine.short), &model);
        assert_eq!(chip.core(), machine.core);
        let evaluation = chip.evaluate(&inputs).unwrap();
        assert_eq!(host.outputs, evaluation.outputs, "{}", machine.core);
        println!("{:<10} {:>6} instructions per image", machine.core, evaluation.count / 100);
    }
}
