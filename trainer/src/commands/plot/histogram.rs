//! The weights' histograms.

use super::{or_usual, real_weights, save, unfit};
use crate::commands::{Model, Settings};
use crate::error::Result;
use crate::plot::{Histogram, Layer};
use crate::tnet::Network;
use std::path::PathBuf;

/// How the weights of each layer are distributed; with --quantized, before and after quantization
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The model (.onnx or .tnet)
    model: PathBuf,
    /// The same network after quantization (.onnx or .tnet)
    #[arg(long, value_name = "MODEL")]
    quantized: Option<PathBuf>,
    /// A .png or .svg [default: histogram.png]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let network = Model::open(&args.model)?.into_network()?;
    let name = match &network {
        Network::Float(network) => network.name.clone(),
        Network::Integer(network) => network.name.clone(),
    };
    let values = |network: &Network| {
        real_weights(network).into_iter().map(|(name, weights)| (name, weights.into_iter().collect::<Vec<f32>>()))
    };
    let mut layers: Vec<Layer> = values(&network)
        .map(|(name, weights)| match &network {
            Network::Float(_) => Layer { name, before: weights, after: Vec::new() },
            Network::Integer(_) => Layer { name, before: Vec::new(), after: weights },
        })
        .collect();
    if let Some(path) = &args.quantized {
        let after: Vec<_> = values(&Model::open(path)?.into_network()?).collect();
        if after.len() != layers.len() {
            let what = format!("has {} layers, {} has {}", after.len(), args.model.display(), layers.len());
            return Err(unfit(path.display(), &what));
        }
        for (layer, (name, weights)) in layers.iter_mut().zip(after) {
            if layer.before.len() != weights.len() {
                let what = format!(
                    "has {} weights in {name}, {} has {}",
                    weights.len(),
                    args.model.display(),
                    layer.before.len()
                );
                return Err(unfit(path.display(), &what));
            }
            layer.after = weights;
        }
    }
    let histogram = Histogram { title: name, layers, language: settings.language };
    save(&histogram, &or_usual(args.out.as_ref(), "histogram.png"), settings)
}
