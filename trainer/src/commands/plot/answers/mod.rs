//! Pictures of a model's answers to data.

pub(super) mod boundary;
pub(super) mod confusion;
pub(super) mod digits;
pub(super) mod scatter;

use crate::commands::evaluate::labeled;
use crate::commands::{DataArgs, Evaluator, Model, Settings};
use crate::dataset::Dataset;
use crate::error::Result;
use ndarray::Array2;
use std::path::{Path, PathBuf};

/// A model, data, and where to draw.
#[derive(Debug, clap::Args)]
pub(super) struct Question {
    /// The model (.onnx or .tnet)
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// A .png or .svg [default: named after the picture, .png]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A model's answers.
struct Answers {
    evaluator: Evaluator,
    data: Dataset,
    outputs: Array2<f32>,
}

impl Question {
    fn ask(&self, settings: &Settings) -> Result<Answers> {
        ask(&self.model, &self.data, settings)
    }
}

fn ask(model: &Path, data: &DataArgs, settings: &Settings) -> Result<Answers> {
    let evaluator = Model::open(model)?.evaluator()?;
    let data = labeled(data.load(settings)?.0, &evaluator)?;
    let outputs = evaluator.outputs(&data.features)?;
    Ok(Answers { evaluator, data, outputs })
}
