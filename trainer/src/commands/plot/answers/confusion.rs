//! The confusion matrix.

use super::super::{or_usual, save, unfit};
use super::{Answers, Question};
use crate::commands::Settings;
use crate::dataset::Targets;
use crate::error::Result;
use crate::plot::Confusion;
use crate::train::Classification;

/// How often each class was taken for which
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Args {
    #[command(flatten)]
    question: Question,
}

pub(in super::super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let Answers { evaluator, data, outputs } = args.question.ask(settings)?;
    let Targets::Classes(classes) = &data.targets else {
        return Err(unfit(&data.name, "has no classes; draw `plot scatter` for a regression"));
    };
    let metrics = Classification::measure(outputs.view(), classes, evaluator.class_names.len());
    let picture = Confusion {
        title: settings.language.right(
            &data.name,
            (0..metrics.confusion.len()).map(|class| metrics.confusion[class][class]).sum(),
            data.samples(),
        ),
        language: settings.language,
        names: (0..metrics.confusion.len()).map(|class| evaluator.class_name(class)).collect(),
        counts: metrics.confusion,
    };
    save(&picture, &or_usual(args.question.out.as_ref(), "confusion.png"), settings)
}
