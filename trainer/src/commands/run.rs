//! `thumbnet run`: Runs a firmware in QEMU and puts its logs into words.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::target::{Machine, qemu_run};
use std::path::PathBuf;

/// Runs a firmware (an ELF file) in QEMU until it ends, and shows its defmt logs: a runner for cargo
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The firmware's ELF file
    pub image: PathBuf,
    /// The chip: a QEMU machine (mps2-an386) or its core (m4)
    #[arg(long, default_value = "mps2-an386")]
    pub chip: String,
    /// A model (.tnet) to put into the region that this workspace's firmware reads
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Io`] if the image or the model cannot be read, [`ErrorKind::Target`] if QEMU cannot be started or the firmware ends with
/// an error.
pub fn run(args: &Args, _settings: &Settings) -> Result<()> {
    let machine = Machine::find(&args.chip)?;
    let model = args.model.as_deref();
    if let Some(path) = model {
        std::fs::metadata(path).map_err(|error| Error::unreadable(path, &error))?;
    }
    let mut broken = Ok(());
    let code = qemu_run(machine, &args.image, model, |line| {
        if broken.is_ok() {
            broken = super::settings::write_stdout(format!("{line}\n").as_bytes());
        }
    })?;
    broken?;
    match code {
        0 => Ok(()),
        _ => Err(Error::new(ErrorKind::Target, args.image.display(), format!("the firmware ended with code {code}"))),
    }
}
