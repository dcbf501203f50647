//! `thumbnet flash`: Builds the firmware, flashes it and the model, and lets the chip classify samples.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use std::path::PathBuf;

/// Builds the firmware, flashes it and the model, and lets the chip classify samples
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.tnet)
    pub model: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "flash", "not there yet"))
}
