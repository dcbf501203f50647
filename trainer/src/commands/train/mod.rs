//! `thumbnet train`: Trains a network by a recipe and writes its files.

mod card;
mod line;
mod sweep;

use super::Settings;
use super::evaluate::Regression;
use super::summary::grouped;
use crate::dataset::{Dataset, Options, Splits, Targets, load, load_whole, permutation};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::Sequential;
use crate::plot::{Curves, Language, Picture};
use crate::quantize::{self, QuantizedSequential, WeightType};
use crate::target::{self, Footprint};
use crate::train::recipe::WeightName;
use crate::train::{
    Checkpoint, Classification, Console, Explanation, Fit, History, Measure, Progress, Recipe, Silent, measure,
    readable, recipe, watch,
};
use crate::{onnx, output, tnet};
use serde_json::{Value, json};
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Trains a network by a recipe and writes its files
///
/// The folder gets recipe.toml, model.onnx, model-int8.onnx, model.tnet, history.csv, curves.svg and README.md, all at once at
/// the end. While it runs, checkpoint.npz holds its state: Ctrl-C ends after the current step, and --resume goes on there.
#[derive(Debug, clap::Args)]
#[command(after_help = examples())]
pub struct Args {
    /// A built-in recipe, or a recipe.toml
    pub recipe: String,
    /// Where to write [default: models/RECIPE]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Instead of the recipe's seed
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Instead of the recipe's epochs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub epochs: Option<u32>,
    /// Another value for a key of the recipe, such as optimizer.learning_rate=0.01 or layers.0.units=64; can be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Train with so many seeds in turn and print mean, deviation, least and largest; the first one's files are written
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true, conflicts_with = "resume",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub seeds: u32,
    /// Values of a key to try, such as learning_rate=1e-3,3e-4 or layers=64,128-64 (the units of the hidden layers); repeated,
    /// every combination is trained. Prints a table by validation data and writes no files
    #[arg(long, value_name = "KEY=VALUES", conflicts_with_all = ["resume", "seeds", "out"])]
    pub sweep: Vec<String>,
    /// At most so many threads; the result is the same with any number [default: the machine's cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Go on from the checkpoint that an interrupted training left in the folder
    #[arg(long)]
    pub resume: bool,
}

impl Args {
    fn threads(&self) -> usize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from)
    }

    /// The command that trains the same network again, but for where its files go.
    fn command(&self) -> String {
        let mut command = format!("thumbnet train {}", quoted(&self.recipe));
        for change in &self.set {
            let _ = write!(command, " --set {}", quoted(change));
        }
        for (name, value) in [("seed", self.seed), ("epochs", self.epochs.map(u64::from))] {
            if let Some(value) = value {
                let _ = write!(command, " --{name} {value}");
            }
        }
        command
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-.,=/+:".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn examples() -> String {
    let names = recipe::names().collect::<Vec<_>>().join(", ");
    format!(
        "Built-in recipes: {names}\n\nExamples:\n  thumbnet train mnist\n  thumbnet train my.toml --out models/my --seed 2"
    )
}

/// The state of a training that has not ended, in the folder that it will fill.
const CHECKPOINT: &str = "checkpoint.npz";

/// The emulated chip evaluates so many test samples.
const ON_CHIP: usize = 100;

/// Calibration takes so many training samples.
const CALIBRATION: usize = 1000;

/// What a training gives.
struct Outcome {
    recipe: Recipe,
    net: Sequential,
    integers: QuantizedSequential,
    tnet: Vec<u8>,
    history: History,
    /// So many samples were learned from, and so many held out to watch with.
    samples: [usize; 2],
    /// The command line, as it would be typed again.
    command: String,
    test: Measure,
    int8: Int8,
    splits: Splits,
    /// Every number of the first step, where the recipe asks for it.
    explanation: Option<Explanation>,
    /// What a single layer found in a plane, or why it could not.
    line: Option<String>,
    /// What the emulated chip makes of it, where that can be measured.
    chip: Option<OnChip>,
}

/// What the emulated chip makes of a model.
struct OnChip {
    footprint: Footprint,
    /// So many test samples were evaluated there.
    samples: usize,
    /// How many of their output integers are not the host's.
    different: usize,
}

impl OnChip {
    fn value(&self) -> Value {
        let mut value = self.footprint.value();
        value["samples"] = self.samples.into();
        value["different_integers"] = self.different.into();
        value
    }
}

/// What the runtime measures with the integer model.
enum Int8 {
    Accuracy(f64),
    Mse(f64),
}

/// Runs the command.
/// # Errors
/// As [`Recipe::load`], [`load`], [`Fit::run`] and [`quantize::post_training`]; [`ErrorKind::Io`] where the folder cannot be
/// written. Earlier files of a model stay as they are in all cases.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let mut recipe = Recipe::load(&args.recipe)?.with(&args.set)?;
    recipe.seed = args.seed.unwrap_or(recipe.seed);
    recipe.epochs = args.epochs.map_or(recipe.epochs, |epochs| epochs as usize);
    if !args.sweep.is_empty() {
        return sweep::run(&recipe, args, settings);
    }
    let out = args.out.clone().unwrap_or_else(|| Path::new("models").join(&recipe.name));
    let mut outcome = learn(recipe, args, settings, &out, true)?;
    outcome.chip = on_chip(&outcome.tnet, &outcome.splits.test, settings);
    let files = write(&outcome, &out, settings.language)?;
    Checkpoint::remove(&out.join(CHECKPOINT));
    let (mut results, mut interrupted) = (vec![outcome.score()], None);
    for seed in 1..u64::from(args.seeds) {
        let recipe = Recipe { seed: outcome.recipe.seed.wrapping_add(seed), ..outcome.recipe.clone() };
        match learn(recipe, args, settings, &out, false) {
            Ok(outcome) => results.push(outcome.score()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                let what =
                    format!("interrupted after {seed} of {} seeds; the first one's files are written", args.seeds);
                interrupted = Some(Error::new(ErrorKind::Interrupted, "training", what));
                break;
            }
            Err(error) => return Err(error),
        }
    }
    print(&outcome, &results, args, settings, &out, &files)?;
    interrupted.map_or(Ok(()), Err)
}

/// Prints what came of the training, and of those with other seeds.
fn print(
    outcome: &Outcome,
    results: &[[f64; 2]],
    args: &Args,
    settings: &Settings,
    out: &Path,
    files: &[&str],
) -> Result<()> {
    let mut value = outcome.value(&args.recipe, out, files);
    if results.len() == 1 {
        return settings.print(&value, || outcome.text(out, files));
    }
    let spread = [0, 1].map(|model| Spread::of(results.iter().map(|scores| scores[model])));
    value["seeds"] = json!({"count": results.len(), "test": spread[0].value(), "int8": spread[1].value()});
    settings.print(&value, || {
        let [float, integer] = spread.map(|Spread { mean, deviation, least, largest }| {
            format!("mean {mean:.4}, deviation {deviation:.4}, from {least:.4} to {largest:.4}")
        });
        let (text, measured) = (outcome.text(out, files), outcome.measured());
        format!("{} seeds, {measured}:\nf32   {float}\nint8  {integer}\n\nthe first:\n{text}", results.len())
    })
}

/// Mean and standard deviation (of a sample: divided by one less than the count), the least and the largest.
struct Spread {
    mean: f64,
    deviation: f64,
    least: f64,
    largest: f64,
}

impl Spread {
    fn of(values: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let count = values.len() as f64;
        let mean = values.clone().sum::<f64>() / count;
        let squares: f64 = values.clone().map(|value| (value - mean) * (value - mean)).sum();
        Self {
            mean,
            deviation: (squares / (count - 1.0).max(1.0)).sqrt(),
            least: values.clone().fold(f64::INFINITY, f64::min),
            largest: values.fold(f64::NEG_INFINITY, f64::max),
        }
    }

    fn value(&self) -> Value {
        json!({"mean": self.mean, "deviation": self.deviation, "least": self.least, "largest": self.largest})
    }
}

/// Trains by a recipe, quantizes, and measures both on the test data; with a checkpoint in `out` to go on from, or without one.
fn learn(recipe: Recipe, args: &Args, settings: &Settings, out: &Path, checkpoint: bool) -> Result<Outcome> {
    let stop = watch();
    let mut splits = data(&recipe, settings)?;
    if let Some(column) = &recipe.data.sample_weight {
        splits.test.take_column(column)?;
    }
    let (mut train, mut validation) = hold_out(&splits.train, recipe.data.validation, recipe.seed);
    let mut sample_weights = None;
    if let Some(column) = &recipe.data.sample_weight {
        sample_weights = Some(train.take_column(column)?);
        validation.as_mut().map(|data| data.take_column(column)).transpose()?;
    }
    let mut net = recipe.network(&train)?;
    let explanation = recipe.explain.then(|| recipe.explanation(&net, &train)).transpose()?;
    let checkpoint = checkpoint.then(|| out.join(CHECKPOINT));
    let fit =
        Fit { sample_weights, threads: args.threads(), checkpoint: checkpoint.clone(), stop, ..recipe.fit(&train)? };
    output::probe_folder(out)?;
    let resume = checkpoint.filter(|_| args.resume).map(|path| Checkpoint::read(&path, &net)).transpose()?;
    let progress: Box<dyn Progress> =
        if settings.quiet { Box::new(Silent) } else { Box::new(Console::new(recipe.epochs, train.samples())) };
    settings.note(format_args!(
        "{}: {} parameters, {} samples, {} epochs",
        recipe.name,
        net.parameters(),
        train.samples(),
        recipe.epochs
    ));
    let history = fit.run(&mut net, &train, validation.as_ref(), resume, &*progress)?;

    let test = measure(&net, &splits.test, recipe.loss())?;
    let calibration = train.select(&permutation(train.samples(), recipe.seed)[..CALIBRATION.min(train.samples())]);
    let integers = quantize::post_training(&net, calibration.features.real().view(), &in_integers(&recipe, &history))?;
    let tnet = tnet::write(&integers)?;
    let int8 = measure_int8(&tnet, &splits.test)?;
    let line = line::words(&net, &train, &history);
    let samples = [train.samples(), validation.map_or(0, |data| data.samples())];
    let command = args.command();
    Ok(Outcome {
        recipe,
        net,
        integers,
        tnet,
        history,
        samples,
        command,
        test,
        int8,
        splits,
        explanation,
        line,
        chip: None,
    })
}

/// The weights' types that the recipe asks for, and the outputs' ranges that were learned.
fn in_integers(recipe: &Recipe, history: &History) -> quantize::Options {
    let layers = recipe.layers.iter().map(|layer| {
        layer.weights.map(|name| match name {
            WeightName::Int8 => WeightType::Int8,
            WeightName::Int4 => WeightType::Int4,
            WeightName::Int2 => WeightType::Int2,
        })
    });
    quantize::Options { layers: layers.collect(), ranges: history.ranges.clone(), ..quantize::Options::default() }
}

/// The recipe's data, with classes as targets where its loss wants them.
fn data(recipe: &Recipe, settings: &Settings) -> Result<Splits> {
    let options = Options {
        data_dir: settings.data_dir.clone(),
        seed: recipe.seed,
        noise: recipe.data.noise,
        test_samples: recipe.data.test_samples,
        target: recipe.data.target.clone(),
        ..Options::default()
    };
    let splits = load(&recipe.data.source, &options)?;
    let count = splits.train.samples() + splits.test.samples();
    if let Some(wanted) = recipe.data.test_samples
        && wanted != splits.test.samples()
    {
        let message = if wanted < count {
            format!("has {} test samples of its own; remove data.test_samples", splits.test.samples())
        } else {
            format!("data.test_samples = {wanted}, but there are {count} samples; leave some to learn from")
        };
        return Err(Error::new(ErrorKind::Recipe, &recipe.data.source, message));
    }
    if splits.train.samples() == 0 || splits.test.samples() == 0 {
        let message = format!("{count} samples are too few to learn from some and test with others; give more");
        return Err(Error::new(ErrorKind::Data, &recipe.data.source, message));
    }
    if !recipe.wants_classes(&splits.train) {
        return Ok(splits);
    }
    // The parts are shuffled: of the whole, an error names the file's row.
    let of_the_whole = || load_whole(&recipe.data.source, &options)?.classified(&[]);
    splits.classified().map_err(|error| of_the_whole().err().unwrap_or(error))
}

/// The samples to learn from and those to watch with.
fn hold_out(train: &Dataset, share: f32, seed: u64) -> (Dataset, Option<Dataset>) {
    let count = (train.samples() as f32 * share).round() as usize;
    if count == 0 {
        return (train.clone(), None);
    }
    let Splits { train, test } = train.split(count, seed);
    (train, Some(test))
}

/// What the emulated chip makes of the model. What is learned is not lost where that cannot be measured.
fn on_chip(model: &[u8], test: &Dataset, settings: &Settings) -> Option<OnChip> {
    if !target::is_ready() {
        return None;
    }
    settings.note("measuring on the emulated chip");
    let features = test.head(ON_CHIP).features;
    let measure = || {
        let inputs = target::samples(model, &features)?;
        let chip = target::open("qemu", model)?.evaluate(&inputs)?.outputs;
        let host = target::open("host", model)?.evaluate(&inputs)?.outputs;
        let different = chip.iter().zip(&host).filter(|(chip, host)| chip != host).count();
        Ok(OnChip { footprint: Footprint::measure("qemu", model)?, samples: features.samples(), different })
    };
    measure().inspect_err(|error: &Error| settings.note(format_args!("not measured: {error}"))).ok()
}

/// Evaluates the integer model as the chip does.
fn measure_int8(bytes: &[u8], test: &Dataset) -> Result<Int8> {
    let outputs = tnet::Executor::new(bytes.to_vec())?.outputs(&test.features)?;
    match &test.targets {
        Targets::Classes(classes) => {
            Ok(Int8::Accuracy(Classification::measure(outputs.view(), classes, test.class_names.len()).accuracy))
        }
        Targets::Values(values) => Ok(Int8::Mse(Regression::measure(outputs.view(), values.view())?.mse)),
        Targets::None => Err(Error::new(ErrorKind::Data, &test.name, "has no targets to compare with")),
    }
}

/// Writes the folder's files, all or none.
fn write(outcome: &Outcome, out: &Path, language: Language) -> Result<Vec<&'static str>> {
    let columns: Vec<(String, Vec<f32>)> = outcome
        .history
        .columns()
        .into_iter()
        .map(|(name, values)| (name, values.into_iter().map(|value| value as f32).collect()))
        .collect();
    let curves = Curves::of_history(&outcome.recipe.name, &columns, language).svg()?;
    let float = onnx::export(&outcome.net);
    let card = card::text(outcome, out, float.len())?;
    let files: Vec<(&'static str, Vec<u8>)> = vec![
        ("recipe.toml", outcome.recipe.text()?.into_bytes()),
        ("model.onnx", float),
        ("model-int8.onnx", onnx::export_qdq(&outcome.integers)),
        ("model.tnet", outcome.tnet.clone()),
        ("history.csv", outcome.history.csv().into_bytes()),
        ("curves.svg", curves.into_bytes()),
        ("README.md", card.into_bytes()),
    ];
    let names = files.iter().map(|(name, _)| *name).collect();
    let paths: Vec<_> = files.into_iter().map(|(name, bytes)| (out.join(name), bytes)).collect();
    output::write_files(&paths)?;
    Ok(names)
}

impl Outcome {
    fn value(&self, recipe: &str, out: &Path, files: &[&str]) -> Value {
        let mut test = json!({"loss": self.test.loss});
        if let Some(accuracy) = self.test.accuracy {
            test["accuracy"] = accuracy.into();
        }
        if let Some(mse) = self.test.mse {
            test["mse"] = mse.into();
        }
        let int8 = match self.int8 {
            Int8::Accuracy(accuracy) => json!({"accuracy": accuracy}),
            Int8::Mse(mse) => json!({"mse": mse}),
        };
        json!({
            "recipe": recipe, "parameters": self.net.parameters(), "epochs": self.recipe.epochs, "seed": self.recipe.seed,
            "seconds": self.history.seconds(), "seconds_per_epoch": self.seconds_per_epoch(), "test": test, "int8": int8,
            "chip": self.chip.as_ref().map(OnChip::value), "out": out.display().to_string(),
            "explanation": self.explanation.as_ref().map(Explanation::value), "line": self.line,
            "files": files.iter().map(|name| out.join(name).display().to_string()).collect::<Vec<_>>(),
        })
    }

    /// What [`Outcome::score`] measures.
    fn measured(&self) -> &'static str {
        if self.test.accuracy.is_some() { "accuracy" } else { "mean squared error" }
    }

    /// Accuracy or mean squared error of the f32 and of the integer model.
    fn score(&self) -> [f64; 2] {
        let (Int8::Accuracy(integer) | Int8::Mse(integer)) = self.int8;
        [self.test.accuracy.or(self.test.mse).unwrap_or(f64::NAN), integer]
    }

    /// Without the validation.
    fn seconds_per_epoch(&self) -> f64 {
        self.history.seconds() / self.history.records.len().max(1) as f64
    }

    /// The results of the f32 and of the integer model in words.
    fn results(&self) -> [String; 2] {
        let samples = match self.splits.test.samples() {
            1 => "1 test sample".into(),
            count => format!("{count} test samples"),
        };
        let percent = |share: f64| format!("{:.2} % of {samples} right", 100.0 * share);
        let error = |mse: f64| format!("mean squared error {mse:.4} on {samples}");
        let float = self.test.accuracy.map_or_else(|| error(self.test.mse.unwrap_or(f64::NAN)), percent);
        let integer = match self.int8 {
            Int8::Accuracy(accuracy) => percent(accuracy),
            Int8::Mse(mse) => error(mse),
        };
        [float, integer]
    }

    fn text(&self, out: &Path, files: &[&str]) -> String {
        let [float, integer] = self.results();
        let model = out.join("model.tnet");
        let mut next = format!("thumbnet inspect {}", model.display());
        // What `flash` shows are digits.
        if self.net.input.shape == [28, 28] {
            next = format!("thumbnet flash {} --target qemu", model.display());
        }
        let explanation = self.explanation.as_ref().map_or_else(String::new, |steps| steps.text() + "\n");
        let line = self.line.as_ref().map_or_else(String::new, |line| format!("{line}\n"));
        format!(
            "{explanation}f32   {float}\nint8  {integer}\n{line}{} epochs in {}, {} each\nwrote {}: {}\n\nnext: {next}",
            grouped(self.history.records.len()),
            readable(self.history.seconds()),
            readable(self.seconds_per_epoch()),
            out.display(),
            files.join(", ")
        )
    }
}
