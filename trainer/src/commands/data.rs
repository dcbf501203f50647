//! The DATASET of a command that takes one.

use super::Settings;
use crate::dataset::{Dataset, Options, Part, load_part};
use crate::error::Result;

/// Which samples of which data set.
#[derive(Clone, Debug, clap::Args)]
pub struct DataArgs {
    /// A built-in name (see `thumbnet datasets`), a .npy, .npz, .csv or IDX file, or a folder with the four files of MNIST's form
    #[arg(long, value_name = "DATASET")]
    pub data: String,
    /// Which part [default: test, or all of a file without parts]
    #[arg(long, value_name = "PART")]
    pub split: Option<Part>,
    /// Only the first samples
    #[arg(long, value_name = "N")]
    pub count: Option<usize>,
    /// Decides what is generated, and the split of what has no parts of its own
    #[arg(long, value_name = "N", default_value_t = Options::default().seed)]
    pub seed: u64,
    /// How noisy to generate, 0 to 0.5
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub noise: f32,
    /// A table's target column [default: the last]
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
}

impl DataArgs {
    /// Loads the samples, and says which part they are.
    /// # Errors
    /// As [`load_part`].
    pub fn load(&self, settings: &Settings) -> Result<(Dataset, Part)> {
        let options = Options {
            data_dir: settings.data_dir.clone(),
            seed: self.seed,
            noise: self.noise,
            target: self.target.clone(),
            ..Options::default()
        };
        let (data, part) = load_part(&self.data, self.split, &options)?;
        Ok((self.count.map_or(data.clone(), |count| data.head(count)), part))
    }
}
