//! Evaluates a whole graph, node by node.

use super::graph::Graph;
use super::operators;
use super::tensor::Tensor;
use crate::error::{Error, ErrorKind, Result};
use std::collections::HashMap;

impl Graph {
    /// Every value of the graph for these inputs, by name: the graph's outputs and all that lies between.
    /// # Errors
    /// A node that is no part of a multilayer perceptron, or whose inputs do not fit.
    pub fn evaluate(&self, inputs: &[(&str, Tensor)]) -> Result<HashMap<String, Tensor>> {
        let mut values: HashMap<String, Tensor> =
            inputs.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
        for node in &self.nodes {
            let arguments: Vec<Option<&Tensor>> = node
                .inputs
                .iter()
                .map(|name| values.get(name.as_str()).or_else(|| self.constants.get(name.as_str())))
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
            let constant = || self.constants.get(name).cloned();
            values
                .remove(name)
                .or_else(constant)
                .ok_or_else(|| Error::new(ErrorKind::Model, format!("output \"{name}\""), "nothing computes it"))
        };
        self.outputs.iter().map(output).collect()
    }
}
