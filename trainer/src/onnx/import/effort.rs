//! What an import may cost: a few bytes of a file must not ask for hours or gigabytes.

use super::walk::Found;
use crate::onnx::evaluate::MADE;
use crate::onnx::graph::Graph;
use std::cell::Cell;

/// How many elements may be computed to find out what functions are, beside 64 times those that the file holds.
const COMPUTED: usize = 1 << 24;

/// What is left of it.
pub(super) struct Effort {
    made: Cell<usize>,
    computed: Cell<usize>,
}

impl Effort {
    /// What the import of a graph may cost.
    pub(super) fn of(graph: &Graph) -> Self {
        Self::beside(graph.constants.values().map(|tensor| tensor.len()).sum())
    }

    /// What the import of a graph of so many constant elements may cost.
    pub(super) fn beside(held: usize) -> Self {
        Self {
            made: Cell::new(MADE.saturating_add(held.saturating_mul(4))),
            computed: Cell::new(COMPUTED.saturating_add(held.saturating_mul(64))),
        }
    }

    /// Counts elements that are made and stay.
    /// # Errors
    /// Where they are more than the file justifies.
    pub(super) fn make(&self, elements: usize) -> Found<()> {
        spend(&self.made, elements).ok_or_else(|| {
            format!("it makes {elements} numbers more than the file holds, too many for what it is; write constants into the file, and export it again")
        })
    }

    /// Counts the weights of a layer that the file does not have.
    /// # Errors
    /// Where they are more than the file justifies.
    pub(super) fn layer(&self, inputs: usize, outputs: usize) -> Found<()> {
        spend(&self.made, inputs.saturating_mul(outputs)).ok_or_else(|| {
            format!(
                "what stands before it needs a layer of its own of {inputs}x{outputs} weights, too many for a microcontroller; \
                 export the network without it"
            )
        })
    }

    /// Counts elements that are computed and forgotten.
    /// # Errors
    /// Where they are more than the file justifies.
    pub(super) fn compute(&self, elements: usize) -> Found<()> {
        spend(&self.computed, elements).ok_or_else(|| {
            "its function is too long to find out what it is; use one of ONNX's, such as Relu, Tanh, Sigmoid or Gelu"
                .to_owned()
        })
    }
}

/// Takes so much away, or leaves nothing.
fn spend(left: &Cell<usize>, amount: usize) -> Option<()> {
    let rest = left.get().checked_sub(amount);
    left.set(rest.unwrap_or(0));
    rest.map(|_| ())
}
