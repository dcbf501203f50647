//! The binary `thumbnet`: parses the command line, runs the command, prints `error: …`, and sets the exit code.

use clap::Parser;
use std::process::ExitCode;
use thumbnet_trainer::commands::Cli;
use thumbnet_trainer::error::ErrorKind;

/// How the process ends.
enum Exit {
    Success = 0,
    Error = 1,
    Usage = 2,
    Interrupted = 130,
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::BrokenPipe => Self::Success,
            ErrorKind::Usage => Self::Usage,
            ErrorKind::Interrupted => Self::Interrupted,
            _ => Self::Error,
        }
    }
}

fn main() -> ExitCode {
    let exit = match Cli::parse().run() {
        Ok(()) => Exit::Success,
        Err(error) => {
            if error.kind() != ErrorKind::BrokenPipe {
                eprintln!("error: {error}");
            }
            Exit::from(error.kind())
        }
    };
    ExitCode::from(exit as u8)
}
