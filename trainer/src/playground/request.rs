//! What the page asks for.

use super::settings::Settings;
use crate::error::{Error, ErrorKind, Result};
use serde::Deserialize;

/// A message from the page: a word, or an object of one member that the word names.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Request {
    /// Takes these settings; what they leave as it is, stays.
    Settings(Settings),
    Play,
    Pause,
    /// One epoch.
    Step,
    /// Fresh weights.
    Reset,
    /// The page has drawn the last frame and may be sent another.
    Frame,
    /// Sets a weight, or a bias where `from` is missing.
    Weight {
        layer: usize,
        from: Option<usize>,
        to: usize,
        value: f32,
    },
    /// Adds an own point of a class.
    Add {
        x1: f32,
        x2: f32,
        class: u32,
    },
    /// Removes all own points.
    Clear,
    /// Takes a table's points instead of the own ones.
    Table {
        name: String,
        text: String,
    },
    /// Gives the model, or what belongs to it, as a file.
    File {
        form: Form,
    },
    /// Measures what the model takes of a chip.
    Measure,
    /// Evaluates the model on the emulated chip, or on this one behind a debug probe, on a coarse grid.
    Run {
        chip: Option<String>,
    },
    /// Looks for a debug probe.
    Board,
    /// Reads a drawn digit: `side` x `side` bytes of ink in hexadecimal, on the chip too if wanted.
    Digit {
        side: usize,
        ink: String,
        chip: bool,
    },
}

/// What can be taken home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    Onnx,
    Tnet,
    /// A firmware project with the model in it, as a .zip.
    Project,
    /// The test points as the model sees them, as a .csv.
    Data,
    /// The recipe for `thumbnet train`.
    Recipe,
}

impl Request {
    /// Reads a message.
    /// # Errors
    /// [`ErrorKind::Usage`] where it is none.
    pub(super) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::new(ErrorKind::Usage, "message", error))
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Request};

    #[test]
    fn messages_are_read_and_others_are_errors() {
        let weight = Request::Weight { layer: 1, from: None, to: 2, value: -0.5 };
        assert_eq!(Request::parse(r#"{"weight": {"layer": 1, "to": 2, "value": -0.5}}"#).unwrap(), weight);
        assert_eq!(Request::parse("\"play\"").unwrap(), Request::Play);
        let run = Request::Run { chip: Some("STM32F407VG".into()) };
        assert_eq!(Request::parse(r#"{"run": {"chip": "STM32F407VG"}}"#).unwrap(), run);
        assert_eq!(Request::parse(r#"{"run": {}}"#).unwrap(), Request::Run { chip: None });
        assert_eq!(Request::parse(r#"{"file": {"form": "tnet"}}"#).unwrap(), Request::File { form: Form::Tnet });
        for wrong in ["", "{}", "[]", "binary", "\"fly\"", r#"{"weight": {}}"#, r#"{"weight": {"layer": -1}}"#, "\u{0}"]
        {
            let error = Request::parse(wrong).unwrap_err().to_string();
            assert!(error.starts_with("message: ") && !error.contains('\n'), "{error}");
        }
    }
}
