//! `thumbnet new`: Writes a small firmware with a model in it, ready to build.

use super::{Model, Settings};
use crate::embed;
use crate::error::{Error, ErrorKind, Result};
use crate::output::write_file;
use crate::target::Machine;
use serde_json::json;
use std::path::PathBuf;

/// Writes a small firmware with a model in it, ready to build
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to make; its name becomes the package's
    pub path: PathBuf,
    /// The chip: a QEMU machine (mps2-an386) or its core (m4)
    #[arg(long, default_value = "mps2-an386")]
    pub chip: String,
    /// The model (.tnet)
    #[arg(long)]
    pub model: PathBuf,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] if the folder is there already or its name is no package name, [`ErrorKind::Model`] if the model is no
/// `.tnet` or too large, [`ErrorKind::Io`] if the folder cannot be written.
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
    let machine = Machine::find(&args.chip)?;
    let project = embed::project(&name, machine, &model)?;
    let mut files = Vec::new();
    for (file, contents) in &project.files {
        write_file(&args.path.join(file), contents)?;
        files.push(*file);
    }
    let value = json!({ "path": args.path, "chip": machine.name, "core": machine.core, "files": files });
    settings.print(&value, || {
        format!(
            "{place}: a firmware for {} ({})\n\nnext: cd {place} && cargo run --release",
            machine.name, machine.core
        )
    })
}
