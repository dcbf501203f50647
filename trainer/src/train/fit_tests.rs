//! The training loop: learning, stopping, going on, and refusing.

use super::fit::Fit;
use crate::dataset::{Dataset, Features, Options, Targets, load};
use crate::error::ErrorKind;
use crate::nn::{Loss, Sequential};
use crate::train::{Checkpoint, Optimizer, Progress, Recipe, Schedule, Silent};
use ndarray::array;
use std::sync::atomic::{AtomicBool, Ordering};

fn moons() -> (Sequential, Dataset) {
    let recipe = Recipe::load("xor").unwrap();
    let data = load("moons", &Options::default()).unwrap().train;
    (recipe.network(&data).unwrap(), data)
}

fn fit(epochs: usize) -> Fit<'static> {
    let adam = Optimizer::Adam { learning_rate: 0.02, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
    Fit {
        schedule: Schedule::Cosine { warmup: 0.0, floor: 0.0 },
        seed: 3,
        ..Fit::new(epochs, 16, Loss::BinaryCrossentropy, adam)
    }
}

#[test]
fn it_learns_and_the_seed_decides_every_bit() {
    let (fresh, data) = moons();
    let trained = |seed: u64| {
        let mut net = fresh.clone();
        let history = Fit { seed, ..fit(60) }.run(&mut net, &data, Some(&data), None, &Silent).unwrap();
        (net, history)
    };
    let (net, history) = trained(3);
    let last = history.records.last().unwrap();
    assert!(last.val_accuracy.unwrap() > 0.95 && last.val_loss.unwrap() < history.records[0].loss / 2.0, "{last:?}");
    assert_eq!(history.records.len(), 60);
    assert_eq!(net, trained(3).0);
    assert_ne!(net, trained(4).0);
}

/// Raises a flag after a number of samples in an epoch.
struct StopAt {
    epoch: usize,
    samples: usize,
    flag: &'static AtomicBool,
}

impl Progress for StopAt {
    fn step(&self, epoch: usize, samples: usize, _loss: f32) {
        if (epoch, samples) == (self.epoch, self.samples) {
            self.flag.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn an_interrupted_training_goes_on_to_the_same_bits() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.npz");
    let (fresh, data) = moons();
    let mut whole = fresh.clone();
    let whole_history = fit(12).run(&mut whole, &data, None, None, &Silent).unwrap();

    let mut parts = fresh.clone();
    let training = Fit { checkpoint: Some(path.clone()), stop: &STOP, ..fit(12) };
    let stop = StopAt { epoch: 5, samples: 96, flag: &STOP };
    let error = training.run(&mut parts, &data, None, None, &stop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(error.to_string().contains("in epoch 5, after step 6 of 16"), "{error}");
    STOP.store(false, Ordering::Relaxed);
    let state = Checkpoint::read(&path, &fresh).unwrap();
    assert_eq!((state.epoch, state.batch, state.steps), (4, 6, 70));

    let mut resumed = fresh.clone();
    let history = training.run(&mut resumed, &data, None, Some(state), &Silent).unwrap();
    assert_eq!(resumed, whole);
    let losses = |records: &[crate::train::Record]| records.iter().map(|r| (r.epoch, r.loss)).collect::<Vec<_>>();
    assert_eq!(losses(&history.records), losses(&whole_history.records));
    assert!(path.exists(), "the checkpoint stays until the model is written");
    Checkpoint::remove(&path);
    assert!(!path.exists());

    let other = Fit { seed: 9, ..training };
    Checkpoint::read(&path, &fresh).unwrap_err();
    let error = other.run(&mut resumed, &data, None, Some(Checkpoint::start(&fresh, 3)), &Silent).unwrap_err();
    assert!(error.to_string().contains("is of seed 3, not 9"), "{error}");
}

#[test]
fn a_diverging_loss_stops_at_its_step_and_keeps_the_last_good_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.npz");
    let (fresh, mut data) = moons();
    data.targets = Targets::Values(array![[1.0f32]].broadcast((data.samples(), 1)).unwrap().to_owned());
    let mut net = fresh.clone();
    let sgd = Optimizer::Sgd { learning_rate: 1e9, momentum: 0.9, nesterov: false };
    for dense in net.dense_layers_mut() {
        dense.activation = crate::nn::Activation::Linear;
    }
    let training = Fit {
        loss: Loss::MeanSquaredError,
        optimizer: sgd,
        schedule: Schedule::Constant,
        checkpoint: Some(path.clone()),
        ..fit(5)
    };
    let error = training.run(&mut net, &data, None, None, &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged);
    let message = error.to_string();
    assert!(message.contains("no longer finite in epoch 1, step ") && message.contains("of 16"), "{message}");
    assert!(net.dense_layers().all(|dense| dense.kernel.iter().all(|w| w.is_finite())));
    Checkpoint::read(&path, &net).unwrap();
}

#[test]
fn what_cannot_be_learned_is_refused_by_name() {
    let (fresh, data) = moons();
    let refusal =
        |fit: Fit<'_>, data: &Dataset| fit.run(&mut fresh.clone(), data, None, None, &Silent).unwrap_err().to_string();
    assert!(refusal(fit(0), &data).contains("epochs and batch_size must be at least 1"));
    let loss = Loss::CategoricalCrossentropy { label_smoothing: 0.0 };
    assert!(refusal(Fit { loss, ..fit(1) }, &data).contains("needs a last layer with the activation softmax"));

    let mut bad = data.clone();
    if let Features::Real(values) = &mut bad.features {
        values[[7, 1]] = f32::NAN;
    }
    assert_eq!(refusal(fit(1), &bad), "moons: sample 7, feature 1 is NaN; remove the sample or fill the gap");
    let bad = Dataset {
        targets: Targets::Values(array![[f32::INFINITY]].broadcast((250, 1)).unwrap().to_owned()),
        ..data.clone()
    };
    assert!(refusal(fit(1), &bad).contains("sample 0, target 0 is inf"));
    let bad = Dataset { targets: Targets::Classes(vec![2; 250]), ..data.clone() };
    assert!(refusal(fit(1), &bad).contains("sample 0 is of class 2, but the network has outputs for classes 0 to 1"));
    let bad = Dataset { targets: Targets::None, ..data.clone() };
    assert!(refusal(fit(1), &bad).contains("has no targets to learn"));
    assert!(refusal(fit(1), &data.head(0)).contains("no samples"));
    let bad = Dataset { features: Features::Real(ndarray::Array2::zeros((250, 3))), ..data };
    assert!(refusal(fit(1), &bad).contains("3 features, but the network takes 2"));
}

#[test]
fn one_sample_and_constant_features_are_enough() {
    let (fresh, data) = moons();
    let mut one = data.head(1);
    one.features = Features::Real(array![[0.5f32, 0.5]]);
    let history = fit(3).run(&mut fresh.clone(), &one, None, None, &Silent).unwrap();
    assert!(history.records[2].loss < history.records[0].loss);
}
