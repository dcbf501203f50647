//! Evaluates samples, each between a call of `begin` and one of `end`, and prints the bytes of stack that it took and the outputs.
#![no_std]
#![no_main]

use bare::{Console, begin, data, end, memory, scratch, stack_of};
use core::fmt::Write;
use thumbnet::{Element, Kind, Model, WeightType};

const KINDS: u8 = kind(cfg!(feature = "f32"), WeightType::F32)
    | kind(cfg!(feature = "f16"), WeightType::F16)
    | kind(cfg!(feature = "int8"), WeightType::Int8)
    | kind(cfg!(feature = "int4"), WeightType::Int4)
    | kind(cfg!(feature = "int2"), WeightType::Int2)
    | if cfg!(feature = "pool") { Kind::AveragePool.bit() } else { 0 };
const FLOAT: bool = KINDS & (WeightType::F32.bit() | WeightType::F16.bit()) != 0;

const fn kind(held: bool, kind: WeightType) -> u8 {
    if held { kind.bit() } else { 0 }
}

#[unsafe(no_mangle)]
extern "C" fn bare_main() {
    let (model, samples) = data();
    let Ok(model) = Model::parse(model) else { bare::exit(2) };
    if FLOAT { evaluate::<f32>(&model, samples) } else { evaluate::<i8>(&model, samples) }
}

fn evaluate<T: Element + Bits + 'static>(model: &Model<'_>, samples: &[u8]) {
    let (least, added) = scratch();
    let scratch = if least { model.least_scratch_len() } else { model.scratch_len() };
    let scratch = scratch.saturating_add_signed(added);
    let lengths = [model.input_len(), model.output_len(), scratch];
    // SAFETY: the only call; the models of the table need no more than a small chip has, and all bits are numbers.
    let memory = unsafe { memory::<T>(lengths.iter().sum()) };
    let (input, rest) = memory.split_at_mut(lengths[0]);
    let (output, scratch) = rest.split_at_mut(lengths[1]);
    let mut stack = 0;
    for sample in samples.chunks(size_of::<T>() * lengths[0]) {
        for (x, bytes) in input.iter_mut().zip(sample.chunks(size_of::<T>())) {
            *x = T::of(bytes);
        }
        stack = stack.max(stack_of(|| run(model, input, scratch, output)));
        for y in &*output {
            let _ = write!(Console, "{:x} ", y.bits());
        }
    }
    let _ = writeln!(Console, "\n{stack}");
}

/// What is measured.
#[inline(never)]
fn run<T: Element>(model: &Model<'_>, input: &[T], scratch: &mut [T], output: &mut [T]) {
    begin();
    let result = model.run_only::<T, KINDS>(input, scratch, output, |_, _| {});
    end();
    if result.is_err() {
        bare::exit(3);
    }
}

trait Bits {
    fn of(bytes: &[u8]) -> Self;
    fn bits(&self) -> u32;
}

impl Bits for i8 {
    fn of(bytes: &[u8]) -> Self {
        bytes[0] as i8
    }
    fn bits(&self) -> u32 {
        u32::from(*self as u8)
    }
}

impl Bits for f32 {
    fn of(bytes: &[u8]) -> Self {
        bytes.first_chunk().map_or(0.0, |&bytes| f32::from_le_bytes(bytes))
    }
    fn bits(&self) -> u32 {
        self.to_bits()
    }
}
