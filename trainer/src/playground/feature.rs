//! What enters the network: functions of the point's two coordinates.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// A function of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // The names say the formulas.
pub(super) enum Feature {
    #[serde(rename = "x1")]
    X1,
    #[serde(rename = "x2")]
    X2,
    #[serde(rename = "x1^2")]
    X1Squared,
    #[serde(rename = "x2^2")]
    X2Squared,
    #[serde(rename = "x1*x2")]
    Product,
    #[serde(rename = "sin(x1)")]
    SinX1,
    #[serde(rename = "sin(x2)")]
    SinX2,
}

impl Feature {
    /// All of them, in the page's order.
    pub(super) const ALL: [Self; 7] =
        [Self::X1, Self::X2, Self::X1Squared, Self::X2Squared, Self::Product, Self::SinX1, Self::SinX2];

    /// Its name on the page and in the model.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::X1 => "x1",
            Self::X2 => "x2",
            Self::X1Squared => "x1^2",
            Self::X2Squared => "x2^2",
            Self::Product => "x1*x2",
            Self::SinX1 => "sin(x1)",
            Self::SinX2 => "sin(x2)",
        }
    }

    /// Its value at a point.
    pub(super) fn value(self, x1: f32, x2: f32) -> f32 {
        match self {
            Self::X1 => x1,
            Self::X2 => x2,
            Self::X1Squared => x1 * x1,
            Self::X2Squared => x2 * x2,
            Self::Product => x1 * x2,
            Self::SinX1 => x1.sin(),
            Self::SinX2 => x2.sin(),
        }
    }

    /// The values of some features at some points (points x 2), points x features.
    pub(super) fn columns(features: &[Self], points: ArrayView2<f32>) -> Array2<f32> {
        Array2::from_shape_fn((points.nrows(), features.len()), |(row, column)| {
            features[column].value(points[[row, 0]], points[[row, 1]])
        })
    }
}
