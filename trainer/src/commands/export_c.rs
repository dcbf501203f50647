//! `thumbnet export-c`: Writes a model as C99.

use super::{Model, Settings};
use crate::embed;
use crate::error::{Error, ErrorKind, Result};
use crate::output::write_file;
use crate::tnet::{self, Network};
use serde_json::json;
use std::path::PathBuf;

/// Writes an integer model as one .c and one .h: C99, no allocation, no library, the same integers
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.tnet or a quantized .onnx)
    pub model: PathBuf,
    /// Where to write; the files are called as the model is
    pub folder: PathBuf,
    /// Another name for the files and all that is in them
    #[arg(long)]
    pub name: Option<String>,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Model`] if the model is one of floats, [`ErrorKind::Io`] if the files cannot be written.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let floats = || {
        let message = "C is written of integer models; make one with: thumbnet convert --weights int8";
        Error::new(ErrorKind::Model, args.model.display(), message)
    };
    let network = match Model::open(&args.model)? {
        Model::Integer(network) => network,
        Model::Tnet(bytes) => match tnet::read(&bytes)? {
            Network::Integer(network) => network,
            Network::Float(_) => return Err(floats()),
        },
        Model::Float(_) => return Err(floats()),
    };
    let stem = args.model.file_stem().unwrap_or_default().to_string_lossy();
    let c = embed::c_source(&network, args.name.as_deref().unwrap_or(&stem))?;
    let [header, source] = ["h", "c"].map(|extension| args.folder.join(format!("{}.{extension}", c.name)));
    write_file(&header, c.header.as_bytes())?;
    write_file(&source, c.source.as_bytes())?;
    let value = json!({ "header": header, "source": source, "function": format!("{}_evaluate", c.name) });
    settings.print(&value, || {
        format!("{} and {}: call {}_evaluate(input, scratch, output)", header.display(), source.display(), c.name)
    })
}
