//! From a graph to a network: by what the operators do together, not by how an exporter names or arranges them.
//!
//! The graph is walked once (`walk`): each value is known as a constant, or as a function of each element (`expression`) of
//! what one `chain` step gives. Where a layer takes such a function, it becomes a step of its own. The chain then becomes
//! layers of real numbers (`float`) or of integers (`integer`).

mod chain;
mod constant;
mod dense;
mod dynamic;
mod effort;
mod expression;
mod float;
mod flow;
mod integer;
mod meaning;
mod open;
mod operand;
mod pool;
mod recognize;
mod refusal;
mod slopes;
mod table;
mod value;
mod walk;
mod weights;

use super::graph::Graph;
use crate::error::{Error, ErrorKind, Result};
use crate::nn::Sequential;
use crate::quantize::QuantizedSequential;
use walk::Walk;

/// A network out of a graph.
#[derive(Clone, Debug, PartialEq)]
pub enum Imported {
    /// Real numbers.
    Float(Sequential),
    /// Integers, as they stood in the file.
    Quantized(QuantizedSequential),
}

/// The network that a graph describes: in integers where its activations are quantized, in real numbers otherwise.
/// # Errors
/// A node that is no part of a multilayer perceptron, by name, with the nearest thing that would work.
pub fn import(graph: &Graph) -> Result<Imported> {
    let walk = Walk::through(graph)?;
    let steps = meaning::main_chain(graph, &walk)?;
    if !steps.iter().any(|step| matches!(step.action, chain::Action::Dense { .. })) {
        let message = "it has no layer with weights (a Gemm or MatMul with a constant), so it is no MLP; export the network \
                       together with its trained weights";
        return Err(Error::new(ErrorKind::Model, "graph", message));
    }
    if steps.iter().any(|step| matches!(step.action, chain::Action::Quantize(_))) {
        integer::lower(graph, &walk, &steps).map(Imported::Quantized)
    } else {
        float::lower(graph, &walk, &steps).map(Imported::Float)
    }
}
