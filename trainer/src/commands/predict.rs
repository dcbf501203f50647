//! `thumbnet predict`: a model's answers to inputs from a file.

use super::evaluate::rounded;
use super::model::Evaluator;
use super::{Model, Settings};
use crate::dataset::{Array, Dataset, Features, Options, load_whole, read_csv, read_npy, read_npz, read_png};
use crate::error::{Error, ErrorKind, Result};
use crate::output::write_file;
use ndarray::{Array2, ArrayD, Axis};
use ndarray_npy::WriteNpyExt;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Evaluates a model on inputs from a file
///
/// u8 numbers and images are pixels, f32 and f64 are real values before the model's own normalization, and i8 are the integers
/// of an int8 model. The first axis counts the samples. A table may hold the target in its last column; it is left out then.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  thumbnet predict models/mnist/model.tnet digit.png --invert\n  \
    thumbnet predict model.onnx inputs.npy --out outputs.npy\n  \
    thumbnet predict model.tnet inputs.npy --raw --out integers.npy")]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
    /// A .npy, .npz (array x, or its only one), .csv, .png or IDX file
    pub input: PathBuf,
    /// Write the outputs as .npy, samples x outputs: float32, or int8 with --raw
    #[arg(long, value_name = "OUT.npy")]
    pub out: Option<PathBuf>,
    /// The integers of an int8 model instead of what they stand for
    #[arg(long)]
    pub raw: bool,
    /// Turn an image's dark ink on light paper into light on dark, as MNIST has it
    #[arg(long)]
    pub invert: bool,
}

/// Samples as they were read.
enum Samples {
    Features(Features),
    Integers(Array2<i8>),
}

/// Prints the answers.
/// # Errors
/// Where model or input cannot be read or do not fit each other, or the output cannot be written.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let evaluator = Model::open(&args.model)?.evaluator()?;
    let samples = read(args, &evaluator)?;
    let integers = match &samples {
        Samples::Integers(integers) => Some(evaluator.integer()?.integers(integers.view())?),
        Samples::Features(features) if args.raw => {
            let executor = evaluator.integer()?;
            Some(executor.integers(executor.quantized(features)?.view())?)
        }
        Samples::Features(_) => None,
    };
    let outputs = match (&samples, &integers) {
        (Samples::Features(features), _) => evaluator.outputs(features)?,
        (Samples::Integers(_), Some(integers)) => evaluator.integer()?.meaning(integers.view())?,
        (Samples::Integers(_), None) => Array2::zeros((0, 0)),
    };
    let raw = integers.filter(|_| args.raw);
    if let Some(path) = &args.out {
        let mut file = Vec::new();
        match &raw {
            Some(integers) => integers.write_npy(&mut file),
            None => outputs.write_npy(&mut file),
        }
        .map_err(|error| Error::new(ErrorKind::Io, path.display(), error))?;
        write_file(path, &file)?;
    }
    let classes = (!evaluator.class_names.is_empty()).then(|| Evaluator::classes(outputs.view()));
    let rows: Vec<Value> = match &raw {
        Some(integers) => integers.rows().into_iter().map(|row| json!(row.to_vec())).collect(),
        None => outputs.rows().into_iter().map(|row| json!(row.to_vec())).collect(),
    };
    let mut value = json!({"samples": outputs.nrows(), "outputs": rows});
    if let Some(classes) = &classes {
        value["labels"] = classes.iter().map(|&class| evaluator.class_name(class)).collect();
    }
    if let Some(path) = &args.out {
        value["out"] = path.display().to_string().into();
    }
    settings.print(&value, || {
        let mut text = String::new();
        for (index, row) in outputs.rows().into_iter().enumerate() {
            let numbers = match &raw {
                Some(integers) => integers.row(index).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                None => row.iter().map(|&output| rounded(output)).collect::<Vec<_>>().join(" "),
            };
            let _ = match &classes {
                Some(classes) => writeln!(text, "{index}: {}  [{numbers}]", evaluator.class_name(classes[index])),
                None => writeln!(text, "{index}: {numbers}"),
            };
        }
        text
    })
}

fn read(args: &Args, evaluator: &Evaluator) -> Result<Samples> {
    let path = args.input.as_path();
    let features = match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => return samples(path, read_npy(path)?),
        Some("npz") => {
            let mut arrays = read_npz(path)?;
            let named = arrays.iter().position(|(name, _)| matches!(name.as_str(), "x" | "X" | "x_test"));
            let index = named.or((arrays.len() == 1).then_some(0)).ok_or_else(|| {
                let names: Vec<&str> = arrays.iter().map(|(name, _)| name.as_str()).collect();
                Error::new(ErrorKind::Data, path.display(), format!("holds {}; name the inputs x", names.join(", ")))
            })?;
            return samples(path, arrays.swap_remove(index).1);
        }
        Some("png") => image(path, evaluator, args.invert)?,
        Some("csv") => table(path, evaluator.input.features())?,
        _ => {
            let Dataset { features, .. } = load_whole(&path.display().to_string(), &Options::default())?;
            features
        }
    };
    Ok(Samples::Features(features))
}

fn samples(path: &Path, array: Array) -> Result<Samples> {
    Ok(match array {
        Array::Unsigned(array) => Samples::Features(Features::Pixels(flat(path, array)?)),
        Array::Signed(array) => Samples::Integers(flat(path, array)?),
        Array::Whole(array) => Samples::Features(Features::Real(flat(path, array)?.mapv(|value| value as f32))),
        Array::Real(array) => {
            let features = Features::Real(flat(path, array)?);
            if let Some(what) = features.not_finite() {
                return Err(Error::new(ErrorKind::Data, path.display(), what));
            }
            Samples::Features(features)
        }
    })
}

/// The first axis counts the samples, the others become one.
fn flat<T: Clone>(path: &Path, array: ArrayD<T>) -> Result<Array2<T>> {
    let wrong = |what: String| Error::new(ErrorKind::Data, path.display(), what);
    if array.ndim() == 0 {
        return Err(wrong("a single number; the first axis counts the samples".into()));
    }
    let features: usize = array.shape()[1..].iter().product();
    let shape = (array.len_of(Axis(0)), features);
    array.into_shape_with_order(shape).map_err(|error| wrong(error.to_string()))
}

fn image(path: &Path, evaluator: &Evaluator, invert: bool) -> Result<Features> {
    let pixels = read_png(path)?;
    let (rows, columns) = pixels.dim();
    if rows * columns != evaluator.input.features() {
        let shape: Vec<String> = evaluator.input.shape.iter().map(ToString::to_string).collect();
        let what = format!("{rows} x {columns} pixels; the model takes {}: scale the image", shape.join(" x "));
        return Err(Error::new(ErrorKind::Data, path.display(), what));
    }
    let pixels = if invert { pixels.mapv(|pixel| 255 - pixel) } else { pixels };
    let shape = (1, rows * columns);
    pixels
        .into_shape_with_order(shape)
        .map(Features::Pixels)
        .map_err(|error| Error::new(ErrorKind::Data, path.display(), error))
}

fn table(path: &Path, inputs: usize) -> Result<Features> {
    let table = read_csv(path)?;
    let columns = table.columns.len();
    if columns != inputs && columns != inputs + 1 {
        let what = format!("{columns} columns; the model takes {inputs} (and the target may stand last)");
        return Err(Error::new(ErrorKind::Data, path.display(), what));
    }
    let rows = table.cells.first().map_or(0, Vec::len);
    Ok(Features::Real(Array2::from_shape_fn((rows, inputs), |(row, column)| table.cells[column][row])))
}
