//! What a layer learns as one number: the slope of a leaky ReLU (PReLU: He et al. 2015), or the range of a ReLU's rounded
//! outputs (Esser et al. 2020).

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
