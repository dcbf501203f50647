//! What a layer learns as one number: the slope of a leaky ReLU (PReLU: He et al. 2015), or the range of rounded outputs
//! (Esser et al. 2020).

use super::lanes::{LANES, Lanes, panels};
use super::phased::Phased;
use crate::train::optimizer::Update;

/// The number, as the first lane of a row, and its moments.
#[derive(Debug)]
pub(super) struct Scalar {
    pub(super) state: [Phased<Lanes>; 3],
    /// Per panel the gradient's part.
    parts: Phased<f32>,
}

impl Scalar {
    pub(super) fn new(value: f32, units: usize) -> Self {
        let lane = |value: f32| {
            let mut lanes = Lanes::ZERO;
            lanes.0[0] = value;
            Phased::new(lanes, 1)
        };
        Self { state: [lane(value), lane(0.0), lane(0.0)], parts: Phased::new(0.0, panels(units)) }
    }

    /// The number itself.
    /// # Safety
    /// Until the next barrier nobody updates it.
    pub(super) unsafe fn value(&self) -> f32 {
        // SAFETY: the caller's promise.
        let state = unsafe { self.state[0].read() };
        state[0].0[0]
    }

    /// Keeps a panel's part of the gradient, in as many sums as there are lanes.
    /// # Safety
    /// Until the next barrier nobody else touches this panel.
    pub(super) unsafe fn collect(&self, panel: usize, sums: [f32; LANES]) {
        // SAFETY: the caller's own panel.
        let part = unsafe { self.parts.write(panel..panel + 1) };
        part[0] = sums.iter().sum();
    }

    /// The whole gradient.
    /// # Safety
    /// After a barrier, and before the next [`Scalar::collect`].
    pub(super) unsafe fn gradient(&self) -> f32 {
        // SAFETY: the caller's promise.
        unsafe { self.parts.read() }.iter().sum()
    }

    /// Updates the number.
    /// # Safety
    /// Until the next barrier nobody else reads or updates it.
    pub(super) unsafe fn update(&self, gradient: f32, update: &Update) {
        let mut lanes = Lanes::ZERO;
        lanes.0[0] = gradient;
        // SAFETY: the caller's promise.
        let [w, m, v] = [0, 1, 2].map(|k| unsafe { self.state[k].write(0..1) });
        update.apply::<super::vector::Plain>(w, &[lanes], m, v);
    }
}

/// A panel's part of the gradient of a leaky ReLU's slope: `delta * min(z, 0)` with the gradient `delta` with respect to the
/// outputs.
pub(super) fn slope_gradient(z: &[Lanes], delta: &[Lanes]) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for (z, delta) in z.iter().zip(delta) {
        for k in 0..LANES {
            sums[k] += delta.0[k] * z.0[k].min(0.0);
        }
    }
    sums
}

/// The steps of eight bits between 0 and the range's end.
const STEPS: f32 = 255.0;
/// A range does not become smaller.
const LEAST: f32 = 1e-3;

/// The outputs of a ReLU as the chip has them: from 0 to `range`, in 255 steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rounding {
    range: f32,
}

impl Rounding {
    pub(super) fn new(range: f32) -> Self {
        Self { range: range.max(LEAST) }
    }

    /// The end of the range.
    pub(super) fn range(self) -> f32 {
        self.range
    }

    /// Rounds outputs.
    #[inline(always)]
    pub(super) fn round(self, outputs: &mut [f32]) {
        let (step, steps) = (self.range / STEPS, STEPS / self.range);
        for y in outputs {
            *y = (y.clamp(0.0, self.range) * steps).round_ties_even() * step;
        }
    }

    /// Turns the gradient `delta` with respect to the rounded outputs into the one with respect to the sums `z`, as if nothing
    /// were rounded, and gives a panel's part of the range's own: of an output within it, what it is rounded by, in ranges; of
    /// one beyond it, all (Esser et al. 2020, equation 3, with the range in place of the step).
    #[inline(always)]
    pub(super) fn backward(self, z: &[Lanes], delta: &mut [Lanes]) -> [f32; LANES] {
        let steps = STEPS / self.range;
        let mut sums = [0.0; LANES];
        for (z, delta) in z.iter().zip(delta) {
            for k in 0..LANES {
                let v = z.0[k].clamp(0.0, self.range) * steps;
                let (within, beyond) = (z.0[k] > 0.0 && z.0[k] < self.range, z.0[k] >= self.range);
                let share = if beyond { 1.0 } else { (v.round_ties_even() - v) / STEPS };
                sums[k] += delta.0[k] * share;
                delta.0[k] = if within { delta.0[k] } else { 0.0 };
            }
        }
        sums
    }
}
