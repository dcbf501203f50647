//! `thumbnet datasets`: what data sets there are, and what they look like.

use super::Settings;
use crate::dataset::{BUILT_IN, Dataset, Features, Options, Part, Targets, load_part, permutation};
use crate::error::Result;
use crate::output::write_file;
use crate::plot::{Boundary, Gallery, Language, Picture, Tile, terminal};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Lists the built-in data sets and draws samples
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  thumbnet datasets\n  thumbnet datasets --show mnist\n  \
    thumbnet datasets --show spiral --noise 0.1 --out spiral.png")]
pub struct Args {
    /// Draw samples of this data set
    #[arg(long, value_name = "DATASET")]
    pub show: Option<String>,
    /// Into this .png or .svg instead of the terminal
    #[arg(long, value_name = "FILE", requires = "show")]
    pub out: Option<PathBuf>,
    /// How many samples [default: 10 images, 10 rows of a table, all points of a plane]
    #[arg(long, value_name = "N", requires = "show")]
    pub count: Option<usize>,
    /// Draw samples chosen by this seed instead of the first ones; it also decides what is generated
    #[arg(long, value_name = "N", requires = "show")]
    pub seed: Option<u64>,
    /// How noisy to generate, 0 to 0.5
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, requires = "show")]
    pub noise: f32,
}

/// Prints the list, or draws.
/// # Errors
/// Where the data cannot be read or the picture cannot be written.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    match &args.show {
        Some(name) => show(name, args, settings),
        None => list(settings),
    }
}

fn list(settings: &Settings) -> Result<()> {
    let options = Options { data_dir: settings.data_dir.clone(), ..Options::default() };
    let rows: Vec<_> = BUILT_IN.iter().map(|set| (set, set.available(&options))).collect();
    let sets = rows.iter().map(|(set, available)| {
        json!({
            "name": set.name, "samples_train": set.samples_train, "samples_test": set.samples_test, "features": set.features,
            "classes": set.classes, "source": set.source, "available": available,
        })
    });
    settings.print(&json!({"datasets": sets.collect::<Vec<_>>()}), || {
        let mut text =
            format!("{:<15}{:>9}{:>8}{:>10}{:>9}  {:<10}\n", "name", "train", "test", "features", "classes", "source");
        for (set, available) in &rows {
            let source = if *available { set.source } else { "not found: see `--show`" };
            let classes = if set.classes == 0 { "–".into() } else { set.classes.to_string() };
            let _ = writeln!(
                text,
                "{:<15}{:>9}{:>8}{:>10}{classes:>9}  {source}",
                set.name, set.samples_train, set.samples_test, set.features
            );
        }
        text
    })
}

fn show(name: &str, args: &Args, settings: &Settings) -> Result<()> {
    let options = Options {
        data_dir: settings.data_dir.clone(),
        seed: args.seed.unwrap_or(Options::default().seed),
        noise: args.noise,
        ..Options::default()
    };
    let images = |data: &Dataset| data.image_shape.is_some();
    let (whole, part) = load_part(name, None, &options)?;
    let plane = !images(&whole) && whole.features.width() == 2 && matches!(whole.targets, Targets::Classes(_));
    let whole = if plane && part == Part::Test { load_part(name, Some(Part::All), &options)?.0 } else { whole };
    let count = args.count.unwrap_or(if plane { whole.samples() } else { 10 }).min(whole.samples());
    let data = match args.seed {
        Some(seed) if !plane => whole.select(&permutation(whole.samples(), seed)[..count]),
        _ => whole.head(count),
    };
    let labels: Vec<String> = (0..data.samples()).map(|row| label(&data, row)).collect();
    let mut value =
        json!({"name": data.name, "samples": data.samples(), "features": data.features.width(), "labels": labels});
    if let Some(path) = &args.out {
        write_file(path, &picture(&data, &labels, path, settings.language)?)?;
        value["out"] = path.display().to_string().into();
        return settings.print(&value, || path.display().to_string());
    }
    settings.print(&value, || drawn(&data, &labels))
}

/// The target of a row in words.
pub(super) fn label(data: &Dataset, row: usize) -> String {
    match &data.targets {
        Targets::Classes(classes) => {
            let class = classes[row] as usize;
            data.class_names.get(class).cloned().unwrap_or_else(|| class.to_string())
        }
        Targets::Values(values) => values.row(row).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Targets::None => String::new(),
    }
}

/// The pixels of a row.
pub(super) fn pixels(features: &Features, row: usize) -> Vec<u8> {
    match features {
        Features::Pixels(pixels) => pixels.row(row).to_vec(),
        Features::Real(values) => values.row(row).iter().map(|value| (value * 255.0).round() as u8).collect(),
    }
}

/// The samples of a plane: both features and the class.
pub(super) fn points(data: &Dataset) -> Vec<([f32; 2], u32)> {
    let (Targets::Classes(classes), values) = (&data.targets, data.features.real()) else { return Vec::new() };
    if values.ncols() != 2 {
        return Vec::new();
    }
    values.rows().into_iter().zip(classes).map(|(row, &class)| ([row[0], row[1]], class)).collect()
}

/// A range that holds the values of each feature with some room.
pub(super) fn range(points: &[([f32; 2], u32)]) -> [[f32; 2]; 2] {
    [0, 1].map(|axis| {
        let values = || points.iter().map(|(point, _)| point[axis]);
        let (least, most) = (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max));
        let room = if most > least { 0.06 * (most - least) } else { 1.0 };
        if least <= most { [least - room, most + room] } else { [-1.0, 1.0] }
    })
}

fn picture(data: &Dataset, labels: &[String], path: &Path, language: Language) -> Result<Vec<u8>> {
    if let Some(shape) = data.image_shape {
        let tile = |row: usize| Tile::of_pixels(shape, pixels(&data.features, row), labels[row].clone());
        let tiles = (0..data.samples()).map(tile).collect();
        return Gallery { title: data.name.clone(), tiles, columns: 5, signed: false }.encode(path);
    }
    let points = points(data);
    if points.is_empty() {
        let what = "neither images nor points of a plane; leave out --out to see its rows";
        return Err(crate::error::Error::new(crate::error::ErrorKind::Usage, &data.name, what));
    }
    let range = range(&points);
    let axes = [0, 1].map(|axis| data.feature_names.get(axis).cloned().unwrap_or_else(|| format!("x{}", axis + 1)));
    let names = data.class_names.clone();
    Boundary { title: data.name.clone(), axes, range, cells: 0, probabilities: Vec::new(), names, points, language }
        .encode(path)
}

/// The samples in text, for a terminal.
fn drawn(data: &Dataset, labels: &[String]) -> String {
    if let Some(shape) = data.image_shape {
        let blocks: Vec<_> = (0..data.samples())
            .map(|row| (labels[row].clone(), terminal::image(shape, &pixels(&data.features, row))))
            .collect();
        return terminal::side_by_side(&blocks, 160);
    }
    let points = points(data);
    if !points.is_empty() {
        return terminal::scatter(&points, range(&points), &data.class_names);
    }
    let values = data.features.real();
    let mut text = String::new();
    let cell = |name: &str| format!("{:>11}", name.chars().take(10).collect::<String>());
    let names: Vec<String> = data.feature_names.iter().map(|name| cell(name)).collect();
    let _ = writeln!(text, "{}  target", names.concat());
    for (row, label) in values.rows().into_iter().zip(labels) {
        let cells: Vec<String> = row.iter().map(|value| cell(&value.to_string())).collect();
        let _ = writeln!(text, "{}  {label}", cells.concat());
    }
    text
}
