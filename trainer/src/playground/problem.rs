//! What is to be learned: points in the plane, each with a class or a value.

use super::feature::Feature;
use super::settings::DataSettings;
use crate::dataset::{self, Dataset, Features, Splits, Table, Targets};
use crate::error::{Error, ErrorKind, Result};
use ndarray::{Array2, ArrayView2};
use serde_json::{Value, json};

/// Points to learn and points to be judged by.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) train: Dataset,
    pub(super) test: Dataset,
    /// The plane that the page shows: left, right, bottom, top.
    pub(super) domain: [f32; 4],
    /// What the page's strongest colors stand for: 1, or the largest absolute value of a regression.
    pub(super) range: f32,
}

/// The built-in data sets of the page: two features, and two classes or a value.
const SOURCES: [&str; 8] = ["circle", "xor", "gaussian", "spiral", "moons", "quality", "plane", "hills"];

/// The plane of the generated clouds.
const USUAL: [f32; 4] = [-6.0, 6.0, -6.0, 6.0];

impl Problem {
    /// The problem of these settings; `own` holds one's own points.
    /// # Errors
    /// [`ErrorKind::Data`] where the source is unknown or not of two features.
    pub(super) fn new(settings: &DataSettings, own: &Dataset) -> Result<Self> {
        let splits = if settings.source == "own" {
            own.split((own.samples() as f32 * settings.test_share).round() as usize, settings.seed)
        } else {
            let offered = SOURCES.contains(&settings.source.as_str());
            let built_in = dataset::BUILT_IN.iter().find(|set| offered && set.name == settings.source);
            let Some(built_in) = built_in else {
                let what = "is no data set of the playground; choose one of its list";
                return Err(Error::new(ErrorKind::Data, &settings.source, what));
            };
            let samples = (built_in.samples_train + built_in.samples_test) as f32;
            let options = dataset::Options {
                seed: settings.seed,
                noise: settings.noise,
                test_samples: Some((samples * settings.test_share).round() as usize),
                ..dataset::Options::default()
            };
            dataset::load(built_in.name, &options)?
        };
        let Splits { train, test } = splits;
        let cloud = matches!(settings.source.as_str(), "circle" | "xor" | "gaussian" | "spiral" | "plane" | "hills");
        let all = [points(&train), points(&test)];
        let drawn = settings.source == "own" && train.name == "own";
        let domain = if cloud || drawn { USUAL } else { around(&all) };
        let range = match (&train.targets, &test.targets) {
            (Targets::Values(a), Targets::Values(b)) => {
                a.iter().chain(b).fold(0.0_f32, |most, value| most.max(value.abs()))
            }
            _ => 1.0,
        };
        Ok(Self { train, test, domain, range: if range > 0.0 { range } else { 1.0 } })
    }

    /// Whether values are to be learned, not classes.
    pub(super) fn is_regression(&self) -> bool {
        matches!(self.train.targets, Targets::Values(_))
    }

    /// A part with the network's inputs as its features.
    pub(super) fn seen_by(part: &Dataset, inputs: &[Feature]) -> Dataset {
        Dataset {
            features: Features::Real(Feature::columns(inputs, points(part).view())),
            feature_names: inputs.iter().map(|input| input.name().into()).collect(),
            ..part.clone()
        }
    }

    /// For the page: each point as x1, x2, class or value.
    pub(super) fn value(&self) -> Value {
        let part = |data: &Dataset| {
            let points = points(data);
            let rows = points.rows().into_iter().enumerate();
            rows.map(|(row, point)| [point[0], point[1], target(data, row)]).collect::<Vec<_>>()
        };
        json!({
            "kind": "data", "name": self.train.name, "regression": self.is_regression(), "domain": self.domain,
            "range": self.range, "classes": self.train.class_names, "axes": self.train.feature_names,
            "train": part(&self.train), "test": part(&self.test),
        })
    }
}

/// A sample's class or value.
pub(super) fn target(data: &Dataset, row: usize) -> f32 {
    match &data.targets {
        Targets::Classes(classes) => classes[row] as f32,
        Targets::Values(values) => values[[row, 0]],
        Targets::None => 0.0,
    }
}

fn points(data: &Dataset) -> Array2<f32> {
    data.features.real()
}

/// The plane around points, with a margin of a tenth.
fn around(parts: &[Array2<f32>]) -> [f32; 4] {
    let axis = |axis: usize| {
        let values = parts.iter().flat_map(|points| points.column(axis).to_vec());
        let (low, high) = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return [USUAL[0], USUAL[1]];
        }
        let margin = if high > low { (high - low) * 0.1 } else { 1.0 };
        [low - margin, high + margin]
    };
    let ([left, right], [bottom, top]) = (axis(0), axis(1));
    [left, right, bottom, top]
}

/// One's own points before the first: none.
pub(super) fn no_points() -> Dataset {
    own("own", Array2::zeros((0, 2)), Targets::Classes(Vec::new()))
}

/// One's own points with one more.
/// # Errors
/// [`ErrorKind::Data`] where it is not finite, or of no class.
pub(super) fn with_point(points: &Dataset, x1: f32, x2: f32, class: u32) -> Result<Dataset> {
    if !x1.is_finite() || !x2.is_finite() || class > 1 {
        return Err(Error::new(ErrorKind::Data, "point", "is not finite, or not of class 0 or 1"));
    }
    let Targets::Classes(classes) = &points.targets else {
        let what = "these are values, not classes; remove them before adding points";
        return Err(Error::new(ErrorKind::Data, &points.name, what));
    };
    let mut real = points.features.real();
    real.push_row(ArrayView2::from(&[[x1, x2]]).row(0)).map_err(|error| Error::new(ErrorKind::Data, "point", error))?;
    let targets = Targets::Classes(classes.iter().copied().chain([class]).collect());
    Ok(Dataset { features: Features::Real(real), targets, ..points.clone() })
}

/// A table's points: two columns of numbers, then a class (two words, or 0 and 1, or -1 and 1) or a value.
/// # Errors
/// [`ErrorKind::Data`] names line and column, or what the table should be.
pub(super) fn from_table(name: &str, table: &Table) -> Result<Dataset> {
    let wrong = |what: &str| Err(Error::new(ErrorKind::Data, name, what));
    let ([x1, x2, last], [no_words, no_words_2, words]) = (&table.cells[..], &table.words[..]) else {
        return wrong("the playground takes three columns: x1, x2, and a class or a value");
    };
    if !no_words.is_empty() || !no_words_2.is_empty() {
        return wrong("the first two columns must be numbers");
    }
    let points = Array2::from_shape_fn((x1.len(), 2), |(row, axis)| if axis == 0 { x1[row] } else { x2[row] });
    let zero_one = last.iter().all(|&value| value == 0.0 || value == 1.0);
    let signs = last.iter().all(|&value| value == -1.0 || value == 1.0);
    let targets = match words.len() {
        0 if zero_one || signs => Targets::Classes(last.iter().map(|&value| u32::from(value > 0.0)).collect()),
        0 => Targets::Values(Array2::from_shape_fn((last.len(), 1), |(row, _)| last[row])),
        1 | 2 => Targets::Classes(last.iter().map(|&index| index as u32).collect()),
        _ => {
            return wrong(
                "the playground draws two classes, and this table has more; `thumbnet train` takes any number",
            );
        }
    };
    let mut data = own(name, points, targets);
    data.feature_names = table.columns[..2].to_vec();
    if words.len() == 2 {
        data.class_names.clone_from(words);
    }
    Ok(data)
}

fn own(name: &str, points: Array2<f32>, targets: Targets) -> Dataset {
    let class_names = match targets {
        Targets::Classes(_) => vec!["orange".into(), "blue".into()],
        _ => Vec::new(),
    };
    Dataset {
        name: name.into(),
        features: Features::Real(points),
        targets,
        class_names,
        feature_names: vec!["x1".into(), "x2".into()],
        image_shape: None,
    }
}

#[cfg(test)]
mod tests {
    use super::from_table;
    use crate::dataset::{Targets, parse_csv};

    fn read(text: &str) -> Result<(Targets, Vec<String>), String> {
        let table = parse_csv("my.csv", text.as_bytes()).map_err(|error| error.to_string())?;
        let data = from_table("my.csv", &table).map_err(|error| error.to_string())?;
        Ok((data.targets, data.class_names))
    }

    #[test]
    fn tables_are_classes_or_values() {
        let words = read("a,b,kind\n1,2,plum\n3,4,apple\n").unwrap();
        assert_eq!(words, (Targets::Classes(vec![1, 0]), vec!["apple".into(), "plum".into()]));
        assert_eq!(read("1,2,-1\n3,4,1\n").unwrap().0, Targets::Classes(vec![0, 1]));
        assert_eq!(read("1,2,0\n3,4,1\n").unwrap().0, Targets::Classes(vec![0, 1]));
        assert!(matches!(read("1,2,0.5\n3,4,1\n").unwrap().0, Targets::Values(_)));
        for (text, what) in [
            ("1,2\n", "three columns"),
            ("x,y,kind\n1,2,a\n3,4,b\n5,6,c\n", "two classes"),
            ("a,b,c\nx,1,2\ny,3,4\nz,3,4\n", "first two columns"),
            ("1,2,nan\n", "my.csv:1"),
            ("", "no rows"),
        ] {
            assert!(read(text).unwrap_err().contains(what), "{text}: {:?}", read(text));
        }
    }
}
