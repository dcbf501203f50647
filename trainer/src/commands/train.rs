//! `thumbnet train`: Trains a network by a recipe and writes its files.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use std::path::PathBuf;

/// Trains a network by a recipe and writes its files
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A built-in recipe, or a recipe.toml
    pub recipe: String,
    /// Where to write [default: models/RECIPE]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "train", "not there yet"))
}
