//! How the weights of a layer are written, in which order they lie in the file, and how many bytes that takes.

use crate::format::round_up;

/// How the weights of a layer are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum WeightType {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// Eight bits, two's complement.
    Int8,
    /// Four bits, two's complement.
    Int4,
    /// Two bits, two's complement: -1, 0, 1.
    Int2,
}

impl WeightType {
    /// Whether layers of this type take and give floats.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F16)
    }

    /// This type's bit in a set of types.
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The order in which the weights of a layer lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Order {
    /// Row-major, outputs x inputs.
    Plain,
    /// In tiles, as the fastest kernel reads them.
    Packed,
    /// Row-major, and each output has its own integer that stands for a zero weight.
    ZeroPoints,
}

/// The bytes that the weights take, or `None` where that is too large for the machine.
pub(crate) const fn weights_len(weight_type: WeightType, order: Order, inputs: usize, outputs: usize) -> Option<usize> {
    let rows = match (order, weight_type) {
        (Order::Packed, WeightType::Int8) => 2,
        (Order::Packed, WeightType::Int4) => 4,
        (Order::Packed, WeightType::Int2) => 8,
        _ => 1,
    };
    match (row_len(weight_type, order, inputs), round_up(outputs, rows)) {
        (Some(row), Some(rows)) => row.checked_mul(rows),
        _ => None,
    }
}

/// The bytes that a row of the weights takes, or `None` where that is too large for the machine.
pub(crate) const fn row_len(weight_type: WeightType, order: Order, inputs: usize) -> Option<usize> {
    // The logarithm of the inputs that are filled up, and the bytes of so many weights.
    let (log, bytes) = match (weight_type, order) {
        (WeightType::F32, _) => (0, 4),
        (WeightType::F16, _) => (0, 2),
        (WeightType::Int8, Order::Packed) => (2, 4),
        (WeightType::Int8, _) => (0, 1),
        (WeightType::Int4, Order::Packed) => (2, 2),
        (WeightType::Int4, _) => (1, 1),
        (WeightType::Int2, Order::Packed) => (3, 2),
        (WeightType::Int2, _) => (2, 1),
    };
    match round_up(inputs, 1 << log) {
        Some(inputs) => (inputs >> log).checked_mul(bytes),
        None => None,
    }
}

/// The bytes that each output has among the channels.
pub(crate) const fn channel_len(weight_type: WeightType, order: Order) -> usize {
    match (weight_type, order) {
        (WeightType::F32 | WeightType::F16, _) => 4,
        (_, Order::ZeroPoints) => 12,
        _ => 8,
    }
}
