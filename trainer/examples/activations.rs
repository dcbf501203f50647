//! Why networks need activations: linear layers in a row are one linear layer. And the activations, drawn with their
//! derivatives.
//!
//! `cargo run --release --example activations` trains the recipe `activations` with and without, and writes activations.svg.

use std::path::Path;
use thumbnet_trainer::dataset::{Options, load};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::nn::Activation;
use thumbnet_trainer::output::write_file;
use thumbnet_trainer::plot::{Curves, Language, Picture};
use thumbnet_trainer::train::{Recipe, Silent, measure};

fn main() -> Result<()> {
    let recipe = Recipe::load("activations")?;
    let data = load(&recipe.data.source, &Options { seed: recipe.seed, ..Options::default() })?;
    for activation in ["tanh", "linear"] {
        let hidden = [0, 1].map(|layer| format!("layers.{layer}.activation={activation}"));
        let recipe = recipe.with(&hidden)?;
        let mut network = recipe.network(&data.train)?;
        let fit = recipe.fit(&data.train)?;
        fit.run(&mut network, &data.train, None, None, &Silent)?;
        // (x A) B = x (A B): what has no activation is merged into the next layer.
        let merged = network.merged();
        for network in [&network, &merged] {
            let right = 100.0 * measure(network, &data.test, fit.loss)?.accuracy.unwrap_or(0.0);
            let [layers, parameters] = [network.layers.len(), network.parameters()];
            println!("{activation:<7} {layers} layers, {parameters:>3} parameters: {right:.1} % right");
        }
    }
    let activations = [("sigmoid", Activation::Sigmoid), ("tanh", Activation::Tanh), ("relu", Activation::Relu)];
    let Ok(curves) = Curves::of_activations(activations.into_iter(), Language::English) else { return Ok(()) };
    write_file(Path::new("activations.svg"), curves.svg()?.as_bytes())?;
    println!("activations.svg");
    Ok(())
}
