//! The two kinds of numbers that models work on.

use crate::evaluate::ALL;
use crate::kernel::{self, native};
use crate::{Layer, Model, Quantization, WeightType};

/// A number that models take and give: `i8` or `f32`.
pub trait Element: Copy + Sealed {}

impl Element for i8 {}
impl Element for f32 {}

/// What only this crate implements and calls.
pub trait Sealed: Sized {
    /// Whether the element is a float.
    const FLOAT: bool;
    /// What a buffer is filled with at first.
    const ZERO: Self;

    /// Writes the prepared input to the front of the scratch, where the model prepares it; says whether it does.
    fn prepare(model: &Model<'_>, input: &[Self], scratch: &mut [Self]) -> bool;

    /// The real value of an output.
    fn real(self, quantization: Option<Quantization>) -> f32;

    /// Evaluates a pooling.
    fn pool(layer: &Layer<'_>, input: &[Self], output: &mut [Self]);

    /// Evaluates a layer with one of the kernels whose bits are in `KINDS`.
    fn layer<const KINDS: u8>(layer: &Layer<'_>, input: &[Self], work: &mut [Self], output: &mut [Self]);
}

impl Sealed for i8 {
    const FLOAT: bool = false;
    const ZERO: Self = 0;

    fn real(self, quantization: Option<Quantization>) -> f32 {
        let Some(Quantization { scale, zero_point }) = quantization else { return f32::from(self) };
        scale * (f32::from(self) - f32::from(zero_point))
    }

    fn pool(layer: &Layer<'_>, input: &[Self], output: &mut [Self]) {
        kernel::average_i8(layer, input, output);
    }

    #[inline]
    fn prepare(_: &Model<'_>, _: &[Self], _: &mut [Self]) -> bool {
        false
    }

    #[inline]
    fn layer<const KINDS: u8>(layer: &Layer<'_>, input: &[Self], work: &mut [Self], output: &mut [Self]) {
        // Where only one type may occur, nothing is asked.
        let is =
            |kind: WeightType| KINDS & kind.bit() != 0 && (KINDS & ALL == kind.bit() || layer.weight_type() == kind);
        if is(WeightType::Int8) {
            kernel::dense_i8::<KINDS>(layer, input, work, output);
        } else if is(WeightType::Int4) {
            kernel::dense_i4::<KINDS>(layer, input, work, output);
        } else if is(WeightType::Int2) {
            kernel::dense_i2::<KINDS>(layer, input, work, output);
        }
    }
}

impl Sealed for f32 {
    const FLOAT: bool = true;
    const ZERO: Self = 0.0;

    fn real(self, _: Option<Quantization>) -> f32 {
        self
    }

    fn pool(layer: &Layer<'_>, input: &[Self], output: &mut [Self]) {
        kernel::average_f32(layer, input, output);
    }

    fn prepare(model: &Model<'_>, input: &[Self], scratch: &mut [Self]) -> bool {
        if !model.prepares_input() {
            return false;
        }
        for (prepared, x) in scratch.iter_mut().zip(model.prepared(input)) {
            *prepared = x;
        }
        true
    }

    #[inline]
    fn layer<const KINDS: u8>(layer: &Layer<'_>, input: &[Self], _work: &mut [Self], output: &mut [Self]) {
        match layer.weight_type() {
            WeightType::F32 if KINDS & WeightType::F32.bit() != 0 => native::dense_f32(layer, input, output),
            WeightType::F16 if KINDS & WeightType::F16.bit() != 0 => native::dense_f16(layer, input, output),
            _ => return,
        }
        crate::activation::apply(layer.function(), output);
    }
}
