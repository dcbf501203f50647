//! The numbers that belong to each output.

use crate::layer::channel_len;
use crate::{Layer, format};

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
    bytes: &'a [u8],
    step: usize,
}

impl<'a> Channels<'a> {
    pub(crate) const fn new(layer: &Layer<'a>) -> Self {
        Self { bytes: layer.channels(), step: channel_len(layer.weight_type(), layer.order()) }
    }
}

impl Iterator for Channels<'_> {
    type Item = Channel;

    #[inline]
    fn next(&mut self) -> Option<Channel> {
        let (channel, rest) = self.bytes.split_at_checked(self.step)?;
        self.bytes = rest;
        Some(Channel {
            bias: format::u32_at(channel, 0) as i32,
            factor: format::f32_at(channel, 4),
            zero_point: format::u32_at(channel, 8) as i32,
        })
    }
}
