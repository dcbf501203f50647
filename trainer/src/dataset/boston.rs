//! Boston housing (D. Harrison and D. L. Rubinfeld, 1978), which the program carries.

use super::{Dataset, Features, Table, Targets};
use crate::error::{Error, ErrorKind, Result};
use ndarray::Array2;

const BUNDLED: &str = include_str!("../../data/boston_house_prices.csv");

/// A price of 50 (thousand dollars) stands for "50 or more": such rows say nothing about the price and are dropped.
const CAP: f32 = 50.0;

/// 13 features of 490 districts and the median price of a house in thousands of dollars.
pub(super) fn load() -> Result<Dataset> {
    let wrong = |what: String| Error::new(ErrorKind::Data, "bundled boston_house_prices.csv", what);
    // The file's first line counts rows and columns.
    let (_, table) = BUNDLED.split_once('\n').unwrap_or_default();
    let table = Table::parse(table.as_bytes()).map_err(|(place, what)| wrong(format!("{place}: {what}")))?;
    let (prices, features) = table.cells.split_last().ok_or_else(|| wrong("no columns".into()))?;
    let rows: Vec<usize> = (0..prices.len()).filter(|&row| prices[row] < CAP).collect();
    Ok(Dataset {
        name: "boston".into(),
        features: Features::Real(Array2::from_shape_fn((rows.len(), features.len()), |(row, column)| {
            features[column][rows[row]]
        })),
        targets: Targets::Values(Array2::from_shape_fn((rows.len(), 1), |(row, _)| prices[rows[row]])),
        class_names: Vec::new(),
        feature_names: table.columns[..features.len()].to_vec(),
        image_shape: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capped_prices_are_dropped() {
        let data = load().unwrap();
        assert_eq!((data.samples(), data.features.width()), (490, 13));
        assert_eq!(data.feature_names[0], "CRIM");
        let (Features::Real(features), Targets::Values(prices)) = (&data.features, &data.targets) else { panic!() };
        assert_eq!((features[[0, 0]], prices[[0, 0]]), (0.006_32, 24.0));
        assert!(prices.iter().all(|&price| price < CAP));
    }
}
