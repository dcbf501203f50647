//! `thumbnet datasets`: Lists the built-in data sets and draws samples.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};

/// Lists the built-in data sets and draws samples
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Draw samples of this data set
    #[arg(long, value_name = "DATASET")]
    pub show: Option<String>,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "datasets", "not there yet"))
}
