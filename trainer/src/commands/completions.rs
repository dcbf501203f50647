//! `thumbnet completions`: a shell's completion script.

use super::settings::write_stdout;
use super::{Cli, Settings};
use crate::error::Result;
use clap::CommandFactory;

/// Prints a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  thumbnet completions bash > ~/.local/share/bash-completion/completions/thumbnet")]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

/// Writes the script to standard output.
/// # Errors
/// Where standard output cannot be written.
pub fn run(args: &Args, _settings: &Settings) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "thumbnet", &mut script);
    write_stdout(&script)
}
