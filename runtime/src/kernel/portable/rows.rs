//! Plain layers, one row after the other.

use crate::Layer;
use crate::kernel::channel::Channels;
use crate::kernel::requantize::Requantize;

/// An input, counted from 0 to 255.
#[inline]
pub(super) fn unsigned(x: i8) -> i32 {
    i32::from(x) + 128
}

/// The sum of all inputs, each counted from 0 to 255.
#[inline]
pub(crate) fn sum(input: &[i8]) -> i32 {
    input.iter().fold(0, |sum, &x| sum.wrapping_add(unsigned(x)))
}

/// All outputs of a layer whose rows take `row` bytes each; `sum` gives a row's sum of products with the unsigned inputs.
#[inline]
pub(super) fn outputs(layer: &Layer<'_>, row: usize, input: &[i8], output: &mut [i8], sum: impl Fn(&[u8]) -> i32) {
    let requantize = Requantize::new(layer);
    let inputs = self::sum(input);
    let mut weights = layer.weights();
    for ((index, y), channel) in output.iter_mut().enumerate().zip(Channels::new(layer)) {
        let Some((now, later)) = weights.split_at_checked(row) else { return };
        weights = later;
        let products = sum(now).wrapping_sub(channel.zero_point.wrapping_mul(inputs));
        *y = requantize.output(index, channel.bias.wrapping_add(products), channel.factor);
    }
}
