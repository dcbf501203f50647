//! Evaluates a whole graph, node by node.

use super::graph::Graph;
use super::operators;
use super::proto::data_type;
use super::tensor::{ElementType, Tensor};
use crate::error::{Error, ErrorKind, Result};
use ndarray::{Array2, ArrayD, ArrayView2, Axis};
use std::collections::{HashMap, HashSet};

/// How many elements of constants (in an import also of functions and layers) may be made of a graph, beside four times those that the file holds.
pub(super) const MADE: usize = 1 << 22;

impl Graph {
    /// Every value of the graph for these inputs, by name: the graph's outputs and all that lies between.
    /// # Errors
    /// A node that is no part of a multilayer perceptron, or whose inputs do not fit.
    pub fn evaluate(&self, inputs: &[(&str, Tensor)]) -> Result<HashMap<String, Tensor>> {
        let mut values: HashMap<String, Tensor> =
            inputs.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
        let constants =
            self.outputs.iter().filter_map(|name| Some((name.clone(), (**self.constants.get(name)?).clone())));
        values.extend(constants);
        let held: usize = self.constants.values().map(|tensor| tensor.len()).sum();
        let mut room = MADE.saturating_add(held.saturating_mul(4));
        let mut made: HashSet<&str> = HashSet::new();
        for node in &self.nodes {
            let arguments: Vec<Option<&Tensor>> = node
                .inputs
                .iter()
                .map(|name| {
                    values.get(name.as_str()).or_else(|| self.constants.get(name.as_str()).map(|tensor| &**tensor))
                })
                .collect();
            if let Some(name) = node
                .inputs
                .iter()
                .zip(&arguments)
                .find_map(|(name, value)| (value.is_none() && !name.is_empty()).then_some(name))
            {
                return Err(Error::new(ErrorKind::Model, node.place(), format!("its input \"{name}\" was not given")));
            }
            let outputs = operators::evaluate(node, &arguments)
                .unwrap_or_else(|| Err("this operator is not one of a multilayer perceptron".to_owned()))
                .map_err(|message| Error::new(ErrorKind::Model, node.place(), message))?;
            // What does not depend on the input is bounded by the file.
            let known = |name: &str| name.is_empty() || self.constants.contains_key(name) || made.contains(name);
            if node.inputs.iter().all(|name| known(name)) {
                let elements = outputs.iter().map(Tensor::len).sum();
                room = room.checked_sub(elements).ok_or_else(|| {
                    let message =
                        format!("it makes {elements} numbers more than the file holds; write constants into the file");
                    Error::new(ErrorKind::Model, node.place(), message)
                })?;
                made.extend(node.outputs.iter().map(String::as_str));
            }
            values.extend(node.outputs.iter().cloned().zip(outputs).filter(|(name, _)| !name.is_empty()));
        }
        Ok(values)
    }

    /// The graph's outputs for one input, in their order.
    /// # Errors
    /// As [`Graph::evaluate`].
    pub fn run(&self, input: Tensor) -> Result<Vec<Tensor>> {
        let name = self.inputs.first().map_or("", |input| input.name.as_str());
        let mut values = self.evaluate(&[(name, input)])?;
        let output = |name: &String| {
            values
                .remove(name)
                .ok_or_else(|| Error::new(ErrorKind::Model, format!("output \"{name}\""), "nothing computes it"))
        };
        self.outputs.iter().map(output).collect()
    }

    /// The graph's last output (in every exporter the one with the numbers) for samples x features of real values, as
    /// samples x outputs. A graph of a fixed number of samples is run as often as needed, any other for 256 samples at a
    /// time; one that takes bytes gets `255 * real`.
    /// # Errors
    /// As [`Graph::evaluate`]; a number of samples that the graph's fixed one does not divide.
    pub fn outputs_for(&self, real: ArrayView2<f32>) -> Result<Array2<f32>> {
        let fixed = self.fixed_samples().unwrap_or(256).max(1);
        let mut values = Vec::new();
        for part in real.axis_chunks_iter(Axis(0), fixed) {
            let outputs = self.run(as_given(self, part)?)?;
            let last = outputs.last().and_then(Tensor::to_f32);
            values
                .extend(last.ok_or_else(|| Error::new(ErrorKind::Model, "graph", "its last output holds no numbers"))?);
        }
        let columns = values.len() / real.nrows().max(1);
        Array2::from_shape_vec((real.nrows(), columns), values)
            .map_err(|error| Error::new(ErrorKind::Model, "graph", error))
    }

    /// The number of samples, where the file fixes it.
    pub(super) fn fixed_samples(&self) -> Option<usize> {
        let shape = self.inputs.first()?.shape.as_ref()?;
        if shape.len() < 2 { Some(1) } else { shape[0] }
    }
}

/// Samples x features in the shape and type that a graph takes.
pub(super) fn as_given(graph: &Graph, real: ArrayView2<f32>) -> Result<Tensor> {
    let bad = |message: String| Error::new(ErrorKind::Model, "graph", message);
    let [input] = graph.inputs.as_slice() else {
        return Err(bad(format!("it has {} inputs, expected one", graph.inputs.len())));
    };
    let declared = input.shape.clone().unwrap_or_else(|| vec![None, None]);
    let mut shape: Vec<usize> = declared.iter().map(|dim| dim.unwrap_or(1)).collect();
    match shape.as_mut_slice() {
        [] => return Err(bad("its input is a single number".to_owned())),
        [_] => {}
        [samples, features] => (*samples, *features) = (real.nrows(), real.ncols()),
        [samples, ..] => *samples = real.nrows(),
    }
    let values: Vec<f32> = real.iter().copied().collect();
    let array = ArrayD::from_shape_vec(shape, values)
        .map_err(|_| bad(format!("its input is {declared:?}, but a sample has {} features", real.ncols())))?;
    Ok(match input.element_type {
        data_type::UINT8 => {
            Tensor::of_type(array.mapv(|v| f64::from((v * 255.0).round().clamp(0.0, 255.0))), ElementType::U8)
        }
        data_type::DOUBLE => Tensor::of_type(array.mapv(f64::from), ElementType::F64),
        _ => array.into(),
    })
}
