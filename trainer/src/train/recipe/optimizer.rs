//! Optimizer, schedule and what watches the training, as a recipe says them.

use super::Recipe;
use super::choice::{MonitorName, OptimizerName, ScheduleName};
use crate::error::{Error, ErrorKind, Result};
use crate::train::{Clip, EarlyStopping, Monitor, Optimizer, ReduceOnPlateau, Schedule};
use serde::{Deserialize, Serialize};

/// An optimizer: its name, and what differs from Keras's defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The fields are those of `Optimizer` and `Clip`, by Keras's names.
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
    pub rho: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_accumulator_value: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta_1: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta_2: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global_clipnorm: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clipvalue: Option<f32>,
}

/// A schedule: its name and settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The fields are those of `Schedule` and `ReduceOnPlateau`.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_delta: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<MonitorName>,
}

/// When a training ends early, with the weights of its best epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The fields are those of `EarlyStopping`.
pub struct EarlyStoppingRecipe {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<MonitorName>,
    pub patience: usize,
    #[serde(default)]
    pub min_delta: f64,
}

impl Recipe {
    /// The optimizer with its settings.
    /// # Errors
    /// [`ErrorKind::Recipe`] where a setting belongs to another optimizer.
    pub fn optimizer(&self) -> Result<Optimizer> {
        use OptimizerName::{Adagrad, Adam, Adamw, Lion, Nadam, Rmsprop, Sgd};
        let o = &self.optimizer;
        let name = o.name;
        let betas = matches!(name, Adam | Adamw | Nadam | Lion);
        let foreign = [
            ("momentum", o.momentum.is_some() && !matches!(name, Sgd | Rmsprop)),
            ("nesterov", o.nesterov.is_some() && name != Sgd),
            ("rho", o.rho.is_some() && name != Rmsprop),
            ("initial_accumulator_value", o.initial_accumulator_value.is_some() && name != Adagrad),
            ("beta_1", o.beta_1.is_some() && !betas),
            ("beta_2", o.beta_2.is_some() && !betas),
            ("epsilon", o.epsilon.is_some() && matches!(name, Sgd | Lion)),
            ("weight_decay", o.weight_decay.is_some() && !matches!(name, Adamw | Lion)),
        ];
        self.refuse("optimizer", &format!("{name:?}").to_lowercase(), &foreign)?;
        let learning_rate = o.learning_rate.unwrap_or(match name {
            Sgd => 1e-2,
            Lion => 1e-4,
            _ => 1e-3,
        });
        let beta_1 = o.beta_1.unwrap_or(0.9);
        let beta_2 = o.beta_2.unwrap_or(if name == Lion { 0.99 } else { 0.999 });
        let (momentum, epsilon) = (o.momentum.unwrap_or(0.0), o.epsilon.unwrap_or(1e-8));
        Ok(match name {
            Sgd => Optimizer::Sgd { learning_rate, momentum, nesterov: o.nesterov.unwrap_or(false) },
            Rmsprop => Optimizer::Rmsprop { learning_rate, rho: o.rho.unwrap_or(0.9), momentum, epsilon },
            Adagrad => {
                let initial_accumulator = o.initial_accumulator_value.unwrap_or(0.1);
                Optimizer::Adagrad { learning_rate, initial_accumulator, epsilon }
            }
            Adam => Optimizer::Adam { learning_rate, beta_1, beta_2, epsilon },
            Adamw => {
                let weight_decay = o.weight_decay.unwrap_or(4e-3);
                Optimizer::AdamW { learning_rate, weight_decay, beta_1, beta_2, epsilon }
            }
            Nadam => Optimizer::Nadam { learning_rate, beta_1, beta_2, epsilon },
            Lion => Optimizer::Lion { learning_rate, weight_decay: o.weight_decay.unwrap_or(0.0), beta_1, beta_2 },
        })
    }

    /// How large gradients are cut.
    pub(super) fn clip(&self) -> Clip {
        Clip { norm: self.optimizer.global_clipnorm, value: self.optimizer.clipvalue }
    }

    /// The schedule with its settings.
    /// # Errors
    /// [`ErrorKind::Recipe`] where a setting belongs to another schedule.
    pub fn schedule(&self) -> Result<Schedule> {
        use ScheduleName::{Constant, Cosine, Exponential, OneCycle, ReduceOnPlateau, Step};
        let s = &self.schedule;
        let (name, plateau) = (s.name, s.name == ReduceOnPlateau);
        let foreign = [
            ("epochs", s.epochs.is_some() && name != Step),
            ("factor", s.factor.is_some() && !matches!(name, Step | Exponential | ReduceOnPlateau)),
            ("warmup", s.warmup.is_some() && name != Cosine),
            ("floor", s.floor.is_some() && name != Cosine && !plateau),
            ("patience", s.patience.is_some() && !plateau),
            ("min_delta", s.min_delta.is_some() && !plateau),
            ("monitor", s.monitor.is_some() && !plateau),
        ];
        self.refuse("schedule", &format!("{name:?}").to_lowercase(), &foreign)?;
        Ok(match name {
            Constant | ReduceOnPlateau => Schedule::Constant,
            Step => Schedule::Step { epochs: s.epochs.unwrap_or(10.0), factor: s.factor.unwrap_or(0.1) },
            Exponential => Schedule::Exponential { factor: s.factor.unwrap_or(0.95) },
            Cosine => Schedule::Cosine { warmup: s.warmup.unwrap_or(0.0), floor: s.floor.unwrap_or(0.0) },
            OneCycle => Schedule::OneCycle,
        })
    }

    /// What lowers the rate by the history, with Keras's defaults.
    pub(super) fn plateau(&self) -> Option<ReduceOnPlateau> {
        let s = &self.schedule;
        (s.name == ScheduleName::ReduceOnPlateau).then(|| ReduceOnPlateau {
            monitor: self.monitor(s.monitor),
            factor: s.factor.unwrap_or(0.1),
            patience: s.patience.unwrap_or(10),
            min_delta: s.min_delta.unwrap_or(1e-4),
            floor: s.floor.unwrap_or(0.0),
        })
    }

    /// When the training ends early.
    pub(super) fn stopping(&self) -> Option<EarlyStopping> {
        let EarlyStoppingRecipe { monitor, patience, min_delta } = self.early_stopping.clone()?;
        Some(EarlyStopping { monitor: self.monitor(monitor), patience, min_delta })
    }

    /// What is watched: the validation's loss where there is a validation.
    fn monitor(&self, name: Option<MonitorName>) -> Monitor {
        let watched = if self.data.validation > 0.0 { Monitor::ValLoss } else { Monitor::Loss };
        name.map_or(watched, Into::into)
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
