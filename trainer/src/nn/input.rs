//! What the numbers that enter a network mean.

use super::AveragePool;
use crate::dataset::{MinMaxScaler, StandardScaler};
use ndarray::{Array2, ArrayView2};

/// How a sample's raw numbers become the network's real inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Real numbers, used as they are.
    Real,
    /// 8-bit pixels: the real value is `pixel / 255`.
    Pixel,
}

/// A per-feature standardization in front of the first layer: `(x - offset) * scale`, as ONNX's `ai.onnx.ml.Scaler`.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalization {
    /// Subtracted first; one per feature.
    pub offset: Vec<f32>,
    /// Multiplied then; one per feature.
    pub scale: Vec<f32>,
}

impl From<&StandardScaler> for Normalization {
    fn from(scaler: &StandardScaler) -> Self {
        Self { offset: scaler.mean.clone(), scale: scaler.deviation.iter().map(|deviation| 1.0 / deviation).collect() }
    }
}

impl From<&MinMaxScaler> for Normalization {
    fn from(scaler: &MinMaxScaler) -> Self {
        Self { offset: scaler.least.clone(), scale: scaler.range.iter().map(|range| 1.0 / range).collect() }
    }
}

/// The division of a sample by its own norm, as ONNX's `ai.onnx.ml.Normalizer`; a sample whose norm is 0 stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitNorm {
    /// The sum of the absolute values.
    L1,
    /// The root of the sum of squares.
    L2,
    /// The largest value.
    Max,
}

/// The input of a network: its shape and its meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The shape of one sample, row-major: `[28, 28]` for an image, `[13]` for a table's row.
    pub shape: Vec<usize>,
    /// What the raw numbers are.
    pub encoding: Encoding,
    /// Applied to the real value before the first layer; it travels with the model.
    pub normalization: Option<Normalization>,
    /// Applied after the normalization: each sample divided by its norm.
    pub unit_norm: Option<UnitNorm>,
    /// The means of an image's windows, applied last: the first layer sees them instead of the image.
    pub pool: Option<AveragePool>,
    /// The features' names where the data set has them (a table's columns); empty otherwise.
    pub feature_names: Vec<String>,
}

impl Input {
    /// An input without normalization, pooling and names.
    pub fn new(shape: Vec<usize>, encoding: Encoding) -> Self {
        Self { shape, encoding, normalization: None, unit_norm: None, pool: None, feature_names: Vec::new() }
    }

    /// The number of features: the product of the shape.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// The number of values that the first layer sees.
    pub fn width(&self) -> usize {
        self.pool.map_or_else(|| self.features(), |pool| pool.len())
    }

    /// Whether the first layer sees the real values as they are.
    pub fn is_plain(&self) -> bool {
        self.normalization.is_none() && self.unit_norm.is_none() && self.pool.is_none()
    }

    /// What the first layer sees: the real values (samples x features; for pixels already `pixel / 255`), normalized and pooled;
    /// samples x [`Self::width`].
    ///
    /// # Panics
    /// If `real` is not samples x features.
    pub fn prepare(&self, real: ArrayView2<f32>) -> Array2<f32> {
        let x = self.normalize(real);
        match self.pool {
            None => x,
            Some(pool) => pool.means(x.view()),
        }
    }

    /// The real values (samples x features; for pixels already `pixel / 255`), normalized: what is quantized.
    ///
    /// # Panics
    /// If `real` is not samples x features.
    pub fn normalize(&self, real: ArrayView2<f32>) -> Array2<f32> {
        assert_eq!(real.ncols(), self.features(), "the features of a sample");
        let mut x = real.to_owned();
        if let Some(Normalization { offset, scale }) = &self.normalization {
            for mut row in x.rows_mut() {
                for ((x, offset), scale) in row.iter_mut().zip(offset).zip(scale) {
                    *x = (*x - offset) * scale;
                }
            }
        }
        if let Some(norm) = self.unit_norm {
            for mut row in x.rows_mut() {
                let size = match norm {
                    UnitNorm::L1 => row.iter().map(|x| x.abs()).sum(),
                    UnitNorm::L2 => row.iter().map(|x| x * x).sum::<f32>().sqrt(),
                    UnitNorm::Max => row.iter().fold(f32::NEG_INFINITY, |a, &x| a.max(x)),
                };
                if size != 0.0 {
                    row /= size;
                }
            }
        }
        x
    }
}
