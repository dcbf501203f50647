//! What the firmware's image takes, and what must not be in it.

use thumbnet_trainer::target::{self, Goal, Kernel, Machine};

#[test]
fn the_program_and_its_variables_fit_a_small_chip() {
    let image = target::build(&Machine::find("m4").unwrap().chip(), &[Kernel::Int8], Goal::Size)
        .unwrap_or_else(|error| panic!("{error}"));
    println!("firmware without the model: {} bytes of flash, {} of static RAM", image.sizes.flash, image.sizes.statics);
    assert!(image.sizes.flash < 16 << 10, "{:?}", image.sizes);
    assert!(image.sizes.statics < 1 << 10, "{:?}", image.sizes);
}
