//! A graph as it is worked with: constants decoded, functions expanded, nodes in the order of evaluation.

use super::attribute::Attributes;
use super::tensor::Tensor;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// One operation.
#[derive(Clone, Debug)]
pub struct Node {
    /// The node's name; that of its first output where it has none.
    pub name: String,
    /// The operator.
    pub op: String,
    /// The operator's domain; empty for `ai.onnx`.
    pub domain: String,
    /// The version of that domain's operators.
    pub version: i64,
    /// The names of the inputs; empty for one that is left out.
    pub inputs: Vec<String>,
    /// The names of the outputs.
    pub outputs: Vec<String>,
    /// The operator's parameters.
    pub attributes: Attributes,
}

impl Node {
    /// `node "fc2" (Gemm)`, as errors name it.
    pub fn place(&self) -> String {
        let domain = if self.domain.is_empty() { String::new() } else { format!("{}.", self.domain) };
        format!("node \"{}\" ({domain}{})", self.name, self.op)
    }
}

/// An input of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphInput {
    /// Its name.
    pub name: String,
    /// Its element type (`TensorProto.DataType`); 0 where it is not a tensor.
    pub element_type: i32,
    /// Its dimensions, where known: `None` for a symbolic or unknown one.
    pub shape: Option<Vec<Option<usize>>>,
}

/// A graph that can be evaluated node by node.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The graph's name.
    pub name: String,
    /// The operations in the order of evaluation.
    pub nodes: Vec<Node>,
    /// What enters, without the constants.
    pub inputs: Vec<GraphInput>,
    /// The names of what comes out.
    pub outputs: Vec<String>,
    /// The constants, shared so that an import needs no second copy of the weights.
    pub constants: HashMap<String, Arc<Tensor>>,
    /// The model's named strings.
    pub metadata: BTreeMap<String, String>,
}

/// Sorts nodes so that each stands after those that it reads from, and otherwise keeps their order. The names in `known` are
/// there from the start. What can never be evaluated is the error.
pub(super) fn sort(nodes: Vec<Node>, known: impl Fn(&str) -> bool) -> Result<Vec<Node>, Box<Node>> {
    let mut producers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        producers.extend(node.outputs.iter().filter(|name| !name.is_empty()).map(|name| (name.as_str(), index)));
    }
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut missing = vec![0_usize; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        for name in node.inputs.iter().filter(|name| !name.is_empty() && !known(name)) {
            missing[index] += 1;
            if let Some(&producer) = producers.get(name.as_str()) {
                readers[producer].push(index);
            }
        }
    }
    let mut ready: std::collections::BinaryHeap<std::cmp::Reverse<usize>> =
        (0..nodes.len()).filter(|&index| missing[index] == 0).map(std::cmp::Reverse).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(std::cmp::Reverse(index)) = ready.pop() {
        order.push(index);
        for &reader in &readers[index] {
            missing[reader] -= 1;
            if missing[reader] == 0 {
                ready.push(std::cmp::Reverse(reader));
            }
        }
    }
    let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
    if order.len() < nodes.len() {
        let stuck = missing.iter().position(|&count| count > 0).unwrap_or(0);
        if let Some(node) = nodes.swap_remove(stuck) {
            return Err(Box::new(node));
        }
    }
    Ok(order.into_iter().filter_map(|index| nodes[index].take()).collect())
}
