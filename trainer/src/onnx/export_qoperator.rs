//! An integer network as an ONNX model of integer operators: QGemm, which is ONNX Runtime's own (`com.microsoft`), with
//! QuantizeLinear in front and DequantizeLinear behind. Activations are uint8, which its QGemm takes on every processor.

use super::builder::{Attribute, Builder, Elements};
use super::export::{activate, normalize};
use super::export_qdq::Writer;
use super::metadata::{describe_input, describe_output, describe_weights};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::Activation;
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential};

/// The model as ONNX with one QGemm per layer, in the operators of `opset` (at least 13).
/// # Errors
/// A network without layers.
pub fn export_qoperator(model: &QuantizedSequential, opset: i64) -> Result<Vec<u8>> {
    let [first, ..] = model.layers.as_slice() else {
        return Err(Error::new(ErrorKind::Model, &model.name, "the network has no layers"));
    };
    let mut builder = Builder::new(&model.name, opset);
    let input = describe_input(&mut builder, &model.input);
    let value = normalize(&mut builder, &model.input, input);
    let mut writer = Writer { builder, unsigned: true };
    let value = writer.quantize("input", &value, first.input);
    let mut value = writer.average_pool(model.input.pool, first.input, value);
    let (mut quantization, mut outputs) = (first.input, first.inputs);
    for layer in &model.layers {
        value = dense(&mut writer, layer, &value);
        (quantization, outputs) = (layer.output, layer.outputs);
    }
    let end = if model.softmax { "logits" } else { "output" };
    value = writer.dequantize_as("output", &value, quantization, end.to_owned());
    let mut builder = writer.builder;
    let mut meaning = "real";
    if model.softmax {
        value = activate(&mut builder, "output", Activation::Softmax, &value, "output".to_owned());
        meaning = "probabilities";
    }
    describe_output(&mut builder, &value, outputs, &model.class_names, meaning);
    describe_weights(&mut builder, model);
    Ok(builder.finish())
}

/// One layer, from integers to integers.
fn dense(writer: &mut Writer, layer: &QuantizedDense, value: &str) -> String {
    let name = &layer.name;
    let qgemm = |writer: &mut Writer, part: &str, output: Quantization| {
        let (x_scale, x_zero) = writer.parameters(&format!("{name}/input"), layer.input);
        let kernel = writer.kernel_constants(layer);
        let bias = writer.builder.constant(format!("{name}/bias"), &[layer.outputs], &Elements::I32(&layer.bias));
        let (y_scale, y_zero) = writer.parameters(&format!("{name}/{part}"), output);
        let inputs = [value, &x_scale, &x_zero, &kernel[0], &kernel[1], &kernel[2], &bias, &y_scale, &y_zero];
        let transposed = [("transB", Attribute::I64(1))];
        writer.builder.node_of("com.microsoft", "QGemm", name, &inputs, format!("{name}/{part}/integers"), &transposed)
    };
    match &layer.activation {
        IntegerActivation::Clamp { lo, hi } => {
            let y = qgemm(writer, "output", layer.output);
            writer.clip(name, y, *lo, *hi)
        }
        IntegerActivation::Table { pre, function, table } => {
            let sums = qgemm(writer, "sums", *pre);
            writer.table(layer, *pre, *function, table, &sums)
        }
    }
}
