//! An operator's parameters.

use super::proto::AttributeProto;
use super::tensor::Tensor;
use std::collections::BTreeMap;

/// One parameter's value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A float.
    Float(f32),
    /// An integer.
    Int(i64),
    /// A string.
    Text(String),
    /// A tensor.
    Tensor(Tensor),
    /// Floats.
    Floats(Vec<f32>),
    /// Integers.
    Ints(Vec<i64>),
    /// Strings.
    Texts(Vec<String>),
    /// Something that no operator here has: a graph, a sparse tensor.
    Other,
}

impl Value {
    /// What a copy of it takes, in bytes: about, but never far less.
    pub(super) fn bytes(&self) -> usize {
        const EACH: usize = 32;
        match self {
            Self::Float(_) | Self::Int(_) | Self::Other => EACH,
            Self::Text(text) => EACH + text.len(),
            Self::Tensor(tensor) => EACH + tensor.bytes(),
            Self::Floats(list) => EACH + size_of_val(list.as_slice()),
            Self::Ints(list) => EACH + size_of_val(list.as_slice()),
            Self::Texts(list) => list.iter().map(|text| EACH + text.len()).sum(),
        }
    }
}

/// The parameters of one operator, by name. A parameter of another type than asked for counts as absent.
#[derive(Clone, Debug, Default)]
pub struct Attributes(BTreeMap<String, Value>);

impl Attributes {
    pub(super) fn insert(&mut self, name: String, value: Value) {
        self.0.insert(name, value);
    }

    /// Whether there is a parameter of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A float, or `default`.
    pub fn float(&self, name: &str, default: f32) -> f32 {
        if let Some(Value::Float(value)) = self.0.get(name) { *value } else { default }
    }

    /// An integer, or `default`.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        if let Some(Value::Int(value)) = self.0.get(name) { *value } else { default }
    }

    /// Whether an integer is there and not 0.
    pub fn flag(&self, name: &str) -> bool {
        self.int(name, 0) != 0
    }

    /// A string, or `default`.
    pub fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        if let Some(Value::Text(value)) = self.0.get(name) { value } else { default }
    }

    /// A tensor.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        if let Some(Value::Tensor(value)) = self.0.get(name) { Some(value) } else { None }
    }

    /// A tensor, taken out.
    pub(super) fn take_tensor(&mut self, name: &str) -> Option<Tensor> {
        match self.0.remove(name)? {
            Value::Tensor(tensor) => Some(tensor),
            other => {
                self.0.insert(name.to_owned(), other);
                None
            }
        }
    }

    /// Floats.
    pub fn floats(&self, name: &str) -> Option<&[f32]> {
        if let Some(Value::Floats(values)) = self.0.get(name) { Some(values) } else { None }
    }

    /// Integers.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        if let Some(Value::Ints(values)) = self.0.get(name) { Some(values) } else { None }
    }

    /// Strings.
    pub fn texts(&self, name: &str) -> Option<&[String]> {
        if let Some(Value::Texts(values)) = self.0.get(name) { Some(values) } else { None }
    }
}

/// Takes a parameter's value out of its message; `tensor` decodes a tensor.
pub(super) fn decode<E>(
    proto: &AttributeProto,
    tensor: impl FnOnce(&super::proto::TensorProto) -> Result<Tensor, E>,
) -> Result<Value, E> {
    use super::proto::attribute_type as kind;
    let text = |bytes: &bytes::Bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok(match proto.r#type {
        kind::FLOAT => Value::Float(proto.f),
        kind::INT => Value::Int(proto.i),
        kind::STRING => Value::Text(text(&proto.s)),
        kind::FLOATS => Value::Floats(proto.floats.clone()),
        kind::INTS => Value::Ints(proto.ints.clone()),
        kind::STRINGS => Value::Texts(proto.strings.iter().map(text).collect()),
        kind::TENSOR => match &proto.t {
            Some(message) => Value::Tensor(tensor(message)?),
            None => Value::Other,
        },
        _ => Value::Other,
    })
}
