//! Post-training quantization of a trained network.

use super::range::quantization_of;
use super::weights::{Row, round_row};
use super::{IntegerActivation, QuantizedDense, QuantizedSequential, WeightType};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::quantization::Saturation;
use crate::nn::{Activation, Dense, Elementwise, Encoding, Quantization, Sequential};
use ndarray::{Array2, ArrayView2, Axis};

/// The quantization of 8-bit pixels: the integer is `pixel - 128`, its real value `pixel / 255`.
const PIXEL: Quantization = Quantization { scale: 1.0 / 255.0, zero_point: -128 };
/// A bias stays below this many steps, so that it and the products together stay within 32 bits.
const BIAS_STEPS: f32 = (1 << 29) as f32;
/// What the products of one unit may add up to, so that they and the bias stay within 32 bits.
const SUM_STEPS: i64 = 1 << 30;

/// The choices in a post-training quantization.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The width of the weights of every layer.
    pub weights: WeightType,
    /// Other widths, by the layers' order.
    pub layers: Vec<Option<WeightType>>,
    /// The ranges of the sums that the layers' outputs were rounded for while they were trained, in the layers' order; the
    /// calibration decides where there is none.
    pub ranges: Vec<Option<[f32; 2]>>,
}

impl Options {
    fn weights(&self, layer: usize) -> WeightType {
        self.layers.get(layer).copied().flatten().unwrap_or(self.weights)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { weights: WeightType::Int8, layers: Vec::new(), ranges: Vec::new() }
    }
}

/// Quantizes a network: weights per output channel and symmetric, activations per layer and affine, with ranges observed on
/// `calibration`.
///
/// `calibration` is samples x features, real values as they enter the network: before its own normalization, pixels divided by
/// 255. A few hundred samples of the training data are enough; never use test data.
/// # Errors
/// Names the layer where the network has no integer form (a softmax before the end), where its values are not finite, or where
/// the calibration data do not fit its input.
pub fn post_training(
    model: &Sequential,
    calibration: ArrayView2<'_, f32>,
    options: &Options,
) -> Result<QuantizedSequential> {
    if calibration.ncols() != model.input.features() {
        let (found, expected) = (calibration.ncols(), model.input.features());
        let message = format!("the calibration data have {found} features, the network takes {expected}");
        return Err(Error::new(ErrorKind::Data, &model.name, message));
    }
    let mut values = model.input.normalize(calibration);
    if values.nrows() == 0 {
        return Err(Error::new(ErrorKind::Data, &model.name, "the calibration data are empty; give some samples"));
    }
    finite(&values, "the calibration data")?;
    let mut input = match (model.input.encoding, &model.input.normalization) {
        (Encoding::Pixel, None) => PIXEL,
        _ => quantization_of(as_slice(&values)),
    };
    if let Some(pool) = model.input.pool {
        values = pool.means(values.view());
    }
    let Some(last) = model.dense_layers().count().checked_sub(1) else {
        return Err(Error::new(ErrorKind::Model, &model.name, "the network has no layers"));
    };
    let mut softmax = false;
    let mut layers = Vec::with_capacity(last + 1);
    for (index, dense) in model.dense_layers().enumerate() {
        let means = values.mean_axis(Axis(0)).map(|means| means.to_vec()).unwrap_or_default();
        let sums = dense.sums(values.view());
        finite(&sums, &dense.name)?;
        values.clone_from(&sums);
        dense.activation.apply(&mut values);
        let rounded = options.ranges.get(index).copied().flatten().map(|range| dense.activation.rounded(range));
        let output_of = |values| rounded.map_or_else(|| quantization_of(as_slice(values)), |(_, output)| output);
        let (output, activation) = match dense.activation {
            Activation::Softmax | Activation::LogSoftmax if index != last => {
                let message = "a softmax before the last layer has no integer form; use another activation there";
                return Err(Error::new(ErrorKind::Model, &dense.name, message));
            }
            Activation::Linear | Activation::Softmax | Activation::LogSoftmax => {
                (output_of(&sums), IntegerActivation::Clamp { lo: -128, hi: 127 })
            }
            Activation::Relu => {
                let output = output_of(&values);
                (output, IntegerActivation::Clamp { lo: output.zero_point, hi: 127 })
            }
            Activation::Elementwise(Elementwise::Clip { lo, hi }) if lo <= 0.0 && 0.0 <= hi => {
                let output = output_of(&values);
                (output, IntegerActivation::Clamp { lo: output.integer(lo), hi: output.integer(hi) })
            }
            function => {
                let (pre, output) = match rounded {
                    Some((Some(pre), output)) => (pre, output),
                    _ => observed(function, &sums, &values),
                };
                (output, table(function, pre, output))
            }
        };
        softmax |= matches!(dense.activation, Activation::Softmax | Activation::LogSoftmax);
        let layer = quantized(dense, &means, input, output, activation, options.weights(index))?;
        input = output;
        layers.push(layer);
    }
    Ok(QuantizedSequential {
        name: model.name.clone(),
        input: model.input.clone(),
        layers,
        softmax,
        class_names: model.class_names.clone(),
    })
}

/// The quantizations of the sums and the outputs of an activation that is a table.
fn observed(function: Activation, sums: &Array2<f32>, values: &Array2<f32>) -> (Quantization, Quantization) {
    match function.saturation() {
        Some(Saturation { limit, output }) => (limited(sums, limit), output),
        None => (quantization_of(as_slice(sums)), quantization_of(as_slice(values))),
    }
}

fn table(function: Activation, pre: Quantization, output: Quantization) -> IntegerActivation {
    let mut reals: Vec<f32> = pre.reals().collect();
    function.apply_row(&mut reals);
    let table = reals.iter().map(|&y| output.integer(y)).collect();
    IntegerActivation::Table { pre, function: Some(function), table }
}

fn limited(sums: &Array2<f32>, limit: f32) -> Quantization {
    let (low, high) = sums.iter().fold((0.0_f32, 0.0_f32), |(low, high), &v| (low.min(v), high.max(v)));
    Quantization::covering(low.max(-limit), high.min(limit))
}

/// One layer's weights and biases in integers. `means` are the inputs' means, one per input.
fn quantized(
    dense: &Dense,
    means: &[f32],
    input: Quantization,
    output: Quantization,
    activation: IntegerActivation,
    weight_type: WeightType,
) -> Result<QuantizedDense> {
    let (inputs, outputs) = dense.kernel.dim();
    let mut weights = Vec::with_capacity(inputs * outputs);
    let (mut weight_zero_points, mut weight_scales, mut bias) = (Vec::new(), Vec::new(), Vec::new());
    for (unit, &b) in dense.kernel.columns().into_iter().zip(&dense.bias) {
        let row = unit.to_vec();
        finite_slice(&row, &dense.name)?;
        let least_scale = b.abs() / input.scale / BIAS_STEPS;
        let Row { weights: integers, zero_point, scale } = round_row(&row, weight_type, least_scale);
        let steps = |&w: &i8| (i64::from(w) - i64::from(zero_point)).abs();
        if integers.iter().map(|w| 255 * steps(w)).sum::<i64>() > SUM_STEPS {
            let message =
                format!("{inputs} inputs are too many for sums of 32 bits; make the layer before it narrower");
            return Err(Error::new(ErrorKind::Model, &dense.name, message));
        }
        let step = input.scale * scale;
        // Rounding few-bit weights shifts a unit's mean; the bias takes the shift back (Nagel et al. 2019, section 4.2).
        let shift: f64 = if weight_type == WeightType::Int8 {
            0.0
        } else {
            let lost = |((w, &q), mean): ((&f32, &i8), &f32)| f64::from((w - f32::from(q) * scale) * mean);
            row.iter().zip(&integers).zip(means).map(lost).sum()
        };
        bias.push(((f64::from(b) + shift) / f64::from(step)).round_ties_even() as i32);
        weights.extend(integers);
        weight_zero_points.push(zero_point);
        weight_scales.push(scale);
    }
    if weight_zero_points.iter().all(|&zero_point| zero_point == 0) {
        weight_zero_points.clear();
    }
    let name = dense.name.clone();
    Ok(QuantizedDense {
        name,
        inputs,
        outputs,
        weight_type,
        weights,
        weight_zero_points,
        weight_scales,
        bias,
        input,
        output,
        activation,
    })
}

fn as_slice(values: &Array2<f32>) -> &[f32] {
    values.as_slice_memory_order().unwrap_or_default()
}

fn finite(values: &Array2<f32>, place: &str) -> Result<()> {
    finite_slice(as_slice(values), place)
}

fn finite_slice(values: &[f32], place: &str) -> Result<()> {
    if values.iter().all(|v| v.is_finite()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Model,
        place,
        "holds NaN or infinity; train again with a smaller learning rate or clean the data",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Input, Layer};
    use ndarray::{Array1, array};

    fn network(activations: [Activation; 2]) -> Sequential {
        let [first, second] = activations;
        Sequential {
            name: "two".into(),
            input: Input::new(vec![2], Encoding::Real),
            layers: vec![
                Layer::Dense(Dense {
                    name: "dense_1".into(),
                    kernel: array![[0.5, -1.0, 0.25], [1.0, 0.5, -0.75]],
                    bias: array![0.1, -0.2, 0.3],
                    activation: first,
                }),
                Layer::Dense(Dense {
                    name: "dense_2".into(),
                    kernel: array![[1.0, -1.0], [0.5, 0.5], [-0.25, 2.0]],
                    bias: Array1::zeros(2),
                    activation: second,
                }),
            ],
            class_names: vec![],
        }
    }

    fn points() -> Array2<f32> {
        Array2::from_shape_fn((200, 2), |(i, j)| ((i * (7 + j)) % 41) as f32 / 20.0 - 1.0)
    }

    /// The integers' meaning, by the definition of the arithmetic in real numbers.
    fn evaluate(model: &QuantizedSequential, sample: [f32; 2]) -> Vec<f32> {
        let mut q: Vec<i8> = sample.iter().map(|&x| model.layers[0].input.integer(x)).collect();
        for layer in &model.layers {
            let unit = |j: usize| {
                let products = q.iter().zip(&layer.weights[j * layer.inputs..]);
                let sum: i32 =
                    products.map(|(&x, &w)| (i32::from(x) - i32::from(layer.input.zero_point)) * i32::from(w)).sum();
                let real = (sum + layer.bias[j]) as f32 * layer.input.scale * layer.weight_scales[j];
                match &layer.activation {
                    IntegerActivation::Clamp { lo, hi } => layer.output.integer(real).clamp(*lo, *hi),
                    IntegerActivation::Table { pre, table, .. } => table[(i32::from(pre.integer(real)) + 128) as usize],
                }
            };
            q = (0..layer.outputs).map(unit).collect();
        }
        let last = model.layers[model.layers.len() - 1].output;
        q.iter().map(|&q| (f32::from(q) - f32::from(last.zero_point)) * last.scale).collect()
    }

    #[test]
    fn the_integers_mean_what_the_reals_say() {
        let clip = Activation::Elementwise(Elementwise::Clip { lo: 0.0, hi: 0.75 });
        for first in [Activation::Relu, Activation::Sigmoid, Activation::Tanh, clip] {
            for second in [Activation::Linear, Activation::Sigmoid] {
                let model = network([first, second]);
                let data = points();
                let reals = model.forward(data.view());
                let span = reals.iter().fold(0.0_f32, |span, y| span.max(y.abs()));
                let integers = post_training(&model, data.view(), &Options::default()).unwrap();
                for (sample, expected) in data.rows().into_iter().zip(reals.rows()) {
                    let got = evaluate(&integers, [sample[0], sample[1]]);
                    for (got, expected) in got.iter().zip(expected) {
                        assert!(
                            (got - expected).abs() < 0.03 * span,
                            "{first:?}, {second:?}: {got} instead of {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_range_that_was_learned_is_the_outputs() {
        let clip = Activation::Elementwise(Elementwise::Clip { lo: 0.0, hi: 5.0 });
        let output = |activation: Activation, range: Option<[f32; 2]>| {
            let options = Options { ranges: vec![range], ..Options::default() };
            post_training(&network([activation, Activation::Linear]), points().view(), &options).unwrap().layers[0]
                .clone()
        };
        assert!(output(clip, None).output.scale < 2.0 / 255.0, "the sums are small");
        assert_eq!(output(clip, Some([0.0, 5.0])).output, Quantization::covering(0.0, 5.0));
        let tanh = output(Activation::Tanh, Some([-3.0, 9.0]));
        let IntegerActivation::Table { pre, .. } = tanh.activation else { panic!("{:?}", tanh.activation) };
        assert_eq!(pre, Quantization::covering(-3.0, 4.0));
        let gelu = output(Activation::Elementwise(Elementwise::Gelu), Some([-3.0, 9.0]));
        let (least, q) = (-0.17, gelu.output);
        let lowest = (-128.0 - f32::from(q.zero_point)) * q.scale;
        assert!((lowest - least).abs() < q.scale && (q.scale * 255.0 - 9.17).abs() < 2.0 * q.scale, "{q:?}");
    }

    #[test]
    fn a_softmax_ends_in_logits_and_cannot_stand_before_the_end() {
        let data = points();
        let model =
            post_training(&network([Activation::Relu, Activation::Softmax]), data.view(), &Options::default()).unwrap();
        assert!(model.softmax);
        let error =
            post_training(&network([Activation::Softmax, Activation::Linear]), data.view(), &Options::default())
                .unwrap_err();
        assert!(error.to_string().starts_with("dense_1: a softmax before the last layer"), "{error}");
    }

    #[test]
    fn a_bias_that_dwarfs_its_weights_stays_within_32_bits() {
        let mut model = network([Activation::Relu, Activation::Linear]);
        for dense in model.dense_layers_mut().take(1) {
            dense.kernel.fill(1e-20);
            dense.bias.fill(3.0);
        }
        let data = points();
        let integers = post_training(&model, data.view(), &Options::default()).unwrap();
        assert!(integers.layers[0].bias.iter().all(|&b| b > 1 << 28 && b < 1 << 30), "{:?}", integers.layers[0].bias);
    }

    #[test]
    fn bad_calibration_data_are_refused() {
        let model = network([Activation::Relu, Activation::Linear]);
        let refusal =
            |data: Array2<f32>| post_training(&model, data.view(), &Options::default()).unwrap_err().to_string();
        assert_eq!(refusal(Array2::zeros((3, 5))), "two: the calibration data have 5 features, the network takes 2");
        assert!(refusal(Array2::zeros((0, 2))).contains("empty"));
        assert!(refusal(array![[0.0, f32::NAN]]).contains("NaN"));
    }
}
