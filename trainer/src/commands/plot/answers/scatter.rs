//! A regression's answers against the true values.

use super::super::{or_usual, save, unfit};
use super::{Answers, Question};
use crate::commands::Settings;
use crate::commands::evaluate::Regression;
use crate::dataset::Targets;
use crate::error::Result;
use crate::plot::Scatter;

/// Predicted against true values of a regression
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Args {
    #[command(flatten)]
    question: Question,
}

pub(in super::super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let Answers { data, outputs, .. } = args.question.ask(settings)?;
    let Targets::Values(targets) = &data.targets else {
        return Err(unfit(&data.name, "has no values to predict; draw `plot confusion` for classes"));
    };
    let metrics = Regression::measure(outputs.view(), targets.view())?;
    let picture = Scatter {
        title: format!("{}: {} {:.2}", data.name, settings.language.word("mean squared error"), metrics.mse),
        language: settings.language,
        points: targets.iter().copied().zip(outputs.iter().copied()).collect(),
    };
    save(&picture, &or_usual(args.question.out.as_ref(), "scatter.png"), settings)
}
