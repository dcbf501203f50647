//! Training: from data and a recipe to a network. Nothing here knows model files or chips.

mod checkpoint;
mod checks;
mod classification;
mod engine;
mod explain;
mod fit;
#[cfg(test)]
mod fit_tests;
mod history;
mod images;
mod interrupt;
mod layer;
mod memory;
mod metric;
mod optimizer;
#[cfg(test)]
pub(crate) mod parity;
mod progress;
pub mod recipe;
mod schedule;
mod stopping;

pub use checkpoint::Checkpoint;
pub use classification::Classification;
pub use explain::Explanation;
pub use fit::Fit;
pub use history::{History, Ranges, Record};
pub use interrupt::watch;
pub use layer::{BatchNormalization, Clip, LayerSettings, Regularizer, WeightGrid};
pub use metric::Measure;
pub use optimizer::Optimizer;
pub use progress::{Console, Progress, Silent, readable};
pub use recipe::Recipe;
pub use schedule::Schedule;
pub use stopping::{EarlyStopping, Monitor, ReduceOnPlateau};

use crate::dataset::Dataset;
use crate::error::Result;
use crate::nn::{Loss, Sequential};

/// Evaluates `net` on labeled data: the loss and what is measured beside it.
/// # Errors
/// [`Data`](crate::error::ErrorKind::Data) where the data do not fit the network.
pub fn measure(net: &Sequential, data: &Dataset, loss: Loss) -> Result<Measure> {
    checks::check_data(net, data)?;
    Ok(Measure::of(net, data, checks::targets(net, data)?, loss))
}
