//! What a single layer before two classes of a plane can draw: one straight line.

use crate::dataset::Dataset;
use crate::nn::{Dense, Sequential};
use crate::train::History;

/// The line that a single neuron has found, or that there is none. `None` where the network is another, or the data are no
/// two classes of a plane.
pub(super) fn words(net: &Sequential, train: &Dataset, history: &History) -> Option<String> {
    let mut layers = net.dense_layers();
    let (Some(Dense { kernel, bias, .. }), None) = (layers.next(), layers.next()) else { return None };
    if bias.len() != 1 || net.input.normalization.is_some() {
        return None;
    }
    if !train.line_separates()? {
        let [a, b] = [0, 1].map(|class| train.class_names.get(class).map_or("", String::as_str));
        return Some(format!(
            "no straight line separates {a} from {b}, and a single layer draws nothing else, however long it learns; a hidden \
             layer can, as in `thumbnet train xor`"
        ));
    }
    let round = |value: f32| (100.0 * value).round() / 100.0;
    let term = |value: f32| format!("{} {}", if value < 0.0 { '-' } else { '+' }, round(value.abs()));
    let line = format!("{} x1 {} x2 {} > 0", round(kernel[[0, 0]]), term(kernel[[1, 0]]), term(bias[0]));
    let records = &history.records;
    let mistakes = records.iter().rposition(|record| record.accuracy.is_some_and(|accuracy| accuracy < 1.0));
    let epochs = match mistakes {
        None => "right in every epoch".into(),
        Some(last) if last + 1 == records.len() => format!("with mistakes until epoch {}, the last", records.len()),
        Some(last) => format!("without a mistake from epoch {} on", last + 2),
    };
    Some(format!("{} where {line}, {epochs}", train.class_names.get(1)?))
}
