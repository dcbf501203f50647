//! The homework: clothes instead of digits. Fashion-MNIST with a network 784-392-196-10: load, look, preprocess, train, test.
//!
//! `cargo run --release --example fashion` trains the recipe `fashion-mnist` for three epochs and writes clothes.png.

use std::path::Path;
use thumbnet_trainer::dataset::{Features, Options, Targets, load};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::output::write_file;
use thumbnet_trainer::plot::{Gallery, Language, Picture, Tile, terminal};
use thumbnet_trainer::train::{Fit, Recipe, Silent, measure};

fn main() -> Result<()> {
    // Load: the error says where to put the files if they are not on this machine.
    let splits = load("fashion-mnist", &Options::default())?;
    let test = &splits.test;
    let (Features::Pixels(pixels), Targets::Classes(labels)) = (&test.features, &test.targets) else {
        unreachable!("Fashion-MNIST is made of pixels and classes");
    };
    let names = &test.class_names;
    println!("{} images to learn from, {} to test with: {}", splits.train.samples(), test.samples(), names.join(", "));
    println!("{}:\n{}", names[labels[0] as usize], terminal::image([28, 28], &pixels.row(0).to_vec()).join("\n"));

    // Preprocess: a pixel 0..=255 enters the network as a number 0..=1.
    let real = test.features.real();
    let range = real.iter().fold([f32::MAX, f32::MIN], |[least, most], &x| [least.min(x), most.max(x)]);
    println!("pixels enter as numbers from {} to {}", range[0], range[1]);

    let recipe = Recipe::load("fashion-mnist")?;
    let mut network = recipe.network(&splits.train)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let fit = Fit { epochs: 3, threads, ..recipe.fit(&splits.train)? };
    fit.run(&mut network, &splits.train, None, None, &Silent)?;
    for (name, data) in [("train", &splits.train), ("test", test)] {
        let accuracy = measure(&network, data, fit.loss)?.accuracy.unwrap_or(f64::NAN);
        println!("{name:<5} accuracy {:.2} % of {}", 100.0 * accuracy, data.samples());
    }

    // The first ten, with the likeliest class by its name.
    let outputs = network.forward(real.slice(ndarray::s![..10, ..]));
    let tiles = outputs.rows().into_iter().enumerate().map(|(row, probabilities)| {
        let answer = (0..10).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b])).unwrap_or(0);
        let right = answer == labels[row] as usize;
        if row == 0 {
            println!("the first is taken for: {}", names[answer]);
        }
        let caption = Language::English.caption(&names[answer], probabilities[answer], None);
        Tile { right: Some(right), ..Tile::of_pixels([28, 28], pixels.row(row).iter().copied(), caption) }
    });
    let title = "The first ten test images".into();
    let gallery = Gallery { title, tiles: tiles.collect(), columns: 5, signed: false };
    write_file(Path::new("clothes.png"), &gallery.png()?)?;
    println!("clothes.png");
    Ok(())
}
