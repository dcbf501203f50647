//! Images with the model's answers.

use super::super::{or_usual, save, unfit};
use super::{Answers, Question};
use crate::commands::datasets::{label, pixels};
use crate::commands::{Evaluator, Settings};
use crate::dataset::Targets;
use crate::error::Result;
use crate::plot::{Gallery, Tile};

/// Images with the model's answers and their probabilities; a wrong answer stands out
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Args {
    #[command(flatten)]
    question: Question,
    /// Only those that the model gets wrong
    #[arg(long)]
    wrong: bool,
    /// How many images
    #[arg(long, value_name = "N", default_value_t = 9)]
    images: usize,
    /// How many stand in a row
    #[arg(long, value_name = "N", default_value_t = 3)]
    columns: usize,
}

pub(in super::super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let Answers { evaluator, data, outputs } = args.question.ask(settings)?;
    let (Some(shape), Targets::Classes(classes)) = (data.image_shape, &data.targets) else {
        return Err(unfit(&data.name, "has no images with classes"));
    };
    let predicted = Evaluator::classes(outputs.view());
    let is_right = |row: usize| predicted[row] == classes[row] as usize;
    let rows = (0..data.samples()).filter(|&row| !args.wrong || !is_right(row)).take(args.images);
    let tile = |row: usize| {
        let own = outputs.row(row);
        let confidence = match own.len() {
            1 if predicted[row] == 0 => 1.0 - own[0],
            1 => own[0],
            _ => own[predicted[row]],
        };
        let name = evaluator.class_name(predicted[row]);
        let truth = (!is_right(row)).then(|| label(&data, row));
        let caption = settings.language.caption(&name, confidence, truth.as_deref());
        Tile { right: Some(is_right(row)), ..Tile::of_pixels(shape, pixels(&data.features, row), caption) }
    };
    let tiles: Vec<Tile> = rows.map(tile).collect();
    let right = (0..data.samples()).filter(|&row| is_right(row)).count();
    let title = if args.wrong {
        settings.language.wrong(&data.name, data.samples() - right, data.samples())
    } else {
        settings.language.right(&data.name, right, data.samples())
    };
    let gallery = Gallery { title, tiles, columns: args.columns.max(1), signed: false };
    save(&gallery, &or_usual(args.question.out.as_ref(), "digits.png"), settings)
}
