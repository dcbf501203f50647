//! `thumbnet convert`: a model from any format to any.

use super::{Model, Settings, calibration};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::Sequential;
use crate::onnx;
use crate::output::write_file;
use crate::quantize::{self, QuantizedSequential, WeightType};
use crate::tnet::{self, FloatType, Network};
use ndarray::ArrayView2;
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;

/// So many samples are enough to measure the noise of a layer.
const NOISE_SAMPLES: usize = 256;

/// Converts a model from any format to any
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  thumbnet convert model.onnx model.tnet --calibrate mnist\n  \
    thumbnet convert model.onnx model.tnet --weights f32\n  \
    thumbnet convert model.onnx half.tnet --calibrate mnist --prune 0.5\n  \
    thumbnet convert model-int8.onnx model.tnet      (a quantized model keeps its integers)\n  \
    thumbnet convert model.tnet model.onnx --form qoperator")]
pub struct Args {
    /// The model to read (.onnx or .tnet)
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The model to write (.onnx or .tnet)
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// The weights' type [default: int8 with --calibrate, else as they are]
    #[arg(long, value_enum)]
    pub weights: Option<Weights>,
    /// Data to find the ranges of the activations with: a built-in name (its training part is taken) or a file
    #[arg(long, value_name = "DATASET")]
    pub calibrate: Option<String>,
    /// Leaves out this share (0 to 0.99) of the units of each hidden layer, those with the smallest weights
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub prune: Option<f32>,
    /// Makes two thinner layers of a layer, by its so many largest singular values, wherever that saves weights
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rank: Option<u32>,
    /// Merges each layer without an activation into the next: several linear layers are one
    #[arg(long)]
    pub merge: bool,
    /// How an integer model is written as ONNX
    #[arg(long, value_enum, default_value = "qdq")]
    pub form: Form,
    /// The version of ONNX's operators to write
    #[arg(long, value_name = "N", default_value_t = onnx::DEFAULT_OPSET, value_parser = clap::value_parser!(i64).range(13..=28))]
    pub opset: i64,
}

/// A share of what there is.
fn share(text: &str) -> std::result::Result<f32, String> {
    let share = text.parse().ok().filter(|share| (0.0..=0.99).contains(share));
    share.ok_or_else(|| "give a number from 0 to 0.99, such as 0.5".to_owned())
}

/// The type of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Weights {
    /// Real numbers of 32 bits
    F32,
    /// Real numbers of 16 bits (.tnet only)
    F16,
    /// Integers of 8 bits
    Int8,
    /// Integers of 4 bits
    Int4,
    /// -1, 0 and 1
    Int2,
}

/// The form of an integer model in ONNX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// QuantizeLinear and DequantizeLinear around standard operators
    Qdq,
    /// ONNX Runtime's integer operators (QGemm)
    Qoperator,
}

impl Weights {
    fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
            Self::Int2 => "int2",
        }
    }

    fn integer(self) -> Option<WeightType> {
        match self {
            Self::F32 | Self::F16 => None,
            Self::Int8 => Some(WeightType::Int8),
            Self::Int4 => Some(WeightType::Int4),
            Self::Int2 => Some(WeightType::Int2),
        }
    }
}

/// Converts, writes, and reports what the quantization of each layer costs.
/// # Errors
/// Where the input is no model that we can take, the data are missing or do not fit, or the output cannot be written. An
/// earlier output file stays as it is then.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let to_tnet = extension(&args.output, "tnet");
    if !to_tnet && !extension(&args.output, "onnx") {
        return Err(Error::new(
            ErrorKind::Usage,
            args.output.display(),
            "the output's name must end in .onnx or .tnet",
        ));
    }
    let (bytes, weights, noise) = match Model::open(&args.input)?.into_network()? {
        Network::Integer(_) if args.prune.is_some() || args.rank.is_some() || args.merge => {
            let message = "is a model of integers; to prune, factor or merge, convert the model that it was made from";
            return Err(Error::new(ErrorKind::Usage, args.input.display(), message));
        }
        Network::Integer(network) => (integers(args, &network, to_tnet)?, narrowest(&network), Vec::new()),
        Network::Float(mut network) => {
            if let Some(share) = args.prune {
                network = network.pruned(share);
            }
            if args.merge {
                network = network.merged();
            }
            if let Some(rank) = args.rank {
                network = network.factored(rank as usize);
            }
            let weights = match (args.weights, &args.calibrate) {
                (Some(weights), _) => weights,
                (None, Some(_)) => Weights::Int8,
                (None, None) if to_tnet => return Err(needs_data(args)),
                (None, None) => Weights::F32,
            };
            let Some(weight_type) = weights.integer() else {
                return finish(args, settings, &reals(args, &network, weights, to_tnet)?, weights.name(), &[]);
            };
            let source = args.calibrate.as_ref().ok_or_else(|| needs_data(args))?;
            let calibration = calibration::samples(source, settings)?;
            let options = quantize::Options { weights: weight_type, ..quantize::Options::default() };
            let quantized = quantize::post_training(&network, calibration.view(), &options)?;
            let noise = noise(&network, &quantized, calibration.view())?;
            (integers(args, &quantized, to_tnet)?, weights.name(), noise)
        }
    };
    finish(args, settings, &bytes, weights, &noise)
}

fn extension(path: &std::path::Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

fn needs_data(args: &Args) -> Error {
    let message = "a model of real numbers becomes one of integers only with data: give --calibrate DATASET (a name or a \
                   file with a few hundred typical inputs), or keep real numbers with --weights f32 or --weights f16";
    Error::new(ErrorKind::Data, args.input.display(), message)
}

/// The bytes of an integer model, in the form that the output's name asks for.
fn integers(args: &Args, network: &QuantizedSequential, to_tnet: bool) -> Result<Vec<u8>> {
    if args.weights.is_some_and(|weights| weights.integer().is_none()) {
        let message = "is a model of integers; to get real numbers, convert the model that it was made from";
        return Err(Error::new(ErrorKind::Usage, args.input.display(), message));
    }
    if to_tnet {
        return tnet::write(network);
    }
    match args.form {
        Form::Qdq => Ok(onnx::export_qdq_with_opset(network, args.opset)),
        Form::Qoperator => onnx::export_qoperator(network, args.opset),
    }
}

fn reals(args: &Args, network: &Sequential, weights: Weights, to_tnet: bool) -> Result<Vec<u8>> {
    match (weights, to_tnet) {
        (Weights::F16, true) => tnet::write_float(network, FloatType::F16),
        (Weights::F16, false) => {
            Err(Error::new(ErrorKind::Usage, "--weights f16", "is for .tnet files; ONNX models are written in f32"))
        }
        (_, true) => tnet::write_float(network, FloatType::F32),
        (_, false) => Ok(onnx::export_with_opset(network, args.opset)),
    }
}

/// The name of the weights' type of a whole network.
fn narrowest(network: &QuantizedSequential) -> &'static str {
    match network.layers.iter().map(|layer| layer.weight_type).max_by_key(|t| onnx::bits(*t)) {
        Some(WeightType::Int4) => "int4",
        Some(WeightType::Int2) => "int2",
        _ => "int8",
    }
}

/// Each layer's signal-to-noise ratio: how the integers' real values differ from the outputs of the network of real numbers.
fn noise(float: &Sequential, integer: &QuantizedSequential, real: ArrayView2<f32>) -> Result<Vec<(String, f64)>> {
    let wrong = |error: &dyn std::fmt::Display| Error::new(ErrorKind::Model, &integer.name, error);
    let real = real.slice(ndarray::s![..real.nrows().min(NOISE_SAMPLES), ..]);
    let mut expected = float.layer_outputs(real);
    if integer.softmax
        && let Some(last) = expected.last_mut()
    {
        *last = float.logits(real);
    }
    let bytes = tnet::write(integer)?;
    let model = thumbnet::Model::parse(&bytes).map_err(|error| wrong(&error))?;
    let (mut input, mut scratch) = (vec![0_i8; model.input_len()], vec![0_i8; model.scratch_len()]);
    let mut output = vec![0_i8; model.output_len()];
    // Per layer: the sums of squares of the signal and of the error.
    let mut squares = vec![(0.0_f64, 0.0_f64); integer.layers.len()];
    for (sample, x) in real.rows().into_iter().enumerate() {
        model.quantize_input(&x.to_vec(), &mut input).map_err(|error| wrong(&error))?;
        let observe = |layer: u16, outputs: &[i8]| {
            let index = usize::from(layer);
            let q = integer.layers[index].output;
            for (&y, &expected) in outputs.iter().zip(expected[index + 1].row(sample)) {
                let found = q.scale * (f32::from(y) - f32::from(q.zero_point));
                squares[index].0 += f64::from(expected).powi(2);
                squares[index].1 += f64::from(found - expected).powi(2);
            }
        };
        model.run_with(&input, &mut scratch, &mut output, observe).map_err(|error| wrong(&error))?;
    }
    let decibels = |(signal, error): (f64, f64)| 10.0 * (signal / error.max(1e-30)).log10();
    Ok(integer.layers.iter().zip(squares).map(|(layer, squares)| (layer.name.clone(), decibels(squares))).collect())
}

fn finish(args: &Args, settings: &Settings, bytes: &[u8], weights: &str, noise: &[(String, f64)]) -> Result<()> {
    write_file(&args.output, bytes)?;
    let layers: Vec<_> = noise.iter().map(|(name, snr_db)| json!({"name": name, "snr_db": snr_db})).collect();
    let value = json!({
        "input": args.input.display().to_string(), "output": args.output.display().to_string(), "weights": weights,
        "bytes": bytes.len(), "layers": layers,
    });
    settings.print(&value, || {
        let mut text =
            format!("{} -> {}: {weights}, {} bytes\n", args.input.display(), args.output.display(), bytes.len());
        let widest = noise.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, snr_db) in noise {
            let _ = writeln!(text, "  {name:<widest$}  {snr_db:>5.1} dB signal to noise");
        }
        text
    })
}
