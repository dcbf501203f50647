//! How a refusal is said: the node and its operator, what reaches it, what is wrong, and the nearest thing that would work.

use crate::error::{Error, ErrorKind};

/// How a message begins that says why a node is no part of a chain of layers.
const NO_MLP: &str = "is not part of an MLP: ";

/// The message for a node that no chain of layers has.
pub(super) fn no_mlp(advice: &str) -> String {
    format!("{NO_MLP}{advice}")
}

/// The error at a place, such as `node "fc2" (Gemm)`, that values of these shapes reach.
pub(super) fn refused(place: &str, shapes: &[String], message: &str) -> Error {
    let shapes = shapes.join(" and ");
    if let Some(advice) = message.strip_prefix(NO_MLP) {
        let input = if shapes.is_empty() { String::new() } else { format!("its input is {shapes}; ") };
        return Error::new(ErrorKind::Model, format!("{place} is not part of an MLP"), format!("{input}{advice}"));
    }
    let input = if shapes.is_empty() { String::new() } else { format!(" (its input is {shapes})") };
    // What an operator says of its operands has no remedy but this one.
    let remedy = if message.contains([';', ':']) { "" } else { "; export the model again" };
    Error::new(ErrorKind::Model, place, format!("{message}{remedy}{input}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_place_shape_and_remedy() {
        let shapes = ["[batch, 1, 6, 6]".to_owned()];
        assert_eq!(
            refused("node \"conv1\" (Conv)", &shapes, &no_mlp("use dense layers")).to_string(),
            "node \"conv1\" (Conv) is not part of an MLP: its input is [batch, 1, 6, 6]; use dense layers"
        );
        assert_eq!(
            refused("node \"fc\" (Gemm)", &[], "axis 3 does not exist").to_string(),
            "node \"fc\" (Gemm): axis 3 does not exist; export the model again"
        );
    }
}
