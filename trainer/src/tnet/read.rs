//! Reading a `.tnet` file back into a network.

use super::file::wrong;
use super::integer::{factor, input_zero, sum_quantization};
use super::{function, pack};
use crate::error::{Error, Result};
use crate::nn::{
    Activation, AveragePool, Dense, Encoding, Input, Layer as NnLayer, Normalization, Sequential, UnitNorm,
};
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential, WeightType};
use half::f16;
use ndarray::Array1;
use thumbnet::{Kind, Layer, Model, Order, ParseError};

/// What a `.tnet` file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// A network of integers.
    Integer(QuantizedSequential),
    /// A network of floats.
    Float(Sequential),
}

/// Reads a file with its checksum.
///
/// What comes back gives the same outputs as the file. The weights' scales are not in the file, only the requantization
/// factors: the scales that come back are the nearest ones that give the same factors.
/// # Errors
/// [`ErrorKind::Model`](crate::error::ErrorKind::Model) where the bytes are not a model, or are damaged.
pub fn read(bytes: &[u8]) -> Result<Network> {
    let model = Model::parse(bytes).map_err(refused)?;
    model.verify_checksum().map_err(|error| wrong("tnet", format!("{error}; {DAMAGED}")))?;
    let mut names = model.names().iter().map(str::to_owned);
    let name = names.next().unwrap_or_default();
    let layer_names: Vec<_> =
        model.layers().enumerate().map(|(i, _)| names.next().unwrap_or_else(|| format!("dense_{i}"))).collect();
    let mut input = input(&model, names.collect())?;
    let mut layers = model.layers().zip(layer_names).peekable();
    if let Some((layer, _)) = layers.next_if(|(layer, _)| layer.kind() == Kind::AveragePool) {
        input.pool = layer.pool().map(own_pool);
    }
    let class_names = model.labels().iter().map(str::to_owned).collect();
    let Some(quantization) = model.input_quantization() else {
        let layers = layers.map(|(layer, name)| float(&layer, name).map(NnLayer::Dense)).collect::<Result<_>>()?;
        return Ok(Network::Float(Sequential { name, input, layers, class_names }));
    };
    let mut entering = own(quantization);
    let layers = layers
        .map(|(layer, name)| {
            let layer = integer(&layer, name, entering)?;
            entering = layer.output;
            Ok(layer)
        })
        .collect::<Result<_>>()?;
    Ok(Network::Integer(QuantizedSequential { name, input, layers, softmax: model.has_softmax(), class_names }))
}

const DAMAGED: &str = "the file is damaged: copy or convert it anew";

/// What is wrong with a file, and what to do about it.
fn refused(error: ParseError) -> Error {
    let remedy = match error {
        ParseError::Version { found, supported } if found > supported => {
            "take a newer thumbnet, or convert the model anew with this one"
        }
        ParseError::Version { .. } => "convert the model anew with this thumbnet",
        ParseError::Magic => "take one that `thumbnet train` or `convert` has written",
        _ => DAMAGED,
    };
    wrong("tnet", format!("{error}; {remedy}"))
}

fn input(model: &Model<'_>, feature_names: Vec<String>) -> Result<Input> {
    // What a later runtime may know and this program does not.
    let unknown = || wrong("tnet", "what stands before the first layer is not known; take a newer thumbnet");
    let shape = model.input_shape();
    Ok(Input {
        shape: shape.into_iter().take_while(|&dimension| dimension != 0).collect(),
        encoding: match model.encoding() {
            thumbnet::Encoding::Real => Encoding::Real,
            thumbnet::Encoding::Pixel => Encoding::Pixel,
            _ => return Err(unknown()),
        },
        normalization: model.normalization().map(|pairs| {
            let (offset, scale) = pairs.unzip();
            Normalization { offset, scale }
        }),
        pool: None,
        unit_norm: match model.unit_norm() {
            None => None,
            Some(thumbnet::UnitNorm::L1) => Some(UnitNorm::L1),
            Some(thumbnet::UnitNorm::L2) => Some(UnitNorm::L2),
            Some(thumbnet::UnitNorm::Max) => Some(UnitNorm::Max),
            Some(_) => return Err(unknown()),
        },
        feature_names,
    })
}

fn float(layer: &Layer<'_>, name: String) -> Result<Dense> {
    must_be_dense(layer, &name)?;
    let (inputs, outputs) = (layer.inputs(), layer.outputs());
    let weights: Vec<f32> = match layer.weight_type() {
        thumbnet::WeightType::F32 => words(layer.weights()).map(f32::from_le_bytes).collect(),
        _ => layer.weights().as_chunks().0.iter().map(|&w| f16::from_le_bytes(w).to_f32()).collect(),
    };
    let kernel = match layer.order() {
        Order::Packed => pack::unpack_float(&weights, inputs, outputs),
        _ => ndarray::Array2::from_shape_fn((inputs, outputs), |(k, row)| weights[row * inputs + k]),
    };
    let bias = words(layer.biases()).map(f32::from_le_bytes).collect::<Array1<_>>();
    let Some(activation) = function::decode(layer.function()) else {
        return Err(wrong(name, format!("unknown activation {:?}", layer.function())));
    };
    Ok(Dense { name, kernel, bias, activation })
}

fn integer(layer: &Layer<'_>, name: String, input: Quantization) -> Result<QuantizedDense> {
    must_be_dense(layer, &name)?;
    let (inputs, outputs) = (layer.inputs(), layer.outputs());
    let plain = || layer.weights().iter().map(|&w| w as i8).collect();
    let (weight_type, weights): (_, Vec<i8>) = match (layer.weight_type(), layer.order()) {
        (thumbnet::WeightType::Int8, Order::Packed) => {
            let weights = pack::unpack_int8(layer.weights(), inputs, outputs);
            let none = |j| {
                wrong(&name, format!("output {j} has a weight of 128, which int8 does not have; write the file anew"))
            };
            (WeightType::Int8, weights.map_err(none)?)
        }
        (thumbnet::WeightType::Int4, Order::Packed) => {
            (WeightType::Int4, pack::unpack_int4(layer.weights(), inputs, outputs))
        }
        (thumbnet::WeightType::Int4, _) => (WeightType::Int4, pack::unpack_bits(layer.weights(), inputs, 4)),
        (thumbnet::WeightType::Int2, Order::Packed) => {
            (WeightType::Int2, pack::unpack_int2(layer.weights(), inputs, outputs))
        }
        (thumbnet::WeightType::Int2, _) => (WeightType::Int2, pack::unpack_bits(layer.weights(), inputs, 2)),
        _ => (WeightType::Int8, plain()),
    };
    let clamp = layer.clamp();
    let activation = match layer.pre_quantization() {
        None => IntegerActivation::Clamp { lo: clamp.0, hi: clamp.1 },
        Some(pre) => IntegerActivation::Table {
            pre: own(pre),
            function: function::decode(layer.function()).filter(|f| *f != Activation::Linear),
            table: layer.tables().iter().map(|&y| y as i8).collect(),
        },
    };
    let Some(output) = layer.output_quantization() else {
        return Err(wrong(name, "a layer of floats among integers"));
    };
    let mut dense = QuantizedDense {
        name,
        inputs,
        outputs,
        weight_type,
        weights,
        weight_zero_points: Vec::new(),
        weight_scales: Vec::new(),
        bias: Vec::new(),
        input,
        output: own(output),
        activation,
    };
    let sums = sum_quantization(&dense).scale;
    let mut zero_points = words(layer.weight_zero_points()).map(i32::from_le_bytes);
    for (j, (bias, stored)) in words(layer.biases()).zip(words(layer.factors())).enumerate() {
        let zero_point = zero_points.next().map(i8::try_from).transpose();
        let Ok(zero_point) = zero_point else {
            return Err(wrong(dense.name, format!("the weights' zero point of output {j} is not in -128..=127")));
        };
        dense.weight_zero_points.extend(zero_point);
        let zero_point = i64::from(zero_point.unwrap_or(0));
        let row = &dense.weights[j * inputs..(j + 1) * inputs];
        let sum: i64 = row.iter().map(|&w| i64::from(w) - zero_point).sum();
        let bias = i64::from(i32::from_le_bytes(bias)) + input_zero(&dense) * sum;
        let Ok(bias) = i32::try_from(bias) else {
            return Err(wrong(dense.name, format!("the bias of output {j} does not fit 32 bits")));
        };
        dense.bias.push(bias);
        dense.weight_scales.push(weight_scale(f32::from_le_bytes(stored), input.scale, sums));
    }
    Ok(dense)
}

/// The weights' scale nearest to the exact one that gives this factor.
fn weight_scale(stored: f32, input: f32, output: f32) -> f32 {
    let exact = (f64::from(stored) * f64::from(output) / f64::from(input)) as f32;
    let near = |ulps: i32| f32::from_bits(exact.to_bits().wrapping_add_signed(ulps));
    [0, 1, -1, 2, -2, 3, -3, 4, -4].map(near).into_iter().find(|&s| factor(input, s, output) == stored).unwrap_or(exact)
}

/// The runtime evaluates a pooling anywhere; a network here has it in front.
fn must_be_dense(layer: &Layer<'_>, name: &str) -> Result<()> {
    if layer.kind() == Kind::Dense {
        return Ok(());
    }
    Err(wrong(name, "a pooling behind the first layer cannot be read back; take the model that the file was made from"))
}

fn own_pool(pool: thumbnet::AveragePool) -> AveragePool {
    let thumbnet::AveragePool { image, offset, outputs, size } = pool;
    let [image, offset, outputs, size] = [image, offset, outputs, size].map(|pair| pair.map(usize::from));
    AveragePool { image, offset, outputs, size }
}

fn own(quantization: thumbnet::Quantization) -> Quantization {
    Quantization { scale: quantization.scale, zero_point: quantization.zero_point }
}

/// The four-byte numbers of a slice.
fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    bytes.as_chunks().0.iter().copied()
}
