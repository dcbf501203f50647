//! The decision boundary of a model with two features, or of several side by side.

use super::super::{or_usual, save, unfit};
use super::{Answers, ask};
use crate::commands::datasets::{points, range};
use crate::commands::{DataArgs, Settings};
use crate::dataset::Features;
use crate::error::Result;
use crate::plot::{Boundary, SideBySide};
use ndarray::Array2;
use std::path::{Path, PathBuf};

/// What classifiers with two features answer everywhere in the plane, with the samples on top
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Args {
    /// The models (.onnx or .tnet), drawn side by side
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// The words above a model's plane, one for each [default: the data's name, or among several the model's folder]
    #[arg(long, value_name = "TEXT")]
    title: Vec<String>,
    /// A .png or .svg [default: boundary.png]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The side of the field in cells
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u16).range(2..=1000))]
    cells: u16,
}

pub(in super::super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let planes = args.models.iter().enumerate().map(|(index, model)| {
        let several = args.models.len() > 1;
        let folder = model.parent().and_then(Path::file_name).filter(|_| several);
        let folder = folder.map(|name| name.to_string_lossy().into_owned());
        plane(args, model, args.title.get(index).cloned().or(folder), settings)
    });
    let picture = SideBySide(planes.collect::<Result<Vec<_>>>()?);
    save(&picture, &or_usual(args.out.as_ref(), "boundary.png"), settings)
}

fn plane(args: &Args, model: &Path, title: Option<String>, settings: &Settings) -> Result<Boundary> {
    let Answers { evaluator, data, .. } = ask(model, &args.data, settings)?;
    let points = points(&data);
    if points.is_empty() {
        return Err(unfit(&data.name, "has not two features and classes; only a plane can be drawn"));
    }
    let (range, cells) = (range(&points), usize::from(args.cells));
    let centers = Boundary::centers(range, cells);
    let plane = Array2::from_shape_fn((centers.len(), 2), |(cell, axis)| centers[cell][axis]);
    let outputs = evaluator.outputs(&Features::Real(plane))?;
    let probabilities = outputs.rows().into_iter().map(|row| match row.len() {
        1 => {
            // A sign's outputs are -1 and 1.
            let positive = row[0].clamp(0.0, 1.0);
            vec![1.0 - positive, positive]
        }
        _ => row.to_vec(),
    });
    let axes = [0, 1].map(|axis| data.feature_names.get(axis).cloned().unwrap_or_else(|| format!("x{}", axis + 1)));
    Ok(Boundary {
        title: title.unwrap_or_else(|| data.name.clone()),
        axes,
        range,
        cells,
        probabilities: probabilities.collect(),
        names: data.class_names.clone(),
        points,
        language: settings.language,
    })
}
