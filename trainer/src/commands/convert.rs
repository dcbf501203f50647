//! `thumbnet convert`: Converts a model from any format to any.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use std::path::PathBuf;

/// Converts a model from any format to any
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model to read (.onnx or .tnet)
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The model to write (.onnx or .tnet)
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] always: the command is not there yet.
pub fn run(_args: &Args, _settings: &Settings) -> Result<()> {
    Err(Error::new(ErrorKind::Usage, "convert", "not there yet"))
}
