//! Softmax and cross-entropy by hand, step by step, and the same from the library.
//!
//! `cargo run --release --example softmax` follows the first step of the recipe `softmax`, whose scores are 2.3, 4.1 and 5.6.

use thumbnet_trainer::dataset::{Options, load};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::nn::{Activation, Loss, Target};
use thumbnet_trainer::train::Recipe;

fn main() -> Result<()> {
    let recipe = Recipe::load("softmax")?;
    let data = load(&recipe.data.source, &Options { seed: recipe.seed, ..Options::default() })?.train;
    // Plain loops, formula by formula; the library's own numbers stand beside.
    let by_hand = recipe.explanation(&recipe.network(&data)?, &data)?;
    println!("{}", by_hand.text());

    // The library fuses softmax and cross-entropy. By hand, a large score is lost: e^1000 is infinite.
    let scores = [0.0f32, 1000.0];
    let plain = -(scores[0].exp() / scores.iter().map(|score| score.exp()).sum::<f32>()).ln();
    let (mut outputs, mut gradient) = ([0.0; 2], [0.0; 2]);
    let loss = Loss::CategoricalCrossentropy { label_smoothing: 0.0 };
    let fused = loss.sample(Activation::Softmax, &scores, Target::Class(0), &mut outputs, &mut gradient);
    println!("scores [0, 1000]: by hand {plain}, fused {fused}");
    Ok(())
}
