//! The command line: one file per subcommand, each with its `Args` and a `run`. Results go to standard output, progress and
//! logs to standard error; nothing here prints an error.

pub mod bench;
mod calibration;
pub mod chips;
pub mod completions;
pub mod convert;
mod data;
pub mod datasets;
pub mod evaluate;
pub mod export_c;
pub mod flash;
pub mod inspect;
mod model;
pub mod new;
pub mod playground;
pub mod plot;
pub mod predict;
pub mod run;
mod settings;
pub mod summary;
pub mod train;
pub mod verify;
mod work;

pub use data::DataArgs;
pub use model::{Evaluator, Model};
pub use settings::Settings;

use crate::error::Result;
use clap::{Parser, Subcommand};

/// Trains a multilayer perceptron, exports it to ONNX and to a compact integer format, and takes it to a microcontroller.
#[derive(Debug, Parser)]
#[command(name = "thumbnet", version, arg_required_else_help = true, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
A MODEL is a .onnx or a .tnet. A DATASET is a built-in name (see `thumbnet datasets`) or a .npy, .npz, .csv or IDX file.

Examples:
  thumbnet train mnist                               learn MNIST; writes models/mnist/
  thumbnet evaluate models/mnist/model.tnet --data mnist
  thumbnet inspect models/mnist/model.tnet           what is inside, and what it needs on a chip
  thumbnet flash models/mnist/model.tnet --target qemu";

#[derive(Debug, Subcommand)]
enum Command {
    Datasets(datasets::Args),
    Train(train::Args),
    Summary(summary::Args),
    Evaluate(evaluate::Args),
    Predict(predict::Args),
    Convert(convert::Args),
    Inspect(inspect::Args),
    Verify(verify::Args),
    Bench(bench::Args),
    Chips(chips::Args),
    Flash(flash::Args),
    New(new::Args),
    ExportC(export_c::Args),
    Run(run::Args),
    Plot(plot::Args),
    Playground(playground::Args),
    Completions(completions::Args),
}

impl Cli {
    /// Runs the command.
    /// # Errors
    /// Whatever the command fails with; see each command.
    pub fn run(&self) -> Result<()> {
        let settings = &self.settings;
        match &self.command {
            Command::Datasets(args) => datasets::run(args, settings),
            Command::Train(args) => train::run(args, settings),
            Command::Summary(args) => summary::run(args, settings),
            Command::Evaluate(args) => evaluate::run(args, settings),
            Command::Predict(args) => predict::run(args, settings),
            Command::Convert(args) => convert::run(args, settings),
            Command::Inspect(args) => inspect::run(args, settings),
            Command::Verify(args) => verify::run(args, settings),
            Command::Bench(args) => bench::run(args, settings),
            Command::Chips(args) => chips::run(args, settings),
            Command::Flash(args) => flash::run(args, settings),
            Command::New(args) => new::run(args, settings),
            Command::ExportC(args) => export_c::run(args, settings),
            Command::Run(args) => run::run(args, settings),
            Command::Plot(args) => plot::run(args, settings),
            Command::Playground(args) => playground::run(args, settings),
            Command::Completions(args) => completions::run(args, settings),
        }
    }
}
