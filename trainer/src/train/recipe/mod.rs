//! A training as a file: what to learn, from what, and how. Every key has a default or is required; an unknown one is an error
//! that suggests the nearest.

mod built_in;
mod choice;
mod initializer;
mod layer;
mod optimizer;
mod parse;

pub use built_in::{built_in, names};
pub use choice::{ActivationName, LossName, MonitorName, OptimizerName, OutputName, ScheduleName, WeightName};
pub use initializer::{InitializerName, InitializerRecipe, InitializerValue};
pub use layer::{LayerRecipe, RegularizerRecipe};
pub use optimizer::{EarlyStoppingRecipe, OptimizerRecipe, ScheduleRecipe};

use super::{Explanation, Fit, Optimizer, memory};
use crate::dataset::{Augmentation, Dataset, Features, MinMaxScaler, StandardScaler, Targets};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{AveragePool, Encoding, Input, Layer, Loss, Normalization, Sequential, Target};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// A recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The model's name; the file's where it is not given.
    #[serde(default)]
    pub name: String,
    /// What it is about, in a sentence.
    #[serde(default)]
    pub description: String,
    /// How network and settings were chosen, for the model's card.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub choice: String,
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
    /// Where Huber's loss becomes a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<f32>,
    /// How much each class counts; `[]` for all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_weight: Vec<f32>,
    /// Whether rare classes count for more, so that all count the same together (scikit-learn's `balanced`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub balance_classes: bool,
    /// Whether every number of the first step is printed, as one would compute it by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explain: bool,
    /// The share of the inputs that is set to 0 in each step.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_dropout: f32,
    /// What to learn from.
    pub data: DataRecipe,
    /// The means of windows of an image, in front of the first layer: the chip still takes the whole image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolRecipe>,
    /// How images are changed anew in every epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<AugmentRecipe>,
    /// How the parameters follow their gradients.
    #[serde(default)]
    pub optimizer: OptimizerRecipe,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: ScheduleRecipe,
    /// When to end early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStoppingRecipe>,
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
    /// A table's column that says how much each sample counts; it is no feature then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_weight: Option<String>,
    /// How noisy to generate, 0 to 0.5.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub noise: f32,
    /// The share of the training samples that is held out to watch the training.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub validation: f32,
    /// Whether each feature is brought to mean 0 and deviation 1; the measured numbers travel with the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standardize: bool,
    /// Whether each feature is brought to 0 to 1; the measured numbers travel with the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub min_max: bool,
}

/// A coarser image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolRecipe {
    /// The rows and columns in the middle of the image that are kept; all where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<usize>,
    /// The rows and columns of a window, whose mean is one value.
    pub size: usize,
}

/// How far images are changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The fields are those of `Augmentation`.
pub struct AugmentRecipe {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flip: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shift: f32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rotation: f32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub scale: f32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shear: f32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub elastic: f32,
    #[serde(default = "sigma")]
    pub sigma: f32,
}

/// Simard, Steinkraus and Platt (2003) found this the best for MNIST.
fn sigma() -> f32 {
    4.0
}

impl Recipe {
    /// The loss.
    pub fn loss(&self) -> Loss {
        self.loss.build(self.label_smoothing, self.delta.unwrap_or(1.0))
    }

    /// Whether a single column of targets, as a table has, is to be taken as class indices: where the loss compares classes.
    /// The losses of two classes take other numbers, too, such as probabilities.
    pub fn wants_classes(&self, data: &Dataset) -> bool {
        let Targets::Values(values) = &data.targets else { return false };
        let classes = match self.loss {
            LossName::SparseCategoricalCrossentropy => true,
            LossName::CategoricalCrossentropy | LossName::KlDivergence => {
                self.layers.last().is_some_and(|layer| layer.units > 1)
            }
            LossName::BinaryCrossentropy | LossName::Hinge | LossName::Perceptron => {
                values.iter().all(|&value| value == 0.0 || value == 1.0)
            }
            _ => false,
        };
        classes && values.ncols() == 1
    }

    /// How to train on `train`, on one thread and without a checkpoint: the caller sets these.
    /// # Errors
    /// [`ErrorKind::Recipe`] where settings do not go together.
    pub fn fit<'a>(&self, train: &Dataset) -> Result<Fit<'a>> {
        let batch_size = if self.batch_size == 0 { train.samples() } else { self.batch_size };
        let augmentation = self.augment.as_ref().map(|a| Augmentation {
            flip: a.flip,
            shift: a.shift,
            rotation: a.rotation,
            scale: a.scale,
            shear: a.shear,
            elastic: a.elastic,
            sigma: a.sigma,
        });
        Ok(Fit {
            schedule: self.schedule()?,
            plateau: self.plateau(),
            stopping: self.stopping(),
            clip: self.clip(),
            layers: self.layers.iter().map(LayerRecipe::settings).collect(),
            input_dropout: self.input_dropout,
            class_weights: self.class_weights(train),
            augmentation,
            seed: self.seed,
            ..Fit::new(self.epochs, batch_size, self.loss(), self.optimizer()?)
        })
    }

    /// The first step on `train` with every number: the loss of its first sample and the gradients.
    /// # Errors
    /// As [`Explanation::of`]; [`ErrorKind::Data`] where there is no sample.
    pub fn explanation(&self, net: &Sequential, train: &Dataset) -> Result<Explanation> {
        super::measure(net, train, self.loss())?;
        let first = train.head(1);
        let values;
        let target = match &first.targets {
            Targets::Classes(classes) => Target::Class(classes[0]),
            Targets::Values(rows) => {
                values = rows.row(0).to_vec();
                Target::Values(&values)
            }
            Targets::None => return Err(Error::new(ErrorKind::Data, &train.name, "has no targets to learn")),
        };
        // What other optimizers make of a gradient depends on the steps before.
        let rate = match self.optimizer()? {
            Optimizer::Sgd { learning_rate, momentum: 0.0, .. } => Some(learning_rate),
            _ => None,
        };
        Explanation::of(net, &first.features.real(), target, self.loss(), rate)
    }

    fn class_weights(&self, train: &Dataset) -> Option<Vec<f32>> {
        if !self.class_weight.is_empty() {
            return Some(self.class_weight.clone());
        }
        let Targets::Classes(targets) = &train.targets else { return None };
        self.balance_classes.then(|| {
            let classes = targets.iter().max().map_or(0, |&class| class as usize + 1);
            let mut counts = vec![0usize; classes];
            for &class in targets {
                counts[class as usize] += 1;
            }
            let present = counts.iter().filter(|&&count| count > 0).count();
            counts.iter().map(|&count| targets.len() as f32 / (present * count.max(1)) as f32).collect()
        })
    }

    /// The fresh network for data like `train`: the weights come from the seed, the standardization from the data.
    /// # Errors
    /// [`ErrorKind::Recipe`] where the layers do not fit the data's targets.
    pub fn network(&self, train: &Dataset) -> Result<Sequential> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Recipe, &self.name, message));
        let input = self.input(train)?;
        let widths = std::iter::once(input.width()).chain(self.layers.iter().map(|layer| layer.units));
        let parameters = widths
            .clone()
            .zip(widths.skip(1))
            .try_fold(0usize, |sum, (inputs, units)| sum.checked_add(inputs.checked_add(1)?.checked_mul(units)?));
        if let Err(message) = memory::check(parameters) {
            return wrong(format!("the network {message}"));
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut inputs = input.width();
        let mut layers = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            match layer.dense(index, inputs, &mut random) {
                Ok(dense) => layers.push(Layer::Dense(dense)),
                Err(message) => return wrong(format!("layer {}: {message}", index + 1)),
            }
            inputs = layer.units;
        }
        let classes = train.class_names.len();
        if classes > 0 && inputs != classes && !(inputs == 1 && classes == 2) {
            return wrong(format!("the last layer has {inputs} units, but {} has {classes} classes", train.name));
        }
        Ok(Sequential { name: self.name.clone(), input, layers, class_names: train.class_names.clone() })
    }

    /// What enters a network for data like `train`.
    fn input(&self, train: &Dataset) -> Result<Input> {
        let wrong = |message: String| Error::new(ErrorKind::Recipe, &self.name, message);
        let (shape, encoding) = match &train.features {
            Features::Pixels(_) => (train.image_shape.map(Vec::from), Encoding::Pixel),
            Features::Real(_) => (None, Encoding::Real),
        };
        let mut input = Input::new(shape.unwrap_or_else(|| vec![train.features.width()]), encoding);
        input.feature_names.clone_from(&train.feature_names);
        if self.data.standardize {
            input.normalization = Some(Normalization::from(&StandardScaler::fit(&train.features)));
        } else if self.data.min_max {
            input.normalization = Some(Normalization::from(&MinMaxScaler::fit(&train.features)));
        }
        if let Some(PoolRecipe { crop, size }) = self.pool {
            let image = train.image_shape.filter(|_| encoding == Encoding::Pixel);
            let image = image.ok_or_else(|| wrong(format!("{} holds no images to pool; remove [pool]", train.name)))?;
            if input.normalization.is_some() {
                return Err(wrong("pixels are pooled as they are; remove standardize and min_max, or [pool]".into()));
            }
            let crop = crop.map_or(image, |crop| [crop, crop]);
            let pool = AveragePool::centered(image, crop, [size, size]);
            input.pool = Some(pool.map_err(|message| wrong(format!("pool: {message}")))?);
        }
        Ok(input)
    }
}
