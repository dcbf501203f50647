//! The decision boundary of a model with two features.

use super::super::{or_usual, save, unfit};
use super::{Answers, Question};
use crate::commands::Settings;
use crate::commands::datasets::{points, range};
use crate::dataset::Features;
use crate::error::Result;
use crate::plot::Boundary;
use ndarray::Array2;

/// What a classifier with two features answers everywhere in the plane, with the samples on top
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Args {
    #[command(flatten)]
    question: Question,
    /// The side of the field in cells
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u16).range(2..=1000))]
    cells: u16,
}

pub(in super::super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let Answers { evaluator, data, .. } = args.question.ask(settings)?;
    let points = points(&data);
    if points.is_empty() {
        return Err(unfit(&data.name, "has not two features and classes; only a plane can be drawn"));
    }
    let (range, cells) = (range(&points), usize::from(args.cells));
    let centers = Boundary::centers(range, cells);
    let plane = Array2::from_shape_fn((centers.len(), 2), |(cell, axis)| centers[cell][axis]);
    let outputs = evaluator.outputs(&Features::Real(plane))?;
    let probabilities = outputs.rows().into_iter().map(|row| match row.len() {
        1 => vec![1.0 - row[0], row[0]],
        _ => row.to_vec(),
    });
    let axes = [0, 1].map(|axis| data.feature_names.get(axis).cloned().unwrap_or_else(|| format!("x{}", axis + 1)));
    let picture = Boundary {
        title: data.name.clone(),
        axes,
        range,
        cells,
        probabilities: probabilities.collect(),
        names: data.class_names.clone(),
        points,
        language: settings.language,
    };
    save(&picture, &or_usual(args.question.out.as_ref(), "boundary.png"), settings)
}
