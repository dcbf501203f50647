//! What the input and the outputs of a graph mean: which output is the network's, what the classes are called.

use super::chain::{Action, Step};
use super::expression::Expression;
use super::value::{Flow, Kind, Value};
use super::walk::Walk;
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Encoding, Input, Normalization};
use crate::onnx::graph::Graph;
use crate::onnx::metadata;
use crate::quantize::{QuantizedDense, WeightType};
use std::collections::HashSet;
use std::rc::Rc;

/// The steps from the input to the network's result, in order. Of several outputs the one farthest from the input is taken; real
/// numbers before labels.
pub(super) fn main_chain(graph: &Graph, walk: &Walk) -> Result<Vec<Step>> {
    let flow_of = |name: &String| match walk.values.get(name) {
        Some(Value::Flow(flow)) => Some((flow.kind == Kind::Real, flow)),
        Some(Value::Labels(flow)) => Some((false, flow)),
        _ => None,
    };
    let candidates = graph.outputs.iter().filter_map(flow_of);
    let applied = |flow: &Flow| !matches!(*flow.expression, Expression::X);
    let best = candidates.max_by_key(|(real, flow)| (*real, flow.base, applied(flow)));
    let Some((_, flow)) = best else {
        let why = if graph.outputs.is_empty() {
            "it has no output; export the model again"
        } else {
            "none of its outputs depends on its input; export the model again"
        };
        return Err(Error::new(ErrorKind::Model, "graph", why));
    };
    let mut steps = Vec::new();
    let mut at = flow.base;
    while at != 0 {
        steps.push(walk.steps[at].clone());
        at = walk.steps[at].parent;
    }
    steps.push(walk.steps[0].clone());
    steps.reverse();
    if applied(flow) && flow.kind != Kind::Truth {
        let features = walk.steps[flow.base].features;
        let name = graph.outputs.first().cloned().unwrap_or_default();
        let action = Action::Map(Rc::clone(&flow.expression));
        steps.push(Step { parent: flow.base, place: format!("output \"{name}\""), name, action, features });
    }
    Ok(steps)
}

/// The input's shape and meaning; the normalization is that of the first affine step.
pub(super) fn input(graph: &Graph, walk: &Walk, normalization: Option<Normalization>) -> Input {
    let features = walk.steps[0].features;
    let list = |key: &str| graph.metadata.get(key).map(String::as_str).unwrap_or_default();
    let shape = serde_json::from_str::<Vec<usize>>(list(metadata::INPUT_SHAPE))
        .ok()
        .filter(|shape| shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)) == Some(features));
    let shape = shape.unwrap_or_else(|| squeezed(&walk.input_shape));
    let mut encoding = if list(metadata::INPUT_ENCODING) == metadata::PIXEL { Encoding::Pixel } else { Encoding::Real };
    let mut normalization = normalization;
    // Bytes divided by 255 are pixels.
    let by_255 = |n: &Normalization| n.offset.iter().all(|&v| v == 0.0) && n.scale.iter().all(|&v| v == 1.0 / 255.0);
    if walk.pixels && normalization.as_ref().is_some_and(by_255) {
        (encoding, normalization) = (Encoding::Pixel, None);
    }
    let feature_names =
        serde_json::from_str::<Vec<String>>(list(metadata::FEATURE_NAMES)).ok().filter(|names| names.len() == features);
    Input {
        shape,
        encoding,
        normalization,
        unit_norm: None,
        pool: None,
        feature_names: feature_names.unwrap_or_default(),
    }
}

/// A shape without its axes of 1.
fn squeezed(shape: &[usize]) -> Vec<usize> {
    let long: Vec<usize> = shape.iter().copied().filter(|&dim| dim != 1).collect();
    if long.is_empty() { vec![1] } else { long }
}

/// The names of the classes, for that many outputs; empty where there are none that fit.
pub(super) fn class_names(graph: &Graph, walk: &Walk, outputs: usize) -> Vec<String> {
    let fits = |list: &Vec<String>| list.len() == outputs || (outputs == 1 && list.len() == 2);
    let from_metadata =
        graph.metadata.get(metadata::CLASS_NAMES).and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
    let from_labels = Some(walk.class_names.clone());
    from_metadata.filter(fits).or_else(|| from_labels.filter(fits)).unwrap_or_default()
}

/// The names given to layers so far.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// A name for a layer that no other has: the node's, without what exporters put around it.
    pub(super) fn unique(&mut self, node: &str) -> String {
        let mut short = node.trim_start_matches('/');
        for ending in ["/Gemm", "/MatMul", "_Gemm", "_MatMul"] {
            short = short.strip_suffix(ending).unwrap_or(short);
        }
        let base = if short.is_empty() { "dense" } else { short };
        let mut unique = base.to_owned();
        let mut number = 2;
        while !self.0.insert(unique.clone()) {
            unique = format!("{base}_{number}");
            number += 1;
        }
        unique
    }
}

/// The narrowest type that holds each layer's weights, or what the metadata says, if it can be so.
pub(super) fn weight_types(graph: &Graph, layers: &mut [QuantizedDense]) {
    let said =
        graph.metadata.get(metadata::WEIGHT_TYPES).and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
    for (index, layer) in layers.iter_mut().enumerate() {
        let largest = layer.weights.iter().map(|w| w.unsigned_abs()).max().unwrap_or(0);
        let fits = |weight_type: WeightType| match weight_type {
            WeightType::Int8 => true,
            WeightType::Int4 => largest <= 7 && layer.weight_zero_points.is_empty(),
            WeightType::Int2 => largest <= 1 && layer.weight_zero_points.is_empty(),
        };
        let types = [WeightType::Int2, WeightType::Int4, WeightType::Int8];
        let named = said.as_ref().map(|list| list.get(index).map_or("int8", String::as_str));
        // Without a word about it, small networks of int8 stay so unless every weight is a small one by design.
        layer.weight_type = match named {
            Some(name) => types
                .into_iter()
                .find(|&t| metadata::weight_type_name(t) == name && fits(t))
                .unwrap_or(WeightType::Int8),
            None if layer.weights.len() >= 256 => types.into_iter().find(|&t| fits(t)).unwrap_or(WeightType::Int8),
            None => WeightType::Int8,
        };
    }
}
