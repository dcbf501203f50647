//! `thumbnet plot`: Draws curves, confusion matrices, decision boundaries, digits and weights.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use std::path::PathBuf;

/// Draws curves, confusion matrices, decision boundaries, digits and weights
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "plot", "not there yet"))
}
