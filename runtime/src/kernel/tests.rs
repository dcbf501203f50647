//! Layers of arbitrary bytes, which no exporter would write: every backend must give the same bits for them too.

extern crate std;

use super::{Backend, portable};
use crate::evaluate::{ALL, LEAN};
use crate::format::{self, HEADER, RECORD, header, record};
use crate::weights::{channel_len, weights_len};
use crate::{Layer, Model, Order, WeightType};
use std::{vec, vec::Vec};

/// Xorshift (Marsaglia 2003), so that the crate needs no dependency for its tests.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }
}

/// A file of one layer. Weights are any bytes; biases are any too, or small, so that not all outputs saturate.
pub(crate) fn file(
    random: &mut Random,
    weight_type: WeightType,
    order: Order,
    inputs: usize,
    outputs: usize,
) -> Vec<u8> {
    let weights = weights_len(weight_type, order, inputs, outputs).unwrap().next_multiple_of(4);
    let start = (HEADER + RECORD).next_multiple_of(format::ALIGN);
    let channels = start + weights;
    let end = channels + outputs * channel_len(weight_type, order);
    let mut bytes: Vec<u8> = (0..end).map(|_| random.byte()).collect();
    bytes[..start].fill(0);
    let shift = 8 + random.next() % 24;
    let mut put = |at: usize, word: u32| bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    for (j, word) in (channels..end).step_by(4).enumerate() {
        put(
            word,
            match j / outputs {
                0 => (random.next() as i32 >> (shift % 20)) as u32,
                1 => ((127 - shift as u32) << 23) + (random.next() as u32 >> 9),
                _ => i32::from(random.byte() as i8) as u32,
            },
        );
    }
    put(header::MAGIC, u32::from_le_bytes(format::MAGIC));
    put(header::LENGTH, end as u32);
    put(header::INPUTS, inputs as u32);
    put(header::OUTPUTS, outputs as u32);
    put(header::SHAPE, inputs as u32);
    put(header::SCALE, 1f32.to_bits());
    put(HEADER + record::INPUTS, inputs as u32);
    put(HEADER + record::OUTPUTS, outputs as u32);
    put(HEADER + record::SCALE, 1f32.to_bits());
    put(HEADER + record::PAYLOAD, start as u32);
    put(HEADER + record::PAYLOAD_LENGTH, (end - start) as u32);
    bytes[header::VERSION] = format::VERSION;
    bytes[header::LAYERS] = 1;
    bytes[HEADER + record::KIND] = 1;
    bytes[HEADER + record::WEIGHTS] = weight_type as u8 + 1;
    bytes[HEADER + record::ORDER] = order as u8;
    bytes[HEADER + record::ZERO_POINT] = random.byte();
    let (a, b) = (random.byte() as i8, random.byte() as i8);
    bytes[HEADER + record::LO] = a.min(b) as u8;
    bytes[HEADER + record::HI] = a.max(b) as u8;
    bytes
}

/// All outputs by a kernel, from memory that holds anything.
fn outputs(kernel: impl Fn(&Layer<'_>, &[i8], &mut [i8], &mut [i8]), layer: &Layer<'_>, input: &[i8]) -> Vec<i8> {
    let mut output = vec![99; layer.outputs()];
    kernel(layer, input, &mut vec![-77; Backend::NATIVE.work_len(layer)], &mut output);
    output
}

/// All outputs by this machine's kernel, and by the portable one where they are packed, else by the definition.
fn both<const KINDS: u8>(layer: &Layer<'_>, input: &[i8]) -> (Vec<i8>, Vec<i8>) {
    type Kernel = fn(&Layer<'_>, &[i8], &mut [i8], &mut [i8]);
    let (native, portable): (Kernel, Kernel) = match layer.weight_type() {
        WeightType::Int4 => (super::dense_i4::<KINDS>, portable::dense_i4),
        WeightType::Int2 => (super::dense_i2::<KINDS>, portable::dense_i2),
        _ => (super::dense_i8::<KINDS>, portable::dense_i8),
    };
    let expected = if layer.order() == Order::Packed { outputs(portable, layer, input) } else { plain(layer, input) };
    (outputs(native, layer, input), expected)
}

fn word(bytes: &[u8], i: usize) -> i32 {
    i32::from_le_bytes(*bytes[4 * i..].first_chunk().unwrap())
}

/// What FORMAT.md makes of the sum of an output.
fn requantized(layer: &Layer<'_>, j: usize, sum: i32) -> i8 {
    let (lo, hi) = layer.clamp();
    let product = sum as f32 * f32::from_bits(word(layer.factors(), j) as u32);
    let q = f64::from(product).round_ties_even() + f64::from(layer.sum_zero_point());
    q.clamp(f64::from(lo), f64::from(hi)) as i8
}

/// What FORMAT.md says of the plain orders.
fn plain(layer: &Layer<'_>, input: &[i8]) -> Vec<i8> {
    let bits = match layer.weight_type() {
        WeightType::Int8 => 8,
        WeightType::Int4 => 4,
        _ => 2,
    };
    let (in_a_byte, mask) = (8 / bits, (1 << bits) - 1);
    let row = input.len().div_ceil(in_a_byte);
    let output = |j: usize| {
        let zero = if layer.weight_zero_points().is_empty() { 0 } else { word(layer.weight_zero_points(), j) };
        let products = input.iter().enumerate().map(|(k, &x)| {
            let digit = i32::from(layer.weights()[j * row + k / in_a_byte]) >> (k % in_a_byte * bits) & mask;
            let weight = if digit > mask / 2 { digit - mask - 1 } else { digit };
            weight.wrapping_sub(zero).wrapping_mul(i32::from(x) + 128)
        });
        requantized(layer, j, products.fold(word(layer.biases(), j), i32::wrapping_add))
    };
    (0..layer.outputs()).map(output).collect()
}

/// What FORMAT.md says of packed int8, with the place of each weight computed anew.
fn packed_i8(layer: &Layer<'_>, input: &[i8]) -> Vec<i8> {
    let row = input.len().next_multiple_of(4);
    let padded = layer.outputs().next_multiple_of(2);
    let sums = |pair: usize| {
        let (mut t, mut s) = (0i32, 0i32);
        let even = 2 * pair;
        let (first, width) = match (even / 8 * 8, padded - even / 8 * 8) {
            (first, 8..) => (first, 8),
            (first, rest) if rest >= 4 && even - first < 4 => (first, 4),
            (first, rest) if rest >= 4 => (first + 4, 2),
            (first, _) => (first, 2),
        };
        for (k, &x) in input.iter().enumerate() {
            // The half of the four inputs, the word of the pair of rows, and the half of the word.
            let half = k / 4 * 2 + k % 2;
            let at = first * row + (half * width / 2 + (even - first) / 2) * 4 + k % 4 / 2 * 2;
            let h = i16::from_le_bytes(*layer.weights()[at..].first_chunk().unwrap());
            let u = i32::from(x) + 128;
            t = t.wrapping_add(u * i32::from(h));
            s = s.wrapping_add(u * i32::from(h as i8));
        }
        (t, s)
    };
    let bias = |j: usize| if j < layer.outputs() { word(layer.biases(), j) } else { 0 };
    let output = |j: usize| {
        let (t, s) = sums(j / 2);
        let s = s.wrapping_add(bias(j / 2 * 2));
        let t = t.wrapping_add(bias(j / 2 * 2)).wrapping_add(bias(j / 2 * 2 + 1) << 8);
        requantized(layer, j, if j.is_multiple_of(2) { s } else { t.wrapping_sub(s) >> 8 })
    };
    (0..layer.outputs()).map(output).collect()
}

#[test]
fn backends_agree_on_arbitrary_weights() {
    let mut random = Random(7);
    let mut different = 0;
    for round in 0..4000 {
        let (weight_type, order) = [
            (WeightType::Int8, Order::Packed),
            (WeightType::Int8, Order::Plain),
            (WeightType::Int8, Order::ZeroPoints),
            (WeightType::Int4, Order::Packed),
            (WeightType::Int4, Order::Plain),
            (WeightType::Int4, Order::ZeroPoints),
            (WeightType::Int2, Order::Packed),
            (WeightType::Int2, Order::Plain),
        ][round % 8];
        let (inputs, outputs_) = (1 + random.next() as usize % 110, 1 + random.next() as usize % 35);
        let bytes = file(&mut random, weight_type, order, inputs, outputs_);
        let layer = Model::read(&bytes).unwrap().layer(0).unwrap();
        let sparse = random.next().is_multiple_of(2);
        let input: Vec<i8> = (0..inputs)
            .map(|_| if sparse && !random.next().is_multiple_of(4) { -128 } else { random.byte() as i8 })
            .collect();
        let (native, plain) = both::<ALL>(&layer, &input);
        assert_eq!(native, plain, "{layer:?}");
        if (weight_type, order) == (WeightType::Int8, Order::Packed) {
            assert_eq!(plain, packed_i8(&layer, &input), "{layer:?}");
        }
        if order == Order::Packed {
            let mut simple = bytes.clone();
            simple[HEADER + record::LO] = i8::MIN as u8;
            simple[HEADER + record::HI] = i8::MAX as u8;
            let layer = Model::read(&simple).unwrap().simple_layer(0).unwrap();
            let (native, plain) = both::<{ ALL | LEAN }>(&layer, &input);
            assert_eq!(native, plain, "lean {layer:?}");
        }
        different += usize::from(plain.iter().any(|y| *y != plain[0]));
    }
    assert!(different > 1500, "only {different} layers had outputs that were not all the same");
}

/// Kernels get what `parse` has checked, and do nothing bad with less.
#[test]
fn kernels_survive_wrong_lengths() {
    let mut random = Random(8);
    for (weight_type, order) in [
        (WeightType::Int8, Order::Packed),
        (WeightType::Int4, Order::Packed),
        (WeightType::Int2, Order::Packed),
        (WeightType::Int8, Order::ZeroPoints),
    ] {
        let bytes = file(&mut random, weight_type, order, 21, 19);
        let layer = Model::read(&bytes).unwrap().layer(0).unwrap();
        for inputs in 0..50 {
            for outputs in 0..40 {
                let input = vec![5; inputs];
                let kernels = [super::dense_i8::<ALL>, super::dense_i4::<ALL>, super::dense_i2::<ALL>];
                for kernel in kernels {
                    kernel(&layer, &input, &mut vec![0; inputs], &mut vec![0; outputs]);
                }
            }
        }
    }
}

/// The same bits for floats of all kinds; of a NaN only that it is one.
#[test]
fn float_backends_agree() {
    let mut random = Random(9);
    let mut finite = 0;
    for round in 0..600 {
        let (weight_type, order) = [
            (WeightType::F32, Order::Packed),
            (WeightType::F16, Order::Packed),
            (WeightType::F32, Order::Plain),
            (WeightType::F16, Order::Plain),
        ][round % 4];
        let (inputs, outputs) = (1 + random.next() as usize % 40, 1 + random.next() as usize % 90);
        let mut bytes = file(&mut random, weight_type, order, inputs, outputs);
        bytes[header::ELEMENT] = 1;
        bytes[header::SCALE..header::SCALE + 4].fill(0);
        let layer = Model::read(&bytes).unwrap().layer(0).unwrap();
        let input: Vec<f32> = (0..inputs).map(|_| f32::from(random.byte()) / 77.0 - 1.5).collect();
        let (mut native, mut plain) = (vec![9.0; outputs], vec![8.0; outputs]);
        if weight_type == WeightType::F32 {
            super::native::dense_f32(&layer, &input, &mut native);
            portable::dense_f32(&layer, &input, &mut plain);
        } else {
            super::native::dense_f16(&layer, &input, &mut native);
            portable::dense_f16(&layer, &input, &mut plain);
        }
        for (a, b) in native.iter().zip(&plain) {
            assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "{layer:?}: {a:e}, {b:e}");
            finite += usize::from(a.is_finite());
        }
    }
    assert!(finite > 1000, "only {finite} outputs are finite");
}
