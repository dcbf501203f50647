//! The training data as the engine takes them: sample by sample into panels.

use super::lanes::{LANES, Lanes};
use crate::nn::Target;
use ndarray::ArrayView2;
use std::ops::Range;

/// The inputs of all training samples, samples x features.
#[derive(Clone, Copy, Debug)]
pub(in crate::train) enum Inputs<'a> {
    /// Bytes; the real value is `pixel / 255`.
    Pixels(ArrayView2<'a, u8>),
    /// Real numbers, normalized already.
    Real(ArrayView2<'a, f32>),
}

impl Inputs<'_> {
    /// The same for a shorter while.
    pub(in crate::train) fn view(&self) -> Inputs<'_> {
        match self {
            Self::Pixels(values) => Inputs::Pixels(values.view()),
            Self::Real(values) => Inputs::Real(values.view()),
        }
    }

    pub(in crate::train) fn samples(&self) -> usize {
        match self {
            Self::Pixels(values) => values.nrows(),
            Self::Real(values) => values.nrows(),
        }
    }

    /// Copies the features of panels `panels` of the samples `order` into `out`, which holds just these panels, of `capacity`
    /// rows.
    pub(super) fn gather(&self, order: &[usize], panels: Range<usize>, capacity: usize, out: &mut [Lanes]) {
        match self {
            Self::Pixels(values) => gather(values, order, panels, capacity, out, |pixel| f32::from(pixel) / 255.0),
            Self::Real(values) => gather(values, order, panels, capacity, out, |value| value),
        }
    }
}

#[inline(always)]
fn gather<T: Copy + Default + PartialEq>(
    values: &ArrayView2<'_, T>,
    order: &[usize],
    panels: Range<usize>,
    capacity: usize,
    out: &mut [Lanes],
    real: impl Fn(T) -> f32,
) {
    let features = values.ncols();
    let values = values.as_slice().expect("samples are in one piece");
    for (b, &sample) in order.iter().enumerate() {
        let row = &values[sample * features..][..features];
        for (local, p) in panels.clone().enumerate() {
            let to = &mut out[local * capacity + b];
            if let Some(from) = row.get(p * LANES..(p + 1) * LANES) {
                let from: &[T; LANES] = from.try_into().expect("eight");
                if *from == [T::default(); LANES] {
                    *to = Lanes::ZERO;
                } else {
                    *to = Lanes(from.map(&real));
                }
            } else {
                *to = Lanes::ZERO;
                for (to, &from) in to.0.iter_mut().zip(&row[p * LANES..features]) {
                    *to = real(from);
                }
            }
        }
    }
}

/// What all training samples should become.
#[derive(Clone, Copy, Debug)]
pub(in crate::train) enum Outputs<'a> {
    /// A class index per sample.
    Classes(&'a [u32]),
    /// Samples x outputs.
    Values(ArrayView2<'a, f32>),
}

impl Outputs<'_> {
    /// The same for a shorter while.
    pub(in crate::train) fn view(&self) -> Outputs<'_> {
        match self {
            Self::Classes(classes) => Outputs::Classes(classes),
            Self::Values(values) => Outputs::Values(values.view()),
        }
    }

    /// What a sample should become.
    pub(in crate::train) fn target(&self, sample: usize) -> Target<'_> {
        match self {
            Self::Classes(classes) => Target::Class(classes[sample]),
            Self::Values(values) => {
                let outputs = values.ncols();
                let values = values.as_slice().expect("targets are in one piece");
                Target::Values(&values[sample * outputs..(sample + 1) * outputs])
            }
        }
    }
}
