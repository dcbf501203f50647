//! `thumbnet new`: Writes a small firmware with a model in it, ready to build.

use super::{Model, Settings};
use crate::embed;
use crate::error::{Error, ErrorKind, Result};
use crate::output::write_file;
use crate::target::Chip;
use serde_json::json;
use std::path::PathBuf;

/// Writes a small firmware with a model in it, ready to build
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to make; its name becomes the package's
    pub path: PathBuf,
    /// The chip (see `thumbnet chips`): STM32F407VG, RP2040; or a QEMU machine (mps2-an386) or its core (m4)
    #[arg(long, default_value = "mps2-an386")]
    pub chip: String,
    /// The model (.tnet)
    #[arg(long)]
    pub model: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] if the folder is there already or its name is no package name, [`ErrorKind::Model`] if the model is no
/// `.tnet` or too large, [`ErrorKind::Target`] if the chip boots in a way of its own, [`ErrorKind::Io`] if the folder cannot be
/// written.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let place = args.path.display();
    if args.path.exists() {
        return Err(Error::new(ErrorKind::Usage, place, "is there already; give the name of a new folder"));
    }
    let Model::Tnet(model) = Model::open(&args.model)? else {
        let message = "the chip runs .tnet files; make one with: thumbnet convert";
        return Err(Error::new(ErrorKind::Model, args.model.display(), message));
    };
    let name = args.path.file_name().unwrap_or_default().to_string_lossy();
    let chip = Chip::find(&args.chip)?;
    let project = embed::project(&name, &chip, &model)?;
    let mut files = Vec::new();
    for (file, contents) in &project.files {
        write_file(&args.path.join(file), contents)?;
        files.push(*file);
    }
    let value = json!({ "path": args.path, "chip": chip.name, "core": chip.core.name, "files": files });
    settings.print(&value, || {
        let needs = if chip.is_emulated() { "" } else { " (flashes the board by probe-rs: https://probe.rs)" };
        let core = chip.core.name;
        format!("{place}: a firmware for {} ({core})\n\nnext: cd {place} && cargo run --release{needs}", chip.name)
    })
}
