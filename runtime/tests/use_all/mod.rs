//! What a model must stand, whatever its bytes are: for the tests of corruptions, and for the fuzzer.

use thumbnet::{Element, Model};

/// Does everything that can be done with a model. The sizes are those of its file, so that memory is no question.
pub(crate) fn use_all(model: &Model<'_>) {
    if model.is_float() {
        run::<f32>(model, 0.5);
    } else {
        run::<i8>(model, 77);
        let mut input = vec![0; model.input_len()];
        model.quantize_input(&vec![0.25; model.input_len()], &mut input).unwrap();
        model.quantize_pixels(&vec![200; model.input_len()], &mut input).unwrap();
    }
    assert_eq!(model.layers().count(), usize::from(model.layer_count()));
    for layer in model.layers() {
        let _ = (
            layer.weights(),
            layer.biases(),
            layer.factors(),
            layer.weight_zero_points(),
            layer.tables(),
            layer.pool(),
            layer.function(),
            layer.output_quantization(),
        );
        assert!(!format!("{layer:?}").is_empty());
    }
    assert_eq!(model.labels().iter().count(), model.labels().len());
    assert_eq!(model.names().iter().count(), model.names().len());
    assert!(model.macs() > 0 || model.layers().all(|layer| layer.pool().is_some()));
    assert!(!format!("{model:?}").is_empty());
}

/// Evaluates with all memory, and with the least: the same bits.
fn run<T: Element + PartialEq + std::fmt::Debug>(model: &Model<'_>, value: T) {
    let input = vec![value; model.input_len()];
    let mut output = vec![value; model.output_len()];
    let mut layers = 0;
    let observer = |_, _: &[T]| layers += 1;
    model.run_with(&input, &mut vec![value; model.scratch_len()], &mut output, observer).unwrap();
    assert_eq!(layers, model.layer_count());
    let mut least = vec![value; model.output_len()];
    model.run(&input, &mut vec![value; model.least_scratch_len()], &mut least).unwrap();
    // A NaN is not equal to itself.
    assert!(
        least == output || format!("{least:?}") == format!("{output:?}"),
        "{least:?} in the least memory, {output:?}"
    );
    let class = model.classify(&output);
    assert!(class.index < model.output_len().max(2));
    #[cfg(feature = "heapless")]
    {
        let best = model.top_k::<T, 3>(&output);
        assert!(!best.is_empty() && best[0].index == class.index, "{best:?}, {class:?}");
        assert!(best.windows(2).all(|pair| pair[0].index != pair[1].index), "{best:?}");
    }
    let mut real = vec![0.0; model.output_len()];
    model.dequantize(&output, &mut real).unwrap();
    model.probabilities(&output, &mut real).unwrap();
}
