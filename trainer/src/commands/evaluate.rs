//! `thumbnet evaluate`: how good a model is on labeled data.

use super::data::DataArgs;
use super::model::Evaluator;
use super::{Model, Settings};
use crate::dataset::{Dataset, Targets};
use crate::error::{Error, ErrorKind, Result};
use crate::train::Classification;
use ndarray::{Array2, ArrayView2};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// Measures a model on labeled data: loss, metrics, confusion matrix
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  thumbnet evaluate models/mnist/model.tnet --data mnist\n  \
    thumbnet evaluate model.onnx --data parts.csv --target quality --json")]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

/// Prints the metrics.
/// # Errors
/// Where model or data cannot be read or do not fit each other, or the data have no targets.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let evaluator = Model::open(&args.model)?.evaluator()?;
    let (data, part) = args.data.load(settings)?;
    let data = labeled(data, &evaluator)?;
    let outputs = evaluator.outputs(&data.features)?;
    let mut value = json!({
        "model": args.model.display().to_string(), "data": data.name, "split": part.name(), "samples": data.samples(),
    });
    match &data.targets {
        Targets::Classes(classes) => {
            let metrics = Classification::measure(outputs.view(), classes, evaluator.class_names.len());
            extend(&mut value, metrics.value());
            settings.print(&value, || format!("{}{}", heading(args, &data, part.name()), metrics.text(&evaluator)))
        }
        Targets::Values(targets) => {
            let metrics = Regression::measure(outputs.view(), targets.view())?;
            extend(&mut value, metrics.value());
            settings.print(&value, || format!("{}{}", heading(args, &data, part.name()), metrics.text(&evaluator)))
        }
        Targets::None => {
            Err(Error::new(ErrorKind::Data, &data.name, "has no targets to compare with; `predict` needs none"))
        }
    }
}

/// The data with class indices where the model classifies.
/// # Errors
/// Where the targets are no classes of the model.
pub(super) fn labeled(data: Dataset, evaluator: &Evaluator) -> Result<Dataset> {
    let classifies = !evaluator.class_names.is_empty() || matches!(data.targets, Targets::Classes(_));
    if classifies { data.classified(&evaluator.class_names) } else { Ok(data) }
}

fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(value), Value::Object(more)) = (value, more) {
        value.extend(more);
    }
}

fn heading(args: &Args, data: &Dataset, part: &str) -> String {
    format!("{} on {} ({part}): {} samples\n", args.model.display(), data.name, data.samples())
}

/// What is said of a measurement.
trait Report {
    fn value(&self) -> Value;
    fn text(&self, evaluator: &Evaluator) -> String;
}

impl Report for Classification {
    fn value(&self) -> Value {
        json!({
            "loss": self.loss, "accuracy": self.accuracy, "precision": self.precision, "recall": self.recall, "f1": self.f1,
            "auc": self.auc, "top_k": {"k": self.k, "accuracy": self.top_k}, "confusion": self.confusion,
        })
    }

    fn text(&self, evaluator: &Evaluator) -> String {
        let mut text = format!("loss       {:.4}\naccuracy   {:.2} %\n", self.loss, 100.0 * self.accuracy);
        if self.confusion.len() > 2 {
            let _ = writeln!(text, "top {}      {:.2} %", self.k, 100.0 * self.top_k);
        }
        for (name, share) in [("precision", self.precision), ("recall", self.recall), ("F1", self.f1)] {
            let _ = writeln!(text, "{name:<11}{:.2} %", 100.0 * share);
        }
        if let Some(auc) = self.auc {
            let _ = writeln!(text, "AUC        {auc:.4}");
        }
        text.push('\n');
        let names: Vec<String> = (0..self.confusion.len()).map(|class| evaluator.class_name(class)).collect();
        let widest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let cell = self.confusion.iter().flatten().map(|count| count.to_string().len()).max().unwrap_or(1).max(4) + 1;
        let short = |name: &str| name.chars().take(cell - 1).collect::<String>();
        let _ = write!(text, "{:>widest$}", "");
        for name in &names {
            let _ = write!(text, "{:>cell$}", short(name));
        }
        text.push_str("  predicted\n");
        for (name, row) in names.iter().zip(&self.confusion) {
            let _ = write!(text, "{name:>widest$}");
            for &count in row {
                let shown = if count == 0 { "·".into() } else { count.to_string() };
                let _ = write!(text, "{shown:>cell$}");
            }
            let hits = row.get(names.iter().position(|own| own == name).unwrap_or(0)).copied().unwrap_or(0);
            let _ = writeln!(text, "  {:>6.2} %", 100.0 * hits as f64 / row.iter().sum::<usize>().max(1) as f64);
        }
        text
    }
}

/// How near values are met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regression {
    /// The mean squared error.
    pub mse: f64,
    /// The mean absolute error.
    pub mae: f64,
    /// The coefficient of determination: 1 where all values are met, 0 where the mean would do as well.
    pub r2: f64,
}

impl Regression {
    /// Compares outputs with targets, both samples x outputs.
    /// # Errors
    /// Where their shapes differ.
    pub fn measure(outputs: ArrayView2<f32>, targets: ArrayView2<f32>) -> Result<Self> {
        if outputs.dim() != targets.dim() {
            let what = format!("{} target columns; the model has {} outputs", targets.ncols(), outputs.ncols());
            return Err(Error::new(ErrorKind::Data, "data", what));
        }
        let (targets, outputs) = (targets.mapv(f64::from), outputs.mapv(f64::from));
        let count = targets.len().max(1) as f64;
        let errors: Array2<f64> = &outputs - &targets;
        let squares = errors.mapv(|error| error * error).sum();
        let means = targets.mean_axis(ndarray::Axis(0)).unwrap_or_default();
        let spread = (&targets - &means).mapv(|distance| distance * distance).sum();
        Ok(Self { mse: squares / count, mae: errors.mapv(f64::abs).sum() / count, r2: 1.0 - squares / spread })
    }
}

impl Report for Regression {
    fn value(&self) -> Value {
        json!({"loss": self.mse, "mse": self.mse, "mae": self.mae, "r2": self.r2})
    }

    fn text(&self, _: &Evaluator) -> String {
        format!("mse  {:.4}\nmae  {:.4}\nr2   {:.4}\n", self.mse, self.mae, self.r2)
    }
}

/// A number for a person: as many digits as matter.
pub(super) fn rounded(value: f32) -> String {
    if value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e6) {
        format!("{value:.3e}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance;
    use crate::train::parity::{fixture, numbers};
    use ndarray::array;

    #[test]
    fn regression_is_that_of_scikit_learn() {
        // mean_squared_error, mean_absolute_error and r2_score of [3, -0.5, 2, 7] and [2.5, 0.0, 2, 8]
        let metrics =
            Regression::measure(array![[2.5], [0.0], [2.0], [8.0]].view(), array![[3.0], [-0.5], [2.0], [7.0]].view());
        let Regression { mse, mae, r2 } = metrics.unwrap();
        assert_eq!((mse, mae), (0.375, 0.5));
        assert!((r2 - 0.948_608_137).abs() < f64::from(tolerance::FUNCTION_F64));
        assert!(Regression::measure(array![[1.0, 2.0]].view(), array![[1.0]].view()).is_err());
    }

    #[test]
    fn regression_of_two_outputs_is_that_of_scikit_learn() {
        let fixture = &fixture("torch_training.json")["regression"];
        let matrix = |name: &str| {
            let values = fixture[name].as_array().unwrap().iter().flat_map(numbers).map(|value| value as f32).collect();
            Array2::from_shape_vec((12, 2), values).unwrap()
        };
        let Regression { mse, mae, r2 } =
            Regression::measure(matrix("outputs").view(), matrix("targets").view()).unwrap();
        for (name, got) in [("mse", mse), ("mae", mae), ("r2", r2)] {
            let expected = fixture[name].as_f64().unwrap();
            let near = (got - expected).abs() < f64::from(tolerance::FUNCTION_F64);
            assert!(near, "{name}: {got} instead of {expected}");
        }
    }
}
