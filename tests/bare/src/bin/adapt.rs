//! Learns mirrored digits on the chip: the last layer of the model, from the first samples, by `thumbnet::adapt`. Prints how many of
//! the other samples it reads before and after, and the bits of what it has learned.
#![no_std]
#![no_main]

#[path = "../../../src/mirrored.rs"]
mod mirrored;

use bare::{Console, data, memory};
use core::fmt::Write;
use thumbnet::Model;
use thumbnet::adapt::Adapter;

#[unsafe(no_mangle)]
extern "C" fn bare_main() {
    let (model, samples) = data();
    let Ok(model) = Model::parse(model) else { bare::exit(2) };
    let floats = Adapter::memory_len(&model);
    let scratch_len = Adapter::scratch_len(&model);
    // SAFETY: the only call; MNIST's network needs 20 kB.
    let all = unsafe { memory::<f32>(floats + scratch_len.div_ceil(4)) };
    let (memory, scratch) = all.split_at_mut(floats);
    // SAFETY: any bits are bytes.
    let scratch = unsafe { scratch.align_to_mut::<i8>().1 };
    let _ = match mirrored::adapt(&model, memory, scratch, samples) {
        Ok(report) => writeln!(Console, "{report:?}"),
        Err(_) => bare::exit(3),
    };
}
