//! The largest widths that packed weights may have, and one more, with the largest weights that they may have there.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thumbnet::format::{HEADER, header, record};
use thumbnet::{Model, Order, ParseError};
use thumbnet_tests::counts::with_weights;
use thumbnet_trainer::quantize::{QuantizedSequential, WeightType};
use thumbnet_trainer::tnet;

/// The most inputs of packed int8 and 2-bit weights (FORMAT.md).
const MOST: usize = 65_535;

/// A layer with these weights, whose outputs spread over their range.
fn layer(
    weight_type: WeightType,
    inputs: usize,
    outputs: usize,
    weight: impl Fn(usize, usize) -> i8,
) -> QuantizedSequential {
    let mut network = with_weights(&[inputs, outputs], |_| weight_type, 3);
    let layer = &mut network.layers[0];
    for row in 0..outputs {
        let mut largest = [0i64; 2];
        for input in 0..inputs {
            let w = weight(row, input);
            layer.weights[row * inputs + input] = w;
            largest[usize::from(w < 0)] += 255 * i64::from(w).abs();
        }
        layer.weight_scales[row] =
            120.0 * layer.output.scale / layer.input.scale / (largest[0].max(largest[1]).max(1) as f32);
        layer.bias[row] = 0;
    }
    layer.output.zero_point = 0;
    network.class_names.clear();
    network
}

/// The order in which it is written, and that the file is read and evaluated as the weights say.
fn order(network: &QuantizedSequential) -> Order {
    let bytes = tnet::write(network).unwrap();
    check(&Model::parse(&bytes).unwrap(), &network.layers[0].weights)
}

/// Compares evaluations, with all memory and the least, with the definition for inputs that make the largest sums.
fn check(model: &Model<'_>, weights: &[i8]) -> Order {
    let (inputs, outputs) = (model.input_len(), model.output_len());
    let layer = model.layer(0).unwrap();
    let words =
        |bytes: &[u8]| -> Vec<u32> { bytes.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word)).collect() };
    let (biases, factors) = (words(layer.biases()), words(layer.factors()));
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut samples =
        vec![vec![-128; inputs], vec![127; inputs], (0..inputs).map(|_| random.random()).collect::<Vec<i8>>()];
    for row in weights.chunks(inputs).take(2) {
        samples.push(row.iter().map(|&w| if w > 0 { 127 } else { -128 }).collect());
        samples.push(row.iter().map(|&w| if w < 0 { 127 } else { -128 }).collect());
    }
    let mut largest = 0;
    for sample in &samples {
        let expected: Vec<i8> = weights
            .chunks(inputs)
            .zip(biases.iter().zip(&factors))
            .map(|(row, (&bias, &factor))| {
                let sum: i64 = row.iter().zip(sample).map(|(&w, &x)| i64::from(w) * (i64::from(x) + 128)).sum();
                let sum = i32::try_from(sum + i64::from(bias.cast_signed())).expect("exact");
                let product = (sum as f32 * f32::from_bits(factor)).round_ties_even();
                (product + f32::from(model.output_quantization().unwrap().zero_point)).clamp(-128.0, 127.0) as i8
            })
            .collect();
        largest = expected.iter().map(|y| y.unsigned_abs()).fold(largest, u8::max);
        for scratch in [model.scratch_len(), model.least_scratch_len()] {
            let mut output = vec![99; outputs];
            model.run(sample, &mut vec![77; scratch], &mut output).unwrap();
            assert!(output == expected, "{inputs} inputs, {outputs} outputs, scratch of {scratch}");
        }
    }
    assert!(largest >= 100, "the sums are large, not {largest}");
    layer.order()
}

/// A file of one more input: it fills up what the last input leaves of its word, so that all else is the same.
fn one_more(mut bytes: Vec<u8>) -> Vec<u8> {
    for place in [header::INPUTS, header::SHAPE, HEADER + record::INPUTS] {
        bytes[place..place + 4].copy_from_slice(&(MOST as u32 + 1).to_le_bytes());
    }
    bytes
}

/// An even row has 32 bits: `255 * 127 * 65,535` is 2,122,350,975. An odd row of int8 has 24 (32,896 times 255), of 2 bits 18 (514 times).
#[test]
fn rows_are_as_wide_as_their_sums_allow() {
    for (weight_type, largest, most) in [(WeightType::Int8, 127, 32_896), (WeightType::Int2, 1, 514)] {
        for sign in [1, -1] {
            // The odd rows have as many weights of either sign as they may, or one more.
            let weight = |more: usize| {
                move |row: usize, input: usize| match row % 2 {
                    0 => sign * largest,
                    _ if input < most + more => sign,
                    _ if input < 2 * most && input < MOST => -sign,
                    _ => 0,
                }
            };
            for outputs in [1, 2, 3, 8, 11] {
                assert_eq!(
                    order(&layer(weight_type, MOST, outputs, weight(0))),
                    Order::Packed,
                    "{weight_type:?}, {outputs}"
                );
                let wider = layer(weight_type, MOST + 1, outputs, weight(0));
                assert_eq!(order(&wider), Order::Plain, "{weight_type:?}, {outputs}");
                let bytes = tnet::write(&layer(weight_type, MOST, outputs, weight(0))).unwrap();
                assert_eq!(
                    Model::parse(&one_more(bytes)).err(),
                    Some(ParseError::Overflow { index: 0, output: 0 }),
                    "{weight_type:?}, {outputs}"
                );
                if outputs > 1 {
                    let larger = layer(weight_type, MOST, outputs, weight(1));
                    assert_eq!(order(&larger), Order::Plain, "{weight_type:?}, {outputs}");
                }
            }
        }
    }
}

/// Packed int4 has at most 4,096 inputs. The first three of four rows have 32 bits, the fourth 20: 293 times 7.
#[test]
fn four_bit_rows_end_earlier() {
    let weight = |row: usize, input: usize| match row % 4 {
        3 if input >= 293 => 0,
        row => [7, -8, 7, 7][row],
    };
    for outputs in [1, 3, 4, 8, 13] {
        assert_eq!(order(&layer(WeightType::Int4, 4096, outputs, weight)), Order::Packed, "{outputs}");
        for inputs in [4097, MOST] {
            assert_eq!(order(&layer(WeightType::Int4, inputs, outputs, weight)), Order::Plain, "{inputs}, {outputs}");
        }
    }
}

/// The number of outputs has no end but the machine's.
#[test]
fn outputs_may_be_many() {
    for (weight_type, largest) in [(WeightType::Int8, 127i8), (WeightType::Int4, 7), (WeightType::Int2, 1)] {
        for outputs in [MOST, MOST + 1, MOST + 2] {
            let network = layer(weight_type, 1, outputs, |row, _| (row % 3) as i8 * largest - largest);
            assert_eq!(order(&network), Order::Packed, "{weight_type:?}");
        }
    }
}
