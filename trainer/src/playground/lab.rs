//! A problem, a network, and the training that brings them together: everything of a session but the conversation.

use super::answer::Answer;
use super::feature::Feature;
use super::grid::{self, COARSE, FINE};
use super::problem::Problem;
use super::settings::Settings;
use super::view::{Score, View, memory};
use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::nn::Sequential;
use crate::train::{Checkpoint, Fit, Silent};
use ndarray::Array2;
use serde_json::{Value, json};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Training for one frame takes at most about so long, so that sixty of them fit into a second.
const BUDGET: Duration = Duration::from_millis(8);

/// Nobody stops an epoch of points; it is over sooner than that would take.
static NEVER: AtomicBool = AtomicBool::new(false);

/// Everything that is learned with.
#[derive(Debug)]
pub(super) struct Lab {
    settings: Settings,
    own: Dataset,
    problem: Problem,
    /// The problem's parts as the network sees them.
    train: Dataset,
    test: Dataset,
    network: Sequential,
    state: Checkpoint,
    /// The network's inputs over the plane.
    fine: Array2<f32>,
    coarse: Array2<f32>,
    /// How long an epoch took.
    epoch: Duration,
}

impl Lab {
    /// A fresh network for these settings.
    /// # Errors
    /// [`ErrorKind::Recipe`] or [`ErrorKind::Data`] where they make no sense.
    pub(super) fn new(settings: Settings, own: Dataset) -> Result<Self> {
        settings.check()?;
        let problem = Problem::new(&settings.data, &own)?;
        let inputs = &settings.network.inputs;
        let (train, test) = (Problem::seen_by(&problem.train, inputs), Problem::seen_by(&problem.test, inputs));
        let network = settings.recipe(problem.is_regression(), test.samples())?.network(&train)?;
        let state = Checkpoint::start(&network, settings.network.seed);
        let [fine, coarse] = [FINE, COARSE].map(|side| grid::features(side, problem.domain, inputs));
        Ok(Self { settings, own, problem, train, test, network, state, fine, coarse, epoch: Duration::ZERO })
    }

    /// Takes other settings. A network of the same shape stays, with what it has learned, unless the data have become of
    /// another kind. Says whether the data have changed.
    /// # Errors
    /// As [`Lab::new`]; nothing has changed then.
    pub(super) fn change(&mut self, settings: Settings) -> Result<bool> {
        let new_data = settings.data != self.settings.data;
        let same_network = settings.network == self.settings.network;
        if same_network && !new_data {
            settings.check()?;
            self.settings = settings;
            return Ok(false);
        }
        *self = Self::new(settings, self.own.clone())?;
        Ok(new_data)
    }

    /// The settings.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Fresh weights.
    /// # Errors
    /// As [`Lab::new`].
    pub(super) fn reset(&mut self) -> Result<()> {
        *self = Self::new(self.settings.clone(), self.own.clone())?;
        Ok(())
    }

    /// Takes other own points and keeps what the network has learned, where they are of the same kind.
    /// # Errors
    /// As [`Lab::new`].
    pub(super) fn take_points(&mut self, own: Dataset) -> Result<()> {
        let mut next = Self::new(self.settings.clone(), own)?;
        let same_kind = next.problem.is_regression() == self.problem.is_regression();
        let same_plane = next.problem.domain == self.problem.domain;
        if same_kind && same_plane && self.state.epoch > 0 && self.settings.data.source == "own" {
            next.network.layers.clone_from(&self.network.layers);
            next.network.input.normalization.clone_from(&self.network.input.normalization);
            std::mem::swap(&mut next.state, &mut self.state);
        }
        *self = next;
        Ok(())
    }

    /// One's own points.
    pub(super) fn own(&self) -> &Dataset {
        &self.own
    }

    /// The data for the page.
    pub(super) fn data(&self) -> Answer {
        let mut head = self.problem.value();
        head["own"] = self.own.samples().into();
        Answer::new(head)
    }

    /// The test points as the network sees them.
    pub(super) fn test(&self) -> &Dataset {
        &self.test
    }

    /// The recipe of this training so far, for `thumbnet train`.
    /// # Errors
    /// As [`Settings::recipe`].
    pub(super) fn recipe(&self) -> Result<crate::train::Recipe> {
        let mut recipe = self.settings.recipe(self.problem.is_regression(), self.test.samples())?;
        recipe.epochs = self.state.epoch.max(1);
        Ok(recipe)
    }

    /// What the chip would evaluate on the coarse grid, points x inputs.
    pub(super) fn coarse(&self) -> &Array2<f32> {
        &self.coarse
    }

    /// The problem.
    pub(super) fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Trains `epochs` epochs, or fewer where they would take too long for one frame, but at least one.
    /// # Errors
    /// As [`Fit::advance`].
    pub(super) fn learn(&mut self, epochs: usize) -> Result<()> {
        if self.train.samples() == 0 {
            let what = "has no points to learn; click into the plane, or drop a .csv on the page";
            return Err(Error::new(ErrorKind::Data, &self.train.name, what));
        }
        let fits = if self.epoch.is_zero() { 1 } else { BUDGET.as_nanos() / self.epoch.as_nanos().max(1) };
        let epochs = epochs.min(fits as usize).max(1);
        let recipe = self.settings.recipe(self.problem.is_regression(), self.test.samples())?;
        let fit = Fit {
            epochs: self.state.epoch + epochs,
            batch_size: recipe.batch_size,
            loss: recipe.loss(),
            optimizer: recipe.optimizer()?,
            schedule: recipe.schedule()?,
            seed: recipe.seed,
            threads: 1,
            checkpoint: None,
            stop: &NEVER,
        };
        let began = Instant::now();
        let result = fit.advance(&mut self.network, &self.train, None, &mut self.state, &Silent);
        self.epoch = began.elapsed() / epochs as u32;
        self.state.history.records.clear();
        result
    }

    /// Sets a weight, or a bias where `from` is `None`.
    /// # Errors
    /// [`ErrorKind::Usage`] where there is no such weight or it is not finite.
    pub(super) fn set_weight(&mut self, layer: usize, from: Option<usize>, to: usize, value: f32) -> Result<()> {
        let dense = self.network.dense_layers_mut().nth(layer).filter(|dense| to < dense.units() && value.is_finite());
        let weight = dense.and_then(|dense| match from {
            Some(from) => dense.kernel.get_mut((from, to)),
            None => dense.bias.get_mut(to),
        });
        match weight {
            Some(weight) => *weight = value,
            None => {
                return Err(Error::new(ErrorKind::Usage, "weight", "there is none at this place, or no number for it"));
            }
        }
        self.state.take(&self.network);
        Ok(())
    }

    /// The network with the weights that the page shows.
    /// # Errors
    /// As [`View::new`].
    pub(super) fn view(&self) -> Result<View> {
        let calibration = if self.train.samples() > 0 { self.train.features.real() } else { self.coarse.clone() };
        View::new(&self.network, self.settings.weights, calibration.view())
    }

    /// The next picture: numbers and weights in the head; in the payload the output's picture, then those of all features,
    /// then the hidden neurons' layer by layer.
    /// # Errors
    /// As [`View::outputs`].
    pub(super) fn frame(&self, playing: bool) -> Result<Answer> {
        let view = self.view()?;
        let (train, test) = (view.score(&self.train)?, view.score(&self.test)?);
        let range = self.problem.range;
        let outputs = view.outputs(self.fine.clone())?;
        let centered =
            if self.problem.is_regression() { outputs } else { outputs.iter().map(|p| 2.0 * p - 1.0).collect() };
        let mut payload: Vec<u8> = grid::picture(centered.into_iter(), range).collect();
        let all = grid::features(COARSE, self.problem.domain, &Feature::ALL);
        for column in all.columns() {
            payload.extend(grid::scaled_picture(&column.to_vec()));
        }
        for layer in view.neurons(self.coarse.view())? {
            for neuron in layer.rows() {
                payload.extend(grid::scaled_picture(&neuron.to_vec()));
            }
        }
        let (flash, ram) = memory(&view.tnet()?).unwrap_or_default();
        let head = json!({
            "kind": "frame", "epoch": self.state.epoch, "playing": playing, "train": score(train), "test": score(test),
            "layers": self.network.dense_layers().map(|dense| json!({
                "weights": dense.kernel.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
                "bias": dense.bias.to_vec(),
            })).collect::<Vec<_>>(),
            "parameters": self.network.parameters(), "macs": self.network.macs(), "flash": flash, "ram": ram,
            "weights": self.settings.weights, "fine": FINE, "coarse": COARSE,
        });
        Ok(Answer { head, payload })
    }
}

fn score(score: Score) -> Value {
    json!({"loss": score.loss, "accuracy": score.accuracy})
}
