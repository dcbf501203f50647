//! The names that a recipe can use, and what they stand for.

use crate::nn::{Activation, Elementwise, Loss};
use crate::train::{Monitor, WeightGrid};
use serde::{Deserialize, Serialize};

/// The names of the losses, as in Keras.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The names of `Loss`.
pub enum LossName {
    MeanSquaredError,
    MeanAbsoluteError,
    Huber,
    LogCosh,
    Hinge,
    Perceptron,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    KlDivergence,
}

impl LossName {
    pub(super) fn build(self, label_smoothing: f32, delta: f32) -> Loss {
        match self {
            Self::MeanSquaredError => Loss::MeanSquaredError,
            Self::MeanAbsoluteError => Loss::MeanAbsoluteError,
            Self::Huber => Loss::Huber { delta },
            Self::LogCosh => Loss::LogCosh,
            Self::Hinge => Loss::Hinge,
            Self::Perceptron => Loss::Perceptron,
            Self::BinaryCrossentropy => Loss::BinaryCrossentropy,
            Self::CategoricalCrossentropy | Self::SparseCategoricalCrossentropy => {
                Loss::CategoricalCrossentropy { label_smoothing }
            }
            Self::KlDivergence => Loss::KullbackLeibler,
        }
    }
}

/// The names of the activations, as in Keras, with Keras's constants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The names of `Activation` and `Elementwise`.
pub enum ActivationName {
    #[default]
    Linear,
    Sign,
    Relu,
    Relu6,
    LeakyRelu,
    Prelu,
    Elu,
    Selu,
    Celu,
    Gelu,
    Silu,
    Mish,
    Sigmoid,
    HardSigmoid,
    HardSwish,
    Tanh,
    Softplus,
    Softsign,
    Softmax,
    LogSoftmax,
}

impl From<ActivationName> for Activation {
    fn from(name: ActivationName) -> Self {
        Self::Elementwise(match name {
            ActivationName::Linear => return Self::Linear,
            ActivationName::Relu => return Self::Relu,
            ActivationName::Sigmoid => return Self::Sigmoid,
            ActivationName::Tanh => return Self::Tanh,
            ActivationName::Softmax => return Self::Softmax,
            ActivationName::LogSoftmax => return Self::LogSoftmax,
            ActivationName::Relu6 => Elementwise::Clip { lo: 0.0, hi: 6.0 },
            ActivationName::LeakyRelu => Elementwise::LeakyRelu { slope: 0.2 },
            // PyTorch's start of the learned slope.
            ActivationName::Prelu => Elementwise::LeakyRelu { slope: 0.25 },
            ActivationName::Sign => Elementwise::Sign,
            ActivationName::Elu => Elementwise::Elu { alpha: 1.0 },
            ActivationName::Selu => Elementwise::Selu { alpha: 1.673_263_2, gamma: 1.050_701 },
            ActivationName::Celu => Elementwise::Celu { alpha: 1.0 },
            ActivationName::Gelu => Elementwise::Gelu,
            ActivationName::Silu => Elementwise::Swish { beta: 1.0 },
            ActivationName::Mish => Elementwise::Mish,
            ActivationName::HardSigmoid => Elementwise::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 },
            ActivationName::HardSwish => Elementwise::HardSwish,
            ActivationName::Softplus => Elementwise::Softplus,
            ActivationName::Softsign => Elementwise::Softsign,
        })
    }
}

/// The names of the optimizers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The names of `Optimizer`.
pub enum OptimizerName {
    Sgd,
    Rmsprop,
    Adagrad,
    #[default]
    Adam,
    Adamw,
    Nadam,
    Lion,
}

/// The names of the schedules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The names of `Schedule`.
pub enum ScheduleName {
    #[default]
    Constant,
    Step,
    Exponential,
    Cosine,
    OneCycle,
    ReduceOnPlateau,
}

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The names of `Monitor`.
pub enum MonitorName {
    Loss,
    ValLoss,
    ValAccuracy,
}

impl From<MonitorName> for Monitor {
    fn from(name: MonitorName) -> Self {
        match name {
            MonitorName::Loss => Self::Loss,
            MonitorName::ValLoss => Self::ValLoss,
            MonitorName::ValAccuracy => Self::ValAccuracy,
        }
    }
}

/// The types of weights on the chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The names say it.
pub enum WeightName {
    #[default]
    Int8,
    Int4,
    Int2,
}

/// What outputs are rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The name says it.
pub enum OutputName {
    Int8,
}

impl OutputName {
    /// Where a learned range begins: as ReLU6's.
    pub(super) fn range(self) -> f32 {
        match self {
            Self::Int8 => 6.0,
        }
    }
}

impl From<WeightName> for WeightGrid {
    fn from(name: WeightName) -> Self {
        match name {
            WeightName::Int8 => Self::Int8,
            WeightName::Int4 => Self::Int4,
            WeightName::Int2 => Self::Ternary,
        }
    }
}
