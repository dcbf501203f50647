//! Data from a file of any known kind, or from a folder of four IDX files.

use super::source::{BUILT_IN, Loaded, Options};
use super::{Array, Dataset, Features, Idx, Splits, Targets, mnist, read_csv, read_npy, read_npz};
use crate::error::{Error, ErrorKind, Result};
use ndarray::{Array2, ArrayD};
use std::path::Path;

/// Reads a file by its extension, or as IDX; a folder must hold the four files of MNIST's form.
pub(super) fn read(path: &Path, options: &Options) -> Result<Loaded> {
    let wrong = |what: String| Error::new(ErrorKind::Data, path.display(), what);
    let name = path.file_stem().map_or_else(|| path.display().to_string(), |stem| stem.to_string_lossy().into_owned());
    if path.is_dir() {
        return mnist::read_folder(&name, path, &[]).map(Loaded::from);
    }
    if !path.exists() {
        let names: Vec<&str> = BUILT_IN.iter().map(|built_in| built_in.name).collect();
        return Err(wrong(format!("no such file, and no built-in data set of that name ({})", names.join(", "))));
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => Ok(Loaded::from(dataset(&name, read_npy(path)?, None).map_err(wrong)?)),
        Some("npz") => npz(&name, &read_npz(path)?).map_err(wrong),
        Some("csv") => table(&name, path, options).map(Loaded::from),
        _ => {
            let labels =
                path.file_name().and_then(|name| name.to_str()).map(|name| name.replace("images-idx3", "labels-idx1"));
            let labels =
                labels.map(|labels| path.with_file_name(labels)).filter(|labels| labels != path && labels.is_file());
            let start = std::fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
            if !Idx::recognizes(&start) {
                return Err(wrong("of no kind that is known; .npy, .npz, .csv and IDX files are read".into()));
            }
            mnist::read_pair(&name, path, labels.as_deref(), &[]).map(Loaded::from)
        }
    }
}

/// `x` and `y`, or `x_train`, `y_train`, `x_test` and `y_test` as in the .npz files of Keras.
fn npz(name: &str, arrays: &[(String, Array)]) -> std::result::Result<Loaded, String> {
    let names: Vec<String> = arrays.iter().map(|(name, _)| name.clone()).collect();
    let get = |wanted: &str| {
        arrays.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, array)| array.clone())
    };
    if let (Some(x), y) = (get("x"), get("y")) {
        return Ok(Loaded::from(dataset(name, x, y)?));
    }
    match (get("x_train"), get("x_test")) {
        (Some(train), Some(test)) => Ok(Loaded::from(Splits {
            train: dataset(name, train, get("y_train"))?,
            test: dataset(name, test, get("y_test"))?,
        })),
        _ => Err(format!(
            "holds {}; arrays x and y, or x_train, y_train, x_test and y_test are expected",
            names.join(", ")
        )),
    }
}

fn dataset(name: &str, features: Array, targets: Option<Array>) -> std::result::Result<Dataset, String> {
    let image_shape = match (&features, features.shape()) {
        (Array::Unsigned(_), &[_, rows, columns] | &[_, rows, columns, 1]) => Some([rows, columns]),
        _ => None,
    };
    let features = match features {
        Array::Unsigned(array) => Features::Pixels(flattened(array)?),
        Array::Real(array) => Features::Real(flattened(array)?),
        Array::Whole(array) => Features::Real(flattened(array)?.mapv(|value| value as f32)),
        Array::Signed(_) => {
            return Err("holds int8 numbers, which only `predict` takes; save uint8 for pixels or float32".into());
        }
    };
    if let Some(what) = features.not_finite() {
        return Err(what);
    }
    let targets = targets.map_or(Ok(Targets::None), |array| targets_of(array, features.samples()))?;
    let classes = match &targets {
        Targets::Classes(classes) => classes.iter().max().map_or(0, |&most| most as usize + 1),
        _ => 0,
    };
    Ok(Dataset {
        name: name.into(),
        features,
        targets,
        class_names: (0..classes).map(|class| class.to_string()).collect(),
        feature_names: Vec::new(),
        image_shape,
    })
}

/// Whole numbers from 0 in one column are classes, others values.
fn targets_of(array: Array, samples: usize) -> std::result::Result<Targets, String> {
    let whole = |array: ArrayD<i64>| {
        let single = array.len() == samples;
        if single && array.iter().all(|&value| (0..65_536).contains(&value)) {
            Ok(Targets::Classes(array.iter().map(|&value| value as u32).collect()))
        } else {
            flattened(array).map(|values| Targets::Values(values.mapv(|value| value as f32)))
        }
    };
    let targets = match array {
        Array::Unsigned(array) => whole(array.mapv(i64::from))?,
        Array::Signed(array) => whole(array.mapv(i64::from))?,
        Array::Whole(array) => whole(array)?,
        Array::Real(array) => Targets::Values(flattened(array)?),
    };
    let count = match &targets {
        Targets::Classes(classes) => classes.len(),
        Targets::Values(values) => {
            if let Some(((row, _), value)) = values.indexed_iter().find(|(_, value)| !value.is_finite()) {
                return Err(format!(
                    "row {row}: the target {value} is not a finite number; fill it in or delete the row"
                ));
            }
            values.nrows()
        }
        Targets::None => samples,
    };
    if count == samples { Ok(targets) } else { Err(format!("{count} targets for {samples} samples")) }
}

/// Samples x features: the first axis counts the samples, the others become one.
fn flattened<T>(array: ArrayD<T>) -> std::result::Result<Array2<T>, String> {
    let samples = array.shape().first().copied().ok_or("a single number; the first axis counts the samples")?;
    let features = array.shape()[1..].iter().product();
    let (values, _) = array.into_raw_vec_and_offset();
    Array2::from_shape_vec((samples, features), values).map_err(|error| error.to_string())
}

fn table(name: &str, path: &Path, options: &Options) -> Result<Dataset> {
    let mut table = read_csv(path)?;
    let target =
        table.target(options.target.as_deref()).map_err(|what| Error::new(ErrorKind::Data, path.display(), what))?;
    table.columns.remove(target);
    let (target, class_names) = (table.cells.remove(target), table.words.remove(target));
    let rows = target.len();
    let targets = if class_names.is_empty() {
        Targets::Values(Array2::from_shape_fn((rows, 1), |(row, _)| target[row]))
    } else {
        Targets::Classes(target.iter().map(|&index| index as u32).collect())
    };
    if let Some(column) = table.words.iter().position(|words| !words.is_empty()) {
        let what = "holds words; only the target may, the features must be numbers";
        return Err(Error::new(
            ErrorKind::Data,
            format!("{}: column \"{}\"", path.display(), table.columns[column]),
            what,
        ));
    }
    Ok(Dataset {
        name: name.into(),
        features: Features::Real(Array2::from_shape_fn((rows, table.cells.len()), |(row, column)| {
            table.cells[column][row]
        })),
        targets,
        class_names,
        feature_names: table.columns,
        image_shape: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{load, load_whole};
    use super::*;
    use ndarray::{arr1, arr2};
    use ndarray_npy::NpzWriter;
    use std::fs::File;

    fn message(path: &Path, options: &Options) -> String {
        let error = load(path.to_str().unwrap(), options).unwrap_err();
        error.to_string().replace(path.to_str().unwrap(), "FILE")
    }

    #[test]
    fn a_table_with_words_classifies_and_with_numbers_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fruit.csv");
        std::fs::write(&path, "kind,length\nplum,1\napple,2\n").unwrap();
        let options = Options { target: Some("kind".into()), ..Options::default() };
        let data = load_whole(path.to_str().unwrap(), &options).unwrap();
        assert_eq!(data.class_names, ["apple", "plum"]);
        assert_eq!(data.targets, Targets::Classes(vec![1, 0]));
        assert_eq!(data.feature_names, ["length"]);
        let message = message(&path, &Options::default());
        assert_eq!(message, "FILE: column \"kind\": holds words; only the target may, the features must be numbers");
    }

    #[test]
    fn words_become_the_classes_of_the_same_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fruit.csv");
        std::fs::write(&path, "length,kind\n1,plum\n2,apple\n").unwrap();
        let classified = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            load_whole(path.to_str().unwrap(), &Options::default()).unwrap().classified(&names).unwrap()
        };
        assert_eq!(classified(&["plum", "pear", "apple"]).targets, Targets::Classes(vec![0, 2]));
        // Without the same names, the order counts.
        assert_eq!(classified(&["good", "bad"]).targets, Targets::Classes(vec![1, 0]));
    }

    #[test]
    fn npz_parts_are_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.npz");
        let mut writer = NpzWriter::new_compressed(File::create(&path).unwrap());
        writer.add_array("x_train", &ndarray::Array3::<u8>::zeros((3, 2, 2))).unwrap();
        writer.add_array("y_train", &arr1(&[2u8, 0, 1])).unwrap();
        writer.add_array("x_test", &ndarray::Array3::<u8>::ones((1, 2, 2))).unwrap();
        writer.add_array("y_test", &arr1(&[1u8])).unwrap();
        writer.finish().unwrap();
        let Splits { train, test } = load(path.to_str().unwrap(), &Options::default()).unwrap();
        assert_eq!((train.samples(), test.samples(), train.image_shape), (3, 1, Some([2, 2])));
        assert_eq!(train.targets, Targets::Classes(vec![2, 0, 1]));
        let whole = load_whole(path.to_str().unwrap(), &Options::default()).unwrap();
        assert_eq!((whole.samples(), whole.targets), (4, Targets::Classes(vec![2, 0, 1, 1])));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.npz");
        let write = |x: &ndarray::Array2<f32>, y: &ndarray::Array1<i64>| {
            let mut writer = NpzWriter::new(File::create(&path).unwrap());
            writer.add_array("x", x).unwrap();
            writer.add_array("y", y).unwrap();
            writer.finish().unwrap();
        };
        write(&arr2(&[[1.0, f32::NAN]]), &arr1(&[0]));
        let expected = "FILE: row 0, column 1: NaN is not a finite number; fill it in or delete the row";
        assert_eq!(message(&path, &Options::default()), expected);
        write(&arr2(&[[1.0, 2.0]]), &arr1(&[0, 1]));
        assert_eq!(message(&path, &Options::default()), "FILE: 2 targets for 1 samples");
        let none = folder.path().join("none");
        assert!(message(&none, &Options::default()).starts_with("FILE: no such file, and no built-in data set"));
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "not data").unwrap();
        assert!(message(&text, &Options::default()).starts_with("FILE: of no kind that is known"));
    }
}
