//! Calls all that a firmware can call of the runtime. The panic handler calls a function that does not exist, so that this
//! program links only if no panic is left in it.

#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;
use thumbnet::adapt::Adapter;
use thumbnet::{Element, Model};

unsafe extern "C" {
    safe fn the_evaluation_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    the_evaluation_can_panic()
}

thumbnet::model!(static MIXED = "../../../runtime/tests/models/mixed.tnet");
thumbnet::model!(static XOR = "../../../runtime/tests/models/xor.tnet");
#[cfg(feature = "float")]
thumbnet::model!(static XOR_F32 = "../../../runtime/tests/models/xor-f32.tnet");

/// Where the linker starts to look for what is needed.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    embedded();
    received(black_box(MIXED.bytes()));
    #[cfg(feature = "panic")]
    black_box(MIXED.bytes()[black_box(7)]);
    loop {}
}

fn embedded() {
    let mut scratch = MIXED.scratch();
    let mut input = [0; 13];
    let _ = black_box(MIXED.quantize_input(black_box(&[0.5; 13]), &mut input));
    let output = MIXED.evaluate(black_box(&input), &mut scratch);
    black_box(MIXED.classify(&output));
    black_box(XOR.evaluate(black_box(&[1, 2]), &mut scratch));
    #[cfg(feature = "float")]
    {
        let output = XOR_F32.evaluate(black_box(&[1.0, 2.0]), &mut XOR_F32.scratch());
        black_box(XOR_F32.classify(&output));
    }
}

fn received(bytes: &[u8]) {
    let Ok(model) = Model::parse(bytes) else { return };
    let _ = black_box(model.verify_checksum());
    black_box((model.macs(), model.labels().get(3), model.names().get(7)));
    for layer in model.layers() {
        black_box((layer.weights(), layer.function(), layer.output_quantization()));
    }
    let mut input = [0; 784];
    let length = model.input_len();
    let Some(integers) = input.get_mut(..length) else { return };
    let _ = black_box(model.quantize_pixels(black_box(&[7; 784]), integers));
    run(&model, integers, &mut [0; 2400]);
    #[cfg(feature = "float")]
    if let Some(floats) = black_box([0.5f32; 784]).get(..length) {
        run(&model, floats, &mut [0.0; 800]);
    }
}

fn run<T: Element>(model: &Model<'_>, input: &[T], scratch: &mut [T]) {
    let Some((scratch, rest)) = scratch.split_at_mut_checked(model.scratch_len()) else { return };
    let Some((output, _)) = rest.split_at_mut_checked(model.output_len()) else { return };
    let _ = black_box(model.run_with(input, scratch, output, |layer, values| {
        black_box((layer, values.len()));
    }));
    let mut probabilities = [0.0; 16];
    if let Some(probabilities) = probabilities.get_mut(..output.len()) {
        let _ = black_box(model.probabilities(output, probabilities));
    }
    let best: heapless::Vec<_, 3> = model.top_k(output);
    black_box((model.classify(output), best));
    let mut memory = [0.0; 1000];
    if let Ok(mut adapter) = Adapter::new(model, &mut memory) {
        let _ = black_box(adapter.learn(input, black_box(3), 0.1, scratch));
        let _ = black_box(adapter.classify(input, scratch));
    }
}
