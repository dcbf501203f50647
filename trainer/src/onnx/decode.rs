//! How a tensor comes out of a file.

use super::proto::{TensorProto, data_type};
use super::tensor::{Elements, Tensor};
use bytes::Bytes;
use half::{bf16, f16};

impl Tensor {
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
        if u32::try_from(count).is_err() {
            return Err(format!("its shape {:?} is too large for a microcontroller by far", proto.dims));
        }
        let source = Source { proto, raw, typed: raw.is_empty(), count };
        let elements = match proto.data_type {
            data_type::FLOAT => Elements::F32(source.elements(&proto.float_data, |&v| v, f32::from_le_bytes)?),
            data_type::DOUBLE => Elements::F64(source.elements(&proto.double_data, |&v| v, f64::from_le_bytes)?),
            data_type::INT8 => Elements::I8(source.elements(&proto.int32_data, |&v| v as i8, i8::from_le_bytes)?),
            data_type::UINT8 => Elements::U8(source.elements(&proto.int32_data, |&v| v as u8, u8::from_le_bytes)?),
            data_type::INT16 => Elements::I16(source.elements(&proto.int32_data, |&v| v as i16, i16::from_le_bytes)?),
            data_type::UINT16 => {
                Elements::U16(source.elements(&proto.int32_data, |&v| v as u16, u16::from_le_bytes)?)
            }
            data_type::INT32 => Elements::I32(source.elements(&proto.int32_data, |&v| v, i32::from_le_bytes)?),
            data_type::UINT32 => {
                Elements::U32(source.elements(&proto.uint64_data, |&v| v as u32, u32::from_le_bytes)?)
            }
            data_type::INT64 => Elements::I64(source.elements(&proto.int64_data, |&v| v, i64::from_le_bytes)?),
            data_type::UINT64 => Elements::U64(source.elements(&proto.uint64_data, |&v| v, u64::from_le_bytes)?),
            data_type::BOOL => {
                Elements::Bool(source.elements(&proto.int32_data, |&v| v != 0, |[b]: [u8; 1]| b != 0)?)
            }
            data_type::FLOAT16 => Elements::F32(source.elements(
                &proto.int32_data,
                |&v| f16::from_bits(v as u16).to_f32(),
                |b| f16::from_le_bytes(b).to_f32(),
            )?),
            data_type::BFLOAT16 => Elements::F32(source.elements(
                &proto.int32_data,
                |&v| bf16::from_bits(v as u16).to_f32(),
                |b| bf16::from_le_bytes(b).to_f32(),
            )?),
            data_type::INT4 => Elements::I8(source.nibbles(|nibble| ((nibble << 4) as i8) >> 4)?),
            data_type::UINT4 => Elements::U8(source.nibbles(|nibble| nibble)?),
            data_type::STRING => Elements::Text(
                source.typed_elements(&proto.string_data, |text| String::from_utf8_lossy(text).into_owned())?,
            ),
            other => return Err(format!("its element type {other} is not supported; export the model in float")),
        };
        Ok(Self::of_elements(shape, elements))
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
    ) -> Result<Vec<T>, String> {
        if self.typed {
            return self.typed_elements(field, convert);
        }
        let (chunks, rest) = self.raw.as_chunks::<N>();
        if chunks.len() != self.count || !rest.is_empty() {
            return Err(self.mismatch(&format!("{} bytes of {N} each", self.raw.len())));
        }
        Ok(chunks.iter().map(|&chunk| parse(chunk)).collect())
    }

    /// The elements from the field of their type.
    fn typed_elements<T, F>(&self, field: &[F], convert: impl Fn(&F) -> T) -> Result<Vec<T>, String> {
        if field.len() != self.count {
            return Err(self.mismatch(&format!("{} elements", field.len())));
        }
        Ok(field.iter().map(convert).collect())
    }

    /// 4-bit elements, two in a byte, the first in the lower half.
    fn nibbles<T>(&self, convert: impl Fn(u8) -> T) -> Result<Vec<T>, String> {
        let bytes: Vec<u8> =
            if self.typed { self.proto.int32_data.iter().map(|&v| v as u8).collect() } else { self.raw.to_vec() };
        if bytes.len() != self.count.div_ceil(2) {
            return Err(self.mismatch(&format!("{} bytes of two each", bytes.len())));
        }
        Ok(bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]).take(self.count).map(convert).collect())
    }

    fn mismatch(&self, found: &str) -> String {
        format!(
            "its shape {:?} needs {} elements, but it holds {found}; the file is damaged",
            self.proto.dims, self.count
        )
    }
}
