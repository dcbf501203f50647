//! `thumbnet evaluate`: Measures a model on labeled data: loss, metrics, confusion matrix.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use std::path::PathBuf;

/// Measures a model on labeled data: loss, metrics, confusion matrix
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "evaluate", "not there yet"))
}
