//! The samples that ranges of integers are observed on.

use super::Settings;
use crate::dataset::{BUILT_IN, Options, Part, load_part, permutation};
use crate::error::Result;
use ndarray::Array2;

/// Calibration takes at most so many samples; more do not change the ranges.
const MOST: usize = 2000;

/// Some of a built-in data set's training part, or of a whole file: samples x features.
/// # Errors
/// As [`load_part`].
pub(super) fn samples(source: &str, settings: &Settings) -> Result<Array2<f32>> {
    let built_in = BUILT_IN.iter().any(|built_in| built_in.name == source);
    let options = Options { data_dir: settings.data_dir.clone(), ..Options::default() };
    let (data, _) = load_part(source, Some(if built_in { Part::Train } else { Part::All }), &options)?;
    let mut rows = permutation(data.samples(), 0);
    rows.truncate(MOST);
    Ok(data.select(&rows).features.real())
}
