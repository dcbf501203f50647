//! Tensors of dynamic type and rank, and how they come out of a file.

use super::proto::{TensorProto, data_type};
use bytes::Bytes;
use half::{bf16, f16};
use ndarray::{ArrayD, IxDyn};

/// A tensor. Half-precision numbers are held as f32, 4-bit integers as 8-bit ones: each value stays what it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// f32, and the half-precision types.
    F32(ArrayD<f32>),
    /// f64
    F64(ArrayD<f64>),
    /// i8, and signed 4-bit integers.
    I8(ArrayD<i8>),
    /// u8, and unsigned 4-bit integers.
    U8(ArrayD<u8>),
    /// i16
    I16(ArrayD<i16>),
    /// u16
    U16(ArrayD<u16>),
    /// i32
    I32(ArrayD<i32>),
    /// u32
    U32(ArrayD<u32>),
    /// i64
    I64(ArrayD<i64>),
    /// u64
    U64(ArrayD<u64>),
    /// Truth values.
    Bool(ArrayD<bool>),
    /// Texts.
    Text(ArrayD<String>),
}

/// Runs `$body` with `$array` bound to the array inside `$tensor`, whatever its element type.
macro_rules! each {
    ($tensor:expr, $array:ident => $body:expr) => {
        match $tensor {
            $crate::onnx::tensor::Tensor::F32($array) => $body,
            $crate::onnx::tensor::Tensor::F64($array) => $body,
            $crate::onnx::tensor::Tensor::I8($array) => $body,
            $crate::onnx::tensor::Tensor::U8($array) => $body,
            $crate::onnx::tensor::Tensor::I16($array) => $body,
            $crate::onnx::tensor::Tensor::U16($array) => $body,
            $crate::onnx::tensor::Tensor::I32($array) => $body,
            $crate::onnx::tensor::Tensor::U32($array) => $body,
            $crate::onnx::tensor::Tensor::I64($array) => $body,
            $crate::onnx::tensor::Tensor::U64($array) => $body,
            $crate::onnx::tensor::Tensor::Bool($array) => $body,
            $crate::onnx::tensor::Tensor::Text($array) => $body,
        }
    };
}
/// As `each!`, and the result is again a tensor of that type.
macro_rules! map_each {
    ($tensor:expr, $array:ident => $body:expr) => {
        match $tensor {
            $crate::onnx::tensor::Tensor::F32($array) => $crate::onnx::tensor::Tensor::F32($body),
            $crate::onnx::tensor::Tensor::F64($array) => $crate::onnx::tensor::Tensor::F64($body),
            $crate::onnx::tensor::Tensor::I8($array) => $crate::onnx::tensor::Tensor::I8($body),
            $crate::onnx::tensor::Tensor::U8($array) => $crate::onnx::tensor::Tensor::U8($body),
            $crate::onnx::tensor::Tensor::I16($array) => $crate::onnx::tensor::Tensor::I16($body),
            $crate::onnx::tensor::Tensor::U16($array) => $crate::onnx::tensor::Tensor::U16($body),
            $crate::onnx::tensor::Tensor::I32($array) => $crate::onnx::tensor::Tensor::I32($body),
            $crate::onnx::tensor::Tensor::U32($array) => $crate::onnx::tensor::Tensor::U32($body),
            $crate::onnx::tensor::Tensor::I64($array) => $crate::onnx::tensor::Tensor::I64($body),
            $crate::onnx::tensor::Tensor::U64($array) => $crate::onnx::tensor::Tensor::U64($body),
            $crate::onnx::tensor::Tensor::Bool($array) => $crate::onnx::tensor::Tensor::Bool($body),
            $crate::onnx::tensor::Tensor::Text($array) => $crate::onnx::tensor::Tensor::Text($body),
        }
    };
}
pub(super) use {each, map_each};

/// The types that have an arithmetic: how each converts from and to f64 and into its tensor.
macro_rules! from_arrays {
    ($($variant:ident $element:ty),+) => { $(
        impl From<ArrayD<$element>> for Tensor {
            fn from(array: ArrayD<$element>) -> Self {
                Self::$variant(array)
            }
        }
    )+ };
}
from_arrays!(F32 f32, F64 f64, I8 i8, U8 u8, I16 i16, U16 u16, I32 i32, U32 u32, I64 i64, U64 u64, Bool bool, Text String);

impl Tensor {
    /// The shape.
    pub fn shape(&self) -> &[usize] {
        each!(self, array => array.shape())
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        each!(self, array => array.len())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of the element type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::F32(_) => "float",
            Self::F64(_) => "double",
            Self::I8(_) => "int8",
            Self::U8(_) => "uint8",
            Self::I16(_) => "int16",
            Self::U16(_) => "uint16",
            Self::I32(_) => "int32",
            Self::U32(_) => "uint32",
            Self::I64(_) => "int64",
            Self::U64(_) => "uint64",
            Self::Bool(_) => "bool",
            Self::Text(_) => "string",
        }
    }

    /// The number of the element type ([`data_type`]).
    pub(super) fn data_type(&self) -> i32 {
        match self {
            Self::F32(_) => data_type::FLOAT,
            Self::F64(_) => data_type::DOUBLE,
            Self::I8(_) => data_type::INT8,
            Self::U8(_) => data_type::UINT8,
            Self::I16(_) => data_type::INT16,
            Self::U16(_) => data_type::UINT16,
            Self::I32(_) => data_type::INT32,
            Self::U32(_) => data_type::UINT32,
            Self::I64(_) => data_type::INT64,
            Self::U64(_) => data_type::UINT64,
            Self::Bool(_) => data_type::BOOL,
            Self::Text(_) => data_type::STRING,
        }
    }

    /// The elements as f64; `None` for texts. Exact but for 64-bit integers beyond 2^53.
    pub fn to_f64(&self) -> Option<ArrayD<f64>> {
        Some(match self {
            Self::F32(array) => array.mapv(f64::from),
            Self::F64(array) => array.clone(),
            Self::I8(array) => array.mapv(f64::from),
            Self::U8(array) => array.mapv(f64::from),
            Self::I16(array) => array.mapv(f64::from),
            Self::U16(array) => array.mapv(f64::from),
            Self::I32(array) => array.mapv(f64::from),
            Self::U32(array) => array.mapv(f64::from),
            Self::I64(array) => array.mapv(|v| v as f64),
            Self::U64(array) => array.mapv(|v| v as f64),
            Self::Bool(array) => array.mapv(f64::from),
            Self::Text(_) => return None,
        })
    }

    /// The elements as f32, rounded; `None` for texts.
    pub fn to_f32(&self) -> Option<ArrayD<f32>> {
        match self {
            Self::F32(array) => Some(array.clone()),
            other => other.to_f64().map(|array| array.mapv(|v| v as f32)),
        }
    }

    /// The elements as i64, floats rounded toward zero; `None` for texts.
    pub fn to_i64(&self) -> Option<ArrayD<i64>> {
        match self {
            Self::I64(array) => Some(array.clone()),
            Self::U64(array) => Some(array.mapv(|v| v as i64)),
            other => other.to_f64().map(|array| array.mapv(|v| v as i64)),
        }
    }

    /// The same elements in another shape, whose number of elements is the same.
    pub(super) fn reshaped(self, shape: &[usize]) -> Option<Self> {
        Some(
            map_each!(self, array => array.as_standard_layout().into_owned().into_shape_with_order(IxDyn(shape)).ok()?),
        )
    }

    /// Reads a `TensorProto` message, as ONNX's test data are stored.
    /// # Errors
    /// Bytes that are no such message, or whose elements do not fit its shape.
    pub fn from_message(bytes: &[u8]) -> Result<Self, String> {
        let proto = <TensorProto as prost::Message>::decode(bytes).map_err(|error| error.to_string())?;
        Self::decode(&proto, None)
    }

    /// Takes a tensor out of its message. `external` stands for `raw_data` where the elements come from another file.
    pub(super) fn decode(proto: &TensorProto, external: Option<&Bytes>) -> Result<Self, String> {
        let mut count = 1_usize;
        let mut shape = Vec::with_capacity(proto.dims.len());
        for &dim in &proto.dims {
            let dim =
                usize::try_from(dim).map_err(|_| format!("its shape {:?} has a negative dimension", proto.dims))?;
            count = count.checked_mul(dim).ok_or_else(|| format!("its shape {:?} is too large", proto.dims))?;
            shape.push(dim);
        }
        let raw = external.unwrap_or(&proto.raw_data);
        let source = Source { proto, raw, typed: raw.is_empty(), count };
        let shape = IxDyn(&shape);
        Ok(match proto.data_type {
            data_type::FLOAT => Self::F32(source.elements(&proto.float_data, |&v| v, f32::from_le_bytes, shape)?),
            data_type::DOUBLE => Self::F64(source.elements(&proto.double_data, |&v| v, f64::from_le_bytes, shape)?),
            data_type::INT8 => Self::I8(source.elements(&proto.int32_data, |&v| v as i8, i8::from_le_bytes, shape)?),
            data_type::UINT8 => Self::U8(source.elements(&proto.int32_data, |&v| v as u8, u8::from_le_bytes, shape)?),
            data_type::INT16 => {
                Self::I16(source.elements(&proto.int32_data, |&v| v as i16, i16::from_le_bytes, shape)?)
            }
            data_type::UINT16 => {
                Self::U16(source.elements(&proto.int32_data, |&v| v as u16, u16::from_le_bytes, shape)?)
            }
            data_type::INT32 => Self::I32(source.elements(&proto.int32_data, |&v| v, i32::from_le_bytes, shape)?),
            data_type::UINT32 => {
                Self::U32(source.elements(&proto.uint64_data, |&v| v as u32, u32::from_le_bytes, shape)?)
            }
            data_type::INT64 => Self::I64(source.elements(&proto.int64_data, |&v| v, i64::from_le_bytes, shape)?),
            data_type::UINT64 => Self::U64(source.elements(&proto.uint64_data, |&v| v, u64::from_le_bytes, shape)?),
            data_type::BOOL => {
                Self::Bool(source.elements(&proto.int32_data, |&v| v != 0, |[b]: [u8; 1]| b != 0, shape)?)
            }
            data_type::FLOAT16 => Self::F32(source.elements(
                &proto.int32_data,
                |&v| f16::from_bits(v as u16).to_f32(),
                |b| f16::from_le_bytes(b).to_f32(),
                shape,
            )?),
            data_type::BFLOAT16 => Self::F32(source.elements(
                &proto.int32_data,
                |&v| bf16::from_bits(v as u16).to_f32(),
                |b| bf16::from_le_bytes(b).to_f32(),
                shape,
            )?),
            data_type::INT4 => Self::I8(source.nibbles(|nibble| ((nibble << 4) as i8) >> 4, shape)?),
            data_type::UINT4 => Self::U8(source.nibbles(|nibble| nibble, shape)?),
            data_type::STRING => Self::Text(source.typed_elements(
                &proto.string_data,
                |text| String::from_utf8_lossy(text).into_owned(),
                shape,
            )?),
            other => return Err(format!("its element type {other} is not supported; export the model in float")),
        })
    }
}

/// Where the elements of a tensor are.
struct Source<'a> {
    proto: &'a TensorProto,
    raw: &'a Bytes,
    typed: bool,
    count: usize,
}

impl Source<'_> {
    /// The elements, from raw bytes or from the field of their type. Nothing is allocated before the lengths agree.
    fn elements<T, F, const N: usize>(
        &self,
        field: &[F],
        convert: impl Fn(&F) -> T,
        parse: impl Fn([u8; N]) -> T,
        shape: IxDyn,
    ) -> Result<ArrayD<T>, String> {
        if self.typed {
            return self.typed_elements(field, convert, shape);
        }
        let (chunks, rest) = self.raw.as_chunks::<N>();
        if chunks.len() != self.count || !rest.is_empty() {
            return Err(self.mismatch(&format!("{} bytes of {N} each", self.raw.len())));
        }
        array(chunks.iter().map(|&chunk| parse(chunk)).collect(), shape)
    }

    /// The elements from the field of their type.
    fn typed_elements<T, F>(&self, field: &[F], convert: impl Fn(&F) -> T, shape: IxDyn) -> Result<ArrayD<T>, String> {
        if field.len() != self.count {
            return Err(self.mismatch(&format!("{} elements", field.len())));
        }
        array(field.iter().map(convert).collect(), shape)
    }

    /// 4-bit elements, two in a byte, the first in the lower half.
    fn nibbles<T>(&self, convert: impl Fn(u8) -> T, shape: IxDyn) -> Result<ArrayD<T>, String> {
        let bytes: Vec<u8> =
            if self.typed { self.proto.int32_data.iter().map(|&v| v as u8).collect() } else { self.raw.to_vec() };
        if bytes.len() != self.count.div_ceil(2) {
            return Err(self.mismatch(&format!("{} bytes of two each", bytes.len())));
        }
        array(bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]).take(self.count).map(convert).collect(), shape)
    }

    fn mismatch(&self, found: &str) -> String {
        format!(
            "its shape {:?} needs {} elements, but it holds {found}; the file is damaged",
            self.proto.dims, self.count
        )
    }
}

fn array<T>(elements: Vec<T>, shape: IxDyn) -> Result<ArrayD<T>, String> {
    ArrayD::from_shape_vec(shape, elements).map_err(|error| error.to_string())
}
