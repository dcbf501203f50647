//! Networks of random integers: what is compared bit for bit needs no training.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thumbnet_trainer::nn::{AveragePool, Encoding, Input};
use thumbnet_trainer::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential, WeightType};

/// As [`random`], of an image whose windows' means are the first width.
pub fn pooled(pool: AveragePool, widths: &[usize], seed: u64) -> QuantizedSequential {
    let mut network = random(widths, seed);
    network.input = Input::new(pool.image.to_vec(), Encoding::Pixel);
    network.input.pool = Some(pool);
    network
}

/// An int8 classifier with these widths, input first. Hidden layers are ReLU.
pub fn random(widths: &[usize], seed: u64) -> QuantizedSequential {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let pixel = Quantization { scale: 1.0 / 255.0, zero_point: -128 };
    let mut input = pixel;
    let mut layers = Vec::new();
    for (index, pair) in widths.windows(2).enumerate() {
        let (inputs, outputs) = (pair[0], pair[1]);
        let last = index + 2 == widths.len();
        let weight_scales: Vec<f32> = (0..outputs).map(|_| random.random_range(0.5..1.5) / 127.0).collect();
        // The spread of a sum of `inputs` products of two evenly spread numbers, about; so no more than a few saturate.
        let spread = (inputs as f32 / 9.0).sqrt() * input.scale * 255.0;
        let zero_point = if last { random.random_range(-20..20) } else { -128 };
        let output = Quantization { scale: 4.0 * spread / 255.0, zero_point };
        layers.push(QuantizedDense {
            name: format!("dense_{index}"),
            inputs,
            outputs,
            weight_type: WeightType::Int8,
            weights: (0..inputs * outputs).map(|_| random.random_range(-127..=127)).collect(),
            bias: (0..outputs).map(|_| random.random_range(-9000..9000)).collect(),
            weight_scales,
            weight_zero_points: Vec::new(),
            input,
            output,
            activation: IntegerActivation::Clamp { lo: -128, hi: 127 },
        });
        input = output;
    }
    let side = (widths[0] as f64).sqrt() as usize;
    let shape = if side * side == widths[0] { vec![side, side] } else { vec![widths[0]] };
    QuantizedSequential {
        name: "random".into(),
        input: Input::new(shape, Encoding::Pixel),
        layers,
        softmax: true,
        class_names: (0..widths[widths.len() - 1]).map(|class| class.to_string()).collect(),
    }
}
