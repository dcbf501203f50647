//! `thumbnet predict`: Evaluates a model on inputs from a file.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use std::path::PathBuf;

/// Evaluates a model on inputs from a file
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "predict", "not there yet"))
}
