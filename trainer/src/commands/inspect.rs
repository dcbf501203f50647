//! `thumbnet inspect`: Tells what is inside a model and what it needs on a chip.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use std::path::PathBuf;

/// Tells what is inside a model and what it needs on a chip
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "inspect", "not there yet"))
}
