//! `thumbnet verify`: Compares every executor on the same inputs.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use std::path::PathBuf;

/// Compares every executor on the same inputs
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "verify", "not there yet"))
}
