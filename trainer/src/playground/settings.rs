//! What the page lets one choose. The page sends all of it whenever something changes, and keeps it in its address.

use super::feature::Feature;
use crate::error::{Error, ErrorKind, Result};
use crate::quantize::WeightType;
use crate::train::Recipe;
use crate::train::recipe::{ActivationName, OptimizerName};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// At most so many hidden layers, as the page can draw them.
const MOST_LAYERS: usize = 6;
/// At most so many neurons in a hidden layer.
const MOST_NEURONS: usize = 16;

/// All choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) data: DataSettings,
    pub(super) network: NetworkSettings,
    pub(super) training: TrainingSettings,
    pub(super) weights: Weights,
}

/// What to learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataSettings {
    /// A built-in set of two features, or `own`.
    pub(super) source: String,
    /// 0..=0.5
    pub(super) noise: f32,
    /// The share of the points that is not learned, 0.1..=0.9.
    pub(super) test_share: f32,
    pub(super) seed: u64,
}

/// The network's shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkSettings {
    pub(super) inputs: Vec<Feature>,
    /// The neurons of each hidden layer.
    pub(super) layers: Vec<usize>,
    /// Of the hidden layers.
    pub(super) activation: ActivationName,
    pub(super) seed: u64,
}

/// How it learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrainingSettings {
    pub(super) optimizer: OptimizerName,
    pub(super) learning_rate: f32,
    pub(super) batch_size: usize,
    pub(super) regularization: Regularization,
    /// Its factor.
    pub(super) amount: f32,
    /// Epochs for each picture.
    pub(super) speed: usize,
}

/// What keeps the weights small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Regularization {
    None,
    /// The sum of their absolute values is added to the loss.
    L1,
    /// The sum of their squares is.
    L2,
}

/// The weights that the page shows the network with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Weights {
    /// As they are trained.
    F32,
    Int8,
    Int4,
    /// -1, 0, 1.
    Ternary,
}

impl Weights {
    /// The name in files' names.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
            Self::Ternary => "ternary",
        }
    }

    /// The integers, where they are integers.
    pub(super) fn integer(self) -> Option<WeightType> {
        match self {
            Self::F32 => None,
            Self::Int8 => Some(WeightType::Int8),
            Self::Int4 => Some(WeightType::Int4),
            Self::Ternary => Some(WeightType::Int2),
        }
    }
}

impl Settings {
    /// Refuses what the page cannot ask for.
    /// # Errors
    /// [`ErrorKind::Recipe`] names the setting.
    pub(super) fn check(&self) -> Result<()> {
        let Self { data, network, training, .. } = self;
        let within = |name: &str, value: f32, least: f32, most: f32| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            let message = format!("{value} is not within {least} and {most}");
            Err(Error::new(ErrorKind::Recipe, name, message))
        };
        within("noise", data.noise, 0.0, 0.5)?;
        within("test share", data.test_share, 0.1, 0.9)?;
        within("inputs", network.inputs.len() as f32, 1.0, Feature::ALL.len() as f32)?;
        within("layers", network.layers.len() as f32, 0.0, MOST_LAYERS as f32)?;
        for &neurons in &network.layers {
            within("neurons", neurons as f32, 1.0, MOST_NEURONS as f32)?;
        }
        if matches!(network.activation, ActivationName::Softmax | ActivationName::LogSoftmax) {
            return Err(Error::new(ErrorKind::Recipe, "activation", "a softmax stands in the last layer only"));
        }
        within("learning rate", training.learning_rate, 1e-6, 10.0)?;
        within("batch size", training.batch_size as f32, 1.0, 1000.0)?;
        within("regularization", training.amount, 0.0, 10.0)?;
        within("speed", training.speed as f32, 1.0, 1000.0)
    }

    /// The recipe that these choices are, as `thumbnet train` takes it.
    /// # Errors
    /// [`ErrorKind::Recipe`] where they make none.
    pub(super) fn recipe(&self, regression: bool, test_samples: usize) -> Result<Recipe> {
        let Self { data, network, training, .. } = self;
        let initializer = if network.activation == ActivationName::Relu { "he_uniform" } else { "glorot_uniform" };
        let penalty = match training.regularization {
            Regularization::None => json!({}),
            Regularization::L1 => json!({"l1": training.amount}),
            Regularization::L2 => json!({"l2": training.amount}),
        };
        let hidden = network.layers.iter().map(|units| {
            json!({
                "units": units, "activation": network.activation, "kernel_initializer": initializer,
                "kernel_regularizer": penalty,
            })
        });
        let activation = if regression { "linear" } else { "sigmoid" };
        let output = json!({"units": 1, "activation": activation, "kernel_regularizer": penalty});
        let recipe = json!({
            "name": data.source, "epochs": 1, "batch_size": training.batch_size, "seed": network.seed,
            "loss": if regression { "mean_squared_error" } else { "binary_crossentropy" },
            "data": {
                "source": data.source, "noise": data.noise, "test_samples": test_samples, "standardize": true,
            },
            "optimizer": {"name": training.optimizer, "learning_rate": training.learning_rate},
            "layers": hidden.chain([output]).collect::<Vec<_>>(),
        });
        serde_json::from_value(recipe).map_err(|error| Error::new(ErrorKind::Recipe, "settings", error))
    }
}
