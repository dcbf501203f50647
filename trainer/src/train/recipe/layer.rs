//! A layer of a recipe.

use super::choice::{ActivationName, OutputName, WeightName};
use super::initializer::{InitializerName, InitializerRecipe};
use crate::nn::{Activation, Dense, Elementwise, Initializer};
use crate::train::{BatchNormalization, LayerSettings, Regularizer};
use rand::Rng;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
    /// What an ELU or CELU comes to for very negative sums, without its sign; 1 where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f32>,
    /// The slope of a leaky ReLU for negative sums (0.2 where it is not given), or where a PReLU's begins (0.25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative_slope: Option<f32>,
    /// Whether there is a bias.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub use_bias: bool,
    /// How the weights begin.
    #[serde(default)]
    pub kernel_initializer: InitializerRecipe,
    /// How the bias begins.
    #[serde(default = "zeros")]
    pub bias_initializer: InitializerRecipe,
    /// A penalty on the weights.
    #[serde(default, skip_serializing_if = "RegularizerRecipe::is_none")]
    pub kernel_regularizer: RegularizerRecipe,
    /// A penalty on the bias.
    #[serde(default, skip_serializing_if = "RegularizerRecipe::is_none")]
    pub bias_regularizer: RegularizerRecipe,
    /// A penalty on the outputs.
    #[serde(default, skip_serializing_if = "RegularizerRecipe::is_none")]
    pub activity_regularizer: RegularizerRecipe,
    /// Whether training changes the layer.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub trainable: bool,
    /// Whether the sums are normalized over each batch before the activation; folded into the weights afterwards.
    #[serde(default, skip_serializing_if = "NormalizationRecipe::is_none")]
    pub batch_normalization: NormalizationRecipe,
    /// The share of the outputs that is set to 0 in each step.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub dropout: f32,
    /// The type of the weights on the chip; training sees them rounded to it. `int8` where it is not given, rounded after
    /// the training only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<WeightName>,
    /// The type of the outputs on the chip, where training sees them rounded to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<OutputName>,
}

fn yes() -> bool {
    true
}
#[allow(clippy::trivially_copy_pass_by_ref)] // The signature that serde asks for.
fn is_yes(value: &bool) -> bool {
    *value
}
fn zeros() -> InitializerRecipe {
    InitializerName::Zeros.into()
}

/// Whether a layer's sums are normalized, and how: `true`, or `{ momentum = 0.99, epsilon = 1e-3 }`, of which either may be left
/// out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NormalizationRecipe {
    /// Whether they are.
    pub wanted: bool,
    /// With these settings.
    pub settings: NormalizationSettings,
}

/// The fields of [`BatchNormalization`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The fields are those of `BatchNormalization`.
pub struct NormalizationSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f32>,
}

impl NormalizationRecipe {
    #[allow(clippy::trivially_copy_pass_by_ref)] // The signature that serde asks for.
    fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn build(self) -> Option<BatchNormalization> {
        let usual = BatchNormalization::default();
        let NormalizationSettings { momentum, epsilon } = self.settings;
        self.wanted.then(|| BatchNormalization {
            momentum: momentum.unwrap_or(usual.momentum),
            epsilon: epsilon.unwrap_or(usual.epsilon),
        })
    }
}

impl Serialize for NormalizationRecipe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.settings == NormalizationSettings::default() {
            self.wanted.serialize(serializer)
        } else {
            self.settings.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for NormalizationRecipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SwitchOrTable)
    }
}

struct SwitchOrTable;

impl<'de> Visitor<'de> for SwitchOrTable {
    type Value = NormalizationRecipe;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("true, false, or { momentum = ..., epsilon = ... }")
    }

    fn visit_bool<E: serde::de::Error>(self, wanted: bool) -> Result<Self::Value, E> {
        Ok(NormalizationRecipe { wanted, ..Default::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let settings = NormalizationSettings::deserialize(MapAccessDeserializer::new(map))?;
        Ok(NormalizationRecipe { wanted: true, settings })
    }
}

/// A penalty, as Keras's `L1L2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The fields are those of `Regularizer`.
pub struct RegularizerRecipe {
    #[serde(default)]
    pub l1: f32,
    #[serde(default)]
    pub l2: f32,
}

impl RegularizerRecipe {
    #[allow(clippy::trivially_copy_pass_by_ref)] // The signature that serde asks for.
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl From<RegularizerRecipe> for Regularizer {
    fn from(RegularizerRecipe { l1, l2 }: RegularizerRecipe) -> Self {
        Self { l1, l2 }
    }
}

impl LayerRecipe {
    /// The fresh layer, the `index`th.
    /// # Errors
    /// Says what is wrong.
    pub(super) fn dense(&self, index: usize, inputs: usize, random: &mut impl Rng) -> Result<Dense, String> {
        if self.units == 0 {
            return Err("units = 0; a layer needs at least one".into());
        }
        let name = match (&self.name, index) {
            (Some(name), _) => name.clone(),
            (None, 0) => "dense".into(),
            (None, _) => format!("dense_{index}"),
        };
        let kernel: Initializer = self.kernel_initializer.build()?;
        let mut dense = Dense::new(name, inputs, self.units, self.activation()?, kernel, random);
        let bias = self.bias_initializer.build()?;
        if !self.use_bias && bias != Initializer::Zeros {
            return Err("use_bias = false leaves no bias to initialize; remove bias_initializer".into());
        }
        dense.bias = bias.bias(inputs, self.units, random);
        if let Some(kernel) = self.kernel_initializer.weights("kernel_initializer", (inputs, self.units))? {
            dense.kernel = kernel;
        }
        if let Some(bias) = self.bias_initializer.weights("bias_initializer", (1, self.units))? {
            dense.bias = bias.row(0).to_owned();
        }
        Ok(dense)
    }

    /// The activation with its number.
    fn activation(&self) -> Result<Activation, String> {
        use Elementwise::{Celu, Elu, LeakyRelu};
        let usual = Activation::from(self.activation);
        let activation = match (usual, self.alpha, self.negative_slope) {
            (_, None, None) => usual,
            (Activation::Elementwise(Elu { .. }), Some(alpha), None) => Activation::Elementwise(Elu { alpha }),
            (Activation::Elementwise(Celu { .. }), Some(alpha), None) => Activation::Elementwise(Celu { alpha }),
            (Activation::Elementwise(LeakyRelu { .. }), None, Some(slope)) => {
                Activation::Elementwise(LeakyRelu { slope })
            }
            (_, Some(_), _) => return Err("alpha belongs to the activations elu and celu; remove it".into()),
            (_, None, Some(_)) => {
                return Err("negative_slope belongs to the activations leaky_relu and prelu; remove it".into());
            }
        };
        Ok(activation)
    }

    /// What training does with it beside.
    pub(super) fn settings(&self) -> LayerSettings {
        LayerSettings {
            trainable: self.trainable,
            use_bias: self.use_bias,
            kernel_regularizer: self.kernel_regularizer.into(),
            bias_regularizer: self.bias_regularizer.into(),
            activity_regularizer: self.activity_regularizer.into(),
            batch_normalization: self.batch_normalization.build(),
            learned_slope: self.activation == ActivationName::Prelu,
            dropout: self.dropout,
            grid: self.weights.map(Into::into),
            output_range: self.outputs.map(OutputName::range),
        }
    }
}
