//! The arithmetic of runtime/FORMAT.md in i64 and f64, as plainly as it can be written, against the runtime.

use super::{FloatType, Network, read, write, write_float};
use crate::nn::{Activation, AveragePool, Dense, Encoding, Input, Layer, Sequential};
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential, WeightType};
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thumbnet::Model;

fn input(features: usize) -> Input {
    Input::new(vec![features], Encoding::Real)
}

/// One layer, by DESIGN section 4.
fn integer_layer(layer: &QuantizedDense, x: &[i8]) -> Vec<i8> {
    let sums = super::integer::sum_quantization(layer);
    let row = |(j, weights): (usize, &[i8])| {
        let zero_point = layer.weight_zero_points.get(j).copied().unwrap_or(0);
        let products = weights.iter().zip(x).map(|(&w, &x)| {
            (i64::from(w) - i64::from(zero_point)) * (i64::from(x) - i64::from(layer.input.zero_point))
        });
        let acc = i64::from(layer.bias[j]) + products.sum::<i64>();
        let factor = (layer.input.scale * layer.weight_scales[j]) / sums.scale;
        // The product in f32, its rounding in f64, which holds every f32 and every half exactly.
        let rounded = f64::from(acc as f32 * factor).round_ties_even();
        let q = (rounded + f64::from(sums.zero_point)).clamp(-128.0, 127.0) as i8;
        match &layer.activation {
            IntegerActivation::Clamp { lo, hi } => q.clamp(*lo, *hi),
            IntegerActivation::Table { table, .. } => {
                let start = if table.len() == 256 { 0 } else { 256 * j };
                table[start + (i16::from(q) + 128) as usize]
            }
        }
    };
    layer.weights.chunks_exact(layer.inputs).enumerate().map(row).collect()
}

fn random_layer(rng: &mut ChaCha8Rng, inputs: usize, outputs: usize) -> QuantizedDense {
    let (weight_type, limit) =
        [(WeightType::Int8, 127), (WeightType::Int4, 7), (WeightType::Int2, 1)][rng.random_range(0..3)];
    let foreign = weight_type != WeightType::Int2 && rng.random_bool(0.3);
    let extreme = rng.random_bool(0.2);
    let weights = (0..inputs * outputs).map(|_| match (extreme, foreign) {
        (true, false) => {
            if rng.random_bool(0.5) {
                limit
            } else {
                -limit
            }
        }
        (_, true) => rng.random_range(-limit - 1..=limit),
        _ => rng.random_range(-limit..=limit),
    });
    let weights = weights.collect();
    let quantization = |rng: &mut ChaCha8Rng| Quantization {
        scale: rng.random_range(0.01..0.2),
        zero_point: [-128, 127, rng.random_range(-128..=127)][rng.random_range(0..3)],
    };
    let spread = (inputs as f32).sqrt() * limit as f32;
    let (lo, hi) = (rng.random_range(-128..=0), rng.random_range(0..=127));
    let tables = if rng.random_bool(0.5) { 1 } else { outputs };
    let activation = if rng.random_bool(0.3) {
        let table = (0..256 * tables).map(|_| rng.random_range(-128..=127)).collect();
        IntegerActivation::Table { pre: quantization(rng), function: Some(Activation::Tanh), table }
    } else {
        IntegerActivation::Clamp { lo, hi }
    };
    QuantizedDense {
        name: "dense".into(),
        inputs,
        outputs,
        weight_type,
        weights,
        weight_zero_points: if foreign {
            (0..outputs).map(|_| rng.random_range(-limit - 1..=limit)).collect()
        } else {
            Vec::new()
        },
        weight_scales: (0..outputs).map(|_| rng.random_range(0.1..3.0) / spread).collect(),
        bias: (0..outputs).map(|_| rng.random_range(-20_000..=20_000)).collect(),
        input: quantization(rng),
        output: quantization(rng),
        activation,
    }
}

fn random_network(rng: &mut ChaCha8Rng) -> QuantizedSequential {
    let depth = rng.random_range(1..=4);
    // Around the four inputs and the eight, four and two rows that the packed order takes at a time.
    let sizes: Vec<usize> = (0..=depth).map(|_| rng.random_range(1..=35)).collect();
    let mut layers: Vec<_> = sizes.windows(2).map(|pair| random_layer(rng, pair[0], pair[1])).collect();
    for i in 1..layers.len() {
        layers[i].input = layers[i - 1].output;
    }
    QuantizedSequential {
        name: "random".into(),
        input: input(sizes[0]),
        layers,
        softmax: false,
        class_names: Vec::new(),
    }
}

#[test]
fn integers_follow_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for round in 0..600 {
        let network = random_network(&mut rng);
        let bytes = write(&network).unwrap();
        let model = Model::parse(&bytes).unwrap();
        for kind in 0..4 {
            let x: Vec<i8> = (0..model.input_len())
                .map(|_| match kind {
                    0 => -128,
                    1 => 127,
                    2 if rng.random_bool(0.7) => -128,
                    _ => rng.random_range(-128..=127),
                })
                .collect();
            let mut scratch: Vec<i8> = (0..model.scratch_len()).map(|_| rng.random_range(-128..=127)).collect();
            let mut y = vec![0; model.output_len()];
            let mut seen = Vec::new();
            model.run_with(&x, &mut scratch, &mut y, |_, outputs: &[i8]| seen.push(outputs.to_vec())).unwrap();
            let mut expected = x.clone();
            for (layer, seen) in network.layers.iter().zip(&seen) {
                expected = integer_layer(layer, &expected);
                assert_eq!(*seen, expected, "round {round}, inputs {kind}, {layer:?}");
            }
            assert_eq!(y, expected);
        }
    }
}

/// The means of windows, in i64 and f64.
fn pooled(pool: AveragePool, x: &[i8]) -> Vec<i8> {
    let places = |output: usize| {
        let (row, column) = (output / pool.outputs[1], output % pool.outputs[1]);
        let at = move |r: usize, c: usize| {
            (pool.offset[0] + row * pool.size[0] + r) * pool.image[1] + pool.offset[1] + column * pool.size[1] + c
        };
        (0..pool.size[0]).flat_map(move |r| (0..pool.size[1]).map(move |c| at(r, c)))
    };
    let mean = |output: usize| {
        let sum: i64 = places(output).map(|place| i64::from(x[place])).sum();
        // Both are exact, and so is a half.
        (sum as f64 / (pool.size[0] * pool.size[1]) as f64).round_ties_even() as i8
    };
    (0..pool.len()).map(mean).collect()
}

fn random_pool(rng: &mut ChaCha8Rng) -> AveragePool {
    let mut each = |low: usize, high: usize| [0, 1].map(|_| rng.random_range(low..=high));
    let (size, outputs, offset, behind) = (each(1, 4), each(1, 5), each(0, 3), each(0, 3));
    AveragePool {
        image: [0, 1].map(|axis| offset[axis] + outputs[axis] * size[axis] + behind[axis]),
        offset,
        outputs,
        size,
    }
}

#[test]
fn poolings_follow_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for round in 0..300 {
        let pool = random_pool(&mut rng);
        let layer = random_layer(&mut rng, pool.len(), 3);
        let mut input = Input::new(pool.image.to_vec(), Encoding::Real);
        input.pool = Some(pool);
        let network = QuantizedSequential {
            name: "pooled".into(),
            input: input.clone(),
            layers: vec![layer],
            softmax: false,
            class_names: Vec::new(),
        };
        let bytes = write(&network).unwrap();
        let Network::Integer(again) = read(&bytes).unwrap() else { panic!("integers became floats") };
        assert_eq!(again.input, input);
        let model = Model::parse(&bytes).unwrap();
        let x: Vec<i8> = (0..model.input_len()).map(|_| rng.random_range(-128..=127)).collect();
        let (mut y, mut seen) = (vec![0; 3], Vec::new());
        let mut scratch = vec![1; model.scratch_len()];
        model.run_with(&x, &mut scratch, &mut y, |_, outputs: &[i8]| seen.push(outputs.to_vec())).unwrap();
        let means = pooled(pool, &x);
        assert_eq!(seen[0], means, "round {round}, {pool:?}");
        assert_eq!(y, integer_layer(&network.layers[0], &means));
        // What the trainer makes of pixels, in the numbers of pixels.
        let pixels = Array2::from_shape_fn((1, x.len()), |(_, i)| (i16::from(x[i]) + 128) as u8);
        let trained: Vec<i8> = pool.mean_pixels(pixels.view()).iter().map(|&p| (i16::from(p) - 128) as i8).collect();
        assert_eq!(trained, means);

        let kernel = Array2::from_shape_fn((pool.len(), 2), |_| rng.random_range(-1.0..1.0));
        let dense = Dense { name: "dense".into(), kernel, bias: Array1::zeros(2), activation: Activation::Relu };
        let layers = vec![Layer::Dense(dense)];
        let network = Sequential { name: "pooled".into(), input, layers, class_names: Vec::new() };
        let bytes = write_float(&network, FloatType::F32).unwrap();
        assert_eq!(read(&bytes).unwrap(), Network::Float(network));
        let model = Model::parse(&bytes).unwrap();
        let x = Array2::from_shape_fn((1, model.input_len()), |_| rng.random_range(-2.0..2.0));
        let mut seen = Vec::new();
        let mut scratch = vec![f32::NAN; model.scratch_len()];
        let keep = |_: u16, outputs: &[f32]| seen.push(outputs.to_vec());
        model.run_with(x.as_slice().unwrap(), &mut scratch, &mut [0.0; 2], keep).unwrap();
        assert_eq!(seen[0], pool.means(x.view()).into_raw_vec_and_offset().0);
    }
}

#[test]
fn floats_follow_the_definition() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for _ in 0..200 {
        let sizes: Vec<usize> = (0..3).map(|_| rng.random_range(1..=35)).collect();
        let layers: Vec<Dense> = sizes
            .windows(2)
            .map(|pair| Dense {
                name: "dense".into(),
                kernel: Array2::from_shape_fn((pair[0], pair[1]), |_| rng.random_range(-1.0..1.0)),
                bias: Array1::from_shape_fn(pair[1], |_| rng.random_range(-1.0..1.0)),
                activation: Activation::Relu,
            })
            .collect();
        let network = Sequential {
            name: "floats".into(),
            input: input(sizes[0]),
            layers: layers.iter().cloned().map(Layer::Dense).collect(),
            class_names: Vec::new(),
        };
        for weights in [FloatType::F32, FloatType::F16] {
            let bytes = write_float(&network, weights).unwrap();
            let model = Model::parse(&bytes).unwrap();
            let x: Vec<f32> = (0..model.input_len()).map(|_| rng.random_range(-2.0..2.0)).collect();
            let mut y = vec![0.0; model.output_len()];
            model.run(&x, &mut vec![f32::NAN; model.scratch_len()], &mut y).unwrap();
            let mut expected = x;
            for dense in &layers {
                expected = dense
                    .kernel
                    .columns()
                    .into_iter()
                    .zip(&dense.bias)
                    .map(|(weights, &bias)| {
                        let sum = weights.iter().zip(&expected).fold(bias, |sum, (&w, &x)| {
                            let w = if weights_are_half(&bytes) { half::f16::from_f32(w).to_f32() } else { w };
                            x.mul_add(w, sum)
                        });
                        sum.max(0.0)
                    })
                    .collect();
            }
            assert_eq!(y, expected, "{weights:?}");
        }
    }
}

fn weights_are_half(bytes: &[u8]) -> bool {
    Model::parse(bytes).unwrap().layer(0).unwrap().weight_type() == thumbnet::WeightType::F16
}
