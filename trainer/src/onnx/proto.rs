//! The messages of ONNX (`onnx.proto`, IR version 13) that a multilayer perceptron needs, as prost derives them on our own
//! structs. Fields that nobody here reads are left out; decoding skips them.

use bytes::Bytes;
use prost::{Message, Oneof};

/// A model: a graph, the operator sets that it uses, and who made it.
#[derive(Clone, PartialEq, Message)]
pub struct ModelProto {
    /// The version of the format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// The tool that wrote the model.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// Its version.
    #[prost(string, tag = "3")]
    pub producer_version: String,
    /// What the model is, for a reader.
    #[prost(string, tag = "6")]
    pub doc_string: String,
    /// The computation.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphProto>,
    /// The versions of the operators, by domain.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// Named strings: class names, the input's meaning.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<StringStringEntryProto>,
    /// Functions that nodes may call like operators.
    #[prost(message, repeated, tag = "25")]
    pub functions: Vec<FunctionProto>,
}

/// A function that nodes may call like an operator.
#[derive(Clone, PartialEq, Message)]
pub struct FunctionProto {
    /// The function's name: the callers' operator.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The names of its inputs.
    #[prost(string, repeated, tag = "4")]
    pub input: Vec<String>,
    /// The names of its outputs.
    #[prost(string, repeated, tag = "5")]
    pub output: Vec<String>,
    /// The names of its attributes without a default.
    #[prost(string, repeated, tag = "6")]
    pub attribute: Vec<String>,
    /// Its body.
    #[prost(message, repeated, tag = "7")]
    pub node: Vec<NodeProto>,
    /// The versions of the operators in the body.
    #[prost(message, repeated, tag = "9")]
    pub opset_import: Vec<OperatorSetIdProto>,
    /// The domain of the function.
    #[prost(string, tag = "10")]
    pub domain: String,
    /// Its attributes with a default.
    #[prost(message, repeated, tag = "11")]
    pub attribute_proto: Vec<AttributeProto>,
}

/// A named string.
#[derive(Clone, PartialEq, Message)]
pub struct StringStringEntryProto {
    /// The name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The string.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// The version of a domain's operators.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSetIdProto {
    /// The domain; empty is `ai.onnx`.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// The version.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A graph of nodes in the order of evaluation.
#[derive(Clone, PartialEq, Message)]
pub struct GraphProto {
    /// The operations.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeProto>,
    /// The graph's name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// The constants.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorProto>,
    /// What the graph is, for a reader.
    #[prost(string, tag = "10")]
    pub doc_string: String,
    /// What enters (in IR 3 also every initializer).
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    /// What comes out.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
    /// Constants in a sparse form.
    #[prost(message, repeated, tag = "15")]
    pub sparse_initializer: Vec<SparseTensorProto>,
}

/// A sparse constant; only its presence is read.
#[derive(Clone, PartialEq, Message)]
pub struct SparseTensorProto {
    /// The values that are not 0.
    #[prost(message, optional, tag = "1")]
    pub values: Option<TensorProto>,
}

/// One operation.
#[derive(Clone, PartialEq, Message)]
pub struct NodeProto {
    /// The names of its inputs; an empty name is an input left out.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// The names of its outputs.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// The node's name; may be empty.
    #[prost(string, tag = "3")]
    pub name: String,
    /// The operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// The operator's parameters.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeProto>,
    /// The operator's domain; empty is `ai.onnx`.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// One parameter of an operator.
#[derive(Clone, PartialEq, Message)]
pub struct AttributeProto {
    /// The parameter's name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// A float.
    #[prost(float, tag = "2")]
    pub f: f32,
    /// An integer.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// A string.
    #[prost(bytes = "bytes", tag = "4")]
    pub s: Bytes,
    /// A tensor.
    #[prost(message, optional, tag = "5")]
    pub t: Option<TensorProto>,
    /// A graph (of control flow); only its presence is read.
    #[prost(bytes = "bytes", tag = "6")]
    pub g: Bytes,
    /// Floats.
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    /// Integers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Strings.
    #[prost(bytes = "bytes", repeated, tag = "9")]
    pub strings: Vec<Bytes>,
    /// Which of the fields holds the value: [`attribute_type`].
    #[prost(int32, tag = "20")]
    pub r#type: i32,
    /// In a function's body: the name of the caller's attribute that is meant.
    #[prost(string, tag = "21")]
    pub ref_attr_name: String,
}

/// The values of [`AttributeProto::type`].
pub mod attribute_type {
    #![allow(missing_docs)]
    pub const FLOAT: i32 = 1;
    pub const INT: i32 = 2;
    pub const STRING: i32 = 3;
    pub const TENSOR: i32 = 4;
    pub const FLOATS: i32 = 6;
    pub const INTS: i32 = 7;
    pub const STRINGS: i32 = 8;
}

/// A constant tensor, its elements in `raw_data`, in the field of its type, or in another file.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// The shape.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// The element type: [`data_type`].
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Elements of f32 (and complex numbers).
    #[prost(float, repeated, tag = "4")]
    pub float_data: Vec<f32>,
    /// Elements of i32, i16, i8, u16, u8, bool, f16 and bf16 (as bits), and pairs of 4-bit integers.
    #[prost(int32, repeated, tag = "5")]
    pub int32_data: Vec<i32>,
    /// Elements that are strings.
    #[prost(bytes = "bytes", repeated, tag = "6")]
    pub string_data: Vec<Bytes>,
    /// Elements of i64.
    #[prost(int64, repeated, tag = "7")]
    pub int64_data: Vec<i64>,
    /// The tensor's name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Elements of any fixed-size type, little-endian.
    #[prost(bytes = "bytes", tag = "9")]
    pub raw_data: Bytes,
    /// Elements of f64.
    #[prost(double, repeated, tag = "10")]
    pub double_data: Vec<f64>,
    /// Elements of u64 and u32.
    #[prost(uint64, repeated, tag = "11")]
    pub uint64_data: Vec<u64>,
    /// Where the elements are, if in another file: `location`, `offset`, `length`.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// 1 where the elements are in another file.
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// The values of [`TensorProto::data_type`].
pub mod data_type {
    #![allow(missing_docs)]
    pub const FLOAT: i32 = 1;
    pub const UINT8: i32 = 2;
    pub const INT8: i32 = 3;
    pub const UINT16: i32 = 4;
    pub const INT16: i32 = 5;
    pub const INT32: i32 = 6;
    pub const INT64: i32 = 7;
    pub const STRING: i32 = 8;
    pub const BOOL: i32 = 9;
    pub const FLOAT16: i32 = 10;
    pub const DOUBLE: i32 = 11;
    pub const UINT32: i32 = 12;
    pub const UINT64: i32 = 13;
    pub const BFLOAT16: i32 = 16;
    pub const UINT4: i32 = 21;
    pub const INT4: i32 = 22;
}

/// The name and type of a graph's input or output.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfoProto {
    /// The value's name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<TypeProto>,
    /// What the value means, for a reader.
    #[prost(string, tag = "3")]
    pub doc_string: String,
}

/// A type.
#[derive(Clone, PartialEq, Message)]
pub struct TypeProto {
    /// A tensor's type; sequences and maps (as ZipMap makes them) are skipped.
    #[prost(oneof = "TypeValue", tags = "1")]
    pub value: Option<TypeValue>,
}

/// The kinds of types that are read.
#[derive(Clone, PartialEq, Oneof)]
pub enum TypeValue {
    /// A tensor.
    #[prost(message, tag = "1")]
    Tensor(TensorTypeProto),
}

/// A tensor's type.
#[derive(Clone, PartialEq, Message)]
pub struct TensorTypeProto {
    /// The element type: [`data_type`].
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// The shape, where it is known.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
}

/// A shape.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShapeProto {
    /// The dimensions.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<DimensionProto>,
}

/// A dimension: a number, a name, or unknown.
#[derive(Clone, PartialEq, Message)]
pub struct DimensionProto {
    /// The number or name.
    #[prost(oneof = "DimensionValue", tags = "1, 2")]
    pub value: Option<DimensionValue>,
}

/// What a dimension is.
#[derive(Clone, PartialEq, Oneof)]
pub enum DimensionValue {
    /// Fixed.
    #[prost(int64, tag = "1")]
    Value(i64),
    /// Any, the same wherever the name stands.
    #[prost(string, tag = "2")]
    Param(String),
}
