//! The numbers that belong to each output.

use crate::Layer;

/// What one output of an integer layer needs besides its weights.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    /// The bias, with the inputs' zero point folded in.
    pub(crate) bias: i32,
    /// What the sum is multiplied with.
    pub(crate) factor: f32,
    /// The integer that stands for a zero weight.
    pub(crate) zero_point: i32,
}

/// The channels of an integer layer, one after the other.
pub(crate) struct Channels<'a> {
    biases: &'a [u8],
    factors: &'a [u8],
    zero_points: &'a [u8],
}

impl<'a> Channels<'a> {
    pub(crate) const fn new(layer: &Layer<'a>) -> Self {
        Self { biases: layer.biases(), factors: layer.factors(), zero_points: layer.weight_zero_points() }
    }

    /// The channels from the one with this index on.
    #[cfg(not(any(thumbnet_dsp, thumbnet_scalar)))]
    pub(crate) fn from(mut self, first: usize) -> Self {
        for numbers in [&mut self.biases, &mut self.factors, &mut self.zero_points] {
            *numbers = numbers.get(first.saturating_mul(4)..).unwrap_or(&[]);
        }
        self
    }

    /// The biases and the factors of the next outputs, up to eight; zeros where there are fewer.
    #[cfg(not(any(thumbnet_dsp, thumbnet_scalar)))]
    #[inline]
    pub(crate) fn tile(&mut self, rows: usize) -> ([i32; 8], [f32; 8]) {
        let (mut biases, mut factors) = ([0; 8], [0.0; 8]);
        for ((bias, factor), channel) in biases.iter_mut().zip(&mut factors).zip(self.take(rows)) {
            (*bias, *factor) = (channel.bias, channel.factor);
        }
        (biases, factors)
    }
}

impl Iterator for Channels<'_> {
    type Item = Channel;

    #[inline]
    fn next(&mut self) -> Option<Channel> {
        let zero_point = next(&mut self.zero_points).map_or(0, i32::from_le_bytes);
        Some(Channel {
            bias: i32::from_le_bytes(next(&mut self.biases)?),
            factor: f32::from_le_bytes(next(&mut self.factors)?),
            zero_point,
        })
    }
}

#[inline]
fn next(bytes: &mut &[u8]) -> Option<[u8; 4]> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*number)
}
