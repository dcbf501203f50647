//! The options that every command shares, and the one way to standard output.

use crate::error::{Error, ErrorKind, Result};
use crate::plot::Language;
use serde_json::Value;
use std::io::{ErrorKind as IoKind, Write};
use std::path::PathBuf;

/// What holds for every command.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Settings {
    /// Print one JSON object on standard output, and nothing else
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// No progress on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub quiet: bool,
    /// More detail on standard error
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub verbose: u8,
    /// Where data sets are looked for first, each in a folder of its name
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub data_dir: Option<PathBuf>,
    /// Of the words in pictures
    #[arg(long, global = true, value_name = "LANGUAGE", value_enum, default_value_t, help_heading = "Global options")]
    pub language: Language,
}

impl Settings {
    /// Writes a command's result to standard output: `value` under `--json`, else what `text` gives. A final newline is
    /// added where there is none.
    /// # Errors
    /// [`ErrorKind::BrokenPipe`] where nobody reads any more, [`ErrorKind::Io`] where the output cannot be written.
    pub fn print(&self, value: &Value, text: impl FnOnce() -> String) -> Result<()> {
        let text = if self.json { value.to_string() } else { text() };
        write_stdout(text.trim_end_matches('\n').as_bytes()).and_then(|()| write_stdout(b"\n"))
    }

    /// Writes a line of progress to standard error, unless `--quiet`.
    pub fn note(&self, line: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }
}

/// Writes bytes to standard output.
/// # Errors
/// As [`Settings::print`].
pub(super) fn write_stdout(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        IoKind::BrokenPipe => Error::new(ErrorKind::BrokenPipe, "standard output", error),
        _ => Error::new(ErrorKind::Io, "standard output", error),
    })
}
