//! Writing a network of integers.

use super::file::{Block, Head, Record, assemble, pool_block, wrong};
use super::{function, pack};
use crate::error::Result;
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential, WeightType};
use thumbnet::Function;

/// The bytes of a `.tnet` file. Weights are written in the order that the fastest kernels read wherever they fit it.
/// # Errors
/// [`ErrorKind::Model`](crate::error::ErrorKind::Model) names the layer whose numbers the format or the arithmetic cannot
/// hold.
pub fn write(network: &QuantizedSequential) -> Result<Vec<u8>> {
    let quantization = network.layers.first().map(|layer| layer.input);
    let pool = pool_block(&network.input, quantization).transpose();
    let blocks = pool.into_iter().chain(network.layers.iter().map(block));
    let blocks = blocks.map(|block| block.map_err(|error| error.within(&network.name))).collect::<Result<Vec<_>>>()?;
    let head = Head {
        name: &network.name,
        input: &network.input,
        quantization,
        softmax: network.softmax,
        class_names: &network.class_names,
    };
    assemble(&head, &blocks)
}

fn block(layer: &QuantizedDense) -> Result<Block<'_>> {
    check_lengths(layer)?;
    let asymmetric = layer.weight_zero_points.iter().any(|&zero_point| zero_point != 0);
    let rows = layer.weights.chunks_exact(layer.inputs).enumerate();
    let zero_point = |j: usize| layer.weight_zero_points.get(j).copied().unwrap_or(0);
    let biases = rows.map(|(j, row)| folded_bias(layer, j, row, zero_point(j))).collect::<Result<Vec<_>>>()?;
    let (weights, order, mut payload) = match layer.weight_type {
        WeightType::Int8 if asymmetric => (3, 2, layer.weights.iter().map(|&w| w as u8).collect()),
        WeightType::Int8 if pack::packs_int8(&layer.weights, layer.inputs, &biases) => {
            (3, 1, pack::int8(&layer.weights, layer.inputs, layer.outputs))
        }
        WeightType::Int8 => (3, 0, layer.weights.iter().map(|&w| w as u8).collect()),
        WeightType::Int4 => {
            check_range(layer, -8, 7)?;
            if !asymmetric && pack::packs_int4(&layer.weights, layer.inputs) {
                (4, 1, pack::int4(&layer.weights, layer.inputs, layer.outputs))
            } else {
                (4, if asymmetric { 2 } else { 0 }, pack::bits(&layer.weights, layer.inputs, 4))
            }
        }
        WeightType::Int2 if asymmetric => {
            return Err(wrong(&layer.name, "2-bit weights cannot have zero points; use int4"));
        }
        WeightType::Int2 => {
            check_range(layer, -1, 1)?;
            if pack::packs_int2(&layer.weights, layer.inputs) {
                (5, 1, pack::int2(&layer.weights, layer.inputs, layer.outputs))
            } else {
                (5, 0, pack::bits(&layer.weights, layer.inputs, 2))
            }
        }
    };
    payload.resize(payload.len().next_multiple_of(4), 0);
    let sums = sum_quantization(layer);
    for bias in biases {
        payload.extend(bias.to_le_bytes());
    }
    for &scale in &layer.weight_scales {
        payload.extend(factor(layer.input.scale, scale, sums.scale).to_le_bytes());
    }
    if asymmetric {
        for &zero_point in &layer.weight_zero_points {
            payload.extend(i32::from(zero_point).to_le_bytes());
        }
    }
    let mut record = Record {
        kind: 1,
        weights,
        order,
        inputs: layer.inputs,
        outputs: layer.outputs,
        scale: layer.output.scale,
        zero_point: layer.output.zero_point,
        lo: i8::MIN,
        hi: i8::MAX,
        ..Record::default()
    };
    match &layer.activation {
        IntegerActivation::Clamp { lo, hi } => (record.lo, record.hi) = (*lo, *hi),
        IntegerActivation::Table { pre, function, table } => {
            let function = function.and_then(function::encode).unwrap_or(Function::Table);
            // Code 0 would say that there is no table.
            let function = if function == Function::Linear { Function::Table } else { function };
            let (code, first, second) = function.code();
            record.function = code;
            record.pre_scale = pre.scale;
            record.pre_zero_point = pre.zero_point;
            payload.extend(first.to_le_bytes());
            payload.extend(second.to_le_bytes());
            payload.extend(table.iter().map(|&y| y as u8));
        }
    }
    Ok(Block { name: &layer.name, record, payload })
}

/// How the sums are requantized: as the outputs, or as the table's inputs.
pub(super) fn sum_quantization(layer: &QuantizedDense) -> Quantization {
    match &layer.activation {
        IntegerActivation::Clamp { .. } => layer.output,
        IntegerActivation::Table { pre, .. } => *pre,
    }
}

/// The requantization factor, each operation rounded once, in this order.
pub(super) fn factor(input: f32, weight: f32, output: f32) -> f32 {
    (input * weight) / output
}

/// The bias with the inputs' zero point folded in, for inputs counted from 0 to 255.
fn folded_bias(layer: &QuantizedDense, j: usize, row: &[i8], zero_point: i8) -> Result<i32> {
    let bias = i64::from(layer.bias[j]);
    let weight = |&w: &i8| i64::from(w) - i64::from(zero_point);
    let folded = bias - input_zero(layer) * row.iter().map(weight).sum::<i64>();
    let least = folded + 255 * row.iter().map(weight).map(|w| w.min(0)).sum::<i64>();
    let most = folded + 255 * row.iter().map(weight).map(|w| w.max(0)).sum::<i64>();
    match (i32::try_from(least), i32::try_from(most), i32::try_from(folded)) {
        (Ok(_), Ok(_), Ok(folded)) => Ok(folded),
        _ => Err(wrong(&layer.name, format!("the sums of output {j} do not fit 32 bits; its bias is {bias}"))),
    }
}

/// The inputs' zero point, counted from 0 to 255.
pub(super) fn input_zero(layer: &QuantizedDense) -> i64 {
    i64::from(layer.input.zero_point) + 128
}

fn check_lengths(layer: &QuantizedDense) -> Result<()> {
    let table = match &layer.activation {
        IntegerActivation::Table { table, .. } => table.len() == 256 || table.len() == 256 * layer.outputs,
        IntegerActivation::Clamp { lo, hi } => lo <= hi,
    };
    let zero_points = layer.weight_zero_points.len();
    let fits = layer.inputs > 0
        && layer.outputs > 0
        && layer.weights.len() == layer.inputs * layer.outputs
        && layer.weight_scales.len() == layer.outputs
        && layer.bias.len() == layer.outputs
        && (zero_points == 0 || zero_points == layer.outputs)
        && table;
    if fits { Ok(()) } else { Err(wrong(&layer.name, "the sizes of its arrays do not fit each other")) }
}

fn check_range(layer: &QuantizedDense, lo: i8, hi: i8) -> Result<()> {
    match layer.weights.iter().find(|&&w| w < lo || w > hi) {
        Some(w) => Err(wrong(&layer.name, format!("weight {w} is out of {lo}..={hi}, the range of its type"))),
        None => Ok(()),
    }
}
