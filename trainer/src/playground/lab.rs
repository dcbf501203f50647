//! A problem, a network, and the training that brings them together: everything of a session but the conversation.

use super::answer::Answer;
use super::feature::Feature;
use super::grid::{self, COARSE, FINE};
use super::problem::Problem;
use super::settings::Settings;
use super::view::{View, memory};
use crate::dataset::Dataset;
use crate::error::{Error, ErrorKind, Result};
use crate::nn::Sequential;
use crate::train::{Checkpoint, Fit, Silent};
use ndarray::Array2;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Training for one frame takes at most about so long, so that sixty of them fit into a second.
const BUDGET: Duration = Duration::from_millis(8);

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
        let fit = Fit { epochs: self.state.epoch + epochs, ..recipe.fit(&self.train)? };
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
            "kind": "frame", "epoch": self.state.epoch, "playing": playing,
            "train": score(&view, &self.train)?, "test": score(&view, &self.test)?,
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

/// How good a part is answered; nothing is known of a part without points.
fn score(view: &View, part: &Dataset) -> Result<Value> {
    let known = if part.samples() > 0 { Some(view.score(part)?) } else { None };
    Ok(json!({"loss": known.map(|score| score.loss), "accuracy": known.and_then(|score| score.accuracy)}))
}

#[cfg(test)]
mod tests {
    use super::super::problem::{no_points, with_point};
    use super::super::settings::Settings;
    use super::Lab;
    use serde_json::{Value, json};

    fn settings(change: impl FnOnce(&mut Value)) -> Settings {
        let mut value = json!({
            "data": {"source": "circle", "noise": 0.1, "test_share": 0.5, "seed": 1},
            "network": {"inputs": ["x1", "x2"], "layers": [4], "activation": "relu", "seed": 1},
            "training": {
                "optimizer": "adam", "learning_rate": 0.01, "batch_size": 10, "regularization": "none", "amount": 0.0,
                "speed": 1,
            },
            "weights": "f32",
        });
        change(&mut value);
        serde_json::from_value(value).unwrap()
    }

    fn lab() -> Lab {
        Lab::new(settings(|_| {}), no_points()).unwrap()
    }

    #[test]
    fn it_learns_in_turns_as_in_one_go() {
        let mut lab = lab();
        let before = lab.frame(false).unwrap().head["test"]["loss"].as_f64().unwrap();
        for _ in 0..60 {
            lab.learn(1).unwrap();
        }
        let head = lab.frame(true).unwrap().head;
        assert!(head["test"]["loss"].as_f64().unwrap() < before / 3.0, "{before}: {}", head["test"]);
        assert_eq!(head["epoch"], 60);
        let recipe = lab.recipe().unwrap();
        let mut whole = recipe.network(&lab.train).unwrap();
        let fit = recipe.fit(&lab.train).unwrap();
        fit.run(&mut whole, &lab.train, None, None, &crate::train::Silent).unwrap();
        assert_eq!(whole.layers, lab.network.layers);
    }

    /// The page's own settings for the spiral, but for these.
    fn spiral(regularization: &str, amount: f32) -> Lab {
        let settings = settings(|s| {
            s["data"] = json!({"source": "spiral", "noise": 0.0, "test_share": 0.5, "seed": 1});
            s["network"]["layers"] = json!([8, 8]);
            s["training"]["regularization"] = regularization.into();
            s["training"]["amount"] = amount.into();
        });
        let mut lab = Lab::new(settings, no_points()).unwrap();
        while lab.state.epoch < 1500 {
            lab.learn(100).unwrap();
        }
        lab
    }

    #[test]
    fn penalties_keep_weights_small_and_the_spiral_learned() {
        let weights = |lab: &Lab| -> Vec<f32> {
            lab.network.dense_layers().flat_map(|dense| dense.kernel.iter().copied().collect::<Vec<_>>()).collect()
        };
        let squares = |lab: &Lab| weights(lab).iter().map(|w| w * w).sum::<f32>();
        let small = |lab: &Lab| weights(lab).iter().filter(|w| w.abs() < 0.01).count();
        let test = |lab: &Lab| lab.view().unwrap().score(&lab.test).unwrap().loss;
        let [free, l1, l2] = [spiral("none", 0.0), spiral("l1", 0.001), spiral("l2", 0.0003)];
        assert!(squares(&l2) < 0.7 * squares(&free), "{} {}", squares(&l2), squares(&free));
        assert!(small(&l1) > 2 * small(&free) + 5, "{} {}", small(&l1), small(&free));
        assert!(test(&l2) < 0.05, "{}", test(&l2));
    }

    #[test]
    fn other_settings_of_the_training_keep_the_network_and_another_shape_does_not() {
        let mut lab = lab();
        lab.learn(1).unwrap();
        let learned = lab.network.clone();
        assert!(!lab.change(settings(|s| s["training"]["learning_rate"] = 0.1.into())).unwrap());
        assert!(!lab.change(settings(|s| s["weights"] = "int4".into())).unwrap());
        assert_eq!((&lab.network, lab.state.epoch), (&learned, 1));
        assert!(!lab.change(settings(|s| s["network"]["layers"] = json!([4, 4]))).unwrap());
        assert_eq!((lab.network.layers.len(), lab.state.epoch), (3, 0));
        assert!(lab.change(settings(|s| s["data"]["source"] = "plane".into())).unwrap());
        assert!(lab.problem.is_regression());
        let before = lab.network.clone();
        for (place, change) in [
            ("noise", json!({"source": "circle", "noise": 0.7, "test_share": 0.5, "seed": 1})),
            ("boston", json!({"source": "boston", "noise": 0.0, "test_share": 0.5, "seed": 1})),
            ("../x", json!({"source": "../x", "noise": 0.0, "test_share": 0.5, "seed": 1})),
        ] {
            let error = lab.change(settings(|s| s["data"] = change)).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
        assert_eq!(lab.network, before);
    }

    #[test]
    fn weights_can_be_set_where_there_are_some() {
        let mut lab = lab();
        lab.set_weight(0, Some(1), 3, 0.75).unwrap();
        lab.set_weight(1, None, 0, -2.0).unwrap();
        let dense: Vec<_> = lab.network.dense_layers().collect();
        assert_eq!((dense[0].kernel[[1, 3]], dense[1].bias[0]), (0.75, -2.0));
        for (layer, from, to, value) in
            [(2, None, 0, 0.0), (0, Some(2), 0, 0.0), (0, None, 4, 0.0), (0, None, 0, f32::NAN)]
        {
            assert!(lab.set_weight(layer, from, to, value).is_err());
        }
        // Training goes on from there: no step of Adam is much longer than the rate.
        let rate = 1e-6_f32;
        lab.change(settings(|s| s["training"]["learning_rate"] = rate.into())).unwrap();
        lab.learn(1).unwrap();
        let steps = lab.state.steps as f32;
        let way = (lab.network.dense_layers().next().unwrap().kernel[[1, 3]] - 0.75).abs();
        assert!(way > 0.0 && way < 2.0 * steps * rate, "{way}");
    }

    #[test]
    fn the_runtimes_neurons_are_near_the_trained_ones() {
        for weights in ["int8", "int4", "ternary"] {
            let mut lab = lab();
            for _ in 0..40 {
                lab.learn(1).unwrap();
            }
            let float = lab.view().unwrap();
            lab.change(settings(|s| s["weights"] = weights.into())).unwrap();
            let integer = lab.view().unwrap();
            let samples = lab.train.features.real();
            let (a, b) = (float.neurons(samples.view()).unwrap(), integer.neurons(samples.view()).unwrap());
            assert_eq!((a.len(), b.len(), a[0].dim()), (1, 1, (4, 250)));
            let difference = (&a[0] - &b[0]).mapv(f32::abs).mean().unwrap() / a[0].mapv(f32::abs).mean().unwrap();
            let most = if weights == "int8" { 0.02 } else { 0.5 };
            assert!(difference < most && difference > 0.0, "{weights}: {difference}");
            assert!(integer.score(&lab.test).unwrap().accuracy.unwrap() > 0.5, "{weights}");
        }
    }

    #[test]
    fn ones_own_points_are_learned() {
        let mut lab = Lab::new(settings(|s| s["data"]["source"] = "own".into()), no_points()).unwrap();
        assert_eq!(lab.frame(false).unwrap().head["train"], json!({"loss": null, "accuracy": null}));
        let error = lab.learn(1).unwrap_err().to_string();
        assert!(error.starts_with("own: has no points to learn"), "{error}");
        for (x1, class) in [(-3.0, 0), (3.0, 1), (-2.0, 0), (2.0, 1)] {
            lab.take_points(with_point(lab.own(), x1, 0.5, class).unwrap()).unwrap();
            lab.learn(1).unwrap();
        }
        assert_eq!((lab.own().samples(), lab.state.epoch), (4, 4));
        assert!(with_point(lab.own(), f32::NAN, 0.0, 1).is_err() && with_point(lab.own(), 0.0, 0.0, 2).is_err());
    }
}
