//! Matrices of constants, taken as they lie in the file.

use super::walk::Found;
use crate::onnx::tensor::{ElementType, Tensor};
use ndarray::{Array2, ArrayView2};
use std::sync::Arc;

/// A matrix of constants, inputs x outputs, as it lies in the file.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    tensor: Arc<Tensor>,
    /// Whether it lies there as outputs x inputs.
    transposed: bool,
    /// Rows and columns in the file.
    rows: usize,
    columns: usize,
}

impl Weights {
    /// A tensor of two axes, beside leading ones of 1, or its transpose.
    /// # Errors
    /// Another shape; texts.
    pub(super) fn new(tensor: Arc<Tensor>, transposed: bool) -> Found<Self> {
        let (rows, columns) = match tensor.shape() {
            [ones @ .., rows, columns] if ones.iter().all(|&dim| dim == 1) => (*rows, *columns),
            shape => {
                return Err(format!(
                    "its weights have shape {shape:?}, expected a matrix; reshape them to inputs x outputs"
                ));
            }
        };
        if tensor.element_type() == ElementType::Text {
            return Err(format!(
                "its weights {:?} are texts, expected numbers; export the model again",
                tensor.shape()
            ));
        }
        Ok(Self { tensor, transposed, rows, columns })
    }

    /// Inputs and outputs.
    pub(super) fn dim(&self) -> (usize, usize) {
        if self.transposed { (self.columns, self.rows) } else { (self.rows, self.columns) }
    }

    /// The axis of the outputs in the tensor.
    pub(super) fn output_axis(&self) -> usize {
        self.tensor.shape().len() - 2 + usize::from(!self.transposed)
    }

    /// The weights as real numbers, times a factor.
    pub(super) fn real(&self, factor: f32) -> Array2<f32> {
        let scaled = |matrix: ArrayView2<f32>| {
            let matrix = if self.transposed { matrix.reversed_axes() } else { matrix };
            let mut own = matrix.as_standard_layout().into_owned();
            if factor != 1.0 {
                own *= factor;
            }
            own
        };
        let dim = (self.rows, self.columns);
        if let Some(Ok(view)) = self.tensor.as_f32().map(|list| ArrayView2::from_shape(dim, list)) {
            return scaled(view);
        }
        let array = self.tensor.to_f32().and_then(|array| array.into_shape_with_order(dim).ok());
        scaled(array.unwrap_or_default().view())
    }

    /// The weights as integers in -128..=127, outputs x inputs, and what to subtract from the file's to get them: 128 for
    /// unsigned ones.
    /// # Errors
    /// Integers of other than 8 bits.
    pub(super) fn integers(&self) -> Found<(Vec<i8>, i32)> {
        let (bytes, shift) = self.tensor.as_8_bits().ok_or_else(|| {
            format!(
                "its weights {:?} are {}, expected int8 or uint8; quantize them so",
                self.tensor.shape(),
                self.tensor.type_name()
            )
        })?;
        if self.transposed {
            return Ok((bytes.collect(), shift));
        }
        let mut moved = vec![0; self.rows * self.columns];
        for (at, byte) in bytes.enumerate() {
            moved[at % self.columns * self.rows + at / self.columns] = byte;
        }
        Ok((moved, shift))
    }
}
