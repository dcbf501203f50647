//! Tensors of dynamic type and rank.

use super::proto::data_type;
use ndarray::{ArrayD, ArrayViewD};

/// A tensor: its shape, and its elements in row-major order. Only the elements know their type: numbers are computed in f64
/// ([`Tensor::to_f64`]), and whatever moves elements moves their places (`Tensor::places`), so that no operator is
/// compiled once for every type.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    elements: Elements,
}

/// The most elements that joined tensors may have: a chain of joins doubles with every node.
const MAX_JOINED: usize = 1 << 24;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// f32, and the half-precision types.
    F32,
    /// f64
    F64,
    /// i8, and signed 4-bit integers.
    I8,
    /// u8, and unsigned 4-bit integers.
    U8,
    /// i16
    I16,
    /// u16
    U16,
    /// i32
    I32,
    /// u32
    U32,
    /// i64
    I64,
    /// u64
    U64,
    /// Truth values.
    Bool,
    /// Texts.
    Text,
}

/// The elements of a tensor. Half-precision numbers are held as f32, 4-bit integers as 8-bit ones: each value stays what it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Elements {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    I16(Vec<i16>),
    U16(Vec<u16>),
    I32(Vec<i32>),
    U32(Vec<u32>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    Bool(Vec<bool>),
    Text(Vec<String>),
}

/// Runs `$body` with `$list` bound to the elements, whatever their type.
macro_rules! each {
    ($elements:expr, $list:ident => $body:expr) => {
        each!(@ $elements, $list => $body; F32 F64 I8 U8 I16 U16 I32 U32 I64 U64 Bool Text)
    };
    (@ $elements:expr, $list:ident => $body:expr; $($variant:ident)+) => {
        match $elements { $(Elements::$variant($list) => $body),+ }
    };
}

/// As `each!`, and the result is again a list of that type.
macro_rules! map_each {
    ($elements:expr, $list:ident => $body:expr) => {
        map_each!(@ $elements, $list => $body; F32 F64 I8 U8 I16 U16 I32 U32 I64 U64 Bool Text)
    };
    (@ $elements:expr, $list:ident => $body:expr; $($variant:ident)+) => {
        match $elements { $(Elements::$variant($list) => Elements::$variant($body)),+ }
    };
}

/// How numbers and lists of a type become a tensor.
macro_rules! from_lists {
    ($($variant:ident $element:ty),+) => { $(
        impl From<Vec<$element>> for Tensor {
            fn from(list: Vec<$element>) -> Self {
                Self { shape: vec![list.len()], elements: Elements::$variant(list) }
            }
        }
        impl From<$element> for Tensor {
            fn from(one: $element) -> Self {
                Self { shape: Vec::new(), elements: Elements::$variant(vec![one]) }
            }
        }
    )+ };
}
from_lists!(F32 f32, I64 i64, Text String);

impl From<ArrayD<f32>> for Tensor {
    fn from(array: ArrayD<f32>) -> Self {
        Self { shape: array.shape().to_vec(), elements: Elements::F32(row_major(array)) }
    }
}

/// The elements of an array in row-major order.
fn row_major<T: Clone>(array: ArrayD<T>) -> Vec<T> {
    if !array.is_standard_layout() {
        return array.iter().cloned().collect();
    }
    let len = array.len();
    let (mut list, start) = array.into_raw_vec_and_offset();
    list.drain(..start.unwrap_or(0));
    list.truncate(len);
    list
}

/// The elements of a list at these places.
fn taken<T: Clone>(list: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&place| list[place as usize].clone()).collect()
}

impl Elements {
    /// Appends elements of the same type; `None` where they are of another.
    fn append(&mut self, other: &Self) -> Option<()> {
        macro_rules! of_one_type {
            ($($variant:ident)+) => {
                match (self, other) {
                    $((Self::$variant(list), Self::$variant(more)) => list.extend_from_slice(more),)+
                    _ => return None,
                }
            };
        }
        of_one_type!(F32 F64 I8 U8 I16 U16 I32 U32 I64 U64 Bool Text);
        Some(())
    }
}

impl ElementType {
    /// The name in ONNX.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float",
            Self::F64 => "double",
            Self::I8 => "int8",
            Self::U8 => "uint8",
            Self::I16 => "int16",
            Self::U16 => "uint16",
            Self::I32 => "int32",
            Self::U32 => "uint32",
            Self::I64 => "int64",
            Self::U64 => "uint64",
            Self::Bool => "bool",
            Self::Text => "string",
        }
    }

    /// The number of the type ([`data_type`]).
    pub(super) fn number(self) -> i32 {
        match self {
            Self::F32 => data_type::FLOAT,
            Self::F64 => data_type::DOUBLE,
            Self::I8 => data_type::INT8,
            Self::U8 => data_type::UINT8,
            Self::I16 => data_type::INT16,
            Self::U16 => data_type::UINT16,
            Self::I32 => data_type::INT32,
            Self::U32 => data_type::UINT32,
            Self::I64 => data_type::INT64,
            Self::U64 => data_type::UINT64,
            Self::Bool => data_type::BOOL,
            Self::Text => data_type::STRING,
        }
    }

    /// The type that holds elements of that number ([`data_type`]); half precision is held in f32.
    pub(super) fn of_number(number: i32) -> Option<Self> {
        Some(match number {
            data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 => Self::F32,
            data_type::DOUBLE => Self::F64,
            data_type::INT8 => Self::I8,
            data_type::UINT8 => Self::U8,
            data_type::INT16 => Self::I16,
            data_type::UINT16 => Self::U16,
            data_type::INT32 => Self::I32,
            data_type::UINT32 => Self::U32,
            data_type::INT64 => Self::I64,
            data_type::UINT64 => Self::U64,
            data_type::BOOL => Self::Bool,
            data_type::STRING => Self::Text,
            _ => return None,
        })
    }
}

impl Tensor {
    /// Elements in a shape that has as many.
    pub(super) fn of_elements(shape: Vec<usize>, elements: Elements) -> Self {
        Self { shape, elements }
    }

    /// Real numbers as elements of that type: floats rounded, integers cut and wrapped; numbers that should be texts stay f64.
    pub fn of_type(values: ArrayD<f64>, element: ElementType) -> Self {
        let shape = values.shape().to_vec();
        let values = row_major(values);
        let elements = match element {
            ElementType::F32 => Elements::F32(values.iter().map(|&v| v as f32).collect()),
            ElementType::F64 | ElementType::Text => Elements::F64(values),
            ElementType::I8 => Elements::I8(values.iter().map(|&v| v as i64 as i8).collect()),
            ElementType::U8 => Elements::U8(values.iter().map(|&v| v as i64 as u8).collect()),
            ElementType::I16 => Elements::I16(values.iter().map(|&v| v as i64 as i16).collect()),
            ElementType::U16 => Elements::U16(values.iter().map(|&v| v as i64 as u16).collect()),
            ElementType::I32 => Elements::I32(values.iter().map(|&v| v as i64 as i32).collect()),
            ElementType::U32 => Elements::U32(values.iter().map(|&v| v as i64 as u32).collect()),
            ElementType::I64 => Elements::I64(values.iter().map(|&v| v as i64).collect()),
            ElementType::U64 => {
                Elements::U64(values.iter().map(|&v| if v < 0.0 { v as i64 as u64 } else { v as u64 }).collect())
            }
            ElementType::Bool => Elements::Bool(values.iter().map(|&v| v != 0.0).collect()),
        };
        Self { shape, elements }
    }

    /// 64-bit integers as elements of that type, u64 or i64.
    pub(super) fn of_integers(values: ArrayD<i64>, element: ElementType) -> Self {
        let shape = values.shape().to_vec();
        let values = row_major(values);
        let elements = match element {
            ElementType::U64 => Elements::U64(values.iter().map(|&v| v as u64).collect()),
            _ => Elements::I64(values),
        };
        Self { shape, elements }
    }

    /// The shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        each!(&self.elements, list => list.len())
    }

    /// The bytes that the elements take.
    pub(super) fn bytes(&self) -> usize {
        match &self.elements {
            Elements::Text(list) => list.iter().map(|text| size_of::<String>() + text.len()).sum(),
            elements => each!(elements, list => size_of_val(list.as_slice())),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the elements.
    pub fn element_type(&self) -> ElementType {
        match &self.elements {
            Elements::F32(_) => ElementType::F32,
            Elements::F64(_) => ElementType::F64,
            Elements::I8(_) => ElementType::I8,
            Elements::U8(_) => ElementType::U8,
            Elements::I16(_) => ElementType::I16,
            Elements::U16(_) => ElementType::U16,
            Elements::I32(_) => ElementType::I32,
            Elements::U32(_) => ElementType::U32,
            Elements::I64(_) => ElementType::I64,
            Elements::U64(_) => ElementType::U64,
            Elements::Bool(_) => ElementType::Bool,
            Elements::Text(_) => ElementType::Text,
        }
    }

    /// The name of the element type.
    pub fn type_name(&self) -> &'static str {
        self.element_type().name()
    }

    /// The elements as f64; `None` for texts. Exact but for 64-bit integers beyond 2^53.
    fn numbers(&self) -> Option<Vec<f64>> {
        Some(match &self.elements {
            Elements::F32(list) => list.iter().map(|&v| f64::from(v)).collect(),
            Elements::F64(list) => list.clone(),
            Elements::I8(list) => list.iter().map(|&v| f64::from(v)).collect(),
            Elements::U8(list) => list.iter().map(|&v| f64::from(v)).collect(),
            Elements::I16(list) => list.iter().map(|&v| f64::from(v)).collect(),
            Elements::U16(list) => list.iter().map(|&v| f64::from(v)).collect(),
            Elements::I32(list) => list.iter().map(|&v| f64::from(v)).collect(),
            Elements::U32(list) => list.iter().map(|&v| f64::from(v)).collect(),
            Elements::I64(list) => list.iter().map(|&v| v as f64).collect(),
            Elements::U64(list) => list.iter().map(|&v| v as f64).collect(),
            Elements::Bool(list) => list.iter().map(|&v| f64::from(v)).collect(),
            Elements::Text(_) => return None,
        })
    }

    /// The elements as f64; `None` for texts. Exact but for 64-bit integers beyond 2^53.
    pub fn to_f64(&self) -> Option<ArrayD<f64>> {
        ArrayD::from_shape_vec(self.shape.as_slice(), self.numbers()?).ok()
    }

    /// The elements as f32, rounded; `None` for texts.
    pub fn to_f32(&self) -> Option<ArrayD<f32>> {
        let list = match &self.elements {
            Elements::F32(list) => list.clone(),
            _ => self.numbers()?.into_iter().map(|v| v as f32).collect(),
        };
        ArrayD::from_shape_vec(self.shape.as_slice(), list).ok()
    }

    /// The elements as i64, floats rounded toward zero; `None` for texts.
    pub fn to_i64(&self) -> Option<ArrayD<i64>> {
        let list = match &self.elements {
            Elements::I64(list) => list.clone(),
            Elements::U64(list) => list.iter().map(|&v| v as i64).collect(),
            _ => self.numbers()?.into_iter().map(|v| v as i64).collect(),
        };
        ArrayD::from_shape_vec(self.shape.as_slice(), list).ok()
    }

    /// The elements where they are f32, as they lie.
    pub(super) fn as_f32(&self) -> Option<&[f32]> {
        if let Elements::F32(list) = &self.elements { Some(list) } else { None }
    }

    /// The elements where they are of 8 bits, in -128..=127, and what was subtracted: 128 from unsigned ones.
    pub(super) fn as_8_bits(&self) -> Option<(Box<dyn Iterator<Item = i8> + '_>, i32)> {
        match &self.elements {
            Elements::I8(list) => Some((Box::new(list.iter().copied()), 0)),
            Elements::U8(list) => Some((Box::new(list.iter().map(|&v| (v ^ 0x80) as i8)), 128)),
            _ => None,
        }
    }

    /// The elements as texts.
    pub(super) fn to_texts(&self) -> Vec<String> {
        each!(&self.elements, list => list.iter().map(ToString::to_string).collect())
    }

    /// The same elements in another shape, whose number of elements is the same.
    pub(super) fn reshaped(self, shape: &[usize]) -> Option<Self> {
        let count = shape.iter().try_fold(1_usize, |count, &dim| count.checked_mul(dim))?;
        (count == self.len()).then(|| Self { shape: shape.to_vec(), elements: self.elements })
    }

    /// The places of the elements, 0 and up in row-major order, in the tensor's shape: moved, cut or repeated as an array,
    /// they say what [`Tensor::at`] gives.
    pub(super) fn places(&self) -> ArrayD<u32> {
        ArrayD::from_shape_vec(self.shape.as_slice(), (0..self.len() as u32).collect()).unwrap_or_default()
    }

    /// The elements at these places, in the shape of the places.
    pub(super) fn at(&self, places: ArrayViewD<u32>) -> Self {
        let order: Vec<u32> = places.iter().copied().collect();
        let elements = map_each!(&self.elements, list => taken(list, &order));
        Self { shape: places.shape().to_vec(), elements }
    }

    /// The elements repeated to another shape; `None` where it does not broadcast to it.
    pub(super) fn spread(&self, shape: &[usize]) -> Option<Self> {
        self.places().broadcast(shape).map(|places| self.at(places))
    }

    /// The elements of tensors of one type one after another, as a list.
    /// # Errors
    /// No tensors, tensors of different types, or more elements than anyone could mean.
    pub(super) fn chained(parts: &[&Self]) -> Result<Self, String> {
        let (first, rest) = parts.split_first().ok_or("nothing to join")?;
        if parts.iter().map(|part| part.len()).sum::<usize>() > MAX_JOINED {
            return Err("its result would be unreasonably large".to_owned());
        }
        let mut chain = first.elements.clone();
        for part in rest {
            chain.append(&part.elements).ok_or("its inputs have different types")?;
        }
        let len = each!(&chain, list => list.len());
        Ok(Self { shape: vec![len], elements: chain })
    }
}
