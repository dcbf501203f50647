//! Samples that fit on paper and are all that there are: the truth tables of logic gates, and a single sample.

use super::{Dataset, Features, Targets};
use ndarray::arr2;

/// The samples of that name.
pub(super) fn table(name: &str) -> Option<Dataset> {
    let answers = match name {
        "gate-and" => [0, 0, 0, 1],
        "gate-or" => [0, 1, 1, 1],
        "gate-xor" => [0, 1, 1, 0],
        "one-sample" => return Some(one_sample()),
        _ => return None,
    };
    Some(Dataset {
        name: name.into(),
        features: Features::Real(arr2(&[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])),
        targets: Targets::Classes(answers.into()),
        class_names: vec!["0".into(), "1".into()],
        feature_names: vec!["x1".into(), "x2".into()],
        image_shape: None,
    })
}

/// Two inputs and a value, to follow a training with a pencil.
fn one_sample() -> Dataset {
    Dataset {
        name: "one-sample".into(),
        features: Features::Real(arr2(&[[0.5, 0.1]])),
        targets: Targets::Values(arr2(&[[0.7]])),
        class_names: Vec::new(),
        feature_names: vec!["x1".into(), "x2".into()],
        image_shape: None,
    }
}
