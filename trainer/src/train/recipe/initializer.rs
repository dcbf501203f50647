//! How weights begin, as a recipe says it: `"he_normal"`, or `{ name = "constant", value = 0.1 }`.

use crate::nn::Initializer;
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

/// An initializer: its name, and its number where that is not Keras's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InitializerRecipe {
    /// Its name.
    pub name: InitializerName,
    /// The constant, the limit of a uniform distribution, the deviation of a normal one, or the gain of an orthogonal matrix.
    pub value: Option<f32>,
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
    pub(super) fn build(self) -> Result<Initializer, String> {
        let spread = self.value.unwrap_or(0.05);
        let initializer = match self.name {
            InitializerName::Constant => Initializer::Constant { value: self.value.unwrap_or(0.0) },
            InitializerName::RandomUniform => Initializer::Uniform { limit: spread },
            InitializerName::RandomNormal => Initializer::Normal { deviation: spread },
            InitializerName::TruncatedNormal => Initializer::TruncatedNormal { deviation: spread },
            InitializerName::Orthogonal => Initializer::Orthogonal { gain: self.value.unwrap_or(1.0) },
            name if self.value.is_some() => {
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
}

/// The form with a number.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: InitializerName,
    value: Option<f32>,
}

impl Serialize for InitializerRecipe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            None => self.name.serialize(serializer),
            value => Table { name: self.name, value }.serialize(serializer),
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
