//! `thumbnet verify`: every executor of a model on the same inputs.

use super::model::Evaluator;
use super::work::Work;
use super::{Model, Settings, calibration};
use crate::dataset::{Features, Options, Part, Targets, load_part};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Encoding, Input, Sequential};
use crate::onnx::{self, Graph};
use crate::quantize::{self, QuantizedSequential};
use crate::target::{self, Difference, Host, Target as _};
use crate::tnet::{self, Executor, FloatType, Network};
use ndarray::{Array2, ArrayView2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

/// An integer graph in an executor of real numbers rounds some sums that lie between two integers to the other side: so many
/// outputs of a thousand may differ by more than the tolerance there.
const ROUNDED_PER_THOUSAND: usize = 5;

/// Compares every executor on the same inputs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  thumbnet verify model.onnx\n  thumbnet verify model-int8.onnx --data mnist --count 10000\n  \
    thumbnet verify model.tnet --data mnist --count 200 --target qemu"
)]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
    /// The inputs: a built-in data set (its test part) or a file [default: random ones]
    #[arg(long, visible_alias = "input", value_name = "DATASET")]
    pub data: Option<String>,
    /// How many samples
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub count: usize,
    /// Also run it there: host, qemu, qemu:MACHINE, or a chip behind a probe (STM32F407VG)
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// What the int8 row of a model of real numbers is calibrated with: a data set (its training part) or a file [default: the
    /// inputs themselves]
    #[arg(long, value_name = "DATASET")]
    pub calibrate: Option<String>,
    /// How far real numbers may differ, relative to the larger of the value and 1
    #[arg(long, value_name = "X", default_value_t = 1e-5)]
    pub tolerance: f32,
}

/// What one executor gave.
struct Row {
    name: String,
    role: Role,
    outcome: Result<Outcome>,
    /// What is known of a target only.
    target: Option<OnTarget>,
}

/// A target evaluates so many samples before it is asked how far it is.
const PART: usize = 50;

/// What only a target tells.
struct OnTarget {
    /// How many of the samples it evaluates in a second, with the way there and back.
    samples_per_second: f64,
    /// How many of the samples it gives the right class, where the classes are known.
    right: Option<usize>,
    /// Where its integers part from the host's.
    difference: Option<Difference>,
}

/// What a row has to do with the command's success.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It must run and agree.
    Must,
    /// It informs: an executor of others may not know an operator or be wrong, and rounding anew is a difference.
    Informs,
}

/// Outputs, and the integers behind them.
struct Outcome {
    real: Array2<f32>,
    integers: Option<Array2<i8>>,
}

/// The measures of a row, against the first one.
struct Measures {
    max_abs_diff: f32,
    mean_abs_diff: f64,
    label_agreement: f64,
    different_integers: Option<usize>,
    /// Outputs beyond the tolerance.
    beyond: usize,
}

/// Prints one row for each executor.
/// # Errors
/// [`ErrorKind::Mismatch`] where executors that must agree do not; [`ErrorKind::Model`] where the model cannot be read.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let (network, graph) = open(args)?;
    let input = match &network {
        Network::Float(network) => &network.input,
        Network::Integer(network) => &network.input,
    };
    let (features, classes) = inputs(args, settings, input)?;
    let rows = rows(args, settings, &network, graph.as_ref(), &features, classes.as_deref())?;
    let reference = match &rows[0].outcome {
        Ok(outcome) => outcome,
        Err(error) => return Err(error.clone()),
    };
    let measured: Vec<(&Row, Option<Measures>)> = rows
        .iter()
        .map(|row| (row, row.outcome.as_ref().ok().map(|outcome| measure(reference, outcome, args.tolerance))))
        .collect();
    let samples = features.samples();
    let value = json!({
        "model": args.model.display().to_string(), "samples": samples, "reference": rows[0].name,
        "executors": measured.iter().map(|(row, measures)| json_row(row, measures.as_ref())).collect::<Vec<_>>(),
    });
    settings.print(&value, || table(&measured, samples))?;
    judge(args, &network, &measured)
}

/// The network, and the graph where the file is one.
fn open(args: &Args) -> Result<(Network, Option<Graph>)> {
    if args.model.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tnet")) {
        return Ok((Model::open(&args.model)?.into_network()?, None));
    }
    match Model::open(&args.model)? {
        Model::Tnet(bytes) => Ok((tnet::read(&bytes)?, None)),
        model => Ok((model.into_network()?, Some(Graph::open(&args.model)?))),
    }
}

/// The samples, and their classes where they have some: those asked for, or random ones in the range that the input's meaning suggests.
fn inputs(args: &Args, settings: &Settings, input: &Input) -> Result<(Features, Option<Vec<u32>>)> {
    if let Some(source) = &args.data {
        let options = Options { data_dir: settings.data_dir.clone(), ..Options::default() };
        let part: Option<Part> = None;
        let data = load_part(source, part, &options)?.0.head(args.count);
        let features = data.features;
        if features.width() == input.features() {
            let classes = if let Targets::Classes(classes) = data.targets { Some(classes) } else { None };
            return Ok((features, classes));
        }
        let message = format!("a sample has {} features, the model takes {}", features.width(), input.features());
        return Err(Error::new(ErrorKind::Data, source, message));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let shape = (args.count, input.features());
    if input.encoding == Encoding::Pixel {
        return Ok((Features::Pixels(Array2::from_shape_simple_fn(shape, || rng.random::<u8>())), None));
    }
    let features = Features::Real(Array2::from_shape_fn(shape, |(_, feature)| {
        // Four standard deviations to either side of the mean, as the normalization knows them.
        let x = rng.random::<f32>() * 8.0 - 4.0;
        input.normalization.as_ref().map_or(x, |n| n.offset[feature] + x / n.scale[feature])
    }));
    Ok((features, None))
}

/// Every executor's outputs; the first is what the others are compared with.
fn rows(
    args: &Args,
    settings: &Settings,
    network: &Network,
    graph: Option<&Graph>,
    features: &Features,
    classes: Option<&[u32]>,
) -> Result<Vec<Row>> {
    let real = features.real();
    let mut rows = Vec::new();
    let mut add = |name: &str, role: Role, outcome: Result<Outcome>| {
        rows.push(Row { name: name.to_owned(), role, outcome, target: None });
    };
    let plain = |real: Array2<f32>| Outcome { real, integers: None };
    let (bytes, exported) = match network {
        Network::Float(network) => {
            add("own f32", Role::Must, Ok(plain(network.forward(real.view()))));
            (tnet::write_float(network, FloatType::F32), onnx::export(network))
        }
        Network::Integer(network) => (tnet::write(network), onnx::export_qdq(network)),
    };
    let integer = matches!(network, Network::Integer(_));
    let runtime = bytes.clone().and_then(Executor::new).and_then(|executor| on_runtime(&executor, features));
    add(if integer { "int8 runtime" } else { "f32 runtime" }, Role::Must, runtime);
    // The file's own graph where there is one, else the graph that we would export.
    if let Some(graph) = graph {
        add("evaluator", graph_role(graph), graph.outputs_for(real.view()).map(|y| plain(one_column(y, network))));
        let theirs = onnx::tract_outputs_of_file(&args.model, graph, real.view());
        add("tract", Role::Informs, theirs.map(|y| plain(one_column(y, network))));
    } else {
        let graph = Graph::decode(exported.clone().into(), None)?;
        add("evaluator", Role::Must, graph.outputs_for(real.view()).map(plain));
        add("tract", Role::Informs, onnx::tract_outputs(&exported, real.view()).map(plain));
    }
    if let Network::Float(network) = network {
        add("int8 runtime", Role::Informs, quantized(args, settings, network, features));
    }
    if let Some(spec) = &args.target {
        let (outcome, target) =
            match bytes.and_then(|bytes| on_target(spec, &bytes, network, features, classes, settings)) {
                Ok((outcome, target)) => (Ok(outcome), Some(target)),
                Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
                Err(error) => (Err(error), None),
            };
        rows.push(Row { name: spec.clone(), role: Role::Must, outcome, target });
    }
    Ok(rows)
}

/// A graph that rounds where the chip does not, by a scale of each batch or after the softmax, gives other numbers.
fn graph_role(graph: &Graph) -> Role {
    let softmax: Vec<&String> =
        graph.nodes.iter().filter(|node| node.op == "Softmax").flat_map(|node| &node.outputs).collect();
    let rounds = graph.nodes.iter().any(|node| match node.op.as_str() {
        "DynamicQuantizeLinear" | "QLinearSoftmax" => true,
        "QuantizeLinear" => node.inputs.first().is_some_and(|input| softmax.contains(&input)),
        _ => false,
    });
    if rounds { Role::Informs } else { Role::Must }
}

fn on_runtime(executor: &Executor, features: &Features) -> Result<Outcome> {
    if !executor.is_integer() {
        return Ok(Outcome { real: executor.outputs(features)?, integers: None });
    }
    let integers = executor.integers(executor.quantized(features)?.view())?;
    Ok(Outcome { real: executor.meaning(integers.view())?, integers: Some(integers) })
}

/// What the network gives once it is one of integers, calibrated on what was asked for or on the samples themselves.
fn quantized(args: &Args, settings: &Settings, network: &Sequential, features: &Features) -> Result<Outcome> {
    let calibration = match &args.calibrate {
        Some(source) => calibration::samples(source, settings)?,
        None => features.real(),
    };
    let quantized = quantize::post_training(network, calibration.view(), &quantize::Options::default())?;
    on_runtime(&Executor::new(tnet::write(&quantized)?)?, features)
}

fn on_target(
    spec: &str,
    bytes: &[u8],
    network: &Network,
    features: &Features,
    classes: Option<&[u32]>,
    settings: &Settings,
) -> Result<(Outcome, OnTarget)> {
    let mut chip = target::open(spec, bytes)?;
    let inputs = target::samples(bytes, features)?;
    let begin = Instant::now();
    let mut work =
        Work::begin(format!("evaluating on {}", chip.name()), "samples", features.samples() as u64, settings);
    let size = inputs.len() / features.samples().max(1);
    let mut outputs = Vec::new();
    for part in inputs.chunks((PART * size).max(1)) {
        outputs.extend(chip.evaluate(part).map_err(|error| work.or_interrupted(error))?.outputs);
        work.advance((part.len() / size.max(1)) as u64)?;
    }
    drop(work);
    let samples_per_second = features.samples() as f64 / begin.elapsed().as_secs_f64();
    let right = classes.map(|classes| {
        let predicted = target::classes(bytes, &outputs)?;
        Ok(predicted.iter().zip(classes).filter(|&(&found, &class)| found == class as usize).count())
    });
    let mut on_target = OnTarget { samples_per_second, right: right.transpose()?, difference: None };
    let shape = |len: usize| (features.samples(), len / features.samples().max(1));
    let wrong = |error: ndarray::ShapeError| Error::new(ErrorKind::Target, spec, error);
    let outcome = match network {
        Network::Float(_) => {
            let values: Vec<f32> = outputs.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            let real = Array2::from_shape_vec(shape(values.len()), values).map_err(wrong)?;
            Outcome { real, integers: None }
        }
        Network::Integer(_) => {
            let mut host = Host::new(bytes)?;
            let expected = host.evaluate(&inputs)?.outputs;
            on_target.difference = Difference::first(&mut host, chip.as_mut(), &inputs, (&expected, &outputs))?;
            let integers: Vec<i8> = outputs.iter().map(|&byte| byte as i8).collect();
            let integers = Array2::from_shape_vec(shape(integers.len()), integers).map_err(wrong)?;
            let real = Executor::new(bytes.to_vec())?.meaning(integers.view())?;
            Outcome { real, integers: Some(integers) }
        }
    };
    Ok((outcome, on_target))
}

/// Of two columns `1 - p` and `p` the second, where the network has one output.
fn one_column(y: Array2<f32>, network: &Network) -> Array2<f32> {
    let outputs = match network {
        Network::Float(network) => network.outputs(),
        Network::Integer(QuantizedSequential { layers, .. }) => layers.last().map_or(0, |layer| layer.outputs),
    };
    if outputs == 1 && y.ncols() == 2 { y.slice(ndarray::s![.., 1..]).to_owned() } else { y }
}

fn measure(reference: &Outcome, outcome: &Outcome, tolerance: f32) -> Measures {
    let (a, b) = (&reference.real, &outcome.real);
    if a.dim() != b.dim() {
        let everything = a.len().max(b.len());
        return Measures {
            max_abs_diff: f32::INFINITY,
            mean_abs_diff: f64::INFINITY,
            label_agreement: 0.0,
            different_integers: None,
            beyond: everything,
        };
    }
    let differences = || a.iter().zip(b).map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() });
    let scale = |a: f32, b: f32| a.abs().max(b.abs()).max(1.0);
    // A NaN lies beyond every tolerance.
    let within = |(&a, &b): (&f32, &f32)| a == b || (a - b).abs() / scale(a, b) <= tolerance;
    let labels = |y: ArrayView2<f32>| Evaluator::classes(y);
    let agreeing = labels(a.view()).iter().zip(labels(b.view())).filter(|(a, b)| **a == *b).count();
    Measures {
        max_abs_diff: differences().fold(0.0, |max, d| if d.is_nan() { f32::NAN } else { max.max(d) }),
        mean_abs_diff: differences().map(f64::from).sum::<f64>() / a.len().max(1) as f64,
        label_agreement: agreeing as f64 / a.nrows().max(1) as f64,
        different_integers: match (&reference.integers, &outcome.integers) {
            (Some(a), Some(b)) => Some(a.iter().zip(b).filter(|(a, b)| a != b).count()),
            _ => None,
        },
        beyond: a.iter().zip(b).filter(|pair| !within(*pair)).count(),
    }
}

fn json_row(row: &Row, measures: Option<&Measures>) -> Value {
    let mut value = match (measures, &row.outcome) {
        (Some(measures), _) => json!({
            "name": row.name, "max_abs_diff": measures.max_abs_diff, "mean_abs_diff": measures.mean_abs_diff,
            "label_agreement": measures.label_agreement, "different_integers": measures.different_integers,
        }),
        (None, Err(error)) => json!({"name": row.name, "error": error.to_string()}),
        (None, Ok(_)) => json!({"name": row.name}),
    };
    if let Some(target) = &row.target {
        value["samples_per_second"] = target.samples_per_second.into();
        value["right"] = target.right.into();
        value["difference"] = target.difference.as_ref().map_or(Value::Null, |difference| {
            let Difference { sample, layer, element, expected, found, .. } = difference;
            json!({"sample": sample, "layer": layer, "element": element, "expected": expected, "found": found})
        });
    }
    value
}

fn table(rows: &[(&Row, Option<Measures>)], samples: usize) -> String {
    let widest = rows.iter().map(|(row, _)| row.name.chars().count()).max().unwrap_or(0).max(8);
    let mut text = format!(
        "{samples} samples, compared with {}\n{:<widest$}  {:>12}  {:>12}  {:>9}  {:>8}\n",
        rows[0].0.name, "executor", "max |diff|", "mean |diff|", "labels", "integers"
    );
    for (row, measures) in rows {
        let _ = match (measures, &row.outcome) {
            (Some(m), _) => {
                let integers = m.different_integers.map_or("-".to_owned(), |count| count.to_string());
                writeln!(
                    text,
                    "{:<widest$}  {:>12.3e}  {:>12.3e}  {:>7.2} %  {integers:>8}",
                    row.name,
                    m.max_abs_diff,
                    m.mean_abs_diff,
                    100.0 * m.label_agreement
                )
            }
            (None, Err(error)) => writeln!(text, "{:<widest$}  stopped: {error}", row.name),
            (None, Ok(_)) => writeln!(text, "{}", row.name),
        };
    }
    for (row, target) in rows.iter().filter_map(|(row, _)| Some((row, row.target.as_ref()?))) {
        let _ = write!(text, "\n{}: {:.1} samples a second", row.name, target.samples_per_second);
        if let Some(right) = target.right {
            let _ =
                write!(text, ", {right} of {samples} right ({:.2} %)", 100.0 * right as f64 / samples.max(1) as f64);
        }
        text.push('\n');
    }
    text
}

/// Whether all that must agree does.
fn judge(args: &Args, network: &Network, rows: &[(&Row, Option<Measures>)]) -> Result<()> {
    let mismatch = |message: String| Err(Error::new(ErrorKind::Mismatch, args.model.display(), message));
    for (row, measures) in rows {
        let Some(m) = measures else {
            match &row.outcome {
                Err(error) if row.role == Role::Must => return Err(error.clone()),
                _ => continue,
            }
        };
        if row.role == Role::Informs {
            continue;
        }
        if let Some(difference) = row.target.as_ref().and_then(|target| target.difference.as_ref()) {
            return mismatch(format!("{}: {difference}", row.name));
        }
        if m.different_integers.unwrap_or(0) > 0 {
            let count = m.different_integers.unwrap_or(0);
            return mismatch(format!(
                "{} gives {count} integers other than {}; this is a bug, please report it",
                row.name, rows[0].0.name
            ));
        }
        let outcome = row.outcome.as_ref();
        let len = outcome.map_or(0, |outcome| outcome.real.len());
        let allowed = match (network, outcome) {
            (Network::Integer(_), Ok(Outcome { integers: None, .. })) => len * ROUNDED_PER_THOUSAND / 1000,
            _ => 0,
        };
        if m.beyond > allowed {
            return mismatch(format!(
                "{} differs from {} by more than {:e} in {} of {len} outputs; compare the executors' rows",
                row.name, rows[0].0.name, args.tolerance, m.beyond
            ));
        }
    }
    Ok(())
}
