//! Accuracy against size.

use super::{or_usual, save, unfit};
use crate::commands::evaluate::labeled;
use crate::commands::{DataArgs, Model, Settings};
use crate::dataset::Targets;
use crate::error::Result;
use crate::plot::{Sized, Sizes};
use crate::tnet::{self, FloatType, Network};
use crate::train::Classification;
use std::path::{Path, PathBuf};

/// Accuracy against the size on the chip, of several models on the same data
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The models (.onnx or .tnet); of an ONNX model, the size is that of the .tnet that it becomes
    #[arg(required = true)]
    models: Vec<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    /// A .png or .svg [default: sizes.png]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let (data, _) = args.data.load(settings)?;
    let title = data.name.clone();
    let models = args.models.iter().map(|path| {
        let model = Model::open(path)?;
        let evaluator = model.evaluator()?;
        let data = labeled(data.clone(), &evaluator)?;
        let Targets::Classes(classes) = &data.targets else {
            return Err(unfit(&data.name, "has no classes; only accuracies can be drawn"));
        };
        let outputs = evaluator.outputs(&data.features)?;
        let accuracy = Classification::measure(outputs.view(), classes, evaluator.class_names.len()).accuracy;
        let bytes = match model {
            Model::Tnet(bytes) => bytes.len(),
            model => match model.into_network()? {
                Network::Integer(network) => tnet::write(&network)?.len(),
                Network::Float(network) => tnet::write_float(&network, FloatType::F32)?.len(),
            },
        };
        Ok(Sized { name: name(path, &args.models), bytes, accuracy })
    });
    let sizes = Sizes { title, models: models.collect::<Result<_>>()?, language: settings.language };
    save(&sizes, &or_usual(args.out.as_ref(), "sizes.png"), settings)
}

/// A model's name among others: that of the file, or of its folder where all files have the same; with the ending where
/// another model would have the same name.
fn name(path: &Path, all: &[PathBuf]) -> String {
    let name = stem(path);
    let ending = path.extension().filter(|_| all.iter().filter(|other| stem(other) == name).count() > 1);
    ending.map_or(name.clone(), |ending| format!("{name}.{}", ending.to_string_lossy()))
}

/// The file's name, and its folder's where that is what tells models apart: `models/mnist/model.tnet` is `mnist`.
fn stem(path: &Path) -> String {
    let text =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = text(path.file_stem());
    match text(path.parent().and_then(Path::file_name)) {
        folder if stem == "model" && !folder.is_empty() => folder,
        folder if !folder.is_empty() && stem.starts_with("model-") => format!("{folder} {}", &stem["model-".len()..]),
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_models_have_one_name() {
        let all = ["models/mnist/model.onnx", "models/mnist/model.tnet", "models/mnist/model-int8.onnx", "int4.tnet"]
            .map(PathBuf::from);
        let names = all.each_ref().map(|path| name(path, &all));
        assert_eq!(names, ["mnist.onnx", "mnist.tnet", "mnist int8", "int4"]);
    }
}
