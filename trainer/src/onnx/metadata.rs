//! What an ONNX graph cannot say in operators, in the model's `metadata_props`: the meaning of the input and of the outputs.

use super::builder::Builder;
use crate::nn::{Encoding, Input};
use crate::quantize::{QuantizedSequential, WeightType};

/// A JSON list of the names of the classes.
pub(super) const CLASS_NAMES: &str = "class_names";
/// A JSON list: the shape of one sample, as the flat input is to be understood (row-major).
pub(super) const INPUT_SHAPE: &str = "input_shape";
/// What the input's numbers are: one of the two texts below.
pub(super) const INPUT_ENCODING: &str = "input_encoding";
/// A JSON list of the names of the features.
pub(super) const FEATURE_NAMES: &str = "feature_names";
/// A JSON list of each layer's weight type, where the integers are narrower than what they are stored in.
pub(super) const WEIGHT_TYPES: &str = "weight_types";

/// [`Encoding::Pixel`] in the metadata.
pub(super) const PIXEL: &str = "pixel / 255";
/// [`Encoding::Real`] in the metadata.
pub(super) const REAL: &str = "real";

/// A list as a JSON text.
fn json<T: serde::Serialize>(list: &[T]) -> String {
    // Lists of numbers and strings always serialize.
    serde_json::to_string(list).unwrap_or_default()
}

/// Declares the graph's input and writes down what it means; returns its name.
pub(super) fn describe_input(builder: &mut Builder, input: &Input) -> String {
    let encoding = match input.encoding {
        Encoding::Real => REAL,
        Encoding::Pixel => PIXEL,
    };
    let shape: Vec<String> = input.shape.iter().map(ToString::to_string).collect();
    builder.input("input", input.features(), format!("{encoding}; one sample is {}, row-major", shape.join(" x ")));
    builder.metadata(INPUT_SHAPE, json(&input.shape));
    builder.metadata(INPUT_ENCODING, encoding.to_owned());
    if !input.feature_names.is_empty() {
        builder.metadata(FEATURE_NAMES, json(&input.feature_names));
    }
    "input".to_owned()
}

/// Declares the graph's output and writes down what it means.
pub(super) fn describe_output(
    builder: &mut Builder,
    name: &str,
    outputs: usize,
    class_names: &[String],
    meaning: &str,
) {
    builder.output(name, outputs, meaning.to_owned());
    if !class_names.is_empty() {
        builder.metadata(CLASS_NAMES, json(class_names));
    }
}

/// Writes down the weights' types, unless all are int8 as stored.
pub(super) fn describe_weights(builder: &mut Builder, model: &QuantizedSequential) {
    let names: Vec<&str> = model.layers.iter().map(|layer| weight_type_name(layer.weight_type)).collect();
    if model.layers.iter().any(|layer| layer.weight_type != WeightType::Int8) {
        builder.metadata(WEIGHT_TYPES, json(&names));
    }
}

/// The name of a weight type in the metadata and on the command line.
pub(super) fn weight_type_name(weight_type: WeightType) -> &'static str {
    match weight_type {
        WeightType::Int8 => "int8",
        WeightType::Int4 => "int4",
        WeightType::Int2 => "int2",
    }
}

/// The width of a weight.
pub fn bits(weight_type: WeightType) -> u32 {
    match weight_type {
        WeightType::Int8 => 8,
        WeightType::Int4 => 4,
        WeightType::Int2 => 2,
    }
}
