//! Calls all that a firmware can call of the runtime, with static models of each kind of weights, lean ones, and ones in the least
//! memory; not `Debug` and `Display`, which are core's formatting. The panic handler calls a function that does not exist, so that this
//! program links only if no panic is left in it.

#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;
use thumbnet::adapt::Adapter;
use thumbnet::{Backend, Element, Kind, Model, Names, StaticModel, WeightType};

unsafe extern "C" {
    safe fn the_evaluation_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    the_evaluation_can_panic()
}

// Int8, int4 and 2 bits with tables and zero points; simple models of each, whose kernels are the lean ones.
thumbnet::model!(static MIXED = "../../../runtime/tests/models/mixed.tnet");
thumbnet::model!(static POOL = "../../../runtime/tests/models/pool.tnet");
thumbnet::model!(static XOR = "../../../runtime/tests/models/xor.tnet");
thumbnet::model!(static INT4 = "../target/models/int4.tnet");
thumbnet::model!(static INT2 = "../target/models/int2.tnet");
#[cfg(feature = "float")]
thumbnet::model!(static XOR_F32 = "../../../runtime/tests/models/xor-f32.tnet");
#[cfg(feature = "float")]
thumbnet::model!(static XOR_F16 = "../../../runtime/tests/models/xor-f16.tnet");

thumbnet::model!(static LEAST_MIXED = "../../../runtime/tests/models/mixed.tnet", least_memory);
thumbnet::model!(static LEAST_XOR = "../../../runtime/tests/models/xor.tnet", least_memory);
thumbnet::model!(static LEAST_INT4 = "../target/models/int4.tnet", least_memory);
thumbnet::model!(static LEAST_INT2 = "../target/models/int2.tnet", least_memory);
#[cfg(feature = "float")]
thumbnet::model!(static LEAST_F32 = "../../../runtime/tests/models/xor-f32.tnet", least_memory);
#[cfg(feature = "float")]
thumbnet::model!(static LEAST_F16 = "../../../runtime/tests/models/xor-f16.tnet", least_memory);

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
    // Several models share one memory.
    let mut scratch = [0; 200];
    evaluate(&MIXED, 7, &mut scratch);
    evaluate(&POOL, 7, &mut scratch);
    evaluate(&XOR, 7, &mut scratch);
    evaluate(&INT4, 7, &mut scratch);
    evaluate(&INT2, 7, &mut scratch);
    evaluate(&LEAST_MIXED, 7, &mut LEAST_MIXED.scratch());
    evaluate(&LEAST_XOR, 7, &mut LEAST_XOR.scratch());
    evaluate(&LEAST_INT4, 7, &mut LEAST_INT4.scratch());
    evaluate(&LEAST_INT2, 7, &mut LEAST_INT2.scratch());
    #[cfg(feature = "float")]
    {
        evaluate(&XOR_F32, 0.5, &mut XOR_F32.scratch());
        evaluate(&XOR_F16, 0.5, &mut XOR_F16.scratch());
        evaluate(&LEAST_F32, 0.5, &mut LEAST_F32.scratch());
        evaluate(&LEAST_F16, 0.5, &mut LEAST_F16.scratch());
    }
}

fn evaluate<T: Element, const IN: usize, const OUT: usize, const SCRATCH: usize, const KINDS: u8, const N: usize>(
    model: &StaticModel<T, IN, OUT, SCRATCH, KINDS>,
    value: T,
    scratch: &mut [T; N],
) {
    black_box((model.input_len(), model.output_len(), model.scratch_len()));
    let output = model.evaluate(black_box(&[value; IN]), scratch);
    let mut real = [0.0; OUT];
    let _ = black_box(model.dequantize(&output, &mut real));
    let _ = black_box(model.probabilities(&output, &mut real));
    black_box((model.classify(&output), real));
}

fn received(bytes: &[u8]) {
    let Ok(model) = Model::parse(bytes) else { return };
    let _ = black_box(model.verify_checksum());
    look_at(&model);
    let mut input = [0; 784];
    let length = model.input_len();
    let Some(integers) = input.get_mut(..length) else { return };
    if let Some(real) = black_box([0.5; 784]).get(..length) {
        let _ = black_box(model.quantize_input(real, integers));
    }
    let _ = black_box(model.quantize_pixels(black_box(&[7; 784]), integers));
    let memory = &mut [0; 2400];
    run(&model, integers, memory);
    run_only::<i8, { WeightType::Int8.bit() }>(&model, integers, memory);
    run_only::<i8, { WeightType::Int4.bit() }>(&model, integers, memory);
    run_only::<i8, { WeightType::Int2.bit() | Kind::AveragePool.bit() }>(&model, integers, memory);
    #[cfg(feature = "float")]
    if let Some(floats) = black_box([0.5f32; 784]).get(..length) {
        let memory = &mut [0.0; 800];
        run(&model, floats, memory);
        run_only::<f32, { WeightType::F32.bit() }>(&model, floats, memory);
        run_only::<f32, { WeightType::F16.bit() }>(&model, floats, memory);
    }
}

/// Calls all that says something of a model, its layers and its names.
fn look_at(model: &Model<'_>) {
    black_box((model.checksum(), model.bytes(), model.macs(), model.kinds(), model.is_float(), model.has_softmax()));
    black_box((model.input_shape(), model.input_quantization(), model.output_quantization()));
    black_box((model.encoding(), model.unit_norm(), model.normalization().map(Iterator::last)));
    black_box((model.least_scratch_len(), model.scratch_len(), model.scratch_len_on(black_box(Backend::Portable))));
    names(model.labels());
    names(model.names());
    black_box((model.layer_count(), model.layer(black_box(9)).is_some()));
    for layer in model.layers() {
        black_box((layer.kind(), layer.weight_type(), layer.order(), layer.inputs(), layer.outputs(), layer.macs()));
        black_box((layer.function().code(), layer.clamp(), layer.pool().map(|pool| pool.count())));
        black_box((layer.output_quantization(), layer.pre_quantization()));
        black_box((layer.weights(), layer.channels(), layer.biases(), layer.factors()));
        black_box((layer.weight_zero_points(), layer.tables()));
    }
}

fn names(names: Names<'_>) {
    black_box((names.len(), names.is_empty(), names.get(black_box(3)), names.iter().last()));
}

fn run<T: Element>(model: &Model<'_>, input: &[T], scratch: &mut [T]) {
    let Some((scratch, rest)) = scratch.split_at_mut_checked(model.scratch_len()) else { return };
    let Some((output, _)) = rest.split_at_mut_checked(model.output_len()) else { return };
    let _ = black_box(model.run(input, scratch, output));
    let _ = black_box(model.run_with(input, scratch, output, |layer, values| {
        black_box((layer, values.len()));
    }));
    let mut probabilities = [0.0; 16];
    if let Some(probabilities) = probabilities.get_mut(..output.len()) {
        let _ = black_box(model.dequantize(output, probabilities));
        let _ = black_box(model.probabilities(output, probabilities));
    }
    let best: heapless::Vec<_, 3> = model.top_k(output);
    black_box((model.classify(output), best));
    black_box((Adapter::memory_len(model), Adapter::scratch_len(model)));
    let mut memory = [0.0; 1000];
    if let Ok(mut adapter) = Adapter::new(model, &mut memory) {
        let _ = black_box(adapter.learn(input, black_box(3), 0.1, scratch));
        let _ = black_box(adapter.classify(input, scratch));
    }
    if let Ok(mut adapter) = Adapter::resume(model, &mut memory) {
        let _ = black_box(adapter.evaluate(input, scratch));
    }
}

/// Evaluates in the least memory, with some of the kernels.
fn run_only<T: Element, const KINDS: u8>(model: &Model<'_>, input: &[T], scratch: &mut [T]) {
    let Some((scratch, rest)) = scratch.split_at_mut_checked(model.least_scratch_len()) else { return };
    let Some((output, _)) = rest.split_at_mut_checked(model.output_len()) else { return };
    let _ = black_box(model.run_only::<T, KINDS>(input, scratch, output, |layer, values| {
        black_box((layer, values.len()));
    }));
}
