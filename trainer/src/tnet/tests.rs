//! Round trips, and the runtime's view of what was written.

use super::{FloatType, Network, read, write, write_float};
use crate::nn::{
    Activation, AveragePool, Dense, Elementwise, Encoding, Input, Layer, Normalization, Sequential, UnitNorm,
};
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential, WeightType};
use crate::tolerance;
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thumbnet::WeightType::{Int2, Int4, Int8};
use thumbnet::format::header;
use thumbnet::{Function, Model, Order};

fn input(features: usize) -> Input {
    Input {
        shape: vec![features],
        encoding: Encoding::Real,
        normalization: None,
        unit_norm: None,
        pool: None,
        feature_names: Vec::new(),
    }
}

fn layer(rng: &mut ChaCha8Rng, inputs: usize, outputs: usize, weight_type: WeightType) -> QuantizedDense {
    let limit = match weight_type {
        WeightType::Int8 => 127,
        WeightType::Int4 => 7,
        WeightType::Int2 => 1,
    };
    QuantizedDense {
        name: format!("dense_{inputs}_{outputs}"),
        inputs,
        outputs,
        weight_type,
        weights: (0..inputs * outputs).map(|_| rng.random_range(-limit..=limit)).collect(),
        weight_zero_points: Vec::new(),
        weight_scales: (0..outputs).map(|_| rng.random_range(0.001..0.02)).collect(),
        bias: (0..outputs).map(|_| rng.random_range(-5000..5000)).collect(),
        input: Quantization { scale: 0.03, zero_point: -7 },
        output: Quantization { scale: 0.05, zero_point: 11 },
        activation: IntegerActivation::Clamp { lo: 11, hi: 127 },
    }
}

/// Three layers of different kinds of weights, a table and a foreign layer.
fn network() -> QuantizedSequential {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let first = layer(&mut rng, 13, 9, WeightType::Int8);
    let mut second = layer(&mut rng, 9, 6, WeightType::Int4);
    second.input = first.output;
    second.activation = IntegerActivation::Table {
        pre: Quantization { scale: 0.07, zero_point: 3 },
        function: Some(Activation::Elementwise(Elementwise::LeakyRelu { slope: 0.125 })),
        table: (0..=255u8).map(|i| (i ^ 0x80) as i8 / 2).collect(),
    };
    let mut third = layer(&mut rng, 6, 3, WeightType::Int2);
    third.input = second.output;
    let mut fourth = layer(&mut rng, 3, 2, WeightType::Int8);
    fourth.weights[1] = -128;
    fourth.weight_zero_points = vec![5, -128];
    fourth.input = third.output;
    QuantizedSequential {
        name: "mixed".into(),
        input: Input {
            normalization: Some(Normalization { offset: vec![1.5; 13], scale: vec![0.25; 13] }),
            unit_norm: Some(UnitNorm::L2),
            pool: None,
            feature_names: (0..13).map(|i| format!("x{i}")).collect(),
            ..input(13)
        },
        layers: vec![first, second, third, fourth],
        softmax: true,
        class_names: vec!["cat".into(), "d\u{f6}g".into()],
    }
}

#[test]
fn integers_come_back_as_they_were() {
    let network = network();
    let bytes = write(&network).unwrap();
    let Network::Integer(back) = read(&bytes).unwrap() else { panic!("floats came back") };
    assert_eq!(write(&back).unwrap(), bytes);
    let mut same = back.clone();
    for (layer, original) in same.layers.iter_mut().zip(&network.layers) {
        for (scale, original) in layer.weight_scales.iter_mut().zip(&original.weight_scales) {
            assert!((*scale - original).abs() <= tolerance::FUNCTION * original, "{scale} for {original}");
            *scale = *original;
        }
    }
    assert_eq!(same, network);
}

#[test]
fn the_runtime_sees_the_same_layers() {
    let bytes = write(&network()).unwrap();
    let model = Model::parse(&bytes).unwrap();
    model.verify_checksum().unwrap();
    assert!(model.labels().iter().eq(["cat", "d\u{f6}g"]));
    assert_eq!((model.input_len(), model.output_len(), model.macs()), (13, 2, 13 * 9 + 9 * 6 + 6 * 3 + 3 * 2));
    let orders: Vec<_> = model.layers().map(|layer| (layer.weight_type(), layer.order())).collect();
    assert_eq!(
        orders,
        [(Int8, Order::Packed), (Int4, Order::Packed), (Int2, Order::Packed), (Int8, Order::ZeroPoints)]
    );
    assert_eq!(model.layer(1).unwrap().function(), Function::LeakyRelu { slope: 0.125 });
    assert!(model.has_softmax());
    assert_eq!(model.normalization().unwrap().count(), 13);
}

#[test]
fn floats_come_back_as_they_were() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut dense = |name: &str, inputs, outputs, activation| {
        let kernel =
            Array2::from_shape_fn((inputs, outputs), |_| half::f16::from_f32(rng.random_range(-1.0..1.0)).to_f32());
        let bias = Array1::from_shape_fn(outputs, |_| rng.random_range(-1.0f32..1.0));
        Layer::Dense(Dense { name: name.into(), kernel, bias, activation })
    };
    let network = Sequential {
        name: "floats".into(),
        input: Input { shape: vec![2, 3], encoding: Encoding::Pixel, ..input(6) },
        layers: vec![
            dense("a", 6, 23, Activation::Elementwise(Elementwise::Selu { alpha: 1.67, gamma: 1.05 })),
            dense("b", 23, 3, Activation::Softmax),
        ],
        class_names: vec!["r".into(), "g".into(), "b".into()],
    };
    for weights in [FloatType::F32, FloatType::F16] {
        let bytes = write_float(&network, weights).unwrap();
        assert_eq!(read(&bytes).unwrap(), Network::Float(network.clone()));
    }
}

/// What a softmax gives is left as it is, what a log-softmax gives has an exponential; the score of the class is the same.
#[test]
fn probabilities_are_probabilities() {
    let kernel = ndarray::arr2(&[[1.0, 0.0, -1.0]]);
    let bytes = |activation| {
        let dense = Dense { name: "dense".into(), kernel: kernel.clone(), bias: Array1::zeros(3), activation };
        let layers = vec![Layer::Dense(dense)];
        let network = Sequential { name: "floats".into(), input: input(1), layers, class_names: Vec::new() };
        write_float(&network, FloatType::F32).unwrap()
    };
    for activation in [Activation::Softmax, Activation::LogSoftmax] {
        let bytes = bytes(activation);
        let model = Model::parse(&bytes).unwrap();
        let (mut output, mut probabilities) = ([0.0; 3], [0.0; 3]);
        model.run(&[2.0], &mut vec![0.0; model.scratch_len()], &mut output).unwrap();
        model.probabilities(&output, &mut probabilities).unwrap();
        let sum: f32 = [2.0f32, 0.0, -2.0].map(f32::exp).iter().sum();
        for (p, logit) in probabilities.iter().zip([2.0f32, 0.0, -2.0]) {
            assert!((p - logit.exp() / sum).abs() < tolerance::FUNCTION, "{activation:?}: {probabilities:?}");
        }
        assert_eq!((model.classify(&output).index, model.classify(&output).score), (0, probabilities[0]));
    }
}

#[test]
fn what_the_arithmetic_cannot_hold_is_refused_by_name() {
    let mut network = network();
    network.layers[0].bias[4] = i32::MAX;
    let message = write(&network).unwrap_err().to_string();
    assert!(message.contains("mixed: dense_13_9") && message.contains("output 4"), "{message}");
    network.layers[0].bias[4] = 0;
    network.layers[2].weights[0] = 2;
    let message = write(&network).unwrap_err().to_string();
    assert!(message.contains("weight 2 is out of -1..=1"), "{message}");
}

#[test]
fn rows_that_would_spill_are_written_plainly() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut wide = layer(&mut rng, 600, 2, WeightType::Int8);
    wide.weights.fill(127);
    wide.output = wide.input;
    let network = QuantizedSequential { input: input(600), layers: vec![wide], class_names: Vec::new(), ..network() };
    let bytes = write(&network).unwrap();
    assert_eq!(Model::parse(&bytes).unwrap().layer(0).unwrap().order(), Order::Plain);
    let Network::Integer(back) = read(&bytes).unwrap() else { panic!("floats came back") };
    assert_eq!(back.layers[0].weights, network.layers[0].weights);
}

/// The runtime takes a few numbers that no int8 holds: where a file of another writer has them, no other network comes back.
#[test]
fn numbers_that_int8_does_not_hold_are_errors() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut only = layer(&mut rng, 4, 2, WeightType::Int8);
    only.weights.fill(1);
    let network = |only: &QuantizedDense| {
        let layers = vec![only.clone()];
        QuantizedSequential { input: input(4), layers, class_names: Vec::new(), ..network() }
    };
    let damaged = |network: &QuantizedSequential, from: &[u8], to: &[u8]| {
        let mut bytes = write(network).unwrap();
        let place = bytes.windows(from.len()).rposition(|window| window == from).unwrap();
        bytes[place..][..from.len()].copy_from_slice(to);
        let computed = Model::parse(&bytes).unwrap().verify_checksum().unwrap_err().computed;
        bytes[header::CRC..][..4].copy_from_slice(&computed.to_le_bytes());
        read(&bytes).unwrap_err().to_string()
    };
    // A pair of rows is `256 * odd + even`.
    let message = damaged(&network(&only), &[1; 8], &[0x80, 0x7f, 1, 1, 1, 1, 1, 1]);
    assert!(message.contains("dense_4_2: output 1 has a weight of 128"), "{message}");
    only.weight_zero_points = vec![7, 77];
    let message = damaged(&network(&only), &77i32.to_le_bytes(), &300i32.to_le_bytes());
    assert!(message.contains("dense_4_2: the weights' zero point of output 1"), "{message}");
}

/// The exporter packs what the reader accepts: the most inputs of the largest weights are packed, one more is written plainly.
#[test]
fn exporter_and_reader_have_the_same_bound() {
    for (weight_type, weight, most) in
        [(WeightType::Int8, 127, 259), (WeightType::Int4, 7, 293), (WeightType::Int2, 1, 514)]
    {
        for (inputs, expected) in [(most, Order::Packed), (most + 1, Order::Plain)] {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let mut wide = layer(&mut rng, inputs, 8, weight_type);
            wide.weights.fill(weight);
            wide.bias.fill(0);
            // Zeros are the least integers, so that nothing is folded into the biases.
            wide.input.zero_point = -128;
            wide.output = wide.input;
            let input = input(inputs);
            let network = QuantizedSequential { input, layers: vec![wide], class_names: Vec::new(), ..network() };
            let bytes = write(&network).unwrap();
            assert_eq!(Model::parse(&bytes).unwrap().layer(0).unwrap().order(), expected, "{weight_type:?}, {inputs}");
        }
    }
}

/// The exclusive or with two hidden units: `h = relu(a + b), relu(a + b - 1)`; `true = 4 * (h0 - 2 * h1) - 2`.
fn exclusive_or() -> Sequential {
    let dense = |name: &str, kernel, bias: &[f32], activation| {
        Layer::Dense(Dense { name: name.into(), kernel, bias: Array1::from(bias.to_vec()), activation })
    };
    Sequential {
        name: "exclusive or".into(),
        input: Input { feature_names: vec!["a".into(), "b".into()], ..input(2) },
        layers: vec![
            dense("hidden", Array2::ones((2, 2)), &[0.0, -1.0], Activation::Relu),
            dense("output", ndarray::array![[-4.0, 4.0], [8.0, -8.0]], &[2.0, -2.0], Activation::Softmax),
        ],
        class_names: vec!["false".into(), "true".into()],
    }
}

/// The same in integers; a step is 1/64 at the input and the hidden units, 1/32 at the output.
fn exclusive_or_int8() -> QuantizedSequential {
    let floats = exclusive_or();
    let steps =
        [Quantization { scale: 1.0 / 64.0, zero_point: 0 }, Quantization { scale: 1.0 / 64.0, zero_point: -128 }];
    let output = Quantization { scale: 1.0 / 32.0, zero_point: 0 };
    let layers = floats.dense_layers().zip(steps).map(|(dense, entering)| {
        let hidden = dense.name == "hidden";
        let weight_scale = if hidden { 1.0 / 64.0 } else { 1.0 / 8.0 };
        QuantizedDense {
            name: dense.name.clone(),
            inputs: 2,
            outputs: 2,
            weight_type: WeightType::Int8,
            weights: dense.kernel.t().iter().map(|w| (w / weight_scale) as i8).collect(),
            weight_zero_points: Vec::new(),
            weight_scales: vec![weight_scale; 2],
            bias: dense.bias.iter().map(|b| (b / (entering.scale * weight_scale)) as i32).collect(),
            input: entering,
            output: if hidden { steps[1] } else { output },
            activation: IntegerActivation::Clamp { lo: -128, hi: 127 },
        }
    });
    let layers = layers.collect();
    QuantizedSequential {
        name: floats.name,
        input: floats.input,
        layers,
        softmax: true,
        class_names: floats.class_names,
    }
}

/// The exclusive or of the two halves of an image of 4 x 4 pixels, whose border is cut off.
fn pooled() -> QuantizedSequential {
    let mut network = exclusive_or_int8();
    network.name = "pooled".into();
    network.input = Input::new(vec![4, 4], Encoding::Real);
    network.input.pool = Some(AveragePool::centered([4, 4], [2, 2], [2, 1]).unwrap());
    network
}

/// The models that the runtime's own tests and examples use are exactly what this exporter writes. With `THUMBNET_BLESS` set
/// they are written anew.
#[test]
fn the_runtime_tests_our_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/tests/models/");
    for (name, bytes) in [
        ("xor.tnet", write(&exclusive_or_int8())),
        ("xor-f32.tnet", write_float(&exclusive_or(), FloatType::F32)),
        ("xor-f16.tnet", write_float(&exclusive_or(), FloatType::F16)),
        ("mixed.tnet", write(&network())),
        ("pool.tnet", write(&pooled())),
    ] {
        let (path, bytes) = (format!("{folder}{name}"), bytes.unwrap());
        if std::env::var_os("THUMBNET_BLESS").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{name} is not what the exporter writes");
    }
}
