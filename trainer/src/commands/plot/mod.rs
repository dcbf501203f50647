//! `thumbnet plot`: pictures of a training, of a model, and of its answers.

mod answers;
mod curves;
mod weights;

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::output::write_file;
use crate::plot::Picture;
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Draws curves, confusion matrices, decision boundaries, digits and weights
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  thumbnet plot curves models/mnist/history.csv\n  \
    thumbnet plot confusion models/mnist/model.tnet --data mnist --out confusion.png\n  \
    thumbnet plot digits models/mnist/model.tnet --data mnist --wrong")]
pub struct Args {
    #[command(subcommand)]
    picture: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Curves(curves::Args),
    Confusion(answers::confusion::Args),
    Boundary(answers::boundary::Args),
    Digits(answers::digits::Args),
    Scatter(answers::scatter::Args),
    Weights(weights::Args),
}

/// Draws.
/// # Errors
/// Where what is drawn cannot be read, or the picture cannot be written.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    match &args.picture {
        What::Curves(args) => curves::run(args, settings),
        What::Confusion(args) => answers::confusion::run(args, settings),
        What::Boundary(args) => answers::boundary::run(args, settings),
        What::Digits(args) => answers::digits::run(args, settings),
        What::Scatter(args) => answers::scatter::run(args, settings),
        What::Weights(args) => weights::run(args, settings),
    }
}

/// Writes a picture and tells where.
fn save(picture: &impl Picture, out: &Path, settings: &Settings) -> Result<()> {
    write_file(out, &picture.encode(out)?)?;
    let (width, height) = picture.size();
    let value = json!({"out": out.display().to_string(), "width": width, "height": height});
    settings.print(&value, || out.display().to_string())
}

/// The given path, or the picture's usual name in the working folder.
fn or_usual(out: Option<&PathBuf>, name: &str) -> PathBuf {
    out.cloned().unwrap_or_else(|| name.into())
}

/// A command that cannot draw what it was given.
fn unfit(place: impl std::fmt::Display, what: &str) -> Error {
    Error::new(ErrorKind::Usage, place, what)
}
