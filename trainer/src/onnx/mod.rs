//! ONNX in both directions: our networks as models that other tools read, and other tools' models as our networks.

mod attribute;
mod builder;
mod decode;
mod evaluate;
mod export;
mod export_qdq;
mod export_qoperator;
mod graph;
mod import;
mod metadata;
mod operators;
pub mod proto;
mod read;
mod tensor;
mod tract;

pub use attribute::{Attributes, Value};
pub use export::{DEFAULT_OPSET, export, export_with_opset};
pub use export_qdq::{DEFAULT_QDQ_OPSET, export_qdq, export_qdq_with_opset};
pub use export_qoperator::export_qoperator;
pub use graph::{Graph, GraphInput, Node};
pub use import::{Imported, import};
pub use metadata::bits;
pub use tensor::{ElementType, Tensor};
pub use tract::{tract_outputs, tract_outputs_of_file};
