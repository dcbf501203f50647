//! An integer network as an ONNX model in QDQ form: every integer tensor stands between QuantizeLinear and
//! DequantizeLinear, so that any reader can evaluate the graph in f32, and ONNX Runtime fuses each
//! DequantizeLinear-Gemm-QuantizeLinear into one integer Gemm with the arithmetic of the runtime. Where the function behind takes
//! its sums twice, as Swish does, and where the integers themselves are an output, it leaves that Gemm to floats.

use super::builder::{Attribute, Builder, Elements};
use super::export::{activate, average_pool, normalize};
use super::metadata::{describe_input, describe_output, describe_weights};
use crate::nn::{Activation, AveragePool};
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential};

/// The opset that is written where none is asked for: 13 is the first with a scale per channel.
pub const DEFAULT_QDQ_OPSET: i64 = 17;

/// The model as ONNX in QDQ form: standard operators only, int8 activations, weights outputs x inputs with a scale per output,
/// bias in int32. The last integers are dequantized to the output "output" (after a softmax, if the model has one).
///
/// On processors without VNNI instructions ONNX Runtime's default int8 kernels saturate their 16-bit partial sums; the session option
/// `session.x64quantprecision = 1` makes them exact.
#[must_use]
pub fn export_qdq(model: &QuantizedSequential) -> Vec<u8> {
    export_qdq_with_opset(model, DEFAULT_QDQ_OPSET)
}

/// As [`export_qdq`], in the operators of `opset` (at least 13).
#[must_use]
pub fn export_qdq_with_opset(model: &QuantizedSequential, opset: i64) -> Vec<u8> {
    let mut builder = Builder::new(&model.name, opset);
    let input = describe_input(&mut builder, &model.input);
    let mut value = normalize(&mut builder, &model.input, input);
    let mut writer = Writer { builder, unsigned: false };
    let (mut quantization, mut outputs) = (Quantization { scale: 1.0, zero_point: 0 }, model.input.features());
    for (index, layer) in model.layers.iter().enumerate() {
        if index == 0 {
            value = writer.quantize("input", &value, layer.input);
            value = writer.average_pool(model.input.pool, layer.input, value);
        }
        value = writer.dense(layer, &value);
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
    builder.finish()
}

/// Adds the nodes of quantized values.
pub(super) struct Writer {
    pub(super) builder: Builder,
    /// Whether activations are written as uint8: every integer 128 more.
    pub(super) unsigned: bool,
}

impl Writer {
    /// The two constants of a quantization.
    pub(super) fn parameters(&mut self, name: &str, quantization: Quantization) -> (String, String) {
        let scale = self.builder.constant(format!("{name}/scale"), &[], &Elements::F32(&[quantization.scale]));
        let zero_point = self.integers(format!("{name}/zero_point"), &[], &[quantization.zero_point]);
        (scale, zero_point)
    }

    /// A constant of activations' integers.
    fn integers(&mut self, name: String, dims: &[usize], values: &[i8]) -> String {
        if !self.unsigned {
            return self.builder.constant(name, dims, &Elements::I8(values));
        }
        let values: Vec<u8> = values.iter().map(|&v| (i16::from(v) + 128) as u8).collect();
        self.builder.constant(name, dims, &Elements::U8(&values))
    }

    /// Real numbers to int8; the parameters are the constants `NAME/scale` and `NAME/zero_point`.
    pub(super) fn quantize(&mut self, name: &str, value: &str, quantization: Quantization) -> String {
        let (scale, zero_point) = self.parameters(name, quantization);
        self.builder.node(
            "QuantizeLinear",
            &format!("{name}/quantize"),
            &[value, &scale, &zero_point],
            format!("{name}/integers"),
            &[],
        )
    }

    /// int8 to real numbers.
    fn dequantize(&mut self, name: &str, value: &str, quantization: Quantization) -> String {
        self.dequantize_as(name, value, quantization, format!("{name}/real"))
    }

    pub(super) fn dequantize_as(
        &mut self,
        name: &str,
        value: &str,
        quantization: Quantization,
        output: String,
    ) -> String {
        let name = format!("{name}/dequantize");
        let (scale, zero_point) = self.parameters(&name, quantization);
        self.builder.node("DequantizeLinear", &name, &[value, &scale, &zero_point], output, &[])
    }

    /// The pooling of the input's integers, where there is one. With a scale of 1 between them the means are exact, so that
    /// every executor rounds halves alike.
    pub(super) fn average_pool(&mut self, pool: Option<AveragePool>, input: Quantization, value: String) -> String {
        let Some(pool) = pool else { return value };
        let steps = Quantization { scale: 1.0, zero_point: input.zero_point };
        let real = self.dequantize("pool/integers", &value, steps);
        let means = average_pool(&mut self.builder, pool, &real);
        self.quantize("pool/rounded", &means, steps)
    }

    /// One layer, from integers to integers.
    fn dense(&mut self, layer: &QuantizedDense, value: &str) -> String {
        let name = &layer.name;
        let input = self.dequantize(&format!("{name}/input"), value, layer.input);
        let kernel = self.kernel(layer);
        let bias = self.bias(layer);
        let mut value = self.builder.node(
            "Gemm",
            name,
            &[&input, &kernel, &bias],
            format!("{name}/sums"),
            &[("transB", Attribute::I64(1))],
        );
        match &layer.activation {
            IntegerActivation::Clamp { lo, hi } => {
                let zero_point = layer.output.zero_point;
                if *lo == zero_point {
                    value =
                        self.builder.node("Relu", &format!("{name}/relu"), &[&value], format!("{name}/output"), &[]);
                }
                value = self.quantize(&format!("{name}/output"), &value, layer.output);
                self.clip(name, value, if *lo == zero_point { i8::MIN } else { *lo }, *hi)
            }
            IntegerActivation::Table { pre, function, table } => {
                value = self.quantize(&format!("{name}/sums"), &value, *pre);
                self.table(layer, *pre, *function, table, &value)
            }
        }
    }

    /// The integers after the look-up in a layer's table: as the function it is, or as the table itself.
    pub(super) fn table(
        &mut self,
        layer: &QuantizedDense,
        pre: Quantization,
        function: Option<Activation>,
        table: &[i8],
        value: &str,
    ) -> String {
        let name = &layer.name;
        let Some(function) = function else { return self.gather(name, table, layer.outputs, value) };
        let real = self.dequantize(&format!("{name}/sums"), value, pre);
        let real = activate(&mut self.builder, name, function, &real, format!("{name}/output"));
        self.quantize(&format!("{name}/output"), &real, layer.output)
    }

    /// Keeps integers within `lo..=hi`, where that is less than all.
    pub(super) fn clip(&mut self, name: &str, value: String, lo: i8, hi: i8) -> String {
        if (lo, hi) == (i8::MIN, i8::MAX) {
            return value;
        }
        let (lo, hi) =
            (self.integers(format!("{name}/lo"), &[], &[lo]), self.integers(format!("{name}/hi"), &[], &[hi]));
        self.builder.node("Clip", &format!("{name}/clip"), &[&value, &lo, &hi], format!("{name}/clipped"), &[])
    }

    /// `table[q + 128 + 256 * output]`, with standard operators.
    fn gather(&mut self, name: &str, table: &[i8], outputs: usize, value: &str) -> String {
        let entries = self.integers(format!("{name}/table"), &[table.len()], table);
        let wide = self.builder.node(
            "Cast",
            &format!("{name}/widen"),
            &[value],
            format!("{name}/wide"),
            &[("to", Attribute::I64(i64::from(super::proto::data_type::INT32)))],
        );
        let first = if self.unsigned { 0 } else { 128 };
        let tables = if table.len() == 256 { 1 } else { outputs as i32 };
        let starts: Vec<i32> = (0..tables).map(|j| 256 * j + first).collect();
        let starts = self.builder.constant(format!("{name}/table_starts"), &[starts.len()], &Elements::I32(&starts));
        let indices =
            self.builder.node("Add", &format!("{name}/index"), &[&wide, &starts], format!("{name}/indices"), &[]);
        self.builder.node(
            "Gather",
            &format!("{name}/look_up"),
            &[&entries, &indices],
            format!("{name}/output/integers"),
            &[],
        )
    }

    /// The constants of a layer's weights: integers, scales, zero points.
    pub(super) fn kernel_constants(&mut self, layer: &QuantizedDense) -> [String; 3] {
        let (name, outputs) = (&layer.name, layer.outputs);
        let zeros = vec![0; outputs];
        let zero_points = if layer.weight_zero_points.is_empty() { &zeros } else { &layer.weight_zero_points };
        [
            self.builder.constant(format!("{name}/kernel"), &[outputs, layer.inputs], &Elements::I8(&layer.weights)),
            self.builder.constant(format!("{name}/kernel/scale"), &[outputs], &Elements::F32(&layer.weight_scales)),
            self.builder.constant(format!("{name}/kernel/zero_point"), &[outputs], &Elements::I8(zero_points)),
        ]
    }

    fn kernel(&mut self, layer: &QuantizedDense) -> String {
        let name = format!("{}/kernel", layer.name);
        let constants = self.kernel_constants(layer);
        let inputs = constants.each_ref().map(String::as_str);
        self.builder.node(
            "DequantizeLinear",
            &format!("{name}/dequantize"),
            &inputs,
            format!("{name}/real"),
            &[("axis", Attribute::I64(0))],
        )
    }

    fn bias(&mut self, layer: &QuantizedDense) -> String {
        let (name, outputs) = (format!("{}/bias", layer.name), layer.outputs);
        let scales: Vec<f32> = layer.weight_scales.iter().map(|scale| layer.input.scale * scale).collect();
        let integers = self.builder.constant(name.clone(), &[outputs], &Elements::I32(&layer.bias));
        let scales = self.builder.constant(format!("{name}/scale"), &[outputs], &Elements::F32(&scales));
        let zeros = self.builder.constant(format!("{name}/zero_point"), &[outputs], &Elements::I32(&vec![0; outputs]));
        let inputs = [integers.as_str(), &scales, &zeros];
        self.builder.node(
            "DequantizeLinear",
            &format!("{name}/dequantize"),
            &inputs,
            format!("{name}/real"),
            &[("axis", Attribute::I64(0))],
        )
    }
}
