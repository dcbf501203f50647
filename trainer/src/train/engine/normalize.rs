//! Batch normalization of a layer's sums (Ioffe and Szegedy 2015). Every unit is normalized for itself, so each thread does
//! its own panels, without a barrier.

use super::lanes::{LANES, Lanes, panels};
use super::phased::Phased;
use crate::train::layer::BatchNormalization;
use std::array::from_fn;
use std::ops::Range;

/// A layer's batch normalization: what it learns, and what it keeps from the forward for the backward pass.
#[derive(Debug)]
pub(super) struct Normalizer {
    settings: BatchNormalization,
    /// Per panel the scale (gamma) and the shift (beta).
    pub(super) weights: Phased<Lanes>,
    pub(super) first: Phased<Lanes>,
    pub(super) second: Phased<Lanes>,
    pub(super) gradient: Phased<Lanes>,
    /// Per panel the moving mean and variance.
    pub(super) moving: Phased<Lanes>,
    /// Per panel one over the batch's deviation.
    inverse: Phased<Lanes>,
    /// The sums of a batch, normalized.
    normalized: Phased<Lanes>,
}

impl Normalizer {
    pub(super) fn new(settings: BatchNormalization, units: usize, capacity: usize) -> Self {
        let count = panels(units);
        let pairs = |value: [f32; 2]| {
            let mut pairs = Phased::new(Lanes::ZERO, 2 * count);
            for (index, lanes) in pairs.get_mut().iter_mut().enumerate() {
                *lanes = Lanes([value[index % 2]; LANES]);
            }
            pairs
        };
        Self {
            settings,
            weights: pairs([1.0, 0.0]),
            first: pairs([0.0; 2]),
            second: pairs([0.0; 2]),
            gradient: pairs([0.0; 2]),
            moving: pairs([0.0, 1.0]),
            inverse: Phased::new(Lanes::ZERO, count),
            normalized: Phased::new(Lanes::ZERO, count * capacity),
        }
    }

    /// The factor and the summand of each unit that take the normalization's place after training.
    pub(super) fn folded(&mut self, units: usize) -> (Vec<f32>, Vec<f32>) {
        let (weights, moving) = (self.weights.get_mut(), self.moving.get_mut());
        let unit = |j: usize| {
            let (at, lane) = (j / LANES * 2, j % LANES);
            let scale = weights[at].0[lane] / (moving[at + 1].0[lane] + self.settings.epsilon).sqrt();
            (scale, weights[at + 1].0[lane] - moving[at].0[lane] * scale)
        };
        (0..units).map(unit).unzip()
    }

    /// Normalizes, scales and shifts the sums of panels `part`; `sums` holds just these, of `capacity` rows.
    ///
    /// # Safety
    /// Until the next barrier nobody else touches these panels.
    pub(super) unsafe fn forward(&self, part: Range<usize>, capacity: usize, samples: usize, sums: &mut [Lanes]) {
        let pairs = part.start * 2..part.end * 2;
        // SAFETY: the caller's own panels.
        let (weights, moving, inverse, normalized) = unsafe {
            (
                self.weights.write(pairs.clone()),
                self.moving.write(pairs),
                self.inverse.write(part.clone()),
                self.normalized.write(part.start * capacity..part.end * capacity),
            )
        };
        let share = 1.0 / samples as f32;
        for p in 0..part.len() {
            let rows = p * capacity..p * capacity + samples;
            let (sums, normalized) = (&mut sums[rows.clone()], &mut normalized[rows]);
            let mean = average(sums.iter().map(|x| x.0), share);
            let variance = average(sums.iter().map(|x| from_fn(|k| (x.0[k] - mean[k]) * (x.0[k] - mean[k]))), share);
            let inverse = &mut inverse[p].0;
            *inverse = variance.map(|variance| (variance + self.settings.epsilon).sqrt().recip());
            let (scale, shift) = (weights[2 * p].0, weights[2 * p + 1].0);
            for (x, n) in sums.iter_mut().zip(normalized) {
                n.0 = from_fn(|k| (x.0[k] - mean[k]) * inverse[k]);
                x.0 = from_fn(|k| n.0[k] * scale[k] + shift[k]);
            }
            let keep = self.settings.momentum;
            for (moving, batch) in moving[2 * p..2 * p + 2].iter_mut().zip([mean, variance]) {
                moving.0 = from_fn(|k| keep * moving.0[k] + (1.0 - keep) * batch[k]);
            }
        }
    }

    /// Turns the gradient with respect to what [`Normalizer::forward`] gave into the one with respect to the sums, and keeps
    /// the one of scale and shift.
    ///
    /// # Safety
    /// As [`Normalizer::forward`].
    pub(super) unsafe fn backward(&self, part: Range<usize>, capacity: usize, samples: usize, delta: &mut [Lanes]) {
        let pairs = part.start * 2..part.end * 2;
        // SAFETY: the caller's own panels.
        let (weights, gradient, inverse, normalized) = unsafe {
            (
                self.weights.write(pairs.clone()),
                self.gradient.write(pairs),
                self.inverse.write(part.clone()),
                self.normalized.write(part.start * capacity..part.end * capacity),
            )
        };
        let share = 1.0 / samples as f32;
        for p in 0..part.len() {
            let rows = p * capacity..p * capacity + samples;
            let (delta, normalized) = (&mut delta[rows.clone()], &normalized[rows]);
            let shift = average(delta.iter().map(|d| d.0), 1.0);
            let scale = average(delta.iter().zip(normalized).map(|(d, n)| from_fn(|k| d.0[k] * n.0[k])), 1.0);
            let factor: [f32; LANES] = from_fn(|k| weights[2 * p].0[k] * inverse[p].0[k]);
            for (d, n) in delta.iter_mut().zip(normalized) {
                d.0 = from_fn(|k| factor[k] * (d.0[k] - (shift[k] + n.0[k] * scale[k]) * share));
            }
            gradient[2 * p].0 = scale;
            gradient[2 * p + 1].0 = shift;
        }
    }
}

/// The sum of the rows in their order, times `factor`.
fn average(rows: impl Iterator<Item = [f32; LANES]>, factor: f32) -> [f32; LANES] {
    rows.fold([0.0; LANES], |sum, row| from_fn(|k| sum[k] + row[k])).map(|sum| sum * factor)
}
