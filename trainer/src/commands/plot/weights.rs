//! The first layer's weights as images.

use super::{or_usual, save, unfit};
use crate::commands::{Model, Settings};
use crate::error::Result;
use crate::nn::Layer;
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
    let (name, shape, units) = match Model::open(&args.model)?.network()? {
        Network::Float(network) => {
            let Some(Layer::Dense(dense)) = network.layers.first() else {
                return Err(unfit(args.model.display(), "has no layer"));
            };
            let units =
                dense.kernel.columns().into_iter().take(args.count).map(|unit| unit.to_vec()).collect::<Vec<_>>();
            (network.name.clone(), network.input.shape.clone(), units)
        }
        Network::Integer(network) => {
            let Some(dense) = network.layers.first() else { return Err(unfit(args.model.display(), "has no layer")) };
            let zero = |unit: usize| dense.weight_zero_points.get(unit).copied().unwrap_or(0);
            let real =
                |unit: usize, weight: i8| (f32::from(weight) - f32::from(zero(unit))) * dense.weight_scales[unit];
            let rows = dense.weights.chunks(dense.inputs).take(args.count).enumerate();
            let units =
                rows.map(|(unit, row)| row.iter().map(|&weight| real(unit, weight)).collect()).collect::<Vec<_>>();
            (network.name.clone(), network.input.shape.clone(), units)
        }
    };
    let &[rows, columns] = &shape[..] else {
        return Err(unfit(args.model.display(), "takes no images; only weights of images can be drawn as images"));
    };
    let largest = units.iter().flatten().fold(f32::MIN_POSITIVE, |largest, weight: &f32| largest.max(weight.abs()));
    let tiles = units.into_iter().enumerate().map(|(unit, weights)| Tile {
        shape: [rows, columns],
        values: weights.into_iter().map(|weight| weight / largest).collect(),
        caption: format!("unit {unit}"),
        right: None,
    });
    let title = format!("{name}: weights of the first layer, ±{largest:.2}");
    let gallery = Gallery { title, tiles: tiles.collect(), columns: 5, signed: true };
    save(&gallery, &or_usual(args.out.as_ref(), "weights.png"), settings)
}
