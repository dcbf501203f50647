//! The training loop: learning, stopping, going on, and refusing.

use super::engine::Engine;
use super::fit::Fit;
use crate::dataset::{Augmentation, Dataset, Features, Options, Targets, load};
use crate::error::ErrorKind;
use crate::nn::{Activation, Elementwise, Loss, Sequential};
use crate::tolerance;
use crate::train::{
    BatchNormalization, Checkpoint, Clip, EarlyStopping, LayerSettings, Monitor, Optimizer, Progress, Recipe,
    ReduceOnPlateau, Schedule, Silent, WeightGrid,
};
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

/// Everything that has a state of its own: dropped outputs, moving averages, a learned slope or range, rounded weights, two
/// moments, a rate that falls by the history, and the best weights.
fn fit_with_everything(epochs: usize, learned: LayerSettings) -> Fit<'static> {
    let nadam = Optimizer::Nadam { learning_rate: 0.05, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
    let hidden = LayerSettings {
        dropout: 0.2,
        batch_normalization: Some(BatchNormalization::default()),
        grid: Some(WeightGrid::Int4),
        ..learned
    };
    Fit {
        layers: vec![hidden],
        input_dropout: 0.1,
        clip: Clip { norm: Some(1.0), value: Some(0.5) },
        plateau: Some(ReduceOnPlateau {
            monitor: Monitor::ValLoss,
            factor: 0.5,
            patience: 1,
            min_delta: 0.0,
            floor: 0.01,
        }),
        stopping: Some(EarlyStopping { monitor: Monitor::ValLoss, patience: 8, min_delta: 0.0 }),
        class_weights: Some(vec![0.5, 1.5]),
        seed: 3,
        ..Fit::new(epochs, 16, Loss::BinaryCrossentropy, nadam)
    }
}

#[test]
fn whatever_has_a_state_goes_on_to_the_same_bits() {
    let plain = LayerSettings::default();
    let leaky = Activation::Elementwise(Elementwise::LeakyRelu { slope: 0.25 });
    goes_on(leaky, LayerSettings { learned_slope: true, ..plain });
    goes_on(Activation::Relu, LayerSettings { output_range: Some(6.0), ..plain });
    goes_on(leaky, LayerSettings { output_range: Some(6.0), learned_slope: true, ..plain });
    goes_on(Activation::Tanh, LayerSettings { output_range: Some(6.0), ..plain });
}

fn goes_on(hidden: Activation, learned: LayerSettings) {
    static STOP: AtomicBool = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.npz");
    let (mut fresh, data) = moons();
    fresh.dense_layers_mut().take(1).for_each(|dense| dense.activation = hidden);
    let mut whole = fresh.clone();
    let whole_history = fit_with_everything(30, learned).run(&mut whole, &data, Some(&data), None, &Silent).unwrap();
    let losses =
        |records: &[crate::train::Record]| records.iter().map(|r| (r.epoch, r.loss, r.val_loss)).collect::<Vec<_>>();
    let best = whole_history.records.iter().filter_map(|r| r.val_loss).fold(f64::INFINITY, f64::min);
    let measured = crate::train::measure(&whole, &data, Loss::BinaryCrossentropy).unwrap().loss;
    assert!(
        (measured - best).abs() < f64::from(tolerance::FUNCTION_F64),
        "the best epoch's weights come back: {measured} instead of {best}"
    );

    // Stopped twice: early, and after the best weights of some epoch were kept.
    let mut state = None;
    for (epoch, samples) in [(2, 96), (9, 32)] {
        let training = Fit { checkpoint: Some(path.clone()), stop: &STOP, ..fit_with_everything(30, learned) };
        let stop = StopAt { epoch, samples, flag: &STOP };
        let error = training.run(&mut fresh.clone(), &data, Some(&data), state.take(), &stop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        STOP.store(false, Ordering::Relaxed);
        state = Some(Checkpoint::read(&path, &fresh).unwrap());
    }
    let mut resumed = fresh.clone();
    let history = fit_with_everything(30, learned).run(&mut resumed, &data, Some(&data), state, &Silent).unwrap();
    assert_eq!(resumed, whole);
    assert_eq!(losses(&history.records), losses(&whole_history.records));
    assert_eq!(history.ranges, whole_history.ranges);
    assert_eq!(history.ranges[0].is_some(), learned.output_range.is_some());
    let found = whole.dense_layers().next().expect("a layer").activation;
    assert_eq!(found != hidden, hidden != Activation::Tanh, "a learned slope or end becomes the activation's");
}

#[test]
fn early_stopping_ends_a_training_that_gets_no_better() {
    let (fresh, data) = moons();
    let (train, validation) = (data.head(40), data.clone());
    let stopping = Some(EarlyStopping { monitor: Monitor::ValLoss, patience: 5, min_delta: 0.5 });
    let mut net = fresh.clone();
    let history = Fit { stopping, ..fit(200) }.run(&mut net, &train, Some(&validation), None, &Silent).unwrap();
    assert!(history.records.len() < 60, "{}", history.records.len());
}

/// Images and a network for them.
fn digits() -> (Sequential, Dataset) {
    let recipe = Recipe::load("mnist").unwrap().with(&["layers=12".into()]).unwrap();
    let data = load("mnist", &Options::default()).unwrap().train.head(200);
    (recipe.network(&data).unwrap(), data)
}

#[test]
fn augmented_training_depends_on_the_seed_alone_and_can_be_interrupted() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.npz");
    let (fresh, data) = digits();
    let fit = |seed: u64, augmented: bool| Fit {
        augmentation: augmented.then_some(Augmentation {
            shift: 2.0,
            rotation: 15.0,
            elastic: 20.0,
            sigma: 4.0,
            flip: false,
            ..Default::default()
        }),
        seed,
        threads: 2,
        ..Fit::new(4, 16, Loss::CategoricalCrossentropy { label_smoothing: 0.0 }, Optimizer::default())
    };
    let trained = |seed: u64, augmented: bool| {
        let mut net = fresh.clone();
        fit(seed, augmented).run(&mut net, &data, None, None, &Silent).unwrap();
        net
    };
    let whole = trained(1, true);
    assert_eq!(whole, trained(1, true));
    assert_ne!(whole, trained(2, true));
    assert_ne!(whole, trained(1, false));
    for threads in [0, 1, 100_000] {
        let mut net = fresh.clone();
        Fit { threads, ..fit(1, true) }.run(&mut net, &data, None, None, &Silent).unwrap();
        assert_eq!(net, whole, "{threads} threads");
    }

    let training = Fit { checkpoint: Some(path.clone()), stop: &STOP, ..fit(1, true) };
    let stop = StopAt { epoch: 3, samples: 48, flag: &STOP };
    training.run(&mut fresh.clone(), &data, None, None, &stop).unwrap_err();
    let state = Checkpoint::read(&path, &fresh).unwrap();
    let mut resumed = fresh.clone();
    fit(1, true).run(&mut resumed, &data, None, Some(state), &Silent).unwrap();
    assert_eq!(resumed, whole);
}

/// Where the layers are worth several threads, the training's own threads make the images, each a share before every step.
#[test]
fn augmented_training_on_several_training_threads_gives_the_same_bits() {
    let recipe = Recipe::load("mnist").unwrap().with(&["layers=200-100".into()]).unwrap();
    let data = load("mnist", &Options::default()).unwrap().train.head(300);
    let fresh = recipe.network(&data).unwrap();
    let batch = 64;
    assert_eq!(Engine::useful_threads(&fresh, batch, 3), 3);
    let trained = |threads: usize| {
        let mut net = fresh.clone();
        Fit {
            augmentation: Some(Augmentation { shift: 2.0, rotation: 15.0, ..Default::default() }),
            seed: 1,
            threads,
            ..Fit::new(3, batch, Loss::CategoricalCrossentropy { label_smoothing: 0.0 }, Optimizer::default())
        }
        .run(&mut net, &data, None, None, &Silent)
        .unwrap();
        net
    };
    let one = trained(1);
    assert_ne!(one, fresh);
    assert_eq!(one, trained(3));
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
fn a_loss_beyond_all_bounds_has_diverged_even_if_it_is_finite() {
    let (fresh, mut data) = moons();
    data.targets = Targets::Values(array![[1.0f32]].broadcast((data.samples(), 1)).unwrap().to_owned());
    let mut net = fresh.clone();
    // Weights of some hundred million: their squares are finite, and the next step would not be.
    let sgd = Optimizer::Sgd { learning_rate: 1e8, momentum: 0.0, nesterov: false };
    for dense in net.dense_layers_mut() {
        dense.activation = Activation::Linear;
    }
    let before = net.clone();
    let whole = Fit { batch_size: data.samples(), loss: Loss::MeanSquaredError, optimizer: sgd, ..fit(3) };
    let error = whole.run(&mut net, &data, None, None, &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged);
    assert!(error.to_string().contains("beyond all bounds in epoch 2"), "{error}");
    // What the first epoch gave: finite, and no longer the beginning.
    assert!(net != before && net.dense_layers().all(|dense| dense.kernel.iter().all(|w| w.is_finite())));
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

#[test]
fn settings_that_a_layer_cannot_have_are_refused() {
    let (fresh, data) = moons();
    let refusal = |fit: Fit<'_>| fit.run(&mut fresh.clone(), &data, None, None, &Silent).unwrap_err().to_string();
    let with = |layers: Vec<LayerSettings>| Fit { layers, ..fit(1) };
    let plain = LayerSettings::default();
    let dropped = LayerSettings { dropout: 0.5, ..plain };
    assert!(refusal(with(vec![plain, dropped])).contains("the last layer cannot have dropout"));
    assert!(
        refusal(with(vec![LayerSettings { dropout: 1.0, ..plain }])).contains("dropout 1 is not from 0 to below 1")
    );
    let sloped = LayerSettings { learned_slope: true, ..plain };
    assert!(refusal(with(vec![sloped])).contains("only a leaky ReLU's slope can be learned"));
    let rounded = LayerSettings { output_range: Some(6.0), ..plain };
    assert!(refusal(with(vec![plain, rounded])).contains("the last layer cannot have rounded outputs"));
    assert!(
        refusal(Fit { augmentation: Some(Augmentation::default()), ..fit(1) }).contains("augmentation needs images")
    );
    assert!(refusal(Fit { class_weights: Some(vec![1.0]), ..fit(1) }).contains("1 class weights for 2 classes"));
    assert!(refusal(Fit { sample_weights: Some(vec![1.0; 3]), ..fit(1) }).contains("3 sample weights for 250 samples"));
    assert!(refusal(Fit { sample_weights: Some(vec![-1.0; 250]), ..fit(1) }).contains("negative or not finite"));
}

#[test]
fn one_class_and_a_class_that_is_missing_can_be_learned() {
    let (fresh, data) = moons();
    let only = Dataset { targets: Targets::Classes(vec![1; 250]), ..data };
    let mut net = fresh.clone();
    let history = fit(20).run(&mut net, &only, None, None, &Silent).unwrap();
    assert_eq!(history.records[19].accuracy, Some(1.0));

    let (fresh, digits) = digits();
    let Targets::Classes(classes) = &digits.targets else { panic!("classes") };
    let without_three: Vec<usize> = (0..digits.samples()).filter(|&k| classes[k] != 3).collect();
    let train = digits.select(&without_three);
    let fit = Fit::new(5, 16, Loss::CategoricalCrossentropy { label_smoothing: 0.0 }, Optimizer::default());
    let balanced = Recipe::load("mnist").unwrap().with(&["balance_classes=true".into()]).unwrap().fit(&train).unwrap();
    let weights = balanced.class_weights.clone().unwrap();
    assert!(weights.iter().all(|weight| weight.is_finite()));
    let history =
        Fit { class_weights: Some(weights), ..fit }.run(&mut fresh.clone(), &train, None, None, &Silent).unwrap();
    assert!(history.records[4].loss < history.records[0].loss);
}

#[test]
fn features_that_never_change_are_no_obstacle() {
    let (_, data) = moons();
    let constant = Dataset { features: Features::Real(ndarray::Array2::from_elem((250, 2), 7.5)), ..data };
    for scaling in ["data.standardize=true", "data.min_max=true"] {
        let recipe = Recipe::load("xor").unwrap().with(&[scaling.into()]).unwrap();
        let mut net = recipe.network(&constant).unwrap();
        let history = fit(3).run(&mut net, &constant, None, None, &Silent).unwrap();
        assert!(history.records.iter().all(|record| record.loss.is_finite()));
        assert!(net.forward(constant.features.real().view()).iter().all(|y| y.is_finite()));
    }
}

#[test]
fn a_pooling_learns_from_the_means_that_the_chip_sees() {
    let images = load("mnist", &Options::default()).unwrap().train.head(300);
    let recipe = Recipe::load("mnist").unwrap();
    let changes = ["layers=12-8", "epochs=2", "pool.size=3", "pool.crop=24"].map(String::from);
    let recipe = recipe.with(&changes).unwrap();
    let pooled = recipe.network(&images).unwrap();
    let pool = pooled.input.pool.unwrap();
    assert_eq!((pool.offset, pool.outputs, pooled.inputs(), pooled.input.width()), ([2, 2], [8, 8], 784, 64));
    let Features::Pixels(pixels) = &images.features else { panic!("MNIST has pixels") };
    let means = Dataset {
        features: Features::Pixels(pool.mean_pixels(pixels.view())),
        image_shape: Some([8, 8]),
        ..images.clone()
    };
    let mut plain = pooled.clone();
    plain.input = crate::nn::Input::new(vec![8, 8], crate::nn::Encoding::Pixel);
    let trained = |mut net: Sequential, data: &Dataset| {
        let history = recipe.fit(data).unwrap().run(&mut net, data, None, None, &Silent).unwrap();
        (net.layers, history.records.iter().map(|record| record.loss).collect::<Vec<_>>())
    };
    assert_eq!(trained(pooled.clone(), &images), trained(plain, &means));
    // Augmented, they are the means of changed images.
    let shifted = recipe.with(&["augment.shift=2".into()]).unwrap();
    let mut net = pooled.clone();
    shifted.fit(&images).unwrap().run(&mut net, &images, None, None, &Silent).unwrap();
    assert_ne!(net.layers, trained(pooled, &images).0);

    let refusal = |changes: &[&str], data: &Dataset| {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_string()).collect();
        recipe.with(&changes).unwrap().network(data).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(&["pool.crop=25"], &images),
        "mnist: pool: 25 pixels are no whole number of windows of 3; crop to a multiple of it"
    );
    assert!(refusal(&["pool.size=0"], &images).contains("at least 1"));
    assert!(refusal(&["data.standardize=true"], &images).ends_with("or [pool]"));
    assert!(refusal(&[], &moons().1).ends_with("holds no images to pool; remove [pool]"));
}
