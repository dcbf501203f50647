//! `thumbnet plot`: pictures of a training, of a model, and of its answers.

mod activations;
mod answers;
mod curves;
mod histogram;
mod sizes;
mod weights;

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::output::write_file;
use crate::plot::Picture;
use crate::tnet::Network;
use clap::Subcommand;
use ndarray::Array2;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Draws curves, confusion matrices, decision boundaries, digits, activations, weights and sizes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  thumbnet plot curves models/mnist/history.csv\n  \
    thumbnet plot confusion models/mnist/model.tnet --data mnist --out confusion.png\n  \
    thumbnet plot digits models/mnist/model.tnet --data mnist --wrong\n  \
    thumbnet plot histogram models/mnist/model.onnx --quantized models/mnist/model.tnet")]
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
    Activations(activations::Args),
    Histogram(histogram::Args),
    Sizes(sizes::Args),
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
        What::Activations(args) => activations::run(args, settings),
        What::Histogram(args) => histogram::run(args, settings),
        What::Sizes(args) => sizes::run(args, settings),
    }
}

/// Writes a picture and tells where.
fn save(picture: &impl Picture, out: &Path, settings: &Settings) -> Result<()> {
    write_file(out, &picture.encode(out)?)?;
    let (width, height) = picture.size();
    let value = json!({"out": out.display().to_string(), "width": width, "height": height});
    settings.print(&value, || out.display().to_string())
}

/// Each layer's name and its weights in real numbers, units x inputs.
fn real_weights(network: &Network) -> Vec<(String, Array2<f32>)> {
    match network {
        Network::Float(network) => {
            network.dense_layers().map(|dense| (dense.name.clone(), dense.kernel.t().to_owned())).collect()
        }
        Network::Integer(network) => {
            network.layers.iter().map(|dense| (dense.name.clone(), dense.real_weights())).collect()
        }
    }
}

/// The given path, or the picture's usual name in the working folder.
fn or_usual(out: Option<&PathBuf>, name: &str) -> PathBuf {
    out.cloned().unwrap_or_else(|| name.into())
}

/// A command that cannot draw what it was given.
fn unfit(place: impl std::fmt::Display, what: &str) -> Error {
    Error::new(ErrorKind::Usage, place, what)
}
