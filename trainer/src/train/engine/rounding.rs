//! Outputs as the chip has them, in eight bits. A ReLU's range is learned with the weights (Esser et al. 2020). Of any other
//! activation the range of the sums is followed (Jacob et al. 2018, section 3.1), and what the outputs are rounded to follows
//! from it, as in the integers: a table takes rounded sums to rounded outputs.
//!
//! The gradient goes through a rounding as if there were none, except where a value lies beyond the grid's ends: there it is 0
//! (the straight-through estimator, as in PyTorch's fake quantization).

use super::lanes::{LANES, Lanes, flat, flat_mut, panels};
use super::phased::Phased;
use crate::nn::{Activation, Quantization};

/// The steps of eight bits between 0 and the range's end.
const STEPS: f32 = 255.0;
/// A learned range does not become smaller.
const LEAST: f32 = 1e-3;
/// How much of the range a step keeps: PyTorch's default.
const KEPT: f32 = 0.99;
/// So many rows of a panel are recomputed at once in the backward pass.
const ROWS: usize = 32;

/// 256 numbers with the same step between them, 0 among them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    step: f32,
    inverse: f32,
    /// The least and the greatest number, in steps.
    ends: [f32; 2],
}

impl From<Quantization> for Grid {
    fn from(Quantization { scale, zero_point }: Quantization) -> Self {
        let ends = [-128.0, 127.0].map(|end| end - f32::from(zero_point));
        Self { step: scale, inverse: 1.0 / scale, ends }
    }
}

impl Grid {
    #[inline(always)]
    fn round(self, values: &mut [f32]) {
        let [low, high] = self.ends;
        for x in values {
            *x = (*x * self.inverse).round_ties_even().clamp(low, high) * self.step;
        }
    }

    /// Sets the gradient to 0 where a value lies beyond the ends.
    #[inline(always)]
    fn cut(self, values: &[f32], gradient: &mut [f32]) {
        let [low, high] = self.ends;
        for (x, g) in values.iter().zip(gradient) {
            let steps = (*x * self.inverse).round_ties_even();
            *g = if steps >= low && steps <= high { *g } else { 0.0 };
        }
    }
}

/// How a layer's outputs are rounded in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rounding {
    /// A ReLU's: from 0 to `range`, in 255 steps.
    Learned {
        /// The end of the range.
        range: f32,
    },
    /// Any other activation's.
    Followed {
        /// The sums, where a table takes them to the outputs.
        sums: Option<Grid>,
        /// The outputs.
        outputs: Grid,
    },
}

/// The end of a range that was learned to be this.
pub(super) fn learned_end(range: f32) -> f32 {
    range.max(LEAST)
}

impl Rounding {
    /// Of an activation whose sums have been within `low..=high`, which holds 0; `None` as long as there were none.
    pub(super) fn followed(activation: Activation, low: f32, high: f32) -> Option<Self> {
        let (sums, outputs) = (low < high).then(|| activation.rounded([low, high]))?;
        Some(Self::Followed { sums: sums.map(Into::into), outputs: outputs.into() })
    }

    /// Replaces the sums of a panel by the activation's rounded outputs.
    #[inline(always)]
    pub(super) fn forward(self, activation: Activation, rows: &mut [f32]) {
        match self {
            Self::Learned { range } => {
                let (step, steps) = (range / STEPS, STEPS / range);
                for y in rows {
                    *y = (y.clamp(0.0, range) * steps).round_ties_even() * step;
                }
            }
            Self::Followed { sums, outputs } => {
                if let Some(sums) = sums {
                    sums.round(rows);
                }
                activation.apply_row(rows);
                outputs.round(rows);
            }
        }
    }

    /// Turns the gradient `delta` with respect to the rounded outputs into the one with respect to the sums `z`, and gives a
    /// panel's part of the gradient of what the layer learns as one number: a ReLU's range, or a leaky ReLU's slope.
    #[inline(always)]
    pub(super) fn backward(self, activation: Activation, z: &[Lanes], delta: &mut [Lanes]) -> [f32; LANES] {
        let (sums, outputs) = match self {
            Self::Learned { range } => return range_gradient(range, z, delta),
            Self::Followed { sums, outputs } => (sums, outputs),
        };
        let mut slope = [0.0; LANES];
        for (z, delta) in z.chunks(ROWS).zip(delta.chunks_mut(ROWS)) {
            let mut rounded = [Lanes::ZERO; ROWS];
            let rounded = &mut rounded[..z.len()];
            rounded.copy_from_slice(z);
            if let Some(sums) = sums {
                sums.round(flat_mut(rounded));
            }
            let mut y = [Lanes::ZERO; ROWS];
            let y = &mut y[..z.len()];
            y.copy_from_slice(rounded);
            activation.apply_row(flat_mut(y));
            outputs.cut(flat(y), flat_mut(delta));
            let part = slope_gradient(rounded, delta);
            slope.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            activation.backward_row(flat(rounded), flat(y), flat_mut(delta));
            if let Some(sums) = sums {
                sums.cut(flat(z), flat_mut(delta));
            }
        }
        slope
    }
}

/// [`Rounding::backward`] of a ReLU. The range's gradient: of an output within it, what it is rounded by, in ranges; of one
/// beyond it, all (Esser et al. 2020, equation 3, with the range in place of the step).
#[inline(always)]
fn range_gradient(range: f32, z: &[Lanes], delta: &mut [Lanes]) -> [f32; LANES] {
    let steps = STEPS / range;
    let mut sums = [0.0; LANES];
    for (z, delta) in z.iter().zip(delta) {
        for k in 0..LANES {
            let v = z.0[k].clamp(0.0, range) * steps;
            let (within, beyond) = (z.0[k] > 0.0 && z.0[k] < range, z.0[k] >= range);
            let share = if beyond { 1.0 } else { (v.round_ties_even() - v) / STEPS };
            sums[k] += delta.0[k] * share;
            delta.0[k] = if within { delta.0[k] } else { 0.0 };
        }
    }
    sums
}

/// A panel's part of the gradient of a leaky ReLU's slope: `delta * min(z, 0)` with the gradient `delta` with respect to the
/// outputs.
#[inline(always)]
pub(super) fn slope_gradient(z: &[Lanes], delta: &[Lanes]) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for (z, delta) in z.iter().zip(delta) {
        for k in 0..LANES {
            sums[k] += delta.0[k] * z.0[k].min(0.0);
        }
    }
    sums
}

/// The least and the greatest of some values and 0.
#[inline(always)]
fn extremes(values: &[f32]) -> [f32; 2] {
    let (mut low, mut high) = ([0f32; LANES], [0f32; LANES]);
    let (whole, rest) = values.as_chunks::<LANES>();
    for row in whole {
        for k in 0..LANES {
            low[k] = low[k].min(row[k]);
            high[k] = high[k].max(row[k]);
        }
    }
    let all =
        |lanes: [f32; LANES], pick: fn(f32, f32) -> f32| lanes.into_iter().chain(rest.iter().copied()).fold(0.0, pick);
    [all(low, f32::min), all(high, f32::max)]
}

/// The range of a layer's sums, as the batches so far had it: a moving average of their extremes.
#[derive(Debug)]
pub(super) struct SumRange {
    /// The least and the greatest sum, as the first lanes of a row.
    pub(super) state: Phased<Lanes>,
    /// Per panel the batch's.
    parts: Phased<[f32; 2]>,
}

impl SumRange {
    pub(super) fn new(units: usize) -> Self {
        Self { state: Phased::new(Lanes::ZERO, 1), parts: Phased::new([0.0; 2], panels(units)) }
    }

    /// The rounding of the activation's outputs.
    /// # Safety
    /// Until the next barrier nobody updates it.
    pub(super) unsafe fn rounding(&self, activation: Activation) -> Option<Rounding> {
        // SAFETY: the caller's promise.
        let state = unsafe { self.state.read() };
        Rounding::followed(activation, state[0].0[0], state[0].0[1])
    }

    /// Keeps a panel's extremes.
    /// # Safety
    /// Until the next barrier nobody else touches this panel.
    #[inline(always)]
    pub(super) unsafe fn collect(&self, panel: usize, sums: &[f32]) {
        // SAFETY: the caller's own panel.
        let part = unsafe { self.parts.write(panel..panel + 1) };
        part[0] = extremes(sums);
    }

    /// Moves the range towards the batch's; the first batch's is taken as it is.
    /// # Safety
    /// After a barrier, and until the next one nobody else reads or updates it.
    pub(super) unsafe fn update(&self) {
        // SAFETY: the caller's promise.
        let (parts, state) = unsafe { (self.parts.read(), self.state.write(0..1)) };
        let batch = parts.iter().fold([0f32; 2], |[low, high], part| [low.min(part[0]), high.max(part[1])]);
        let first = state[0].0[0] >= state[0].0[1];
        for (end, batch) in state[0].0.iter_mut().zip(batch) {
            *end = if first { batch } else { KEPT * *end + (1.0 - KEPT) * batch };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Elementwise;

    #[test]
    fn outputs_lie_on_the_grid_that_the_chip_has() {
        let sums: Vec<f32> = (0..64).map(|k| k as f32 / 4.0 - 8.0).collect();
        let all =
            [Activation::Sigmoid, Activation::Tanh, Activation::Linear, Activation::Elementwise(Elementwise::Gelu)];
        for activation in all {
            let rounding = Rounding::followed(activation, -3.0, 5.0).unwrap();
            let mut rounded = sums.clone();
            rounding.forward(activation, &mut rounded);
            let Rounding::Followed { outputs, .. } = rounding else { panic!("{rounding:?}") };
            let mut again = rounded.clone();
            outputs.round(&mut again);
            assert_eq!(rounded, again, "{activation:?}");
            // Within the range an output is wrong by half a step at most, and by what the sum's own rounding makes of it.
            let slope = 1.13 * 8.0 / 255.0 / 2.0;
            for (&x, &y) in sums.iter().zip(&rounded).filter(|(x, _)| (-3.0..5.0).contains(*x)) {
                let exact = activation.value(x).unwrap();
                assert!((y - exact).abs() <= outputs.step * 0.51 + slope, "{activation:?} at {x}: {y}");
            }
        }
        assert_eq!(Rounding::followed(Activation::Linear, 0.0, 0.0), None);
    }

    #[test]
    fn extremes_hold_zero() {
        assert_eq!(extremes(&[]), [0.0, 0.0]);
        let values: Vec<f32> = (0..19).map(|k| k as f32 + 1.0).collect();
        assert_eq!(extremes(&values), [0.0, 19.0]);
        assert_eq!(extremes(&values.iter().map(|x| -x).collect::<Vec<_>>()), [-19.0, 0.0]);
    }
}
