//! The quality check from end to end: data, standardization, a network 2-20-1, training, a file, and the file's answers.
//!
//! `cargo run --release --example quality`

use std::path::Path;
use thumbnet_trainer::dataset::{Options, load};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::onnx;
use thumbnet_trainer::output::write_file;
use thumbnet_trainer::train::{Recipe, Silent, measure};

fn main() -> Result<()> {
    // 411 parts with two measurements each, split into 275 to learn from and 136 to be judged by.
    let recipe = Recipe::load("quality")?;
    let splits = load(&recipe.data.source, &Options { seed: recipe.seed, ..Options::default() })?;
    println!("{} parts to learn from, {} to be judged by", splits.train.samples(), splits.test.samples());

    // Mean and deviation come from the training data alone and travel with the network.
    let mut network = recipe.network(&splits.train)?;
    println!("{} parameters", network.parameters());

    let fit = recipe.fit(&splits.train)?;
    let before = measure(&network, &splits.test, fit.loss)?;
    fit.run(&mut network, &splits.train, None, None, &Silent)?;
    let after = measure(&network, &splits.test, fit.loss)?;
    println!("loss {:.2} before, {:.2} after {} epochs", before.loss, after.loss, fit.epochs);

    // Saved and read back, it is the same network.
    let file = Path::new("quality.onnx");
    write_file(file, &onnx::export(&network))?;
    let onnx::Imported::Float(read) = onnx::import(&onnx::Graph::open(file)?)? else { return Ok(()) };
    println!("the file holds the same weights: {}", read.layers == network.layers);
    let right = 100.0 * measure(&read, &splits.test, fit.loss)?.accuracy.unwrap_or(0.0);
    println!("{right:.1} % of the parts are judged right");
    Ok(())
}
