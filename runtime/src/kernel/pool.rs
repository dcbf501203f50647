//! The means of an image's windows: the same code for every core, since a pooling only adds, and each input once.

use crate::{AveragePool, Layer};
use core::mem;

/// The means of integers, halves to even. What leaves is quantized as what enters.
// It stands alone, so that its windows take no stack below the kernels.
#[inline(never)]
pub(crate) fn average_i8(layer: &Layer<'_>, input: &[i8], output: &mut [i8]) {
    let Some(pool) = layer.pool() else { return };
    let count = pool.count() as u32;
    each_window(pool, input, output, |mut window, width| {
        // Each counted from -128, so that the division is one of whole numbers.
        let mut sum = 128 * count;
        for _ in 0..pool.size[0] {
            for &q in window.get(..usize::from(pool.size[1])).unwrap_or_default() {
                sum = sum.wrapping_add_signed(q.into());
            }
            window = window.get(width..).unwrap_or_default();
        }
        // A window is never empty.
        let floor = sum.checked_div(count).unwrap_or_default();
        let twice = (sum - floor * count) * 2;
        (floor + u32::from(twice > count || (twice == count && floor & 1 != 0))) as u8 as i8 ^ i8::MIN
    });
}

/// The means of floats: added row by row, then divided, each operation rounded.
pub(crate) fn average_f32(layer: &Layer<'_>, input: &[f32], output: &mut [f32]) {
    let Some(pool) = layer.pool() else { return };
    let count = pool.count() as f32;
    each_window(pool, input, output, |mut window, width| {
        let mut sum = 0.0;
        for _ in 0..pool.size[0] {
            for &x in window.get(..usize::from(pool.size[1])).unwrap_or_default() {
                sum += x;
            }
            window = window.get(width..).unwrap_or_default();
        }
        sum / count
    });
}

/// Gives each output what `mean` makes of its window: the input from the window's first element on, and the image's width.
#[inline]
fn each_window<T>(pool: AveragePool, input: &[T], output: &mut [T], mean: impl Fn(&[T], usize) -> T) {
    let [image, offset, outputs, size] =
        [pool.image, pool.offset, pool.outputs, pool.size].map(|pair| pair.map(usize::from));
    let mut start = offset[0] * image[1] + offset[1];
    let mut left = output;
    while let Some((row @ [_, ..], later)) = mem::take(&mut left).split_at_mut_checked(outputs[1]) {
        left = later;
        let mut window = input.get(start..).unwrap_or_default();
        for y in row {
            *y = mean(window, image[1]);
            window = window.get(size[1]..).unwrap_or_default();
        }
        start += size[0] * image[1];
    }
}
