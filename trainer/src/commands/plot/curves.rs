//! Training curves from a history.

use super::{or_usual, save};
use crate::commands::Settings;
use crate::dataset::read_csv;
use crate::error::{Error, ErrorKind, Result};
use crate::plot::{Curves, terminal};
use serde_json::json;
use std::path::PathBuf;

/// Loss and metrics over the epochs, from a history.csv
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The history.csv that `train` wrote
    history: PathBuf,
    /// A .svg or .png [default: curves.svg], or - for the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Above the curves [default: the name of the history's folder]
    #[arg(long)]
    title: Option<String>,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let table = read_csv(&args.history)?;
    let columns: Vec<_> = table.columns.into_iter().zip(table.cells).collect();
    let folder =
        args.history.parent().and_then(|folder| folder.file_name()).map(|name| name.to_string_lossy().into_owned());
    let title = args.title.clone().or(folder).unwrap_or_else(|| "training".into());
    let curves = Curves::of_history(&title, &columns, settings.language);
    if curves.panels.is_empty() {
        let what = "has no column that measures (loss, accuracy, …); give the history.csv that `train` wrote";
        return Err(Error::new(ErrorKind::Data, args.history.display(), what));
    }
    if args.out.as_ref().is_some_and(|out| out.as_os_str() == "-") {
        let lines = curves.panels.iter().flat_map(|panel| {
            panel.series.iter().map(|series| {
                let (first, last) = (series.values.first().unwrap_or(&0.0), series.values.last().unwrap_or(&0.0));
                let name = format!("{} {}", series.name, panel.label);
                format!("{name:<22} {first:>9.4} {} {last:.4}", terminal::sparkline(&series.values))
            })
        });
        let lines: Vec<String> = lines.collect();
        return settings.print(&json!({"lines": lines}), || lines.join("\n"));
    }
    save(&curves, &or_usual(args.out.as_ref(), "curves.svg"), settings)
}
