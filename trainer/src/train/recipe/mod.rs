//! A training as a file: what to learn, from what, and how. Every key has a default or is required; an unknown one is an error
//! that suggests the nearest.

mod built_in;
mod choice;
mod parse;

pub use built_in::{built_in, names};
pub use choice::{ActivationName, InitializerName, LossName, OptimizerName, ScheduleName};

use super::{Optimizer, Schedule};
use crate::dataset::{Dataset, Features, StandardScaler};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Dense, Encoding, Initializer, Input, Layer, Loss, Normalization, Sequential};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// A recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The model's name.
    pub name: String,
    /// What it is about, in a sentence.
    #[serde(default)]
    pub description: String,
    /// How often all samples are seen.
    pub epochs: usize,
    /// The samples of one update; 0 for all.
    #[serde(default = "batch_size")]
    pub batch_size: usize,
    /// Decides the first weights, the order of the samples, and the split of data that have no parts.
    #[serde(default = "seed")]
    pub seed: u64,
    /// What is made small.
    pub loss: LossName,
    /// How much of a class target is spread over all classes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub label_smoothing: f32,
    /// What to learn from.
    pub data: DataRecipe,
    /// How the parameters follow their gradients.
    #[serde(default)]
    pub optimizer: OptimizerRecipe,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: ScheduleRecipe,
    /// The dense layers in the order of evaluation.
    pub layers: Vec<LayerRecipe>,
}

fn batch_size() -> usize {
    32
}
fn seed() -> u64 {
    1
}
#[allow(clippy::trivially_copy_pass_by_ref)] // The signature that serde asks for.
fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

/// What to learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecipe {
    /// A built-in data set, a file, or a folder.
    pub source: String,
    /// How many samples to set aside for testing where the data have no test part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_samples: Option<usize>,
    /// A table's target column; the last where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How noisy to generate, 0 to 0.5.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub noise: f32,
    /// The share of the training samples that is held out to watch the training.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub validation: f32,
    /// Whether each feature is brought to mean 0 and deviation 1; the measured numbers travel with the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standardize: bool,
}

/// An optimizer: its name, and what differs from Keras's defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The fields are those of `Optimizer`.
pub struct OptimizerRecipe {
    #[serde(default)]
    pub name: OptimizerName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nesterov: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta_1: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta_2: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f32>,
}

/// A schedule: its name and settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The fields are those of `Schedule`.
pub struct ScheduleRecipe {
    #[serde(default)]
    pub name: ScheduleName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f32>,
}

/// A dense layer, with Keras's names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerRecipe {
    /// The layer's name; `dense`, `dense_1` and so on where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The number of outputs.
    pub units: usize,
    /// What is applied to the sums.
    #[serde(default)]
    pub activation: ActivationName,
    /// How the weights begin.
    #[serde(default)]
    pub kernel_initializer: InitializerName,
    /// How the bias begins.
    #[serde(default = "zeros")]
    pub bias_initializer: InitializerName,
}

fn zeros() -> InitializerName {
    InitializerName::Zeros
}

impl Recipe {
    /// The loss.
    pub fn loss(&self) -> Loss {
        self.loss.build(self.label_smoothing)
    }

    /// The fresh network for data like `train`: the weights come from the seed, the standardization from the data.
    /// # Errors
    /// [`ErrorKind::Recipe`] where the layers do not fit the data's targets.
    pub fn network(&self, train: &Dataset) -> Result<Sequential> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Recipe, &self.name, message));
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut inputs = train.features.width();
        let mut layers = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            if layer.units == 0 {
                return wrong(format!("layer {}: units = 0; a layer needs at least one", index + 1));
            }
            let name = match (&layer.name, index) {
                (Some(name), _) => name.clone(),
                (None, 0) => "dense".into(),
                (None, _) => format!("dense_{index}"),
            };
            let initializer: Initializer = layer.kernel_initializer.into();
            let mut dense = Dense::new(name, inputs, layer.units, layer.activation.into(), initializer, &mut random);
            dense.bias = Initializer::from(layer.bias_initializer).bias(inputs, layer.units, &mut random);
            layers.push(Layer::Dense(dense));
            inputs = layer.units;
        }
        let classes = train.class_names.len();
        if classes > 0 && inputs != classes && !(inputs == 1 && classes == 2) {
            return wrong(format!("the last layer has {inputs} units, but {} has {classes} classes", train.name));
        }
        let (shape, encoding) = match &train.features {
            Features::Pixels(_) => (train.image_shape.map(Vec::from), Encoding::Pixel),
            Features::Real(_) => (None, Encoding::Real),
        };
        let mut input = Input::new(shape.unwrap_or_else(|| vec![train.features.width()]), encoding);
        input.feature_names.clone_from(&train.feature_names);
        if self.data.standardize {
            input.normalization = Some(Normalization::from(&StandardScaler::fit(&train.features)));
        }
        Ok(Sequential { name: self.name.clone(), input, layers, class_names: train.class_names.clone() })
    }

    /// The optimizer with its settings.
    /// # Errors
    /// [`ErrorKind::Recipe`] where a setting belongs to another optimizer.
    pub fn optimizer(&self) -> Result<Optimizer> {
        let OptimizerRecipe { name, learning_rate, momentum, nesterov, beta_1, beta_2, epsilon, weight_decay } =
            self.optimizer.clone();
        let adaptive = name != OptimizerName::Sgd;
        let foreign = [
            ("momentum", momentum.is_some() && adaptive),
            ("nesterov", nesterov.is_some() && adaptive),
            ("beta_1", beta_1.is_some() && !adaptive),
            ("beta_2", beta_2.is_some() && !adaptive),
            ("epsilon", epsilon.is_some() && !adaptive),
            ("weight_decay", weight_decay.is_some() && name != OptimizerName::Adamw),
        ];
        self.refuse("optimizer", &format!("{name:?}").to_lowercase(), &foreign)?;
        let learning_rate = learning_rate.unwrap_or(if adaptive { 1e-3 } else { 1e-2 });
        let (beta_1, beta_2) = (beta_1.unwrap_or(0.9), beta_2.unwrap_or(0.999));
        let epsilon = epsilon.unwrap_or(1e-8);
        Ok(match name {
            OptimizerName::Sgd => {
                let (momentum, nesterov) = (momentum.unwrap_or(0.0), nesterov.unwrap_or(false));
                Optimizer::Sgd { learning_rate, momentum, nesterov }
            }
            OptimizerName::Adam => Optimizer::Adam { learning_rate, beta_1, beta_2, epsilon },
            OptimizerName::Adamw => {
                let weight_decay = weight_decay.unwrap_or(4e-3);
                Optimizer::AdamW { learning_rate, weight_decay, beta_1, beta_2, epsilon }
            }
        })
    }

    /// The schedule with its settings.
    /// # Errors
    /// [`ErrorKind::Recipe`] where a setting belongs to another schedule.
    pub fn schedule(&self) -> Result<Schedule> {
        let ScheduleRecipe { name, epochs, factor, warmup, floor } = self.schedule;
        let (step, cosine) = (name == ScheduleName::Step, name == ScheduleName::Cosine);
        let foreign = [
            ("epochs", epochs.is_some() && !step),
            ("factor", factor.is_some() && !step && name != ScheduleName::Exponential),
            ("warmup", warmup.is_some() && !cosine),
            ("floor", floor.is_some() && !cosine),
        ];
        self.refuse("schedule", &format!("{name:?}").to_lowercase(), &foreign)?;
        Ok(match name {
            ScheduleName::Constant => Schedule::Constant,
            ScheduleName::Step => Schedule::Step { epochs: epochs.unwrap_or(10.0), factor: factor.unwrap_or(0.1) },
            ScheduleName::Exponential => Schedule::Exponential { factor: factor.unwrap_or(0.95) },
            ScheduleName::Cosine => Schedule::Cosine { warmup: warmup.unwrap_or(0.0), floor: floor.unwrap_or(0.0) },
            ScheduleName::OneCycle => Schedule::OneCycle,
        })
    }

    fn refuse(&self, table: &str, name: &str, foreign: &[(&str, bool)]) -> Result<()> {
        match foreign.iter().find(|(_, foreign)| *foreign) {
            None => Ok(()),
            Some((key, _)) => {
                let message = format!("{table}.{key} does not belong to the {table} {name}; remove it");
                Err(Error::new(ErrorKind::Recipe, &self.name, message))
            }
        }
    }
}
