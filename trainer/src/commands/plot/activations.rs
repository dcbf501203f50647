//! Activations with their derivatives.

use super::{or_usual, save};
use crate::commands::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::plot::Curves;
use crate::train::recipe::ActivationName;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use std::path::PathBuf;

/// Activations with their derivatives, side by side
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Args {
    /// The activations by the names of recipes
    #[arg(value_name = "NAME", default_values = ["sigmoid", "tanh", "relu"], value_parser = name)]
    names: Vec<(String, ActivationName)>,
    /// A .png or .svg [default: activations.svg]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn name(text: &str) -> std::result::Result<(String, ActivationName), String> {
    let name: std::result::Result<_, serde::de::value::Error> = ActivationName::deserialize(text.into_deserializer());
    name.map(|name| (text.to_owned(), name)).map_err(|error| error.to_string())
}

pub(super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let names = args.names.iter().map(|(text, name)| (text.as_str(), (*name).into()));
    let curves = Curves::of_activations(names, settings.language).map_err(|name| {
        Error::new(ErrorKind::Usage, name, "looks at a sample's other sums, too, and is no curve; leave it out")
    })?;
    save(&curves, &or_usual(args.out.as_ref(), "activations.svg"), settings)
}
