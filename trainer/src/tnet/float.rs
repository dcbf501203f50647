//! Writing a network of floats.

use super::file::{Block, Head, Record, assemble, pool_block, wrong};
use super::{function, pack};
use crate::error::Result;
use crate::nn::{Dense, Sequential};
use half::f16;

/// How the weights are written; biases are always f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatType {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16, rounded to nearest even.
    F16,
}

/// The bytes of a `.tnet` file that is evaluated in floats.
/// # Errors
/// [`ErrorKind::Model`](crate::error::ErrorKind::Model) names the layer whose activation or numbers the format cannot hold.
pub fn write_float(network: &Sequential, weights: FloatType) -> Result<Vec<u8>> {
    let pool = pool_block(&network.input, None).transpose();
    let layers = network.dense_layers().map(|dense| block(dense, weights));
    let blocks = pool.into_iter().chain(layers).map(|block| block.map_err(|error| error.within(&network.name)));
    let blocks = blocks.collect::<Result<Vec<_>>>()?;
    let head = Head {
        name: &network.name,
        input: &network.input,
        quantization: None,
        softmax: false,
        class_names: &network.class_names,
    };
    assemble(&head, &blocks)
}

fn block(dense: &Dense, weights: FloatType) -> Result<Block<'_>> {
    let (inputs, outputs) = dense.kernel.dim();
    if dense.bias.len() != outputs {
        return Err(wrong(&dense.name, format!("{} biases for {outputs} outputs", dense.bias.len())));
    }
    let function = function::encode(dense.activation).ok_or_else(|| {
        let message = format!("{:?} has no form in real numbers on the chip; convert to int8", dense.activation);
        wrong(&dense.name, message)
    })?;
    let packed = pack::float(&dense.kernel);
    let mut payload: Vec<u8> = match weights {
        FloatType::F32 => packed.iter().flat_map(|w| w.to_le_bytes()).collect(),
        FloatType::F16 => {
            if let Some(w) = packed.iter().find(|w| w.is_finite() && f16::from_f32(**w).is_infinite()) {
                return Err(wrong(&dense.name, format!("weight {w} is too large for f16; use f32")));
            }
            packed.iter().flat_map(|&w| f16::from_f32(w).to_le_bytes()).collect()
        }
    };
    payload.resize(payload.len().next_multiple_of(4), 0);
    payload.extend(dense.bias.iter().flat_map(|b| b.to_le_bytes()));
    let (code, first, second) = function.code();
    let record = Record {
        kind: 1,
        weights: match weights {
            FloatType::F32 => 1,
            FloatType::F16 => 2,
        },
        order: 1,
        function: code,
        inputs,
        outputs,
        scale: first,
        pre_scale: second,
        ..Record::default()
    };
    Ok(Block { name: &dense.name, record, payload })
}
