//! One layer of a model, as it lies in the file.

use crate::format::{self, f32_at, i8_at, record, round_up, size_at, slice, u8_at};
use crate::weights::{channel_len, weights_len};
use crate::{AveragePool, Function, Order, WeightType};

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Kind {
    /// Fully connected.
    Dense,
    /// Each output is the mean of a window of an image.
    AveragePool,
}

impl Kind {
    /// This kind's bit in a set of [`WeightType::bit`]s; 0 for dense layers, whose weight types are in the set.
    pub const fn bit(self) -> u8 {
        match self {
            Self::Dense => 0,
            Self::AveragePool => 1 << 5,
        }
    }
}

/// An affine quantization: `real = scale * (integer - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quantization {
    /// The real value of one step; positive and normal.
    pub scale: f32,
    /// The integer that stands for 0.
    pub zero_point: i8,
}

/// A layer of a [`Model`](crate::Model): its sizes, its types and its bytes.
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    kind: Kind,
    weight_type: WeightType,
    order: Order,
    inputs: usize,
    outputs: usize,
    record: &'a [u8],
    payload: &'a [u8],
    /// Where the channels stand in the payload, and where the tables.
    channels: usize,
    tables: usize,
}

impl<'a> Layer<'a> {
    /// Reads the layer whose record starts at `offset` of the file, as far as it must be right so that its parts can be
    /// found.
    /// # Errors
    /// The offset in the record of the field that makes no sense.
    pub(crate) const fn read(bytes: &'a [u8], offset: usize) -> Result<Self, usize> {
        let Some(record) = slice(bytes, offset, format::RECORD) else { return Err(record::KIND) };
        let kind = match u8_at(record, record::KIND) {
            1 => Kind::Dense,
            2 => Kind::AveragePool,
            _ => return Err(record::KIND),
        };
        let weight_type = match u8_at(record, record::WEIGHTS) {
            1 => WeightType::F32,
            2 => WeightType::F16,
            3 => WeightType::Int8,
            4 => WeightType::Int4,
            5 => WeightType::Int2,
            _ => return Err(record::WEIGHTS),
        };
        let order = match (u8_at(record, record::ORDER), weight_type) {
            (0, _) => Order::Plain,
            (1, _) => Order::Packed,
            (2, WeightType::Int8 | WeightType::Int4) => Order::ZeroPoints,
            _ => return Err(record::ORDER),
        };
        let inputs = size_at(record, record::INPUTS);
        let outputs = size_at(record, record::OUTPUTS);
        let Some(payload) = slice(bytes, size_at(record, record::PAYLOAD), size_at(record, record::PAYLOAD_LENGTH))
        else {
            return Err(record::PAYLOAD);
        };
        let places = match kind {
            Kind::Dense => places(weight_type, order, inputs, outputs),
            Kind::AveragePool => Some((AveragePool::SIZE, AveragePool::SIZE)),
        };
        let Some((channels, tables)) = places else { return Err(record::PAYLOAD_LENGTH) };
        Ok(Self { kind, weight_type, order, inputs, outputs, record, payload, channels, tables })
    }

    /// As [`Self::read`] of a layer that was read before and [is simple](Self::is_simple), with little code: what the payload
    /// holds is found from its end.
    #[inline]
    pub(crate) fn simple(bytes: &'a [u8], offset: usize) -> Option<Self> {
        let record = slice(bytes, offset, format::RECORD)?;
        let payload = slice(bytes, size_at(record, record::PAYLOAD), size_at(record, record::PAYLOAD_LENGTH))?;
        let weight_type = match u8_at(record, record::WEIGHTS) {
            4 => WeightType::Int4,
            5 => WeightType::Int2,
            _ => WeightType::Int8,
        };
        let outputs = size_at(record, record::OUTPUTS);
        Some(Self {
            kind: Kind::Dense,
            weight_type,
            order: Order::Packed,
            inputs: size_at(record, record::INPUTS),
            outputs,
            record,
            payload,
            channels: payload.len().saturating_sub(outputs.saturating_mul(8)),
            tables: payload.len(),
        })
    }

    /// Whether the layer is what most layers of integers are: packed, with all of -128 to 127 as outputs, and without a table.
    pub(crate) const fn is_simple(&self) -> bool {
        matches!((self.kind, self.order), (Kind::Dense, Order::Packed))
            && !self.weight_type.is_float()
            && u8_at(self.record, record::FUNCTION) == 0
            && matches!(self.clamp(), (i8::MIN, i8::MAX))
    }

    /// Checks what [`Self::read`] does not need.
    /// # Errors
    /// The offset in the record of the field that makes no sense.
    pub(crate) const fn check(&self) -> Result<(), usize> {
        if self.inputs == 0 {
            return Err(record::INPUTS);
        }
        if self.outputs == 0 {
            return Err(record::OUTPUTS);
        }
        let float = self.weight_type.is_float();
        let code = u8_at(self.record, record::FUNCTION);
        if !Function::known(code) || (float && code == Function::UNKNOWN) {
            return Err(record::FUNCTION);
        }
        if !size_at(self.record, record::PAYLOAD).is_multiple_of(format::ALIGN) {
            return Err(record::PAYLOAD);
        }
        let Some(rest) = self.payload.len().checked_sub(self.tables) else { return Err(record::PAYLOAD_LENGTH) };
        if let Some(pool) = self.pool() {
            return if code != 0 {
                Err(record::FUNCTION)
            } else if rest != 0 {
                Err(record::PAYLOAD_LENGTH)
            } else {
                pool.check(self)
            };
        }
        if float {
            return if rest == 0 { Ok(()) } else { Err(record::PAYLOAD_LENGTH) };
        }
        if code == 0 {
            if rest != 0 {
                return Err(record::PAYLOAD_LENGTH);
            }
        } else {
            let Some(entries) = rest.checked_sub(PARAMETERS) else { return Err(record::PAYLOAD_LENGTH) };
            if entries != TABLE && (!entries.is_multiple_of(TABLE) || entries / TABLE != self.outputs) {
                return Err(record::PAYLOAD_LENGTH);
            }
            if !is_scale(f32_at(self.record, record::PRE_SCALE)) {
                return Err(record::PRE_SCALE);
            }
        }
        if !is_scale(f32_at(self.record, record::SCALE)) {
            return Err(record::SCALE);
        }
        if i8_at(self.record, record::LO) > i8_at(self.record, record::HI) {
            return Err(record::LO);
        }
        if !self.factors_are_finite() {
            return Err(record::PAYLOAD);
        }
        Ok(())
    }

    /// Where the payload starts.
    pub(crate) const fn payload_start(&self) -> usize {
        size_at(self.record, record::PAYLOAD)
    }

    /// The bytes of the payload.
    pub(crate) const fn payload_len(&self) -> usize {
        self.payload.len()
    }

    /// Whether every requantization factor is finite and not negative: then no sum can become a NaN.
    const fn factors_are_finite(&self) -> bool {
        let mut factors = self.factors();
        while let Some((factor, rest)) = factors.split_first_chunk() {
            if u32::from_le_bytes(*factor) >= f32::INFINITY.to_bits() {
                return false;
            }
            factors = rest;
        }
        true
    }

    /// What the layer does.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The windows of a pooling; `None` for other layers.
    pub const fn pool(&self) -> Option<AveragePool> {
        match self.kind {
            Kind::Dense => None,
            Kind::AveragePool => Some(AveragePool::read(self.payload)),
        }
    }

    /// The bit of what evaluates it in the sets of [`Model::kinds`](crate::Model::kinds).
    pub(crate) const fn bit(&self) -> u8 {
        match self.kind {
            Kind::Dense => self.weight_type.bit(),
            Kind::AveragePool => self.kind.bit(),
        }
    }

    /// How its weights are written; for a layer without weights, the numbers that it works on: `F32` or `Int8`.
    pub const fn weight_type(&self) -> WeightType {
        self.weight_type
    }

    /// The order in which its weights lie in the file.
    pub const fn order(&self) -> Order {
        self.order
    }

    /// The number of inputs.
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of outputs.
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// The number of multiplications of one evaluation; none for a pooling, which only adds.
    pub const fn macs(&self) -> u64 {
        if matches!(self.kind, Kind::AveragePool) {
            return 0;
        }
        self.inputs as u64 * self.outputs as u64
    }

    /// The activation function. For integers, `Linear` means that the outputs are only kept within [`Self::clamp`], and
    /// any other function is a table.
    pub const fn function(&self) -> Function {
        let (first, second) = if self.weight_type.is_float() {
            (f32_at(self.record, record::SCALE), f32_at(self.record, record::PRE_SCALE))
        } else {
            (f32_at(self.payload, self.tables), f32_at(self.payload, self.tables.saturating_add(4)))
        };
        Function::from_code(u8_at(self.record, record::FUNCTION), first, second)
    }

    /// How the outputs are quantized; `None` for a layer of floats.
    pub const fn output_quantization(&self) -> Option<Quantization> {
        if self.weight_type.is_float() {
            return None;
        }
        Some(Quantization {
            scale: f32_at(self.record, record::SCALE),
            zero_point: i8_at(self.record, record::ZERO_POINT),
        })
    }

    /// How the sums are quantized before they are looked up in the table; `None` where there is no table.
    pub const fn pre_quantization(&self) -> Option<Quantization> {
        if self.weight_type.is_float() || u8_at(self.record, record::FUNCTION) == 0 {
            return None;
        }
        Some(Quantization {
            scale: f32_at(self.record, record::PRE_SCALE),
            zero_point: i8_at(self.record, record::PRE_ZERO_POINT),
        })
    }

    /// The least and the largest integer that the requantization gives.
    pub const fn clamp(&self) -> (i8, i8) {
        (i8_at(self.record, record::LO), i8_at(self.record, record::HI))
    }

    /// The integer that stands for 0 in the outputs of a layer of integers.
    #[cfg(all(thumbnet_dsp, thumbnet_fpu))]
    pub(crate) const fn zero_point(&self) -> i8 {
        i8_at(self.record, record::ZERO_POINT)
    }

    /// The integer that is added after the factor was applied: that of the outputs, or of the table's inputs.
    pub(crate) const fn sum_zero_point(&self) -> i8 {
        let table = u8_at(self.record, record::FUNCTION) != 0;
        i8_at(self.record, if table { record::PRE_ZERO_POINT } else { record::ZERO_POINT })
    }

    /// The weights, in the layer's [`Order`].
    pub const fn weights(&self) -> &'a [u8] {
        if matches!(self.kind, Kind::AveragePool) {
            return &[];
        }
        match weights_len(self.weight_type, self.order, self.inputs, self.outputs) {
            Some(length) => part(self.payload, 0, length),
            None => &[],
        }
    }

    /// The parts of a layer of packed integers.
    #[cfg(any(thumbnet_dsp, thumbnet_scalar))]
    #[inline]
    pub(crate) fn packed(&self) -> Packed<'a> {
        let (weights, channels) = self.payload.split_at_checked(self.channels).unwrap_or_default();
        let (biases, factors) = channels.split_at_checked(self.outputs.saturating_mul(4)).unwrap_or_default();
        Packed { weights, biases: biases.as_chunks().0, factors: factors.as_chunks().0 }
    }

    /// The arrays with an element for each output, one after the other: biases, factors, weights' zero points.
    #[doc(hidden)]
    pub const fn channels(&self) -> &'a [u8] {
        part(self.payload, self.channels, self.tables.saturating_sub(self.channels))
    }

    /// The bias of each output, four bytes each.
    pub const fn biases(&self) -> &'a [u8] {
        self.channel_numbers(0)
    }

    /// What the sum of each output of an integer layer is multiplied with, four bytes each.
    pub const fn factors(&self) -> &'a [u8] {
        self.channel_numbers(1)
    }

    /// The integer that stands for a zero weight of each output, four bytes each; empty where the order has none.
    pub const fn weight_zero_points(&self) -> &'a [u8] {
        self.channel_numbers(2)
    }

    /// One of the arrays of numbers that each output has; empty where the layer has fewer.
    const fn channel_numbers(&self, index: usize) -> &'a [u8] {
        let length = self.outputs.saturating_mul(4);
        if channel_len(self.weight_type, self.order) <= 4 * index {
            return &[];
        }
        part(self.payload, self.channels.saturating_add(length.saturating_mul(index)), length)
    }

    /// The tables, 256 bytes each: one, or one for each output; empty where there are none.
    pub const fn tables(&self) -> &'a [u8] {
        let start = self.tables.saturating_add(PARAMETERS);
        part(self.payload, start, self.payload.len().saturating_sub(start))
    }
}

/// What the kernels read of a layer of packed integers.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a> {
    pub(crate) weights: &'a [u8],
    /// Those of the outputs.
    pub(crate) biases: &'a [[u8; 4]],
    /// Those of the outputs, and what follows in the file.
    pub(crate) factors: &'a [[u8; 4]],
}

#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
impl Packed<'_> {
    /// Without the first `outputs`, a row of whose weights takes `row` bytes.
    #[inline]
    pub(crate) fn after(self, outputs: usize, row: usize) -> Self {
        Self {
            weights: self.weights.get(outputs.wrapping_mul(row)..).unwrap_or_default(),
            biases: self.biases.get(outputs..).unwrap_or_default(),
            factors: self.factors.get(outputs..).unwrap_or_default(),
        }
    }
}

impl core::fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Layer")
            .field("kind", &self.kind)
            .field("weight_type", &self.weight_type)
            .field("order", &self.order)
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .field("function", &self.function())
            .finish_non_exhaustive()
    }
}

/// The size of a table.
const TABLE: usize = 256;
/// The size of the function's two parameters in front of the tables.
const PARAMETERS: usize = 8;

/// A part of a payload whose size was checked; empty where it was not.
const fn part(payload: &[u8], offset: usize, length: usize) -> &[u8] {
    match slice(payload, offset, length) {
        Some(part) => part,
        None => &[],
    }
}

/// Where the channels and the tables stand in a payload, or `None` where that is too large for the machine.
const fn places(weight_type: WeightType, order: Order, inputs: usize, outputs: usize) -> Option<(usize, usize)> {
    let Some(weights) = weights_len(weight_type, order, inputs, outputs) else { return None };
    let Some(channels) = round_up(weights, 4) else { return None };
    let Some(length) = outputs.checked_mul(channel_len(weight_type, order)) else { return None };
    match channels.checked_add(length) {
        Some(tables) => Some((channels, tables)),
        None => None,
    }
}

/// Whether `scale` can be the step of a quantization: positive, normal and finite.
pub(crate) const fn is_scale(scale: f32) -> bool {
    scale >= f32::MIN_POSITIVE && scale <= f32::MAX
}
