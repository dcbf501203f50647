//! Backpropagation through two layers with every number shown, the same from the library, and by central differences.
//!
//! `cargo run --release --example backpropagation` follows the first step of the recipe `backpropagation`, and trains it.

use thumbnet_trainer::dataset::{Options, load};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::train::{Recipe, Silent, measure};

fn main() -> Result<()> {
    // Two inputs, two hidden units, one output; the recipe says every weight.
    let recipe = Recipe::load("backpropagation")?;
    let data = load(&recipe.data.source, &Options::default())?.train;
    let mut network = recipe.network(&data)?;

    // Plain loops, formula by formula; the library's own numbers and the central differences stand beside.
    let by_hand = recipe.explanation(&network, &data)?;
    println!("{}", by_hand.text());
    let [library, differences] = by_hand.disagreement();
    println!("largest difference: {library:.0e} from the library, {differences:.0e} from the central differences");

    // Every step goes against the gradient, and the loss falls.
    let fit = recipe.fit(&data)?;
    fit.run(&mut network, &data, None, None, &Silent)?;
    let loss = measure(&network, &data, fit.loss)?.loss;
    println!("loss {:.4} at first, {loss:.4} after {} steps", by_hand.loss(), fit.epochs);
    Ok(())
}
