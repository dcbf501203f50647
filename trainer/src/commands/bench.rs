//! `thumbnet bench`: Counts instructions, cycles or seconds per layer.

use super::work::Work;
use super::{Model, Settings};
use crate::dataset::{self, Options};
use crate::error::{Error, ErrorKind, Result};
use crate::output::write_file;
use crate::plot::{Layers, Picture as _};
use crate::target::{self, Target, Unit};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Counts instructions, cycles or seconds per layer
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.tnet)
    pub model: PathBuf,
    /// Where to run it: qemu (an emulated Cortex-M4), qemu:MACHINE, host, or a chip behind a debug
    /// probe (STM32F407VG)
    #[arg(long, default_value = "qemu")]
    pub target: String,
    /// Measure with the first test samples of this data set instead of inputs without any zero; where kernels skip zeros,
    /// the count depends on the sample, and is the mean
    #[arg(long, value_name = "DATASET")]
    pub data: Option<String>,
    /// How many samples of the data set
    #[arg(long, value_name = "N", default_value_t = 10, requires = "data")]
    pub count: usize,
    /// Also draw the layers' shares: a .png or .svg
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

/// A row of the table.
struct Layer {
    name: String,
    kind: &'static str,
    inputs: usize,
    outputs: usize,
    macs: u64,
    weight_bytes: usize,
    /// In the target's unit; seconds on the host.
    count: f64,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Model`] if the model is no `.tnet`, [`ErrorKind::Data`] if the data do not fit it, and whatever the target
/// fails with.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let Model::Tnet(model) = Model::open(&args.model)? else {
        let message = "the chip runs .tnet files; make one with: thumbnet convert";
        return Err(Error::new(ErrorKind::Model, args.model.display(), message));
    };
    let mut target = target::open(&args.target, &model)?;
    let (len, element) = (target.model().input_len as usize, target.model().element);
    let size = len * element.bytes();
    let inputs = match &args.data {
        Some(name) => {
            let options = Options { data_dir: settings.data_dir.clone(), ..Options::default() };
            target::samples(&model, &dataset::load(name, &options)?.test.head(args.count).features)?
        }
        None => target::without_zeros(element, len),
    };
    let layers = measure(target.as_mut(), &model, &inputs, size, settings)?;
    let total: f64 = layers.iter().map(|layer| layer.count).sum();
    let macs: u64 = layers.iter().map(|layer| layer.macs).sum();
    let value = json!({
        "target": target.name(),
        "core": target.core(),
        "unit": unit(target.unit()),
        "samples": inputs.len() / size,
        "total": total,
        "macs": macs,
        "per_mac": total / macs.max(1) as f64,
        "layers": layers.iter().map(|layer| json!({
            "name": layer.name,
            "kind": layer.kind,
            "inputs": layer.inputs,
            "outputs": layer.outputs,
            "macs": layer.macs,
            "weight_bytes": layer.weight_bytes,
            "count": layer.count,
            "per_mac": (layer.macs > 0).then(|| layer.count / layer.macs as f64),
            "share": layer.count / total,
        })).collect::<Vec<_>>(),
    });
    if let Some(path) = &args.plot {
        let bars = Layers {
            title: format!("{} ({})", target.name(), target.core()),
            unit: unit(target.unit()).into(),
            layers: layers.iter().map(|layer| (layer.name.clone(), layer.count)).collect(),
        };
        write_file(path, &bars.encode(path)?)?;
    }
    settings.print(&value, || table(target.as_ref(), &layers, total, macs))
}

/// The mean of each layer's counts over the samples.
fn measure(
    target: &mut dyn Target,
    model: &[u8],
    inputs: &[u8],
    size: usize,
    settings: &Settings,
) -> Result<Vec<Layer>> {
    let parsed = thumbnet::Model::parse(model).map_err(|error| Error::new(ErrorKind::Model, "model", error))?;
    let mut names = parsed.names().iter().skip(1);
    let mut layers: Vec<Layer> = parsed
        .layers()
        .enumerate()
        .map(|(index, layer)| Layer {
            name: names.next().map_or_else(|| format!("dense_{index}"), str::to_owned),
            kind: if layer.kind() == thumbnet::Kind::AveragePool { "average pool" } else { "dense" },
            inputs: layer.inputs(),
            outputs: layer.outputs(),
            macs: layer.macs(),
            weight_bytes: layer.weights().len(),
            count: 0.0,
        })
        .collect();
    let samples = (inputs.len() / size).max(1) as f64;
    let scale = if target.unit() == Unit::Nanoseconds { 1e-9 } else { 1.0 } / samples;
    let mut work = Work::begin(format!("measuring on {}", target.name()), "samples", samples as u64, settings);
    for input in inputs.chunks(size) {
        let counts = target.profile(input).map_err(|error| work.or_interrupted(error))?;
        for (layer, count) in layers.iter_mut().zip(counts) {
            layer.count += count as f64 * scale;
        }
        work.advance(1)?;
    }
    Ok(layers)
}

fn unit(unit: Unit) -> &'static str {
    if unit == Unit::Nanoseconds { "seconds" } else { unit.name() }
}

fn table(target: &dyn Target, layers: &[Layer], total: f64, macs: u64) -> String {
    // Seconds are too large a unit for a person, and billionths have no fraction.
    let (unit, factor) = match target.unit() {
        Unit::Nanoseconds => ("nanoseconds", 1e9),
        other => (other.name(), 1.0),
    };
    let mut text = format!("{} ({})\n\n", target.name(), target.core());
    let _ = writeln!(
        text,
        "{:<16} {:>11} {:>10} {:>13} {unit:>13} {:>8} {:>7}",
        "layer", "shape", "MACs", "weight bytes", "per MAC", "share"
    );
    for layer in layers {
        let count = layer.count * factor;
        let per_mac = if layer.macs == 0 { "-".to_owned() } else { format!("{:.3}", count / layer.macs as f64) };
        let _ = writeln!(
            text,
            "{:<16} {:>11} {:>10} {:>13} {count:>13.0} {per_mac:>8} {:>6.1}%",
            layer.name,
            format!("{}x{}", layer.inputs, layer.outputs),
            layer.macs,
            layer.weight_bytes,
            100.0 * layer.count / total
        );
    }
    let bytes: usize = layers.iter().map(|layer| layer.weight_bytes).sum();
    let count = total * factor;
    let per_mac = count / macs.max(1) as f64;
    let _ = writeln!(text, "{:<16} {:>11} {macs:>10} {bytes:>13} {count:>13.0} {per_mac:>8.3}", "total", "");
    text
}
