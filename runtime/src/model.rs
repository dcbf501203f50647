//! A model as it lies in memory: what the header says, and the way to the layers.

use crate::bound::overflow;
use crate::checksum::Crc32;
use crate::format::{self, f32_at, header, i8_at, size_at, slice, u8_at, u16_at, u32_at};
use crate::kernel::Backend;
use crate::layer::is_scale;
use crate::{ChecksumError, Function, Layer, Names, ParseError, Quantization};

/// What the numbers that enter a model are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Encoding {
    /// Real numbers, used as they are.
    Real,
    /// 8-bit pixels: the real value is `pixel / 255`.
    Pixel,
}

/// A norm by which a sample is divided before it enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum UnitNorm {
    /// The sum of the absolute values.
    L1,
    /// The root of the sum of squares.
    L2,
    /// The largest value.
    Max,
}

/// A model in a byte slice, which is used where it lies.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// The file, without what may follow it.
    bytes: &'a [u8],
    layers: u16,
    inputs: usize,
    outputs: usize,
    scratch: usize,
    float: bool,
}

impl<'a> Model<'a> {
    /// Reads a model. Everything but the checksum is checked (see [`Self::verify_checksum`]), so that nothing can go wrong
    /// later for its sake. What follows the model in `bytes` is not looked at. On a Cortex-M, [`Self::run`] wants them to start
    /// at a multiple of four.
    ///
    /// That packed sums cannot overflow takes a look at every weight: for int8 and int4 about as long as the checksum takes, for
    /// 2 bits four times as long. That is several evaluations: keep the model rather than to parse it for every sample.
    /// # Errors
    /// [`ParseError`] says which byte makes no sense.
    pub const fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let model = match Self::read(bytes) {
            Ok(model) => model,
            Err(error) => return Err(error),
        };
        let mut index = 0;
        while let Some(layer) = model.layer(index) {
            if let Some(output) = overflow(&layer) {
                return Err(ParseError::Overflow { index, output });
            }
            index += 1;
        }
        Ok(model)
    }

    /// As [`Self::parse`], without a look at the weights.
    pub(crate) const fn read(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let Some(head) = slice(bytes, 0, format::HEADER) else {
            return Err(ParseError::Truncated { needed: format::HEADER, found: bytes.len() });
        };
        macro_rules! wrong {
            ($field:ident) => {
                return Err(ParseError::Header { offset: header::$field as u8 })
            };
        }
        if u32_at(head, header::MAGIC) != u32::from_le_bytes(format::MAGIC) {
            return Err(ParseError::Magic);
        }
        let version = u8_at(head, header::VERSION);
        if version != format::VERSION {
            return Err(ParseError::Version { found: version, supported: format::VERSION });
        }
        let length = size_at(head, header::LENGTH);
        let Some(bytes) = slice(bytes, 0, length) else {
            return Err(ParseError::Truncated { needed: length, found: bytes.len() });
        };
        if u8_at(head, header::FLAGS) & !format::FLAGS != 0 {
            wrong!(FLAGS);
        }
        let float = match u8_at(head, header::ELEMENT) {
            0 => false,
            1 => true,
            _ => wrong!(ELEMENT),
        };
        if u8_at(head, header::ENCODING) > 1 {
            wrong!(ENCODING);
        }
        if u8_at(head, header::UNIT_NORM) > 3 {
            wrong!(UNIT_NORM);
        }
        if !float && !is_scale(f32_at(head, header::SCALE)) {
            wrong!(SCALE);
        }
        let inputs = size_at(head, header::INPUTS);
        let outputs = size_at(head, header::OUTPUTS);
        if !shape_fits(head, inputs) {
            wrong!(SHAPE);
        }
        let normalization = size_at(head, header::NORMALIZATION);
        if !normalization.is_multiple_of(4) {
            wrong!(NORMALIZATION);
        }
        if normalization != 0 {
            let Some(size) = inputs.checked_mul(8) else { wrong!(NORMALIZATION) };
            if slice(bytes, normalization, size).is_none() {
                wrong!(NORMALIZATION);
            }
        }
        let labels = size_at(head, header::LABELS);
        if labels != 0 && Names::parse(bytes, labels).is_none() {
            wrong!(LABELS);
        }
        let names = size_at(head, header::NAMES);
        if names != 0 && Names::parse(bytes, names).is_none() {
            wrong!(NAMES);
        }
        let layers = u16_at(head, header::LAYERS);
        if layers == 0 {
            wrong!(LAYERS);
        }
        let mut width = inputs;
        let mut end = place(layers);
        let mut index = 0;
        while index < layers {
            (width, end) = match checked_layer(bytes, index, width, end, float) {
                Ok(next) => next,
                Err(offset) => return Err(ParseError::Layer { index, offset: offset as u8 }),
            };
            index += 1;
        }
        if width != outputs {
            wrong!(OUTPUTS);
        }
        let model = Self { bytes, layers, inputs, outputs, scratch: 0, float };
        match model.scratch_on(Some(Backend::NATIVE)) {
            Some(scratch) => Ok(Self { scratch, ..model }),
            None => wrong!(INPUTS),
        }
    }

    /// Compares the stored checksum with that of the bytes. Takes a few instructions per byte.
    /// # Errors
    /// [`ChecksumError`] where the model was damaged after it was written.
    pub fn verify_checksum(&self) -> Result<(), ChecksumError> {
        let stored = self.checksum();
        let before = slice(self.bytes, 0, header::CRC).unwrap_or(&[]);
        let after = self.bytes.get(header::CRC + 4..).unwrap_or(&[]);
        let computed = Crc32::new().update(before).update(after).finish();
        if stored == computed { Ok(()) } else { Err(ChecksumError { stored, computed }) }
    }

    /// The checksum that stands in the file: it tells one model from another.
    pub const fn checksum(&self) -> u32 {
        u32_at(self.bytes, header::CRC)
    }

    /// The file's bytes.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The number of elements of the input.
    pub const fn input_len(&self) -> usize {
        self.inputs
    }

    /// The number of elements of the output.
    pub const fn output_len(&self) -> usize {
        self.outputs
    }

    /// The number of elements that an evaluation on this machine works in: of `i8` for an integer model (so they are
    /// bytes), of `f32` for a model of floats.
    pub const fn scratch_len(&self) -> usize {
        self.scratch
    }

    /// The number of elements that an evaluation cannot do without, on any machine: the activations alone. With a scratch between
    /// this and [`Self::scratch_len`], [`Self::run`] gives the same bits, but layers whose kernel lacks room take longer.
    pub const fn least_scratch_len(&self) -> usize {
        match self.scratch_on(None) {
            Some(length) => length,
            None => usize::MAX,
        }
    }

    /// The number of elements that an evaluation by another backend works in, for tools that plan a chip's memory.
    pub const fn scratch_len_on(&self, backend: Backend) -> usize {
        match self.scratch_on(Some(backend)) {
            Some(length) => length,
            None => usize::MAX,
        }
    }

    /// Whether the model takes and gives `f32`; it takes and gives `i8` otherwise.
    pub const fn is_float(&self) -> bool {
        self.float
    }

    /// The number of multiplications of one evaluation.
    pub const fn macs(&self) -> u64 {
        let mut sum: u64 = 0;
        let mut index = 0;
        while let Some(layer) = self.layer(index) {
            sum = sum.saturating_add(layer.macs());
            index += 1;
        }
        sum
    }

    /// The shape of one input sample, row-major: `[28, 28]` for an image. The unused last dimensions are 0.
    pub const fn input_shape(&self) -> [usize; 3] {
        shape(self.bytes)
    }

    /// How the input is quantized; `None` for a model of floats.
    pub const fn input_quantization(&self) -> Option<Quantization> {
        if self.float {
            return None;
        }
        Some(Quantization {
            scale: f32_at(self.bytes, header::SCALE),
            zero_point: i8_at(self.bytes, header::ZERO_POINT),
        })
    }

    /// How the output is quantized; `None` for a model of floats.
    pub const fn output_quantization(&self) -> Option<Quantization> {
        match self.layer(self.layers.saturating_sub(1)) {
            Some(layer) => layer.output_quantization(),
            None => None,
        }
    }

    /// What the raw numbers of an input are.
    pub const fn encoding(&self) -> Encoding {
        if u8_at(self.bytes, header::ENCODING) == 1 { Encoding::Pixel } else { Encoding::Real }
    }

    /// The norm by which a sample is divided after its normalization.
    pub const fn unit_norm(&self) -> Option<UnitNorm> {
        match u8_at(self.bytes, header::UNIT_NORM) {
            1 => Some(UnitNorm::L1),
            2 => Some(UnitNorm::L2),
            3 => Some(UnitNorm::Max),
            _ => None,
        }
    }

    /// The offset and the scale of each feature, which the network's input is normalized with: `(x - offset) * scale`.
    pub fn normalization(&self) -> Option<impl Iterator<Item = (f32, f32)> + use<'a>> {
        let start = size_at(self.bytes, header::NORMALIZATION);
        let size = self.inputs.checked_mul(4)?;
        if start == 0 {
            return None;
        }
        let (offsets, _) = slice(self.bytes, start, size)?.as_chunks();
        let (scales, _) = slice(self.bytes, start.checked_add(size)?, size)?.as_chunks();
        Some(offsets.iter().zip(scales).map(|(&o, &s)| (f32::from_le_bytes(o), f32::from_le_bytes(s))))
    }

    /// Whether the outputs are logits whose softmax gives probabilities.
    pub const fn has_softmax(&self) -> bool {
        u8_at(self.bytes, header::FLAGS) & format::FLAG_SOFTMAX != 0
    }

    /// The names of the classes; empty where the model does not classify, or does not name them.
    pub const fn labels(&self) -> Names<'a> {
        self.text(header::LABELS)
    }

    /// The model's name, then its layers', then its input features', as far as the file holds them.
    pub const fn names(&self) -> Names<'a> {
        self.text(header::NAMES)
    }

    const fn text(&self, field: usize) -> Names<'a> {
        let offset = size_at(self.bytes, field);
        if offset == 0 {
            return Names::NONE;
        }
        match Names::parse(self.bytes, offset) {
            Some(names) => names,
            None => Names::NONE,
        }
    }

    /// The layer with this index, counted from 0.
    // It stands alone, so that its caller holds one layer and not two: below it stands the stack of the kernels.
    #[inline(never)]
    pub const fn layer(&self, index: u16) -> Option<Layer<'a>> {
        if index >= self.layers {
            return None;
        }
        match Layer::read(self.bytes, place(index)) {
            Ok(layer) => Some(layer),
            Err(_) => None,
        }
    }

    /// The layers in the order of evaluation.
    pub fn layers(&self) -> impl Iterator<Item = Layer<'a>> + use<'a> {
        let model = *self;
        (0..self.layers).map_while(move |index| model.layer(index))
    }

    /// The number of layers.
    pub const fn layer_count(&self) -> u16 {
        self.layers
    }

    /// The largest memory that any layer needs, in elements: the activations that enter it and leave it (but for those
    /// that the caller holds) and what the backend's kernel works in.
    const fn scratch_on(&self, backend: Option<Backend>) -> Option<usize> {
        let mut most = 0;
        let mut index = 0;
        while index < self.layers {
            let first = index == 0 && !(self.float && self.prepares_input());
            let last = index + 1 == self.layers;
            // `run` asks without a backend: a whole layer would be the deepest of its stack.
            let input = if first { 0 } else { size_at(self.bytes, place(index) + format::record::INPUTS) };
            let output = if last { 0 } else { size_at(self.bytes, place(index) + format::record::OUTPUTS) };
            let Some(kept) = input.checked_add(output) else { return None };
            let work = match backend {
                Some(backend) => self.work_on(backend, index),
                None => 0,
            };
            let Some(sum) = kept.checked_add(work) else { return None };
            if sum > most {
                most = sum;
            }
            index += 1;
        }
        Some(most)
    }

    /// What the backend's kernel of a layer works in.
    const fn work_on(&self, backend: Backend, index: u16) -> usize {
        match self.layer(index) {
            Some(layer) => backend.work_len(&layer),
            None => 0,
        }
    }

    /// The bits of the weight types that occur, and of the [kinds](crate::Kind::bit) of layers without weights.
    pub const fn kinds(&self) -> u8 {
        let mut kinds = 0;
        let mut index = 0;
        while let Some(layer) = self.layer(index) {
            kinds |= layer.bit();
            index += 1;
        }
        kinds
    }

    /// Whether all layers are [simple](Layer::is_simple).
    pub(crate) const fn is_simple(&self) -> bool {
        let mut index = 0;
        while let Some(layer) = self.layer(index) {
            if !layer.is_simple() {
                return false;
            }
            index += 1;
        }
        true
    }

    /// As [`Self::layer`], for a model that [is simple](Self::is_simple).
    #[inline]
    pub(crate) fn simple_layer(&self, index: u16) -> Option<Layer<'a>> {
        if index >= self.layers {
            return None;
        }
        Layer::simple(self.bytes, place(index))
    }

    /// Whether the input is changed before it enters the first layer.
    pub(crate) const fn prepares_input(&self) -> bool {
        size_at(self.bytes, header::NORMALIZATION) != 0 || u8_at(self.bytes, header::UNIT_NORM) != 0
    }

    /// Whether the last layer ends in this function.
    pub(crate) fn ends_in(&self, function: Function) -> bool {
        self.layer(self.layers.saturating_sub(1)).is_some_and(|layer| layer.function() == function)
    }
}

impl core::fmt::Debug for Model<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Model")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .field("layers", &self.layers)
            .field("float", &self.float)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Where the record of a layer starts.
const fn place(index: u16) -> usize {
    format::HEADER + index as usize * format::RECORD
}

/// The number of outputs of a layer that takes `width` numbers, and the end of its payload, which starts at `end` or behind it.
/// # Errors
/// The offset in the record of the field that makes no sense.
const fn checked_layer(
    bytes: &[u8],
    index: u16,
    width: usize,
    end: usize,
    float: bool,
) -> Result<(usize, usize), usize> {
    let layer = match Layer::read(bytes, place(index)) {
        Ok(layer) => layer,
        Err(field) => return Err(field),
    };
    // No byte is looked at for two layers, so that what reading takes is bounded by the file.
    if layer.payload_start() < end {
        return Err(format::record::PAYLOAD);
    }
    if let Err(field) = layer.check() {
        return Err(field);
    }
    if layer.inputs() != width {
        return Err(format::record::INPUTS);
    }
    if layer.weight_type().is_float() != float {
        return Err(format::record::WEIGHTS);
    }
    Ok((layer.outputs(), layer.payload_start().wrapping_add(layer.payload_len())))
}

/// The dimensions that the header names.
const fn shape(head: &[u8]) -> [usize; 3] {
    [size_at(head, header::SHAPE), size_at(head, header::SHAPE + 4), size_at(head, header::SHAPE + 8)]
}

/// Whether the dimensions multiply to the number of inputs; zeros stand at the end only.
const fn shape_fits(head: &[u8], inputs: usize) -> bool {
    let [a, b, c] = shape(head);
    if b == 0 {
        return a == inputs && c == 0;
    }
    let Some(plane) = a.checked_mul(b) else { return false };
    let c = if c == 0 { 1 } else { c };
    match plane.checked_mul(c) {
        Some(product) => product == inputs,
        None => false,
    }
}
