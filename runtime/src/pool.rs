//! An average pooling, as it lies in the file.

use crate::format::{record, u16_at};
use crate::{Layer, Order, WeightType};

/// The windows of an average pooling: `outputs` of them beside and below each other, without gaps, from `offset` of the image
/// on. Each pair is rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AveragePool {
    /// The image that enters, row-major.
    pub image: [u16; 2],
    /// Where the first window starts; what lies before is cut off.
    pub offset: [u16; 2],
    /// The image that leaves.
    pub outputs: [u16; 2],
    /// The size of a window.
    pub size: [u16; 2],
}

impl AveragePool {
    /// The size of its payload.
    pub(crate) const SIZE: usize = 16;

    /// The number of elements of a window.
    pub const fn count(&self) -> usize {
        product(self.size) as usize
    }

    pub(crate) const fn read(payload: &[u8]) -> Self {
        macro_rules! pair {
            ($at:literal) => {
                [u16_at(payload, $at), u16_at(payload, $at + 2)]
            };
        }
        Self { image: pair!(0), offset: pair!(4), outputs: pair!(8), size: pair!(12) }
    }

    /// Checks the layer that it stands in.
    /// # Errors
    /// The offset in the record of the field that makes no sense.
    pub(crate) const fn check(&self, layer: &Layer<'_>) -> Result<(), usize> {
        if !matches!(layer.weight_type(), WeightType::F32 | WeightType::Int8) {
            return Err(record::WEIGHTS);
        }
        if !matches!(layer.order(), Order::Plain) {
            return Err(record::ORDER);
        }
        if !(self.fits(0) && self.fits(1)) || self.count() > u16::MAX as usize {
            return Err(record::PAYLOAD);
        }
        if product(self.image) as usize != layer.inputs() {
            return Err(record::INPUTS);
        }
        if product(self.outputs) as usize != layer.outputs() {
            return Err(record::OUTPUTS);
        }
        match layer.output_quantization() {
            Some(quantization) if !crate::layer::is_scale(quantization.scale) => Err(record::SCALE),
            _ => Ok(()),
        }
    }

    /// Whether there are windows along an axis, within the image. The sums of a window's elements are exact in f32, too.
    const fn fits(&self, axis: usize) -> bool {
        let (outputs, size) = (self.outputs[axis] as u32, self.size[axis] as u32);
        // At most 65,535 * 65,536, which fits.
        outputs * size != 0 && self.offset[axis] as u32 + outputs * size <= self.image[axis] as u32
    }
}

const fn product([rows, columns]: [u16; 2]) -> u32 {
    rows as u32 * columns as u32
}
