//! The first neurons: McCulloch and Pitts's gates with weights set by hand, and Rosenblatt's perceptron, which learns them.
//!
//! `cargo run --release --example perceptron` trains the recipe `perceptron` on each data set.

use ndarray::arr1;
use thumbnet_trainer::dataset::{Options, load};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::train::{Recipe, Silent, measure};

fn main() -> Result<()> {
    // McCulloch and Pitts (1943) chose the weights themselves: both inputs count 1, and the threshold decides.
    let inputs = load("gate-and", &Options::default())?.train.features.real();
    for (name, threshold) in [("AND", 1.5), ("OR", 0.5)] {
        let fires = inputs.dot(&arr1(&[1.0, 1.0])).mapv(|sum| i32::from(sum > threshold));
        println!("{name} by hand (threshold {threshold}): {fires}");
    }

    // The perceptron finds its weights: it starts at 0, and a wrong answer moves them by the input (F. Rosenblatt, 1958). The
    // rule ends for certain where a line separates the classes.
    for source in ["gate-and", "gate-or", "gate-xor", "gaussian", "xor"] {
        let recipe = Recipe::load("perceptron")?.with(&[format!("data.source={source}")])?;
        let data = load(source, &Options { seed: recipe.seed, ..Options::default() })?.train;
        let mut neuron = recipe.network(&data)?;
        let fit = recipe.fit(&data)?;
        fit.run(&mut neuron, &data, None, None, &Silent)?;
        let right = 100.0 * measure(&neuron, &data, fit.loss)?.accuracy.unwrap_or(0.0);
        let separable =
            if data.line_separates() == Some(true) { "a line separates it" } else { "no line separates it" };
        for dense in neuron.dense_layers() {
            println!(
                "{source:<9} {right:>3.0} % right, w = {:.2}, b = {:.2}: {separable}",
                dense.kernel.column(0),
                dense.bias[0]
            );
        }
    }
    Ok(())
}
