//! Handwritten digits: the first image as numbers and as a picture, a network 784-392-392-10, what it gets right and wrong.
//!
//! `cargo run --release --example mnist` trains the recipe `mnist` for three epochs and writes digits.png, wrong.png and
//! confusion.png; `-- 400` takes 400 hidden units in both layers.

use ndarray::{ArrayView2, Axis};
use std::path::Path;
use thumbnet_trainer::dataset::{Features, Options, Targets, load};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::output::write_file;
use thumbnet_trainer::plot::{Confusion, Gallery, Language, Picture, Tile, terminal};
use thumbnet_trainer::train::{Fit, Recipe, Silent, measure};

fn main() -> Result<()> {
    let splits = load("mnist", &Options::default())?;
    let (Features::Pixels(pixels), Targets::Classes(labels)) = (&splits.test.features, &splits.test.targets) else {
        unreachable!("MNIST is made of pixels and classes");
    };
    let first = pixels.row(0).to_vec();
    println!("rows 7 to 10 of the first test image, columns 6 to 21:");
    for row in first.chunks(28).skip(7).take(4) {
        row[6..22].iter().for_each(|pixel| print!("{pixel:4}"));
        println!();
    }
    println!("the whole image, label {}:\n{}", labels[0], terminal::image([28, 28], &first).join("\n"));

    let units = std::env::args().nth(1).unwrap_or_else(|| "392".into());
    let recipe =
        Recipe::load("mnist")?.with(&[format!("layers.0.units={units}"), format!("layers.1.units={units}")])?;
    let mut network = recipe.network(&splits.train)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let fit = Fit { epochs: 3, threads, ..recipe.fit(&splits.train)? };
    fit.run(&mut network, &splits.train, None, None, &Silent)?;
    for (name, data) in [("train", &splits.train), ("test", &splits.test)] {
        let accuracy = measure(&network, data, fit.loss)?.accuracy.unwrap_or(f64::NAN);
        println!("{name:<5} accuracy {:.2} % of {}", 100.0 * accuracy, data.samples());
    }

    // Each row of the outputs holds ten probabilities.
    let outputs = network.forward(splits.test.features.real().view());
    let answers = classes(outputs.view());
    let tile = |row: usize| {
        let truth = (answers[row] != labels[row] as usize).then(|| labels[row].to_string());
        let name = answers[row].to_string();
        let caption = Language::English.caption(&name, outputs[[row, answers[row]]], truth.as_deref());
        Tile { right: Some(truth.is_none()), ..Tile::of_pixels([28, 28], pixels.row(row).iter().copied(), caption) }
    };
    let gallery = |title: &str, rows: Vec<usize>| Gallery {
        title: title.into(),
        tiles: rows.into_iter().map(tile).collect(),
        columns: 3,
        signed: false,
    };
    let wrong = (0..answers.len()).filter(|&row| answers[row] != labels[row] as usize).take(9).collect();
    write_file(Path::new("digits.png"), &gallery("The first nine test digits", (0..9).collect()).png()?)?;
    write_file(Path::new("wrong.png"), &gallery("The first nine wrong answers", wrong).png()?)?;

    let mut counts = vec![vec![0; 10]; 10];
    for (&label, &answer) in labels.iter().zip(&answers) {
        counts[label as usize][answer] += 1;
    }
    let right = (0..10).map(|class| counts[class][class]).sum();
    let title = Language::English.right("mnist", right, answers.len());
    let names = splits.test.class_names.clone();
    write_file(Path::new("confusion.png"), &Confusion { title, names, counts, language: Language::English }.png()?)?;
    println!("digits.png, wrong.png, confusion.png");
    Ok(())
}

/// The index of each row's largest probability.
fn classes(outputs: ArrayView2<f32>) -> Vec<usize> {
    let largest =
        |row: ndarray::ArrayView1<f32>| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0);
    outputs.axis_iter(Axis(0)).map(largest).collect()
}
