//! Steps of a training ask for no memory: ten times as many take as many allocations. A program of its own, since all of its
//! allocations are counted.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use thumbnet_trainer::dataset::{Dataset, Options, load};
use thumbnet_trainer::train::{Fit, Recipe, Silent};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often an epoch of a recipe asks for memory, from beginning to end.
fn allocations(recipe: &Recipe, data: &Dataset) -> usize {
    let mut net = recipe.network(data).expect("the recipe's data");
    let fit = Fit { epochs: 1, threads: 2, ..recipe.fit(data).expect("built in") };
    let region = Region::new(ALLOCATOR);
    fit.run(&mut net, data, None, None, &Silent).expect("trains");
    let change = region.change();
    change.allocations + change.reallocations
}

#[test]
fn a_step_allocates_nothing() {
    let digits = load("mnist", &Options::default()).expect("bundled").train;
    let rounded = ["layers.0.activation=gelu", "layers.0.outputs=int8", "layers.1.outputs=int8"];
    for (name, changes) in [("mnist", &[][..]), ("mnist-best", &[]), ("mnist-12k", &[]), ("mnist-12k", &rounded)] {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        let recipe = Recipe::load(name).expect("built in").with(&changes).expect("its keys");
        let few = allocations(&recipe, &digits.head(512));
        let many = allocations(&recipe, &digits.head(5_120));
        assert_eq!(few, many, "{name} with {changes:?}: {few} allocations for 512 samples, {many} for 5,120");
        assert!(few > 0, "nothing was counted");
    }
}
