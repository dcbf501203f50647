//! The ways in, and what they say where something does not fit.

#[path = "../../tests/tolerances.rs"]
mod tolerance;

use thumbnet::WeightType::{Int2, Int4, Int8};
use thumbnet::{Buffer, Function, Model, Order, RunError};

thumbnet::model!(static XOR = "models/xor.tnet");
thumbnet::model!(
    /// In floats.
    pub static XOR_F32 = "models/xor-f32.tnet"
);
thumbnet::model!(static MIXED = "models/mixed.tnet");

thumbnet::model!(static LEAST = "models/mixed.tnet", least_memory);

const TRUTH: [([f32; 2], usize); 4] = [([0.0, 0.0], 0), ([0.0, 1.0], 1), ([1.0, 0.0], 1), ([1.0, 1.0], 0)];

#[test]
fn a_static_model_evaluates() {
    let mut scratch = XOR.scratch();
    for (real, class) in TRUTH {
        let mut input = [0; 2];
        XOR.quantize_input(&real, &mut input).unwrap();
        let output: [i8; 2] = XOR.evaluate(&input, &mut scratch);
        let found = XOR.classify(&output);
        assert_eq!((found.index, found.label), (class, Some(["false", "true"][class])));
        assert!(found.score > 0.95 && found.score < 1.0, "{}", found.score);
    }
}

#[test]
fn static_and_parsed_models_agree() {
    let bytes = XOR_F32.bytes().to_vec();
    let model = Model::parse(&bytes).unwrap();
    for (input, class) in TRUTH {
        let output: [f32; 2] = XOR_F32.evaluate(&input, &mut XOR_F32.scratch());
        let mut other = [0.0; 2];
        model.run(&input, &mut vec![0.0; model.scratch_len()], &mut other).unwrap();
        assert_eq!(output, other);
        assert_eq!(model.classify(&output).index, class);
        assert!((output[0] + output[1] - 1.0).abs() < tolerance::FUNCTION, "a softmax gives probabilities");
    }
}

#[test]
fn models_share_a_scratch() {
    let mut scratch = [0; 64];
    let before: [i8; 2] = MIXED.evaluate(&[5; 13], &mut scratch);
    let _: [i8; 2] = XOR.evaluate(&[5; 2], &mut scratch);
    assert_eq!(MIXED.evaluate(&[5; 13], &mut scratch), before);
}

#[test]
fn static_models_lie_at_multiples_of_sixteen() {
    for model in [&*XOR, &*XOR_F32, &*MIXED] {
        assert_eq!(model.bytes().as_ptr().addr() % 16, 0);
    }
}

#[test]
fn wrong_buffers_are_named_and_the_output_stays() {
    let mut output = [42; 2];
    let mut scratch = XOR.scratch();
    let error = XOR.run(&[0; 3], &mut scratch, &mut output).unwrap_err();
    assert_eq!(error, RunError::Length { buffer: Buffer::Input, expected: 2, found: 3 });
    let expected = XOR.least_scratch_len();
    let error = XOR.run(&[0; 2], &mut scratch[..expected - 1], &mut output).unwrap_err();
    assert_eq!(error, RunError::Length { buffer: Buffer::Scratch, expected, found: expected - 1 });
    let error = XOR.run(&[0; 2], &mut scratch, &mut output[..1]).unwrap_err();
    assert_eq!(error, RunError::Length { buffer: Buffer::Output, expected: 2, found: 1 });
    assert_eq!(XOR_F32.run(&[0; 2], &mut scratch, &mut output), Err(RunError::Element));
    assert_eq!(output, [42; 2]);
    assert_eq!(XOR_F32.quantize_input(&[0.0; 2], &mut [0; 2]), Err(RunError::Element));
}

#[test]
fn layers_say_what_they_are() {
    let layers: Vec<_> = MIXED.layers().map(|layer| (layer.inputs(), layer.outputs(), layer.weight_type())).collect();
    assert_eq!(layers, [(13, 9, Int8), (9, 6, Int4), (6, 3, Int2), (3, 2, Int8)]);
    assert_eq!(MIXED.layer(3).unwrap().order(), Order::ZeroPoints);
    assert_eq!(XOR_F32.layer(0).unwrap().function(), Function::Relu);
    assert_eq!(MIXED.names().get(0), Some("mixed"));
    assert!(XOR.names().iter().eq(["exclusive or", "hidden", "output", "a", "b"]));
    assert_eq!(XOR.macs(), 8);
}

/// `(x - 1.5) / 4`, divided by the root of the sum of squares.
#[test]
fn inputs_are_normalized_as_the_file_says() {
    let real: [f32; 13] = core::array::from_fn(|i| i as f32 * 0.7 - 3.0);
    let mut input = [0; 13];
    MIXED.quantize_input(&real, &mut input).unwrap();
    let normalized = real.map(|x| (x - 1.5) * 0.25);
    let norm = normalized.iter().map(|x| x * x).sum::<f32>().sqrt();
    for (q, x) in input.iter().zip(normalized) {
        assert_eq!(*q, ((x / norm / 0.03).round_ties_even() - 7.0) as i8);
    }
    MIXED.quantize_input(&[f32::NAN; 13], &mut input).unwrap();
    assert_eq!(input, [-128; 13]);
}

/// The output of another model, or numbers of the other kind.
#[test]
fn outputs_that_are_not_the_models_have_no_class() {
    for class in
        [XOR.classify(&[1, 2, 3]), XOR.classify::<i8>(&[]), XOR.classify(&[1.0, 2.0]), XOR_F32.classify(&[1, 2])]
    {
        assert!(class.index == 0 && class.label.is_none() && class.score.is_nan(), "{class:?}");
    }
    let mut real = [7.0; 2];
    assert_eq!(XOR.dequantize(&[1.0, 2.0], &mut real), Err(RunError::Element));
    let expected = RunError::Length { buffer: Buffer::Output, expected: 2, found: 3 };
    assert_eq!(XOR.probabilities(&[1, 2, 3], &mut real), Err(expected));
    assert_eq!(real, [7.0; 2]);
    #[cfg(feature = "heapless")]
    assert!(XOR.top_k::<i8, 3>(&[1]).is_empty());
}

#[test]
fn what_a_program_was_not_built_for_is_refused() {
    let mut output = [5; 2];
    let run = XOR.run_only::<i8, { Int4.bit() }>(&[0; 2], &mut XOR.scratch(), &mut output, |_, _| {});
    assert_eq!((run, output), (Err(RunError::Weights), [5; 2]));
    XOR.run_only::<i8, { Int8.bit() }>(&[0; 2], &mut XOR.scratch(), &mut output, |_, _| {}).unwrap();
    assert_eq!(output, [64, -64]);
}

#[test]
fn a_score_that_is_no_number_stands_behind_all_others() {
    for (output, class) in [([1.0, f32::NAN], 0), ([f32::NAN, 1.0], 1), ([f32::NAN, f32::NEG_INFINITY], 0)] {
        assert_eq!(XOR_F32.classify(&output).index, class, "{output:?}");
    }
    #[cfg(feature = "heapless")]
    assert_eq!(XOR_F32.top_k::<f32, 5>(&[f32::NAN, 1.0]).iter().map(|class| class.index).collect::<Vec<_>>(), [1, 0]);
}

#[cfg(feature = "heapless")]
#[test]
fn the_best_classes_come_in_order() {
    let best: heapless::Vec<_, 5> = XOR.top_k(&[7, 7]);
    assert_eq!(best.iter().map(|class| class.index).collect::<Vec<_>>(), [0, 1]);
    let best: heapless::Vec<_, 1> = XOR.top_k(&[6, 7]);
    assert_eq!(best.iter().map(|class| class.label).collect::<Vec<_>>(), [Some("true")]);
}

#[test]
fn less_memory_gives_the_same_bits() {
    let (least, most) = (MIXED.least_scratch_len(), MIXED.scratch_len());
    assert!(least <= most && least >= 9 + 6, "{least} {most}");
    let expected = MIXED.evaluate(&[-77; 13], &mut MIXED.scratch());
    for length in least..=most {
        let mut output = [0; 2];
        MIXED.run(&[-77; 13], &mut vec![99; length], &mut output).unwrap();
        assert_eq!(output, expected, "{length} elements");
    }
    assert_eq!(LEAST.scratch().len(), least);
    assert_eq!(LEAST.evaluate(&[-77; 13], &mut LEAST.scratch()), expected);
    assert_eq!(LEAST.evaluate(&[-77; 13], &mut MIXED.scratch()), expected, "a scratch that is larger");
}

/// All that a firmware may log can be logged.
#[cfg(feature = "defmt")]
#[allow(dead_code, reason = "it is compiled: a host has nothing that would take the log")]
fn everything_has_a_format() {
    fn format<T: core::fmt::Debug + defmt::Format>(_: Option<T>) {}
    format(Some(&XOR));
    format(Some(*XOR));
    format(XOR.layer(0));
    format(XOR.layer(0).map(|layer| (layer.kind(), layer.weight_type(), layer.order(), layer.function())));
    format(XOR.layer(0).and_then(|layer| layer.pool()));
    format(XOR.input_quantization());
    format(Some((XOR.labels(), XOR.encoding(), XOR.unit_norm(), thumbnet::Backend::NATIVE)));
    format(Some(XOR.classify(&[1, 2])));
    format(Model::parse(&[]).err());
    format(XOR.verify_checksum().err());
    format(Some((RunError::Weights, Buffer::Output)));
    #[cfg(feature = "adapt")]
    format(None::<thumbnet::adapt::Adapter<'_, '_>>);
}
