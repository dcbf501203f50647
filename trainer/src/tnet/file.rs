//! The frame of a `.tnet` file: header, records, sections, payloads.

use crate::error::{Error, ErrorKind, Result};
use crate::nn::{AveragePool, Encoding, Input, UnitNorm};
use crate::quantize::Quantization;
use thumbnet::format::{self, header, record};

/// What a header says about the network besides its input.
pub(super) struct Head<'a> {
    pub(super) name: &'a str,
    pub(super) input: &'a Input,
    /// The quantization of the input; `None` for floats.
    pub(super) quantization: Option<Quantization>,
    pub(super) softmax: bool,
    pub(super) class_names: &'a [String],
}

/// A layer's record and payload.
pub(super) struct Block<'a> {
    pub(super) name: &'a str,
    pub(super) record: Record,
    pub(super) payload: Vec<u8>,
}

/// A layer's record, but for where its payload lies.
#[derive(Default)]
pub(super) struct Record {
    pub(super) kind: u8,
    pub(super) weights: u8,
    pub(super) order: u8,
    pub(super) function: u8,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) scale: f32,
    pub(super) zero_point: i8,
    pub(super) lo: i8,
    pub(super) hi: i8,
    pub(super) pre_zero_point: i8,
    pub(super) pre_scale: f32,
}

/// The layer that pools the input's image, where there is one.
pub(super) fn pool_block(input: &Input, quantization: Option<Quantization>) -> Result<Option<Block<'static>>> {
    let Some(pool) = input.pool else { return Ok(None) };
    let mut payload = Vec::new();
    for number in [pool.image, pool.offset, pool.outputs, pool.size].as_flattened() {
        let number = u16::try_from(*number)
            .map_err(|_| wrong(AveragePool::NAME, "an image has more than 65,535 rows or columns"))?;
        payload.extend(number.to_le_bytes());
    }
    let sizes = Record { kind: 2, inputs: input.features(), outputs: input.width(), ..Record::default() };
    let record = match quantization {
        None => Record { weights: 1, ..sizes },
        Some(Quantization { scale, zero_point }) => {
            Record { weights: 3, scale, zero_point, lo: i8::MIN, hi: i8::MAX, ..sizes }
        }
    };
    Ok(Some(Block { name: AveragePool::NAME, record, payload }))
}

/// Puts a file together.
/// # Errors
/// [`ErrorKind::Model`] where the network has no layers or something is too large for its field.
pub(super) fn assemble(head: &Head<'_>, blocks: &[Block<'_>]) -> Result<Vec<u8>> {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return Err(wrong(head.name, "a network without layers cannot be written"));
    };
    let mut file = vec![0; format::HEADER + blocks.len() * format::RECORD];
    put(&mut file, header::MAGIC, &format::MAGIC);
    file[header::VERSION] = format::VERSION;
    file[header::FLAGS] = if head.softmax { format::FLAG_SOFTMAX } else { 0 };
    let layers = u16::try_from(blocks.len()).map_err(|_| wrong(head.name, "more than 65,535 layers"))?;
    put(&mut file, header::LAYERS, &layers.to_le_bytes());
    put_size(&mut file, header::INPUTS, first.record.inputs)?;
    put_size(&mut file, header::OUTPUTS, last.record.outputs)?;
    let quantization = head.quantization.unwrap_or(Quantization { scale: 0.0, zero_point: 0 });
    put(&mut file, header::SCALE, &quantization.scale.to_le_bytes());
    file[header::ZERO_POINT] = quantization.zero_point as u8;
    file[header::ELEMENT] = u8::from(head.quantization.is_none());
    file[header::ENCODING] = match head.input.encoding {
        Encoding::Real => 0,
        Encoding::Pixel => 1,
    };
    file[header::UNIT_NORM] = match head.input.unit_norm {
        None => 0,
        Some(UnitNorm::L1) => 1,
        Some(UnitNorm::L2) => 2,
        Some(UnitNorm::Max) => 3,
    };
    put_shape(&mut file, head)?;
    put_sections(&mut file, head, blocks)?;
    for (index, block) in blocks.iter().enumerate() {
        file.resize(file.len().next_multiple_of(format::ALIGN), 0);
        let start = file.len();
        put_record(&mut file, format::HEADER + index * format::RECORD, &block.record)?;
        put_size(&mut file, format::HEADER + index * format::RECORD + record::PAYLOAD, start)?;
        put_size(&mut file, format::HEADER + index * format::RECORD + record::PAYLOAD_LENGTH, block.payload.len())?;
        file.extend(&block.payload);
    }
    let length = file.len();
    put_size(&mut file, header::LENGTH, length)?;
    let mut crc = crc32fast::Hasher::new();
    crc.update(&file[..header::CRC]);
    crc.update(&file[header::CRC + 4..]);
    put(&mut file, header::CRC, &crc.finalize().to_le_bytes());
    thumbnet::Model::parse(&file).map_err(|error| wrong(head.name, error))?;
    Ok(file)
}

/// The input's shape: up to three dimensions as they are, more as one.
fn put_shape(file: &mut [u8], head: &Head<'_>) -> Result<()> {
    let features = [head.input.features()];
    let shape = if matches!(head.input.shape.len(), 1..=3) { &head.input.shape[..] } else { &features[..] };
    for (i, &dimension) in shape.iter().enumerate() {
        put_size(file, header::SHAPE + 4 * i, dimension)?;
    }
    Ok(())
}

/// Normalization, labels and names.
fn put_sections(file: &mut Vec<u8>, head: &Head<'_>, blocks: &[Block<'_>]) -> Result<()> {
    if let Some(normalization) = &head.input.normalization {
        let start = file.len();
        put_size(file, header::NORMALIZATION, start)?;
        for value in normalization.offset.iter().chain(&normalization.scale) {
            file.extend(value.to_le_bytes());
        }
    }
    if !head.class_names.is_empty() {
        let start = file.len();
        put_size(file, header::LABELS, start)?;
        put_names(file, head.class_names.iter().map(String::as_str))?;
    }
    let start = file.len();
    put_size(file, header::NAMES, start)?;
    let layers = blocks.iter().map(|block| block.name);
    let features = head.input.feature_names.iter().map(String::as_str);
    put_names(file, std::iter::once(head.name).chain(layers).chain(features))
}

/// A block of names: their count, and each with its length in front.
fn put_names<'a>(file: &mut Vec<u8>, names: impl Iterator<Item = &'a str> + Clone) -> Result<()> {
    let count = u16::try_from(names.clone().count()).map_err(|_| wrong("names", "more than 65,535 of them"))?;
    file.extend(count.to_le_bytes());
    for name in names {
        let length = u8::try_from(name.len())
            .map_err(|_| wrong(name, "a name longer than 255 bytes does not fit the file; shorten it"))?;
        file.push(length);
        file.extend(name.as_bytes());
    }
    Ok(())
}

fn put_record(file: &mut [u8], start: usize, block: &Record) -> Result<()> {
    file[start + record::KIND] = block.kind;
    file[start + record::WEIGHTS] = block.weights;
    file[start + record::ORDER] = block.order;
    file[start + record::FUNCTION] = block.function;
    put_size(file, start + record::INPUTS, block.inputs)?;
    put_size(file, start + record::OUTPUTS, block.outputs)?;
    put(file, start + record::SCALE, &block.scale.to_le_bytes());
    file[start + record::ZERO_POINT] = block.zero_point as u8;
    file[start + record::LO] = block.lo as u8;
    file[start + record::HI] = block.hi as u8;
    file[start + record::PRE_ZERO_POINT] = block.pre_zero_point as u8;
    put(file, start + record::PRE_SCALE, &block.pre_scale.to_le_bytes());
    Ok(())
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

fn put_size(file: &mut [u8], at: usize, size: usize) -> Result<()> {
    let size = u32::try_from(size).map_err(|_| wrong("tnet", "the model is larger than 4 GB"))?;
    put(file, at, &size.to_le_bytes());
    Ok(())
}

pub(super) fn wrong(place: impl std::fmt::Display, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Model, place, message)
}
