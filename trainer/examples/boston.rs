//! Boston housing over twenty splits: a single split says little, since the error depends on which rows are held out.
//!
//! `cargo run --release --example boston`

use thumbnet_trainer::dataset::{Options, load};
use thumbnet_trainer::error::Result;
use thumbnet_trainer::train::{Recipe, Silent, measure};

fn main() -> Result<()> {
    let recipe = Recipe::load("boston")?;
    let mut errors = Vec::new();
    for seed in 1..=20 {
        // The seed decides the split, the first weights and the order of the samples.
        let splits = load("boston", &Options { seed, ..Options::default() })?;
        let recipe = Recipe { seed, ..recipe.clone() };
        let mut network = recipe.network(&splits.train)?;
        let fit = recipe.fit(&splits.train)?;
        fit.run(&mut network, &splits.train, None, None, &Silent)?;
        errors.push(measure(&network, &splits.test, fit.loss)?.loss);
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    errors.sort_by(f64::total_cmp);
    println!("mean squared error of {} splits: {mean:.1}", errors.len());
    println!("the best {:.0}, the worst {:.0}", errors[0], errors[errors.len() - 1]);
    Ok(())
}
