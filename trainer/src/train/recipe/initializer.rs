//! How weights begin, as a recipe says it: `"he_normal"`, or `{ name = "constant", value = 0.1 }`, where the
//! constant may be a list of numbers or of lists, one for each weight, as in TensorFlow.

use crate::nn::Initializer;
use ndarray::Array2;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The names of the initializers, as in Keras.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The names of `Initializer`.
pub enum InitializerName {
    Zeros,
    Ones,
    Constant,
    RandomUniform,
    RandomNormal,
    TruncatedNormal,
    #[default]
    GlorotUniform,
    GlorotNormal,
    HeUniform,
    HeNormal,
    LecunUniform,
    LecunNormal,
    FanInUniform,
    Orthogonal,
}

/// A number for all weights, or one for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number, a list of numbers, or a list of lists of numbers")]
pub enum InitializerValue {
    /// The same for all.
    Number(f32),
    /// One for each unit, of a bias.
    Bias(Vec<f32>),
    /// A row for each input, with a number for each unit, of a kernel.
    Kernel(Vec<Vec<f32>>),
}

/// An initializer: its name, and its number where that is not Keras's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitializerRecipe {
    /// Its name.
    pub name: InitializerName,
    /// The constant, the limit of a uniform distribution, the deviation of a normal one, or the gain of an orthogonal matrix.
    pub value: Option<InitializerValue>,
}

impl From<InitializerName> for InitializerRecipe {
    fn from(name: InitializerName) -> Self {
        Self { name, value: None }
    }
}

impl InitializerRecipe {
    /// The initializer.
    /// # Errors
    /// Says what is wrong where the number does not belong to the name.
    pub(super) fn build(&self) -> Result<Initializer, String> {
        let number = match (&self.value, self.name) {
            (None, _) => None,
            (Some(InitializerValue::Number(number)), _) => Some(*number),
            // What each weight is, is set afterwards.
            (Some(_), InitializerName::Constant) => Some(0.0),
            (Some(_), name) => {
                return Err(format!("a list of values belongs to the initializer constant, not {name:?}"));
            }
        };
        let spread = number.unwrap_or(0.05);
        let initializer = match self.name {
            InitializerName::Constant => Initializer::Constant { value: number.unwrap_or(0.0) },
            InitializerName::RandomUniform => Initializer::Uniform { limit: spread },
            InitializerName::RandomNormal => Initializer::Normal { deviation: spread },
            InitializerName::TruncatedNormal => Initializer::TruncatedNormal { deviation: spread },
            InitializerName::Orthogonal => Initializer::Orthogonal { gain: number.unwrap_or(1.0) },
            name if number.is_some() => {
                return Err(format!("value does not belong to the initializer {name:?}; remove it"));
            }
            InitializerName::Zeros => Initializer::Zeros,
            InitializerName::Ones => Initializer::Ones,
            InitializerName::GlorotUniform => Initializer::GlorotUniform,
            InitializerName::GlorotNormal => Initializer::GlorotNormal,
            InitializerName::HeUniform => Initializer::HeUniform,
            InitializerName::HeNormal => Initializer::HeNormal,
            InitializerName::LecunUniform => Initializer::LecunUniform,
            InitializerName::LecunNormal => Initializer::LecunNormal,
            InitializerName::FanInUniform => Initializer::FanInUniform,
        };
        Ok(initializer)
    }

    /// The weights one by one, inputs x units (one row for a bias), where the recipe says them so.
    /// # Errors
    /// Says what is wrong where there are not as many as the layer has.
    pub(super) fn weights(&self, what: &str, shape: (usize, usize)) -> Result<Option<Array2<f32>>, String> {
        let rows = match &self.value {
            None | Some(InitializerValue::Number(_)) => return Ok(None),
            Some(InitializerValue::Bias(row)) => std::slice::from_ref(row),
            Some(InitializerValue::Kernel(rows)) => rows,
        };
        if rows.len() != shape.0 || rows.iter().any(|row| row.len() != shape.1) {
            let (inputs, units) = shape;
            return Err(format!("{what}: value needs {inputs} lists of {units} numbers, one for each weight"));
        }
        Ok(Some(Array2::from_shape_fn(shape, |(row, column)| rows[row][column])))
    }
}

/// The form with a number.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: InitializerName,
    value: Option<InitializerValue>,
}

impl Serialize for InitializerRecipe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            None => self.name.serialize(serializer),
            value => Table { name: self.name, value: value.clone() }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for InitializerRecipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = InitializerRecipe;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an initializer's name, or { name = ..., value = ... }")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        InitializerName::deserialize(StrDeserializer::new(name)).map(Into::into)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let Table { name, value } = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(InitializerRecipe { name, value })
    }
}
