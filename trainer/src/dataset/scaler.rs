//! Standardization, fitted on training data.

use super::Features;

/// The mean and the standard deviation of each feature, as scikit-learn's `StandardScaler` has them (the deviation divides by
/// the number of samples).
#[derive(Clone, Debug, PartialEq)]
pub struct StandardScaler {
    /// One mean per feature.
    pub mean: Vec<f32>,
    /// One standard deviation per feature; 1 where the feature is constant.
    pub deviation: Vec<f32>,
}

impl StandardScaler {
    /// Measures the features' real values.
    pub fn fit(features: &Features) -> Self {
        let values = features.real();
        let samples = values.nrows().max(1) as f64;
        let (mean, deviation) = values
            .columns()
            .into_iter()
            .map(|column| {
                let mean = column.iter().map(|&value| f64::from(value)).sum::<f64>() / samples;
                let variance = column.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>() / samples;
                let deviation = variance.sqrt() as f32;
                // A constant column has no deviation but rounding; dividing by it would make noise of nothing.
                let constant = deviation <= f32::EPSILON * (mean.abs() as f32);
                (mean as f32, if constant || deviation == 0.0 { 1.0 } else { deviation })
            })
            .unzip();
        Self { mean, deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn it_is_that_of_scikit_learn() {
        // sklearn.preprocessing.StandardScaler().fit([[1, 10, 5], [2, 20, 5], [6, 60, 5]])
        let scaler = StandardScaler::fit(&Features::Real(array![[1.0, 10.0, 5.0], [2.0, 20.0, 5.0], [6.0, 60.0, 5.0]]));
        assert_eq!(scaler.mean, [3.0, 30.0, 5.0]);
        assert_eq!(scaler.deviation, [2.160_246_9, 21.602_468, 1.0]);
    }
}
