//! Puts a graph together: nodes, constants, and the model around them.

use super::proto::{
    AttributeProto, DimensionProto, DimensionValue, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, TypeValue, ValueInfoProto,
    attribute_type, data_type,
};
use bytes::Bytes;
use prost::Message;

/// The elements of a constant.
pub(super) enum Elements<'a> {
    F32(&'a [f32]),
    I8(&'a [i8]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
}

/// The parameter of an operator.
pub(super) enum Attribute {
    F32(f32),
    I64(i64),
    I64s(Vec<i64>),
    Text(&'static str),
}

/// A model under construction. Values are known by their names.
pub(super) struct Builder {
    graph: GraphProto,
    domains: Vec<OperatorSetIdProto>,
    metadata: Vec<StringStringEntryProto>,
}

/// The IR version that first knew an opset of `ai.onnx`: readers refuse a model whose IR version is newer than theirs, so
/// the least that will do is best. Source: the table in onnx/docs/Versioning.md.
fn ir_version(opset: i64) -> i64 {
    match opset {
        ..=10 => 5,
        11 => 6,
        12..=14 => 7,
        15..=18 => 8,
        19 | 20 => 9,
        21 | 22 => 10,
        23 => 11,
        24 => 12,
        25..=27 => 13,
        _ => 14,
    }
}

impl Builder {
    pub(super) fn new(name: &str, opset: i64) -> Self {
        let graph = GraphProto { name: name.to_owned(), ..GraphProto::default() };
        Self {
            graph,
            domains: vec![OperatorSetIdProto { domain: String::new(), version: opset }],
            metadata: Vec::new(),
        }
    }

    /// Adds a constant and returns its name.
    pub(super) fn constant(&mut self, name: impl Into<String>, dims: &[usize], elements: &Elements<'_>) -> String {
        let name = name.into();
        let (data_type, raw_data) = match elements {
            Elements::F32(values) => {
                (data_type::FLOAT, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
            }
            Elements::I8(values) => (data_type::INT8, values.iter().map(|&v| v as u8).collect()),
            Elements::U8(values) => (data_type::UINT8, values.to_vec()),
            Elements::I64(values) => (data_type::INT64, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Elements::I32(values) => (data_type::INT32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        };
        let dims = dims.iter().map(|&d| d as i64).collect();
        let tensor =
            TensorProto { dims, data_type, name: name.clone(), raw_data: raw_data.into(), ..TensorProto::default() };
        self.graph.initializer.push(tensor);
        name
    }

    /// Adds a one-output node of `ai.onnx` and returns the name of its output.
    pub(super) fn node(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        output: impl Into<String>,
        attributes: &[(&str, Attribute)],
    ) -> String {
        self.node_of("", op, name, inputs, output, attributes)
    }

    /// As [`Builder::node`], of another `domain` (in its version 1), which the model then imports.
    pub(super) fn node_of(
        &mut self,
        domain: &str,
        op: &str,
        name: &str,
        inputs: &[&str],
        output: impl Into<String>,
        attributes: &[(&str, Attribute)],
    ) -> String {
        if self.domains.iter().all(|known| known.domain != domain) {
            self.domains.push(OperatorSetIdProto { domain: domain.to_owned(), version: 1 });
        }
        let output = output.into();
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![output.clone()],
            name: name.to_owned(),
            op_type: op.to_owned(),
            attribute: attributes.iter().map(|(name, value)| attribute(name, value)).collect(),
            domain: domain.to_owned(),
        });
        output
    }

    /// Declares the graph's input: samples x `features`, f32.
    pub(super) fn input(&mut self, name: &str, features: usize, doc: String) {
        self.graph.input.push(samples_by(name, features, doc));
    }

    /// Declares the graph's output: samples x `features`, f32.
    pub(super) fn output(&mut self, name: &str, features: usize, doc: String) {
        self.graph.output.push(samples_by(name, features, doc));
    }

    /// Adds a named string to the model.
    pub(super) fn metadata(&mut self, key: &str, value: String) {
        self.metadata.push(StringStringEntryProto { key: key.to_owned(), value });
    }

    /// The finished model's bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        let opset = self.domains[0].version;
        let model = ModelProto {
            ir_version: ir_version(opset),
            producer_name: "thumbnet".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(self.graph),
            opset_import: self.domains,
            metadata_props: self.metadata,
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }
}

fn attribute(name: &str, value: &Attribute) -> AttributeProto {
    let mut proto = AttributeProto { name: name.to_owned(), ..AttributeProto::default() };
    match value {
        &Attribute::F32(f) => (proto.f, proto.r#type) = (f, attribute_type::FLOAT),
        &Attribute::I64(i) => (proto.i, proto.r#type) = (i, attribute_type::INT),
        Attribute::I64s(list) => (proto.ints, proto.r#type) = (list.clone(), attribute_type::INTS),
        &Attribute::Text(s) => (proto.s, proto.r#type) = (Bytes::from_static(s.as_bytes()), attribute_type::STRING),
    }
    proto
}

/// The type of samples x `features` in f32, any number of samples.
fn samples_by(name: &str, features: usize, doc_string: String) -> ValueInfoProto {
    let dim = vec![
        DimensionProto { value: Some(DimensionValue::Param("batch".to_owned())) },
        DimensionProto { value: Some(DimensionValue::Value(features as i64)) },
    ];
    let tensor = TensorTypeProto { elem_type: data_type::FLOAT, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { value: Some(TypeValue::Tensor(tensor)) }),
        doc_string,
    }
}
