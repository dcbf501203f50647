//! The way of a sample through the layers.

use crate::error::Buffer;
use crate::kernel::Backend;
use crate::{Element, Kind, Model, RunError};

impl Model<'_> {
    /// Evaluates the model on one sample.
    ///
    /// `input` has [`Model::input_len`] elements, `output` [`Model::output_len`], `scratch` [`Model::scratch_len`], or for less
    /// speed down to [`Model::least_scratch_len`]; its contents do not matter. The elements are `i8` or `f32` as
    /// [`Model::is_float`] says. The same input gives the same bits on every target; of
    /// a float that is no number, only that it is NaN.
    /// # Errors
    /// [`RunError`] says which buffer has the wrong length or kind, or that a chip's kernels cannot read the model where it
    /// lies; `output` is untouched then.
    pub fn run<T: Element>(&self, input: &[T], scratch: &mut [T], output: &mut [T]) -> Result<(), RunError> {
        self.run_with(input, scratch, output, |_, _| {})
    }

    /// As [`Self::run`], and calls `observer` after each layer with its index and its outputs: to measure the time between
    /// the calls, or to look at what the layers give.
    /// # Errors
    /// As [`Self::run`].
    pub fn run_with<T: Element>(
        &self,
        input: &[T],
        scratch: &mut [T],
        output: &mut [T],
        observer: impl FnMut(u16, &[T]),
    ) -> Result<(), RunError> {
        self.run_only::<T, ALL>(input, scratch, output, observer)
    }

    /// As [`Self::run_with`], for a program that need not hold all kernels: only those of the weight types in `KINDS`, a sum
    /// of [`WeightType::bit`](crate::WeightType::bit)s (and [`Kind::bit`](crate::Kind::bit)s of layers without weights). The
    /// topmost bit is none of them: a program with it is not compiled.
    /// # Errors
    /// As [`Self::run`]; [`RunError::Weights`] where the model has weights of another type.
    pub fn run_only<T: Element, const KINDS: u8>(
        &self,
        input: &[T],
        scratch: &mut [T],
        output: &mut [T],
        observer: impl FnMut(u16, &[T]),
    ) -> Result<(), RunError> {
        const { assert!(!is_lean(KINDS), "KINDS has a bit that no type of weights has") };
        self.check::<T>(input.len(), scratch.len(), output.len())?;
        if KINDS != ALL && self.kinds() & !KINDS != 0 {
            return Err(RunError::Weights);
        }
        chain::<T, KINDS>(self, input, scratch, output, observer);
        Ok(())
    }

    fn check<T: Element>(&self, input: usize, scratch: usize, output: usize) -> Result<(), RunError> {
        if T::FLOAT != self.is_float() {
            return Err(RunError::Element);
        }
        let length = |buffer, expected, found| Err(RunError::Length { buffer, expected, found });
        if input != self.input_len() {
            return length(Buffer::Input, self.input_len(), input);
        }
        if scratch < self.scratch_len() && scratch < self.least_scratch_len() {
            return length(Buffer::Scratch, self.least_scratch_len(), scratch);
        }
        if output != self.output_len() {
            return length(Buffer::Output, self.output_len(), output);
        }
        if !self.bytes().as_ptr().addr().is_multiple_of(Backend::NATIVE.align()) {
            return Err(RunError::Alignment);
        }
        Ok(())
    }
}

/// All kernels, for a model of which nothing is known before it comes.
pub(crate) const ALL: u8 = LEAN - 1;

/// Beside the bits of the kernels: all layers are simple ones (packed, without a table), and the scratch is as large as the
/// kernels ask for. Then what other models need is left out.
pub(crate) const LEAN: u8 = 1 << 7;

/// Whether [`LEAN`] is in `kinds`.
pub(crate) const fn is_lean(kinds: u8) -> bool {
    kinds & LEAN != 0
}

/// Evaluates the layers one after the other. `KINDS` has a bit for each weight type that may occur, so that a program holds
/// only the kernels that its models need. The lengths were checked.
///
/// A layer's inputs lie at one end of the scratch and its outputs at the other; what is between is its kernel's. The model's
/// own input and output are the caller's.
#[inline]
pub(crate) fn chain<T: Element, const KINDS: u8>(
    model: &Model<'_>,
    input: &[T],
    scratch: &mut [T],
    output: &mut [T],
    mut observer: impl FnMut(u16, &[T]),
) {
    let mut entered = if T::prepare(model, input, scratch) { model.input_len() } else { 0 };
    let mut forward = true;
    for index in 0..model.layer_count() {
        let layer = if is_lean(KINDS) { model.simple_layer(index) } else { model.layer(index) };
        let Some(layer) = &layer else { return };
        let leaving = if index + 1 == model.layer_count() { 0 } else { layer.outputs() };
        let ends = if forward { (entered, leaving) } else { (leaving, entered) };
        let Some((front, rest)) = scratch.split_at_mut_checked(ends.0) else { return };
        let Some(work) = rest.len().checked_sub(ends.1) else { return };
        let Some((work, back)) = rest.split_at_mut_checked(work) else { return };
        let (x, y) = if forward { (front, back) } else { (back, front) };
        let x = if entered == 0 { input } else { x };
        let y = if leaving == 0 { &mut *output } else { y };
        if KINDS & Kind::AveragePool.bit() != 0 && layer.kind() == Kind::AveragePool {
            T::pool(layer, x, y);
        } else {
            T::layer::<KINDS>(layer, x, work, y);
        }
        observer(index, y);
        entered = leaving;
        forward = !forward;
    }
}
