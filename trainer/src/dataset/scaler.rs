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

/// The least value and the range of each feature, as scikit-learn's `MinMaxScaler` has them.
#[derive(Clone, Debug, PartialEq)]
pub struct MinMaxScaler {
    /// One least value per feature.
    pub least: Vec<f32>,
    /// One range per feature; 1 where the feature is constant.
    pub range: Vec<f32>,
}

impl MinMaxScaler {
    /// Measures the features' real values.
    pub fn fit(features: &Features) -> Self {
        let values = features.real();
        let (least, range) = values
            .columns()
            .into_iter()
            .map(|column| {
                let (low, high) =
                    column.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
                (low, if high > low { high - low } else { 1.0 })
            })
            .unzip();
        Self { least, range }
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

    #[test]
    fn the_ranges_are_those_of_scikit_learn() {
        // sklearn.preprocessing.MinMaxScaler().fit([[1, 10, 5], [2, 20, 5], [6, 60, 5]]): data_min_, data_range_ (a constant
        // feature's scale_ is 1)
        let scaler = MinMaxScaler::fit(&Features::Real(array![[1.0, 10.0, 5.0], [2.0, 20.0, 5.0], [6.0, 60.0, 5.0]]));
        assert_eq!(scaler.least, [1.0, 10.0, 5.0]);
        assert_eq!(scaler.range, [5.0, 50.0, 1.0]);
    }
}
