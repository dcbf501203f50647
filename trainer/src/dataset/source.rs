//! The DATASET of the command line: a built-in name, a file, or a folder of four IDX files.

use super::cloud::Cloud;
use super::surface::Surface;
use super::table::table;
use super::{Dataset, Splits, boston, file, mnist, quality};
use crate::error::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// What a built-in data set is.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// The name on the command line.
    pub name: &'static str,
    /// Samples to learn from.
    pub samples_train: usize,
    /// Samples to be judged by.
    pub samples_test: usize,
    /// Features of a sample.
    pub features: usize,
    /// Classes; 0 for regression.
    pub classes: usize,
    /// Where it comes from.
    pub source: &'static str,
}

/// The built-in data sets.
pub const BUILT_IN: [BuiltIn; 16] = [
    built_in("mnist", 60_000, 10_000, 784, 10, "bundled"),
    built_in("fashion-mnist", 60_000, 10_000, 784, 10, "files"),
    built_in("boston", 367, 123, 13, 0, "bundled"),
    built_in("quality", quality::SAMPLES - quality::TEST_SAMPLES, quality::TEST_SAMPLES, 2, 2, "generated"),
    built_in("gate-and", 4, 4, 2, 2, "generated"),
    built_in("gate-or", 4, 4, 2, 2, "generated"),
    built_in("gate-xor", 4, 4, 2, 2, "generated"),
    built_in("circle", 250, 250, 2, 2, "generated"),
    built_in("xor", 250, 250, 2, 2, "generated"),
    built_in("gaussian", 250, 250, 2, 2, "generated"),
    built_in("spiral", 250, 250, 2, 2, "generated"),
    built_in("moons", 250, 250, 2, 2, "generated"),
    built_in("clouds", 250, 250, 2, 3, "generated"),
    built_in("one-sample", 1, 1, 2, 0, "generated"),
    built_in("plane", 250, 250, 2, 0, "generated"),
    built_in("hills", 250, 250, 2, 0, "generated"),
];

const fn built_in(
    name: &'static str,
    samples_train: usize,
    samples_test: usize,
    features: usize,
    classes: usize,
    source: &'static str,
) -> BuiltIn {
    BuiltIn { name, samples_train, samples_test, features, classes, source }
}

/// What a data set may be asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where large data sets are looked for first, each in a folder of its name.
    pub data_dir: Option<PathBuf>,
    /// Decides what is generated, and the split of what has no test part of its own.
    pub seed: u64,
    /// How many samples to generate; the data set's own number where it is `None`.
    pub samples: Option<usize>,
    /// How noisy to generate, 0..=0.5.
    pub noise: f32,
    /// How many samples to set aside for testing; the data set's own number, or a fifth of a file, where it is `None`.
    pub test_samples: Option<usize>,
    /// A table's target column; the last where it is `None`.
    pub target: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { data_dir: None, seed: 1, samples: None, noise: 0.0, test_samples: None, target: None }
    }
}

/// Data as they come: whole, or with a test part of their own.
pub(super) struct Loaded {
    pub(super) data: Dataset,
    pub(super) test: Option<Dataset>,
}

impl From<Dataset> for Loaded {
    fn from(data: Dataset) -> Self {
        Self { data, test: None }
    }
}

impl From<Splits> for Loaded {
    fn from(splits: Splits) -> Self {
        Self { data: splits.train, test: Some(splits.test) }
    }
}

/// Loads a built-in data set, a file or a folder, in its parts for training and testing; what has no parts of its own is
/// split by [`Options::seed`].
/// # Errors
/// [`ErrorKind::Data`] where the name is unknown or the data are missing or wrong, [`ErrorKind::Io`] where a file cannot be
/// read.
pub fn load(source: &str, options: &Options) -> Result<Splits> {
    let Loaded { data, test } = read(source, options)?;
    if let Some(test) = test {
        return Ok(Splits { train: data, test });
    }
    // What is all that there is, is learned whole and judged whole.
    if table(source).is_some() {
        return Ok(Splits { train: data.clone(), test: data });
    }
    let usual = BUILT_IN.iter().find(|built_in| built_in.name == source && options.samples.is_none());
    let test_samples = options.test_samples.or(usual.map(|built_in| built_in.samples_test));
    Ok(data.split(test_samples.unwrap_or(data.samples() / 5), options.seed))
}

/// Loads all samples: a file's or a generated set's in their order, or the test part after the training part.
/// # Errors
/// As [`load`].
pub fn load_whole(source: &str, options: &Options) -> Result<Dataset> {
    let Loaded { data, test } = read(source, options)?;
    test.map_or(Ok(data.clone()), |test| data.followed_by(&test))
}

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// To learn from.
    Train,
    /// To be judged by.
    Test,
    /// Both.
    All,
}

impl Part {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
            Self::All => "all",
        }
    }
}

/// Loads a part, and says which: the given one, or the test part, or all of a file that has no parts of its own.
/// # Errors
/// As [`load`].
pub fn load_part(source: &str, part: Option<Part>, options: &Options) -> Result<(Dataset, Part)> {
    let usual = || {
        let built_in = BUILT_IN.iter().any(|built_in| built_in.name == source);
        if built_in || Path::new(source).is_dir() { Part::Test } else { Part::All }
    };
    let part = match part {
        Some(part) => part,
        None if Path::new(source).extension().is_some_and(|extension| extension == "npz") => {
            let Loaded { data, test } = read(source, options)?;
            return Ok(test.map_or((data, Part::All), |test| (test, Part::Test)));
        }
        None => usual(),
    };
    let data = match part {
        Part::Train => load(source, options)?.train,
        Part::Test => load(source, options)?.test,
        Part::All => load_whole(source, options)?,
    };
    Ok((data, part))
}

impl BuiltIn {
    /// Whether its data are here.
    pub fn available(&self, options: &Options) -> bool {
        self.source != "files" || fashion_folder(options).is_some()
    }
}

fn read(source: &str, options: &Options) -> Result<Loaded> {
    let generated = |generate: &dyn Fn(usize, f32, u64) -> Dataset| {
        if !(0.0..=0.5).contains(&options.noise) {
            return Err(Error::new(
                ErrorKind::Data,
                source,
                format!("noise {} is not within 0 and 0.5", options.noise),
            ));
        }
        Ok(Loaded::from(generate(options.samples.unwrap_or(500), options.noise, options.seed)))
    };
    let cloud = |cloud: Cloud| generated(&|samples, noise, seed| cloud.generate(samples, noise, seed));
    let surface = |surface: Surface| generated(&|samples, noise, seed| surface.generate(samples, noise, seed));
    if let Some(table) = table(source) {
        return Ok(table.into());
    }
    match source {
        "mnist" => {
            match options.data_dir.as_ref().map(|folder| folder.join("mnist")).filter(|folder| folder.is_dir()) {
                Some(folder) => mnist::read_folder(source, &folder, &mnist::DIGITS).map(Loaded::from),
                None => mnist::bundled().map(Loaded::from),
            }
        }
        "fashion-mnist" => match fashion_folder(options) {
            Some(folder) => mnist::read_folder(source, &folder, &mnist::FASHION_CLASSES).map(Loaded::from),
            None => Err(missing_fashion(options)),
        },
        "boston" => boston::load().map(Loaded::from),
        "quality" => Ok(Loaded::from(quality::generate(options.samples.unwrap_or(quality::SAMPLES), options.seed))),
        "circle" => cloud(Cloud::Circle),
        "xor" => cloud(Cloud::Xor),
        "gaussian" => cloud(Cloud::Gaussian),
        "spiral" => cloud(Cloud::Spiral),
        "moons" => cloud(Cloud::Moons),
        "clouds" => cloud(Cloud::Clouds),
        "plane" => surface(Surface::Plane),
        "hills" => surface(Surface::Hills),
        _ => file::read(Path::new(source), options),
    }
}

/// The folders that may hold Fashion-MNIST, in the order of search.
fn fashion_folders(options: &Options) -> Vec<PathBuf> {
    const NAME: &str = "fashion-mnist";
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .map(|cache| cache.join("thumbnet").join(NAME));
    let own = options.data_dir.as_ref().map(|folder| folder.join(NAME));
    let system = ["/usr/local/share/datasets", "/usr/share/datasets"].map(|folder| Path::new(folder).join(NAME));
    own.into_iter().chain(cache).chain(system).collect()
}

fn fashion_folder(options: &Options) -> Option<PathBuf> {
    let complete = |folder: &PathBuf| mnist::FILES.iter().all(|file| mnist::find_file(folder, file).is_some());
    fashion_folders(options).into_iter().find(complete)
}

fn missing_fashion(options: &Options) -> Error {
    let folders: Vec<String> = fashion_folders(options).iter().map(|folder| folder.display().to_string()).collect();
    let what = format!(
        "not found in {}; put {} (each .gz) of https://github.com/zalandoresearch/fashion-mnist into one of these folders, or \
         install Debian's package dataset-fashion-mnist",
        folders.join(", "),
        mnist::FILES.join(", ")
    );
    Error::new(ErrorKind::Data, "fashion-mnist", what)
}

#[cfg(test)]
mod tests {
    use super::super::Targets;
    use super::*;

    #[test]
    fn built_in_sets_are_what_their_list_says() {
        let options = Options::default();
        for built_in in BUILT_IN.iter().filter(|built_in| built_in.available(&options)) {
            let Splits { train, test } = load(built_in.name, &options).unwrap();
            assert_eq!(train.samples(), built_in.samples_train, "{}", built_in.name);
            assert_eq!(test.samples(), built_in.samples_test, "{}", built_in.name);
            assert_eq!(train.features.width(), built_in.features, "{}", built_in.name);
            assert_eq!(train.class_names.len(), built_in.classes, "{}", built_in.name);
            assert_eq!(matches!(train.targets, Targets::Classes(_)), built_in.classes > 0, "{}", built_in.name);
        }
    }

    #[test]
    fn options_decide_what_is_generated() {
        let options = Options { samples: Some(40), test_samples: Some(10), noise: 0.2, seed: 9, ..Options::default() };
        let Splits { train, test } = load("moons", &options).unwrap();
        assert_eq!((train.samples(), test.samples()), (30, 10));
        let error = load("moons", &Options { noise: 0.7, ..options }).unwrap_err();
        assert_eq!(error.to_string(), "moons: noise 0.7 is not within 0 and 0.5");
    }

    #[test]
    fn a_data_folder_comes_before_the_bundle() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("mnist")).unwrap();
        let options = Options { data_dir: Some(folder.path().into()), ..Options::default() };
        let error = load("mnist", &options).unwrap_err().to_string();
        assert!(
            error.ends_with("train-images-idx3-ubyte.gz is missing; a folder holds four files named as MNIST's; put it there, or name a file"),
            "{error}"
        );
    }
}
