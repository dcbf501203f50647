//! The state of a training between two steps: kept on disk while it runs, so that nothing is lost and it can go on.

use super::engine::{Engine, Part, Tally};
use super::history::{History, Ranges, Record};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Activation, Elementwise, Sequential};
use crate::output::write_file;
use ndarray::{Array1, Array2, arr1};
use ndarray_npy::{NpzReader, NpzWriter};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A network as it is evaluated after training.
#[derive(Clone, Debug, PartialEq)]
struct Finished {
    net: Sequential,
    ranges: Ranges,
}

/// Everything that a training needs to go on to the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The epoch it is in, counted from 0.
    pub epoch: usize,
    /// How many batches of it are done.
    pub batch: usize,
    /// The updates made so far.
    pub steps: u64,
    /// The seed of the training.
    pub seed: u64,
    /// The summed loss of this epoch's samples.
    pub(super) loss: f64,
    /// The right answers among them.
    pub(super) correct: usize,
    /// The epochs so far.
    pub history: History,
    weights: Sequential,
    first: Sequential,
    second: Sequential,
    /// What the layers keep beside these.
    pub(super) extras: Vec<Vec<f32>>,
    /// The network as it would be evaluated now.
    finished: Finished,
    /// That of the best epoch, where a training is to end with it.
    best: Option<Finished>,
}

impl Checkpoint {
    /// The state before the first step.
    pub fn start(net: &Sequential, seed: u64) -> Self {
        let mut zeros = net.clone();
        for dense in zeros.dense_layers_mut() {
            dense.kernel.fill(0.0);
            dense.bias.fill(0.0);
        }
        Self {
            epoch: 0,
            batch: 0,
            steps: 0,
            seed,
            loss: 0.0,
            correct: 0,
            history: History::default(),
            weights: net.clone(),
            first: zeros.clone(),
            second: zeros,
            extras: Vec::new(),
            finished: Finished { net: net.clone(), ranges: Ranges::new() },
            best: None,
        }
    }

    /// Takes the parameters of a network of the same layers, changed by someone else; the optimizer's moments stay.
    pub fn take(&mut self, net: &Sequential) {
        self.weights.layers.clone_from(&net.layers);
        self.finished.net.layers.clone_from(&net.layers);
    }

    /// Takes the parameters and moments from the engine.
    pub(super) fn save(&mut self, engine: &mut Engine) {
        engine.store(Part::Weights, &mut self.weights);
        engine.store(Part::First, &mut self.first);
        engine.store(Part::Second, &mut self.second);
        self.extras = engine.extras();
        self.finish(engine);
        self.steps = engine.steps;
    }

    /// Gives the parameters and moments to the engine.
    pub(super) fn restore(&mut self, engine: &mut Engine) {
        engine.load(Part::Weights, &self.weights);
        engine.load(Part::First, &self.first);
        engine.load(Part::Second, &self.second);
        engine.load_extras(&self.extras);
        self.finish(engine);
        engine.steps = self.steps;
    }

    fn finish(&mut self, engine: &mut Engine) {
        engine.finish(&mut self.finished.net);
        self.finished.ranges = engine.ranges();
    }

    /// Gives the trained layers to the network.
    pub(super) fn store(&self, net: &mut Sequential) {
        net.layers.clone_from(&self.finished.net.layers);
    }

    /// Remembers the network as the best so far.
    pub(super) fn keep_best(&mut self) {
        self.best = Some(self.finished.clone());
    }

    /// Gives the best epoch's layers to the network, where one was kept, and the history.
    pub(super) fn end(mut self, net: &mut Sequential) -> History {
        let last = self.best.unwrap_or(self.finished);
        net.layers = last.net.layers;
        self.history.ranges = last.ranges;
        self.history
    }

    pub(super) fn add(&mut self, tally: &Tally) {
        self.loss += tally.loss;
        self.correct += tally.correct;
    }

    pub(super) fn next_epoch(&mut self) {
        (self.epoch, self.batch, self.loss, self.correct) = (self.epoch + 1, 0, 0.0, 0);
    }

    /// Refuses a checkpoint of another training.
    pub(super) fn check(&self, net: &Sequential, seed: u64) -> Result<()> {
        let sizes = |net: &Sequential| net.dense_layers().map(|dense| dense.kernel.dim()).collect::<Vec<_>>();
        let wrong = |what: String| Err(Error::new(ErrorKind::Recipe, "checkpoint", what));
        if self.seed != seed {
            return wrong(format!("is of seed {}, not {seed}; give the same seed or start anew", self.seed));
        }
        if sizes(&self.weights) != sizes(net) {
            return wrong("has layers of other sizes than the recipe; start anew".into());
        }
        Ok(())
    }

    /// Writes the state as a `.npz`: for each dense layer `k`, arrays `k.weights.kernel`, `k.weights.bias` and so for `first`,
    /// `second` and `best`, what it keeps beside them as `k.extras`, then `position`, `loss` and `history`.
    /// # Errors
    /// [`ErrorKind::Io`] where the file cannot be written; an earlier one is untouched then.
    pub fn write(&self, path: &Path) -> Result<()> {
        let failed = |error: ndarray_npy::WriteNpzError| Error::new(ErrorKind::Io, path.display(), error);
        // Room for all at once: a buffer that grows is there twice for a moment.
        let networks = 3 + usize::from(self.best.is_some());
        let room = 4 * networks * self.weights.parameters() + ENOUGH_FOR_THE_REST;
        let mut npz = NpzWriter::new(Cursor::new(Vec::with_capacity(room)));
        for (part, net) in [("weights", &self.weights), ("first", &self.first), ("second", &self.second)] {
            for (k, dense) in net.dense_layers().enumerate() {
                npz.add_array(format!("{k}.{part}.kernel"), &dense.kernel).map_err(failed)?;
                npz.add_array(format!("{k}.{part}.bias"), &dense.bias).map_err(failed)?;
            }
        }
        for (k, extras) in self.extras.iter().enumerate() {
            npz.add_array(format!("{k}.extras"), &arr1(extras)).map_err(failed)?;
        }
        for (k, dense) in self.best.iter().flat_map(|best| best.net.dense_layers()).enumerate() {
            npz.add_array(format!("{k}.best.kernel"), &dense.kernel).map_err(failed)?;
            npz.add_array(format!("{k}.best.bias"), &dense.bias).map_err(failed)?;
            npz.add_array(format!("{k}.best.learned"), &arr1(&[learned(dense.activation)])).map_err(failed)?;
            let range = self.best.as_ref().and_then(|best| *best.ranges.get(k)?);
            if let Some(range) = range {
                npz.add_array(format!("{k}.best.range"), &arr1(&range)).map_err(failed)?;
            }
        }
        let position = arr1(&[self.epoch as u64, self.batch as u64, self.steps, self.seed, self.correct as u64]);
        npz.add_array("position", &position).map_err(failed)?;
        npz.add_array("loss", &arr1(&[self.loss])).map_err(failed)?;
        let records = self.history.records.iter().flat_map(numbers).collect::<Vec<f64>>();
        let history = Array2::from_shape_vec((self.history.records.len(), NUMBERS), records);
        let history = history.map_err(|error| Error::new(ErrorKind::Io, path.display(), error))?;
        npz.add_array("history", &history).map_err(failed)?;
        write_file(path, npz.finish().map_err(failed)?.get_ref())
    }

    /// Removes the file of a finished training: once what was learned is written elsewhere, so that no failure loses it.
    pub fn remove(path: &Path) {
        // There may be none.
        let _ = std::fs::remove_file(path);
    }

    /// Reads a state for a network of the same layers.
    /// # Errors
    /// [`ErrorKind::Io`] where the file cannot be read, [`ErrorKind::Data`] where it is no checkpoint of such a network.
    pub fn read(path: &Path, net: &Sequential) -> Result<Self> {
        if !path.exists() {
            let message = "no checkpoint to go on from; train without --resume, or name its folder with --out";
            return Err(Error::new(ErrorKind::Io, path.display(), message));
        }
        let bytes = std::fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
        let wrong = |error: ndarray_npy::ReadNpzError| {
            Error::new(
                ErrorKind::Data,
                path.display(),
                format!("is no checkpoint of this training: {error}; train without --resume"),
            )
        };
        let mut npz = NpzReader::new(Cursor::new(bytes)).map_err(wrong)?;
        let mut state = Self::start(net, 0);
        for (part, net) in [("weights", &mut state.weights), ("first", &mut state.first), ("second", &mut state.second)]
        {
            for (k, dense) in net.dense_layers_mut().enumerate() {
                dense.kernel = npz.by_name(&format!("{k}.{part}.kernel")).map_err(wrong)?;
                dense.bias = npz.by_name(&format!("{k}.{part}.bias")).map_err(wrong)?;
            }
        }
        let names = npz.names().map_err(wrong)?;
        let layers = state.weights.dense_layers().count();
        for k in (0..layers).filter(|k| names.contains(&format!("{k}.extras"))) {
            state.extras.push(
                npz.by_name::<ndarray::OwnedRepr<f32>, ndarray::Ix1>(&format!("{k}.extras")).map_err(wrong)?.to_vec(),
            );
        }
        if names.iter().any(|name| name == "0.best.kernel") {
            let (mut net, mut ranges) = (state.weights.clone(), vec![None; layers]);
            for (k, dense) in net.dense_layers_mut().enumerate() {
                dense.kernel = npz.by_name(&format!("{k}.best.kernel")).map_err(wrong)?;
                dense.bias = npz.by_name(&format!("{k}.best.bias")).map_err(wrong)?;
                let learned: Array1<f32> = npz.by_name(&format!("{k}.best.learned")).map_err(wrong)?;
                match (&mut dense.activation, learned.first()) {
                    (Activation::Elementwise(Elementwise::LeakyRelu { slope }), Some(&learned)) => *slope = learned,
                    (relu @ Activation::Relu, Some(&hi)) if hi > 0.0 => {
                        *relu = Activation::Elementwise(Elementwise::Clip { lo: 0.0, hi });
                    }
                    _ => {}
                }
                if names.contains(&format!("{k}.best.range")) {
                    let range: Array1<f32> = npz.by_name(&format!("{k}.best.range")).map_err(wrong)?;
                    ranges[k] = range.as_slice().and_then(|range| range.try_into().ok());
                }
            }
            state.best = Some(Finished { net, ranges });
        }
        let position: Array1<u64> = npz.by_name("position").map_err(wrong)?;
        let loss: Array1<f64> = npz.by_name("loss").map_err(wrong)?;
        let history: Array2<f64> = npz.by_name("history").map_err(wrong)?;
        let (Some(&[epoch, batch, steps, seed, correct]), Some(&[loss]), NUMBERS) =
            (position.as_slice(), loss.as_slice(), history.ncols())
        else {
            return Err(Error::new(ErrorKind::Data, path.display(), "is a checkpoint of another version; start anew"));
        };
        state.history.records = history.rows().into_iter().map(|row| record(&row.to_vec())).collect();
        (state.epoch, state.batch, state.correct) = (epoch as usize, batch as usize, correct as usize);
        (state.steps, state.seed, state.loss) = (steps, seed, loss);
        Ok(state)
    }
}

/// What of an activation may be learned: a leaky ReLU's slope, or where a ReLU is cut; 0 of another activation.
fn learned(activation: Activation) -> f32 {
    match activation {
        Activation::Elementwise(Elementwise::LeakyRelu { slope }) => slope,
        Activation::Elementwise(Elementwise::Clip { hi, .. }) => hi,
        _ => 0.0,
    }
}

/// What a checkpoint takes beside its parameters: names, and the records of a few thousand epochs.
const ENOUGH_FOR_THE_REST: usize = 1 << 18;

/// The numbers of a record; a missing one is NaN.
const NUMBERS: usize = 7;

fn numbers(r: &Record) -> [f64; NUMBERS] {
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let [accuracy, val_loss, val_accuracy] = [r.accuracy, r.val_loss, r.val_accuracy].map(or_nan);
    [r.epoch as f64, r.loss, accuracy, val_loss, val_accuracy, r.learning_rate, r.seconds]
}

fn record(row: &[f64]) -> Record {
    let some = |k: usize| Some(row[k]).filter(|value| !value.is_nan());
    Record {
        epoch: row[0] as usize,
        loss: row[1],
        accuracy: some(2),
        val_loss: some(3),
        val_accuracy: some(4),
        learning_rate: row[5],
        seconds: row[6],
    }
}

/// Writes checkpoints now and then.
#[derive(Debug)]
pub(super) struct Keeper {
    path: Option<PathBuf>,
    last: Option<Instant>,
}

/// How much work may be lost.
const INTERVAL: Duration = Duration::from_secs(2);

impl Keeper {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, last: None }
    }

    /// Whether it is time for the next.
    pub(super) fn due(&self) -> bool {
        self.path.is_some() && self.last.is_none_or(|last| last.elapsed() >= INTERVAL)
    }

    pub(super) fn write(&mut self, state: &Checkpoint) -> Result<()> {
        if let Some(path) = &self.path {
            state.write(path)?;
            self.last = Some(Instant::now());
        }
        Ok(())
    }
}
