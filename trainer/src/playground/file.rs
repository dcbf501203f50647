//! What one takes home: the model, a firmware with it, the data, the recipe.

use super::answer::Answer;
use super::lab::Lab;
use super::problem::target;
use super::request::Form;
use super::view::View;
use crate::embed;
use crate::error::{Error, ErrorKind, Result};
use crate::onnx;
use crate::target::MACHINES;
use serde_json::json;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A file in this form, named after the problem and the weights.
/// # Errors
/// As [`Lab::view`], and [`ErrorKind::Model`] where the model does not fit the project's chip.
pub(super) fn file(lab: &Lab, form: Form) -> Result<Answer> {
    let view = lab.view()?;
    let problem = stem(&lab.problem().train.name);
    let stem = format!("{problem}-{}", lab.settings().weights.name());
    let (name, payload) = match form {
        Form::Tnet => (format!("{stem}.tnet"), view.tnet()?),
        Form::Onnx => (format!("{stem}.onnx"), onnx_of(&view)),
        Form::Project => (format!("{stem}.zip"), project(&stem, &view.tnet()?)?),
        Form::Data => (format!("{problem}-test.csv"), table(lab).into_bytes()),
        Form::Recipe => (format!("{problem}.toml"), lab.recipe()?.text()?.into_bytes()),
    };
    Ok(Answer { head: json!({"kind": "file", "name": name}), payload })
}

/// A name that is one for files and packages.
fn stem(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-').to_lowercase();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("points-{name}") }
}

fn onnx_of(view: &View) -> Vec<u8> {
    match view {
        View::Float(network) => onnx::export(network),
        View::Integer { network, .. } => onnx::export_qdq(network),
    }
}

/// What `thumbnet new` writes, as a .zip.
fn project(name: &str, model: &[u8]) -> Result<Vec<u8>> {
    let wrong = |error: &dyn std::fmt::Display| Error::new(ErrorKind::Io, "project", error);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (file, contents) in embed::project(name, &MACHINES[0].chip(), model)?.files {
        zip.start_file(format!("{name}/{file}"), options).map_err(|error| wrong(&error))?;
        zip.write_all(&contents).map_err(|error| wrong(&error))?;
    }
    Ok(zip.finish().map_err(|error| wrong(&error))?.into_inner())
}

/// The test points as the model sees them, with their class's name or value in the last column.
fn table(lab: &Lab) -> String {
    let test = lab.test();
    let mut text = format!("{},target\n", test.feature_names.join(","));
    for (row, sample) in test.features.real().rows().into_iter().enumerate() {
        for value in sample {
            let _ = write!(text, "{value},");
        }
        let target = target(test, row);
        let _ = match test.class_names.get(target as usize) {
            Some(name) => writeln!(text, "{name}"),
            None => writeln!(text, "{target}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn names_become_names_of_packages() {
        assert_eq!(stem("spiral"), "spiral");
        assert_eq!(stem("My Points (2).csv"), "my-points--2--csv");
        assert_eq!(stem("2nd"), "points-2nd");
        assert_eq!(stem("数据"), "points-");
    }
}
