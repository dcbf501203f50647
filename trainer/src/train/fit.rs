//! The training loop.

use super::checkpoint::{Checkpoint, Keeper};
use super::engine::{End, Engine, Inputs, Job, Outputs};
use super::history::{History, Record};
use super::metric::Measure;
use super::progress::Progress;
use super::{Optimizer, Schedule};
use crate::dataset::{Dataset, Features, Targets};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Activation, Loss, Sequential};
use ndarray::{Array2, ArrayView2};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// How to train.
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    /// How often all samples are seen.
    pub epochs: usize,
    /// The samples of one update.
    pub batch_size: usize,
    /// What is made small.
    pub loss: Loss,
    /// How the parameters follow their gradients.
    pub optimizer: Optimizer,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Decides the order of the samples.
    pub seed: u64,
    /// At most so many threads; the result does not depend on it.
    pub threads: usize,
    /// Where to keep the state of the training while it runs. It is left there: see [`Checkpoint::remove`].
    pub checkpoint: Option<PathBuf>,
    /// Raised by someone else to end after the current step.
    pub stop: &'a AtomicBool,
}

impl Fit<'_> {
    /// Trains `net` on `train`, looking at `validation` after every epoch, and gives the history. The same seed gives the same
    /// bits on the same machine, whatever the number of threads.
    ///
    /// `resume` goes on from a checkpoint of the same training, to the same bits as if it had never stopped.
    /// # Errors
    /// - [`ErrorKind::Recipe`] where loss, layers and settings do not go together,
    /// - [`ErrorKind::Data`] where the data do not fit the network or are not finite,
    /// - [`ErrorKind::Diverged`] where the loss is not finite: `net` and the checkpoint are those of the last good epoch,
    /// - [`ErrorKind::Interrupted`] where `stop` was raised: `net` and the checkpoint are those of the last step,
    /// - [`ErrorKind::Io`] where a checkpoint cannot be written.
    pub fn run(
        &self,
        net: &mut Sequential,
        train: &Dataset,
        validation: Option<&Dataset>,
        resume: Option<Checkpoint>,
        progress: &dyn Progress,
    ) -> Result<History> {
        self.check(net, train)?;
        let outputs = targets(net, train)?;
        if let Some(validation) = validation {
            check_data(net, validation)?;
        }
        let normalized;
        let inputs = match &train.features {
            Features::Pixels(pixels) if net.input.normalization.is_none() && net.input.unit_norm.is_none() => {
                Inputs::Pixels(pixels.view())
            }
            features => {
                normalized = normalize(net, features);
                Inputs::Real(normalized.view())
            }
        };
        let batch = self.batch_size.min(inputs.samples());
        let per_epoch = inputs.samples().div_ceil(batch);
        let (batches, steps) = (per_epoch as u64, (per_epoch * self.epochs) as u64);
        let rate = |step: u64| self.optimizer.learning_rate() * self.schedule.factor(step, steps, batches);

        let threads = Engine::useful_threads(net, batch, self.threads);
        let mut engine = Engine::new(net, self.loss, self.optimizer, batch, threads);
        let mut state = match resume {
            Some(checkpoint) => {
                checkpoint.check(net, self.seed)?;
                checkpoint.restore(&mut engine);
                checkpoint
            }
            None => Checkpoint::start(net, self.seed),
        };
        let mut keeper = Keeper::new(self.checkpoint.clone());
        for epoch in state.epoch..self.epochs {
            let began = Instant::now();
            let order = order(inputs.samples(), self.seed, epoch as u64);
            let done = (state.batch * batch).min(order.len());
            let step = |samples: usize, loss: f32| progress.step(epoch + 1, done + samples, loss);
            let job = Job { inputs, outputs, order: &order[done..], rate: &rate, stop: self.stop, progress: &step };
            let tally = engine.run(&job);
            match tally.end {
                End::Done => {}
                End::Diverged(batch) => {
                    state.store(net);
                    keeper.write(&state)?;
                    return Err(self.diverged(epoch, state.batch + batch, per_epoch));
                }
                End::Stopped(batches) => {
                    state.add(&tally);
                    state.batch += batches;
                    state.save(&mut engine);
                    state.store(net);
                    keeper.write(&state)?;
                    return Err(self.interrupted(epoch, state.batch, per_epoch));
                }
            }
            state.add(&tally);
            let seconds = began.elapsed().as_secs_f64();
            state.save(&mut engine);
            let measure = match validation {
                Some(data) => {
                    state.store(net);
                    Some(Measure::of(net, data, targets(net, data)?, self.loss))
                }
                None => None,
            };
            let record = Record {
                epoch: epoch + 1,
                loss: state.loss / inputs.samples() as f64,
                accuracy: matches!(outputs, Outputs::Classes(_))
                    .then_some(state.correct as f64 / inputs.samples() as f64),
                val_loss: measure.map(|measure| measure.loss),
                val_accuracy: measure.and_then(|measure| measure.accuracy),
                learning_rate: f64::from(rate(engine.steps - 1)),
                seconds,
            };
            progress.epoch(&record);
            state.history.records.push(record);
            state.next_epoch();
            if keeper.due() {
                keeper.write(&state)?;
            }
        }
        state.store(net);
        Ok(state.history)
    }

    /// Refuses what cannot be trained.
    fn check(&self, net: &Sequential, train: &Dataset) -> Result<()> {
        let recipe = |message: String| Err(Error::new(ErrorKind::Recipe, &net.name, message));
        if self.epochs == 0 || self.batch_size == 0 {
            return recipe("epochs and batch_size must be at least 1".into());
        }
        let Some(last) = net.dense_layers().last() else {
            return recipe("the network has no layers; give it at least one".into());
        };
        if !self.loss.accepts(last.activation) {
            let needed = if self.loss == Loss::BinaryCrossentropy { "sigmoid" } else { "softmax" };
            return recipe(format!(
                "the loss {:?} needs a last layer with the activation {needed}, not {:?}",
                self.loss, last.activation
            ));
        }
        let before = net.dense_layers().take(net.layers.len() - 1);
        for dense in before {
            if matches!(dense.activation, Activation::Softmax | Activation::LogSoftmax) {
                return recipe(format!("layer {:?}: a softmax can be trained in the last layer only", dense.name));
            }
        }
        check_data(net, train)
    }

    fn diverged(&self, epoch: usize, batch: usize, per_epoch: usize) -> Error {
        let kept = if self.checkpoint.is_some() { "the checkpoint is that of the last good epoch" } else { "stopped" };
        let rate = self.optimizer.learning_rate();
        let message = format!(
            "the loss is no longer finite in epoch {}, step {} of {per_epoch}; {kept}: try a smaller learning rate than {rate}",
            epoch + 1,
            batch + 1,
        );
        Error::new(ErrorKind::Diverged, "training", message)
    }

    fn interrupted(&self, epoch: usize, batch: usize, per_epoch: usize) -> Error {
        let place = format!("in epoch {}, after step {batch} of {per_epoch}", epoch + 1);
        let message = match &self.checkpoint {
            Some(path) => format!("interrupted {place}; go on with `--resume`: the state is in {}", path.display()),
            None => format!("interrupted {place}"),
        };
        Error::new(ErrorKind::Interrupted, "training", message)
    }
}

/// The order of the samples in an epoch, from the seed and the epoch alone, so that it can be resumed anywhere.
fn order(samples: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples).collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch + 1);
    order.shuffle(&mut random);
    order
}

/// The features as the first layer sees them.
fn normalize(net: &Sequential, features: &Features) -> Array2<f32> {
    net.input.normalize(features.real().view()).as_standard_layout().into_owned()
}

/// The targets in the form of the network's outputs.
pub(super) fn targets<'a>(net: &Sequential, data: &'a Dataset) -> Result<Outputs<'a>> {
    let wrong = |message: String| Err(Error::new(ErrorKind::Data, &data.name, message));
    match &data.targets {
        Targets::Classes(classes) => {
            let limit = net.outputs().max(2);
            if let Some(sample) = classes.iter().position(|&class| class as usize >= limit) {
                let class = classes[sample];
                return wrong(format!(
                    "sample {sample} is of class {class}, but the network has outputs for classes 0 to {}",
                    limit - 1
                ));
            }
            Ok(Outputs::Classes(classes))
        }
        Targets::Values(values) if values.ncols() != net.outputs() => {
            wrong(format!("{} targets per sample, but the network has {} outputs", values.ncols(), net.outputs()))
        }
        Targets::Values(values) => {
            finite(values.view(), &data.name, "target")?;
            Ok(Outputs::Values(values.view()))
        }
        Targets::None => wrong("has no targets to learn; take a data set with labels".into()),
    }
}

/// Refuses data that do not fit the network or are not numbers.
pub(super) fn check_data(net: &Sequential, data: &Dataset) -> Result<()> {
    let wrong = |message: String| Err(Error::new(ErrorKind::Data, &data.name, message));
    if data.samples() == 0 {
        return wrong("no samples to learn from".into());
    }
    if data.features.width() != net.inputs() {
        return wrong(format!("{} features, but the network takes {}", data.features.width(), net.inputs()));
    }
    if let Features::Real(values) = &data.features {
        finite(values.view(), &data.name, "feature")?;
    }
    targets(net, data).map(drop)
}

fn finite(values: ArrayView2<f32>, name: &str, what: &str) -> Result<()> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((sample, column), value)) => Err(Error::new(
            ErrorKind::Data,
            name,
            format!("sample {sample}, {what} {column} is {value}; remove the sample or fill the gap"),
        )),
    }
}
