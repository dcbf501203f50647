//! The training loop.

use super::checkpoint::{Checkpoint, Keeper};
use super::checks::{check_data, targets};
use super::engine::{End, Engine, Inputs, Job, Outputs, Plan};
use super::history::{History, Record};
use super::images::{Originals, Work};
use super::layer::{Clip, LayerSettings};
use super::metric::Measure;
use super::progress::Progress;
use super::stopping::{EarlyStopping, ReduceOnPlateau};
use super::{Optimizer, Schedule};
use crate::dataset::{Augmentation, Dataset, Features};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Loss, Sequential};
use ndarray::Array2;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// A loss that many times the one before the training has diverged, even if it is still finite.
const HOPELESS: f64 = 1e6;

/// The loss before the training is that of so many samples.
const BEFORE: usize = 256;

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
    /// Lowers the rate, beside the schedule, when the training gets no better.
    pub plateau: Option<ReduceOnPlateau>,
    /// Ends early, with the best weights.
    pub stopping: Option<EarlyStopping>,
    /// How large gradients are cut.
    pub clip: Clip,
    /// The settings of the dense layers in their order; the defaults where there are none.
    pub layers: Vec<LayerSettings>,
    /// The share of the inputs that is set to 0 in each step.
    pub input_dropout: f32,
    /// How much each class counts, for targets that are classes (Keras' `class_weight`).
    pub class_weights: Option<Vec<f32>>,
    /// How much each training sample counts (Keras' `sample_weight`): a batch's loss is the sum of weighted losses, divided by
    /// the number of samples.
    pub sample_weights: Option<Vec<f32>>,
    /// Changes the images anew in every epoch; the training's threads make them between their steps.
    pub augmentation: Option<Augmentation>,
    /// Decides the order of the samples, what is dropped, and the changes of images.
    pub seed: u64,
    /// At most so many threads, and 256; the result does not depend on it.
    pub threads: usize,
    /// Where to keep the state of the training while it runs. It is left there: see [`Checkpoint::remove`].
    pub checkpoint: Option<PathBuf>,
    /// Raised by someone else to end after the current step.
    pub stop: &'a AtomicBool,
}

/// So many threads are the most.
const MOST_THREADS: usize = 256;

impl Fit<'_> {
    /// A plain training on one thread with seed 1, that nobody stops: the fields say what else there is.
    pub fn new(epochs: usize, batch_size: usize, loss: Loss, optimizer: Optimizer) -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self {
            epochs,
            batch_size,
            loss,
            optimizer,
            schedule: Schedule::Constant,
            plateau: None,
            stopping: None,
            clip: Clip::default(),
            layers: Vec::new(),
            input_dropout: 0.0,
            class_weights: None,
            sample_weights: None,
            augmentation: None,
            seed: 1,
            threads: 1,
            checkpoint: None,
            stop: &NEVER,
        }
    }

    /// Trains `net` on `train`, looking at `validation` after every epoch, and gives the history. The same seed gives the same
    /// bits on the same machine, whatever the number of threads.
    ///
    /// `resume` goes on from a checkpoint of the same training, to the same bits as if it had never stopped.
    /// # Errors
    /// - [`ErrorKind::Recipe`] where loss, layers and settings do not go together,
    /// - [`ErrorKind::Data`] where the data do not fit the network or are not finite,
    /// - [`ErrorKind::Diverged`] where the loss is not finite, or an epoch's is a million times that of the network at
    ///   first: `net` and the checkpoint are those of the last good epoch,
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
        let mut state = match resume {
            Some(checkpoint) => {
                checkpoint.check(net, self.seed)?;
                checkpoint
            }
            None => Checkpoint::start(net, self.seed),
        };
        self.advance(net, train, validation, &mut state, progress)?;
        Ok(state.end(net))
    }

    /// Goes on with a training whose state the caller keeps, until [`Fit::epochs`] epochs are done: as [`Fit::run`], and
    /// between two calls the caller may look at the network or change the settings. `net` is that of the last epoch, not of
    /// the best.
    /// # Errors
    /// As [`Fit::run`]; `net` and `state` are those of the last good epoch or the last step.
    #[expect(clippy::too_many_lines, reason = "the training from its first to its last line")]
    pub fn advance(
        &self,
        net: &mut Sequential,
        train: &Dataset,
        validation: Option<&Dataset>,
        state: &mut Checkpoint,
        progress: &dyn Progress,
    ) -> Result<()> {
        self.check(net, train)?;
        let outputs = targets(net, train)?;
        if let Some(validation) = validation {
            check_data(net, validation)?;
        }
        let (normalized, pooled);
        let raw = net.input.normalization.is_none() && net.input.unit_norm.is_none();
        let inputs = match &train.features {
            Features::Pixels(pixels) if raw => {
                // The means are rounded, as the chip's are: the network learns from what it will see.
                match net.input.pool {
                    Some(pool) => {
                        pooled = pool.mean_pixels(pixels.view());
                        Inputs::Pixels(pooled.view())
                    }
                    None => Inputs::Pixels(pixels.view()),
                }
            }
            features => {
                normalized = normalize(net, features);
                Inputs::Real(normalized.view())
            }
        };
        let weights = self.weights(train)?;
        let batch = self.batch_size.min(inputs.samples());
        let per_epoch = inputs.samples().div_ceil(batch);
        let (batches, steps) = (per_epoch as u64, (per_epoch * self.epochs) as u64);

        let few = train.head(BEFORE);
        let hopeless = HOPELESS * Measure::of(net, &few, targets(net, &few)?, self.loss).loss.max(1e-3);
        // More than there are processors only wait for each other.
        let all = self.threads.clamp(1, MOST_THREADS);
        let threads = Engine::useful_threads(net, batch, all);
        let plan = Plan {
            loss: self.loss,
            optimizer: self.optimizer,
            clip: self.clip,
            input_dropout: self.input_dropout,
            layers: self.settings(net),
            seed: self.seed,
        };
        let mut engine = Engine::new(net, plan, batch, threads);
        if state.extras.is_empty() {
            state.extras = engine.extras();
        }
        state.restore(&mut engine);
        let mut keeper = Keeper::new(self.checkpoint.clone());
        let originals = self.originals(train);
        let mut images: Option<Array2<u8>> = None;
        for epoch in state.epoch..self.epochs {
            if self.stopping.is_some_and(|stopping| stopping.ends(&state.history.records)) {
                break;
            }
            let began = Instant::now();
            let changed = originals.map(|originals| {
                let images = images.take().unwrap_or_else(|| originals.images(epoch, all));
                net.input.pool.map(|pool| pool.mean_pixels(images.view())).unwrap_or(images)
            });
            let inputs = match &changed {
                Some(pixels) => Inputs::Pixels(pixels.view()),
                None => inputs.view(),
            };
            let lowered = self.plateau.map_or(1.0, |plateau| plateau.factor(&state.history.records));
            let base = self.optimizer.learning_rate() * lowered;
            let rate = |step: u64| base * self.schedule.factor(step, steps, batches);
            let order = order(inputs.samples(), self.seed, epoch as u64);
            let done = (state.batch * batch).min(order.len());
            let step = |samples: usize, loss: f32| progress.step(epoch + 1, done + samples, loss);
            let (order, weights) = (&order[done..], weights.as_deref());
            let outputs = outputs.view();
            let steps = order.len().div_ceil(batch);
            let mut next = originals.filter(|_| epoch + 1 < self.epochs).map(|o| Array2::zeros(o.pixels.dim()));
            let work = originals
                .zip(next.as_mut())
                .map(|(originals, next)| Work::new(originals, epoch + 1, batch.div_ceil(threads), all, next));
            let beside = |thread: usize, step: usize| {
                if let Some(work) = &work {
                    work.keep_pace(thread, step + 1, steps);
                }
            };
            let (rate, stop) = (&rate, self.stop);
            let job = Job { inputs, outputs, weights, order, rate, stop, progress: &step, beside: &beside };
            let tally = match &work {
                None => engine.run(&job),
                Some(work) => work.during(threads..all, || {
                    let tally = engine.run(&job);
                    (tally.end == End::Done, tally)
                }),
            };
            drop(work);
            images = next;
            match tally.end {
                End::Done if (state.loss + tally.loss) / inputs.samples() as f64 <= hopeless => {}
                End::Done => {
                    state.store(net);
                    keeper.write(state)?;
                    return Err(self.diverged(format!("beyond all bounds in epoch {}", epoch + 1)));
                }
                End::Diverged(batch) => {
                    state.store(net);
                    keeper.write(state)?;
                    let step = state.batch + batch + 1;
                    return Err(
                        self.diverged(format!("no longer finite in epoch {}, step {step} of {per_epoch}", epoch + 1))
                    );
                }
                End::Stopped(batches) => {
                    state.add(&tally);
                    state.batch += batches;
                    state.save(&mut engine);
                    state.store(net);
                    keeper.write(state)?;
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
            if self.stopping.is_some_and(|stopping| stopping.improved(&state.history.records)) {
                state.keep_best();
            }
            state.next_epoch();
            if keeper.due() {
                keeper.write(state)?;
            }
        }
        state.store(net);
        Ok(())
    }

    /// The layers' settings, one per dense layer.
    pub(super) fn settings(&self, net: &Sequential) -> Vec<LayerSettings> {
        net.dense_layers().enumerate().map(|(k, _)| self.layers.get(k).copied().unwrap_or_default()).collect()
    }

    /// The images to change in every epoch, where that is wanted.
    fn originals<'a>(&self, train: &'a Dataset) -> Option<Originals<'a>> {
        match (&train.features, self.augmentation, train.image_shape) {
            (Features::Pixels(pixels), Some(settings), Some(shape)) => {
                Some(Originals { pixels: pixels.view(), shape, settings, seed: self.seed })
            }
            _ => None,
        }
    }

    fn diverged(&self, what: String) -> Error {
        let kept = if self.checkpoint.is_some() { "the checkpoint is that of the last good epoch" } else { "stopped" };
        let rate = self.optimizer.learning_rate();
        let message = format!("the loss is {what}; {kept}: try a smaller learning rate than {rate}");
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
    net.input.prepare(features.real().view()).as_standard_layout().into_owned()
}
