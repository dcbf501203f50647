//! Evaluates models that are part of the program, which has no more kernels than they need, on the same samples; prints the outputs.
#![no_std]
#![no_main]

use bare::{Console, data};
use core::fmt::Write;
use thumbnet::StaticModel;

/// Defines a static for each model of the folder, and `all`, which evaluates them one after the other.
macro_rules! models {
    ($($name:ident = $file:literal),*) => {
        $(thumbnet::model!(static $name = concat!(env!("LEAN_MODELS"), $file));)*

        fn all(samples: &[u8]) {
            $(each(&$name, samples);)*
        }
    };
}

models!(
    M0 = "/0.tnet",
    M1 = "/1.tnet",
    M2 = "/2.tnet",
    M3 = "/3.tnet",
    M4 = "/4.tnet",
    M5 = "/5.tnet",
    M6 = "/6.tnet",
    M7 = "/7.tnet",
    M8 = "/8.tnet",
    M9 = "/9.tnet",
    M10 = "/10.tnet",
    M11 = "/11.tnet"
);

#[unsafe(no_mangle)]
extern "C" fn bare_main() {
    all(data().0);
}

/// Scratch that starts `BEFORE` bytes behind a word, and has `BEFORE` bytes behind it.
#[repr(C, align(4))]
struct Placed<const BEFORE: usize, const SCRATCH: usize>([i8; BEFORE], [i8; SCRATCH], [i8; BEFORE]);

fn each<const IN: usize, const OUT: usize, const SCRATCH: usize, const KINDS: u8>(
    model: &StaticModel<i8, IN, OUT, SCRATCH, KINDS>,
    samples: &[u8],
) {
    for sample in samples.as_chunks::<IN>().0 {
        let input = sample.map(|x| x as i8);
        let outputs = [
            at::<0, IN, OUT, SCRATCH, KINDS>(model, &input),
            at::<1, IN, OUT, SCRATCH, KINDS>(model, &input),
            at::<2, IN, OUT, SCRATCH, KINDS>(model, &input),
            at::<3, IN, OUT, SCRATCH, KINDS>(model, &input),
        ];
        if outputs.iter().any(|output| *output != outputs[0]) {
            bare::exit(2);
        }
        for y in outputs[0] {
            let _ = write!(Console, "{:x} ", y as u8);
        }
    }
}

#[inline(never)]
fn at<const BEFORE: usize, const IN: usize, const OUT: usize, const SCRATCH: usize, const KINDS: u8>(
    model: &StaticModel<i8, IN, OUT, SCRATCH, KINDS>,
    input: &[i8; IN],
) -> [i8; OUT] {
    let mut memory = Placed([55; BEFORE], [77; SCRATCH], [55; BEFORE]);
    let output = model.evaluate(input, &mut memory.1);
    if memory.0 != [55; BEFORE] || memory.2 != [55; BEFORE] {
        bare::exit(3);
    }
    output
}
