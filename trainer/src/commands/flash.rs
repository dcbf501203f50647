//! `thumbnet flash`: Builds the firmware, flashes it and the model, and lets the chip classify samples.

use super::work::Work;
use super::{Model, Settings};
use crate::dataset::{self, Dataset, Features, Targets};
use crate::error::{Error, ErrorKind, Result};
use crate::plot::terminal;
use crate::target::{self, Chip, Evaluation, Flashing, Progress, Target, Unit};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Builds the firmware, flashes it and the model, and lets the chip classify samples
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model (.tnet)
    pub model: PathBuf,
    /// The chip: qemu (an emulated Cortex-M4), qemu:MACHINE, or host
    #[arg(long, default_value = "qemu", conflicts_with = "chip")]
    pub target: String,
    /// A real chip behind a debug probe (see `thumbnet chips`): STM32F407VG
    #[arg(long, value_name = "NAME")]
    pub chip: Option<String>,
    /// The debug probe, where several are connected: VID:PID:SERIAL, or its serial number
    #[arg(long, value_name = "SELECTOR", requires = "chip")]
    pub probe: Option<String>,
    /// Write only the model's region; the program that was flashed before stays
    #[arg(long, requires = "chip")]
    pub model_only: bool,
    /// Unlock a locked chip, which erases all that is on it
    #[arg(long, requires = "chip")]
    pub erase_all: bool,
    /// What to classify: the first samples of this data set's test part
    #[arg(long, value_name = "DATASET", default_value = "mnist")]
    pub data: String,
    /// How many samples
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub count: usize,
}

/// A sample's true label, if it is known, and the chip's.
struct Answer {
    label: Option<u32>,
    predicted: usize,
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
    let data = test_samples(args, settings)?;
    let inputs = target::samples(&model, &data.features)?;
    let mut target = if let Some(name) = &args.chip {
        flash(args, name, &model, settings)?
    } else {
        settings.note(format_args!("building the firmware and starting {}", args.target));
        target::open(&args.target, &model)?
    };
    let evaluation = target.evaluate(&inputs)?;

    let predicted = target::classes(&model, &evaluation.outputs)?;
    let labels: Vec<Option<u32>> = match &data.targets {
        Targets::Classes(classes) => classes.iter().copied().map(Some).collect(),
        _ => vec![None; predicted.len()],
    };
    let answers: Vec<Answer> =
        labels.into_iter().zip(predicted).map(|(label, predicted)| Answer { label, predicted }).collect();
    let memory = target.memory()?;
    if settings.verbose > 0 {
        target.logs()?.into_iter().for_each(|line| settings.note(line));
    }
    let value = json!({
        "target": target.name(),
        "core": target.core(),
        "bytes_written": target.model().bytes,
        "checksum": format!("{:08x}", target.model().checksum),
        "unit": target.unit().name(),
        "count_per_sample": evaluation.count / answers.len().max(1) as u64,
        "ram_bytes": memory.map(|memory| memory.in_use()),
        "samples": answers.iter().map(sample).collect::<Vec<Value>>(),
    });
    settings.print(&value, || text(target.as_ref(), &model, &data, &answers, &evaluation))
}

/// Flashes the chip of this name, with a progress bar.
fn flash(args: &Args, name: &str, model: &[u8], settings: &Settings) -> Result<Box<dyn Target>> {
    let chip = Chip::find(name)?;
    chip.check(model)?;
    let how = Flashing { probe: args.probe.clone(), model_only: args.model_only, erase_all: args.erase_all };
    let part = if args.model_only { "the model" } else { "firmware and model" };
    settings.note(format_args!("flashing {part} to {} ({})", chip.name, chip.core.name));
    let mut work = Work::begin("flashing", "bytes", 0, settings);
    // Half a program is worse than a late end: Ctrl-C waits until all is written.
    let mut ended = Ok(());
    let target = target::flash(&chip, model, &how, &mut |progress| match progress {
        Progress::Begin(bytes) => work.extend(bytes),
        Progress::Wrote(bytes) => ended = work.advance(bytes),
    })?;
    ended.map(|()| target)
}

fn test_samples(args: &Args, settings: &Settings) -> Result<Dataset> {
    let options = dataset::Options { data_dir: settings.data_dir.clone(), ..dataset::Options::default() };
    let data = dataset::load(&args.data, &options)?.test.head(args.count);
    if data.samples() == 0 {
        return Err(Error::new(ErrorKind::Usage, "--count", "there is nothing to classify; give at least 1"));
    }
    Ok(data)
}

fn sample(answer: &Answer) -> Value {
    json!({ "label": answer.label, "predicted": answer.predicted })
}

fn text(target: &dyn Target, model: &[u8], data: &Dataset, answers: &[Answer], evaluation: &Evaluation) -> String {
    let info = target.model();
    let mut text = format!(
        "{} ({}) holds a model of {} bytes, checksum {:08x}\n\n",
        target.name(),
        target.core(),
        info.bytes,
        info.checksum
    );
    let names = thumbnet::Model::parse(model).map(|model| model.labels());
    let name = |class: usize| {
        names.as_ref().ok().and_then(|names| names.get(class)).map_or_else(|| class.to_string(), str::to_owned)
    };
    let captions = answers.iter().map(|answer| {
        let predicted = name(answer.predicted);
        match answer.label {
            Some(label) if label as usize == answer.predicted => predicted,
            Some(label) => format!("{predicted}, but it is {}", name(label as usize)),
            None => predicted,
        }
    });
    if let (Some(shape), Features::Pixels(pixels)) = (data.image_shape, &data.features) {
        let images = pixels.rows().into_iter().map(|row| terminal::image(shape, &row.to_vec()));
        let blocks: Vec<_> = captions.map(|caption| format!("chip: {caption}")).zip(images).collect();
        text += &terminal::side_by_side(&blocks, terminal_width());
    } else {
        for (row, caption) in data.features.real().rows().into_iter().zip(captions) {
            let _ = writeln!(text, "{row:.3} -> {caption}");
        }
    }
    let known = answers.iter().filter(|answer| answer.label.is_some()).count();
    let right = answers.iter().filter(|answer| answer.label == Some(answer.predicted as u32)).count();
    if known > 0 {
        let _ = write!(text, "\n{right} of {known} right; ");
    }
    let per_sample = evaluation.count / answers.len().max(1) as u64;
    let _ = match target.unit() {
        Unit::Nanoseconds => write!(text, "{:.1} microseconds per sample", per_sample as f64 / 1000.0),
        unit => write!(text, "{per_sample} {} per sample", unit.name()),
    };
    text
}

/// The terminal's columns, as far as the shell tells them.
fn terminal_width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100)
}
