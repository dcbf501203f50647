//! The first layer's weights as images.

use super::{or_usual, real_weights, save, unfit};
use crate::commands::{Model, Settings};
use crate::error::Result;
use crate::plot::{Gallery, Tile};
use crate::tnet::Network;
use std::path::PathBuf;

/// The weights of the first layer's units as images: orange below zero, blue above
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The model (.onnx or .tnet)
    model: PathBuf,
    /// How many units
    #[arg(long, value_name = "N", default_value_t = 25)]
    count: usize,
    /// A .png or .svg [default: weights.png]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let network = Model::open(&args.model)?.into_network()?;
    let (name, shape) = match &network {
        Network::Float(network) => (&network.name, &network.input.shape),
        Network::Integer(network) => (&network.name, &network.input.shape),
    };
    let Some((_, weights)) = real_weights(&network).into_iter().next() else {
        return Err(unfit(args.model.display(), "has no layer"));
    };
    let units: Vec<Vec<f32>> = weights.rows().into_iter().take(args.count).map(|unit| unit.to_vec()).collect();
    let &[rows, columns] = &shape[..] else {
        return Err(unfit(args.model.display(), "takes no images; only weights of images can be drawn as images"));
    };
    let largest = units.iter().flatten().fold(f32::MIN_POSITIVE, |largest, weight: &f32| largest.max(weight.abs()));
    let tiles = units.into_iter().enumerate().map(|(unit, weights)| Tile {
        shape: [rows, columns],
        values: weights.into_iter().map(|weight| weight / largest).collect(),
        caption: settings.language.unit(unit),
        right: None,
    });
    let title = settings.language.first_layer(name, largest);
    let gallery = Gallery { title, tiles: tiles.collect(), columns: 5, signed: true };
    save(&gallery, &or_usual(args.out.as_ref(), "weights.png"), settings)
}
