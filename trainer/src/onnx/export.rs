//! A float network as an ONNX model: Gemm and activation, one after another.

use super::builder::{Attribute, Builder, Elements};
use super::metadata::{describe_input, describe_output};
use crate::nn::{Activation, AveragePool, Elementwise, Input, Sequential, UnitNorm};

/// The opset that is written where none is asked for: old enough for every current reader.
pub const DEFAULT_OPSET: i64 = 17;

/// The model as ONNX (standard operators only): a dynamic batch dimension, the normalization of the input as operators, the
/// layers' names on the nodes, and class names and the input's meaning as metadata.
#[must_use]
pub fn export(model: &Sequential) -> Vec<u8> {
    export_with_opset(model, DEFAULT_OPSET)
}

/// As [`export`], in the operators of `opset` (at least 12).
#[must_use]
pub fn export_with_opset(model: &Sequential, opset: i64) -> Vec<u8> {
    let mut builder = Builder::new(&model.name, opset);
    let input = describe_input(&mut builder, &model.input);
    let mut value = normalize(&mut builder, &model.input, input);
    if let Some(pool) = model.input.pool {
        value = average_pool(&mut builder, pool, &value);
    }
    let mut outputs = model.input.features();
    let mut meaning = "real";
    let layers = model.dense_layers().count();
    for (index, dense) in model.dense_layers().enumerate() {
        let name = &dense.name;
        let (inputs, units) = dense.kernel.dim();
        let kernel: Vec<f32> = dense.kernel.iter().copied().collect();
        let kernel = builder.constant(format!("{name}/kernel"), &[inputs, units], &Elements::F32(&kernel));
        let bias = builder.constant(format!("{name}/bias"), &[units], &Elements::F32(&dense.bias.to_vec()));
        let last = index + 1 == layers;
        let end = |last: bool, part: &str| if last { "output".to_owned() } else { format!("{name}/{part}") };
        let linear = dense.activation == Activation::Linear;
        value = builder.node("Gemm", name, &[&value, &kernel, &bias], end(last && linear, "sums"), &[]);
        if !linear {
            value = activate(&mut builder, name, dense.activation, &value, end(last, "output"));
        }
        outputs = units;
        meaning = match dense.activation {
            Activation::Softmax => "probabilities",
            Activation::LogSoftmax => "logarithms of probabilities",
            Activation::Sigmoid => "values between 0 and 1",
            _ => "real",
        };
    }
    describe_output(&mut builder, &value, outputs, &model.class_names, meaning);
    builder.finish()
}

/// Adds what stands before the first layer; returns the last value's name.
pub(super) fn normalize(builder: &mut Builder, input: &Input, mut value: String) -> String {
    if let Some(normalization) = &input.normalization {
        let dims = [normalization.offset.len()];
        let offset = builder.constant("normalization/offset", &dims, &Elements::F32(&normalization.offset));
        let scale = builder.constant("normalization/scale", &dims, &Elements::F32(&normalization.scale));
        value = builder.node("Sub", "normalization/subtract", &[&value, &offset], "normalization/centered", &[]);
        value = builder.node("Mul", "normalization/multiply", &[&value, &scale], "normalization/output", &[]);
    }
    if let Some(norm) = input.unit_norm {
        let norm = match norm {
            UnitNorm::L1 => "L1",
            UnitNorm::L2 => "L2",
            UnitNorm::Max => "MAX",
        };
        value = builder.node_of(
            "ai.onnx.ml",
            "Normalizer",
            "unit_norm",
            &[&value],
            "unit_norm/output",
            &[("norm", Attribute::Text(norm))],
        );
    }
    value
}

/// Adds the pooling of a flat image; returns the flat means' name.
pub(super) fn average_pool(builder: &mut Builder, pool: AveragePool, value: &str) -> String {
    let pair = |[rows, columns]: [usize; 2]| [rows as i64, columns as i64];
    let [rows, columns] = pair(pool.image);
    let shape = builder.constant("pool/image", &[4], &Elements::I64(&[-1, 1, rows, columns]));
    let mut value = builder.node("Reshape", "pool/reshape", &[value, &shape], "pool/input", &[]);
    let kept = [0, 1].map(|axis| pool.outputs[axis] * pool.size[axis]);
    if kept != pool.image {
        let ends = [0, 1].map(|axis| pool.offset[axis] + kept[axis]);
        let starts = builder.constant("pool/starts", &[2], &Elements::I64(&pair(pool.offset)));
        let ends = builder.constant("pool/ends", &[2], &Elements::I64(&pair(ends)));
        let axes = builder.constant("pool/axes", &[2], &Elements::I64(&[2, 3]));
        value = builder.node("Slice", "pool/crop", &[&value, &starts, &ends, &axes], "pool/cropped", &[]);
    }
    if pool.size != [1, 1] {
        let size = || Attribute::I64s(pair(pool.size).to_vec());
        let attributes = [("kernel_shape", size()), ("strides", size())];
        value = builder.node("AveragePool", "pool", &[&value], "pool/means", &attributes);
    }
    let shape = builder.constant("pool/flat", &[2], &Elements::I64(&[-1, pool.len() as i64]));
    builder.node("Reshape", "pool/flatten", &[&value, &shape], "pool/output", &[])
}

/// Adds an activation function to `value`; returns the name of the result. Functions that only newer opsets have as one
/// operator are written in older ones.
pub(super) fn activate(
    builder: &mut Builder,
    layer: &str,
    activation: Activation,
    value: &str,
    output: String,
) -> String {
    let axis = [("axis", Attribute::I64(1))];
    match activation {
        Activation::Linear => builder.node("Identity", &format!("{layer}/identity"), &[value], output, &[]),
        Activation::Relu => builder.node("Relu", &format!("{layer}/relu"), &[value], output, &[]),
        Activation::Sigmoid => builder.node("Sigmoid", &format!("{layer}/sigmoid"), &[value], output, &[]),
        Activation::Tanh => builder.node("Tanh", &format!("{layer}/tanh"), &[value], output, &[]),
        Activation::Softmax => builder.node("Softmax", &format!("{layer}/softmax"), &[value], output, &axis),
        Activation::LogSoftmax => builder.node("LogSoftmax", &format!("{layer}/log_softmax"), &[value], output, &axis),
        Activation::Elementwise(function) => Steps { builder, layer }.elementwise(function, value, output),
    }
}

/// Adds the nodes of one layer's activation.
struct Steps<'a> {
    builder: &'a mut Builder,
    layer: &'a str,
}

impl Steps<'_> {
    /// A node whose name and output are those of the layer and `part`.
    fn step(&mut self, op: &str, part: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let name = format!("{}/{part}", self.layer);
        self.builder.node(op, &name, inputs, format!("{name}/output"), attributes)
    }

    /// The last node, whose output has a name of its own.
    fn last(&mut self, op: &str, inputs: &[&str], output: String, attributes: &[(&str, Attribute)]) -> String {
        let name = format!("{}/{}", self.layer, op.to_lowercase());
        self.builder.node(op, &name, inputs, output, attributes)
    }

    fn scalar(&mut self, part: &str, value: f32) -> String {
        let name = format!("{}/{part}", self.layer);
        self.builder.constant(name, &[], &Elements::F32(&[value]))
    }

    fn elementwise(&mut self, function: Elementwise, x: &str, output: String) -> String {
        match function {
            Elementwise::LeakyRelu { slope } => {
                self.last("LeakyRelu", &[x], output, &[("alpha", Attribute::F32(slope))])
            }
            Elementwise::Elu { alpha } => self.last("Elu", &[x], output, &[("alpha", Attribute::F32(alpha))]),
            Elementwise::Selu { alpha, gamma } => {
                self.last("Selu", &[x], output, &[("alpha", Attribute::F32(alpha)), ("gamma", Attribute::F32(gamma))])
            }
            Elementwise::Celu { alpha } => self.last("Celu", &[x], output, &[("alpha", Attribute::F32(alpha))]),
            Elementwise::Softplus => self.last("Softplus", &[x], output, &[]),
            Elementwise::Softsign => self.last("Softsign", &[x], output, &[]),
            Elementwise::Sign => self.last("Sign", &[x], output, &[]),
            Elementwise::Abs => self.last("Abs", &[x], output, &[]),
            Elementwise::Exp => self.last("Exp", &[x], output, &[]),
            Elementwise::ThresholdedRelu { threshold } => {
                self.last("ThresholdedRelu", &[x], output, &[("alpha", Attribute::F32(threshold))])
            }
            Elementwise::HardSigmoid { alpha, beta } => self.last(
                "HardSigmoid",
                &[x],
                output,
                &[("alpha", Attribute::F32(alpha)), ("beta", Attribute::F32(beta))],
            ),
            Elementwise::HardSwish => {
                let gate = self.step(
                    "HardSigmoid",
                    "gate",
                    &[x],
                    &[("alpha", Attribute::F32(1.0 / 6.0)), ("beta", Attribute::F32(0.5))],
                );
                self.last("Mul", &[x, &gate], output, &[])
            }
            Elementwise::Clip { lo, hi } => {
                let (lo, hi) = (self.scalar("lo", lo), self.scalar("hi", hi));
                self.last("Clip", &[x, &lo, &hi], output, &[])
            }
            Elementwise::Swish { beta } => {
                let steep = if beta == 1.0 {
                    x.to_owned()
                } else {
                    let beta = self.scalar("beta", beta);
                    self.step("Mul", "steep", &[x, &beta], &[])
                };
                let gate = self.step("Sigmoid", "gate", &[&steep], &[]);
                self.last("Mul", &[x, &gate], output, &[])
            }
            Elementwise::Mish => {
                let soft = self.step("Softplus", "softplus", &[x], &[]);
                let gate = self.step("Tanh", "gate", &[&soft], &[]);
                self.last("Mul", &[x, &gate], output, &[])
            }
            Elementwise::Gelu => {
                let root = self.scalar("sqrt_2", std::f32::consts::SQRT_2);
                let scaled = self.step("Div", "scaled", &[x, &root], &[]);
                let gate = self.step("Erf", "erf", &[&scaled], &[]);
                self.gelu_gate(x, &gate, output)
            }
            Elementwise::GeluTanh => {
                let cubic = self.scalar("cubic", 0.044_715);
                let root = self.scalar("sqrt_2_over_pi", 0.797_884_6);
                let square = self.step("Mul", "square", &[x, x], &[]);
                let cube = self.step("Mul", "cube", &[&square, x], &[]);
                let term = self.step("Mul", "term", &[&cube, &cubic], &[]);
                let sum = self.step("Add", "sum", &[x, &term], &[]);
                let scaled = self.step("Mul", "scaled", &[&sum, &root], &[]);
                let gate = self.step("Tanh", "tanh", &[&scaled], &[]);
                self.gelu_gate(x, &gate, output)
            }
        }
    }

    /// `x / 2 * (1 + gate)`
    fn gelu_gate(&mut self, x: &str, gate: &str, output: String) -> String {
        let (one, half) = (self.scalar("one", 1.0), self.scalar("half", 0.5));
        let gate = self.step("Add", "gate", &[gate, &one], &[]);
        let product = self.step("Mul", "product", &[x, &gate], &[]);
        self.last("Mul", &[&product, &half], output, &[])
    }
}
