//! `thumbnet summary`: the layers as Keras prints them, and what they cost.

use super::{Model, Settings};
use crate::error::Result;
use crate::nn::{Activation, AveragePool, Sequential};
use crate::quantize::QuantizedSequential;
use crate::tnet::Network;
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;

/// Prints the layers with their output shapes, parameters and MACs
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  thumbnet summary models/mnist/model.onnx")]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The layer's name.
    pub name: String,
    /// `Dense`, and how it is held where not in f32.
    pub kind: String,
    /// The outputs of one sample.
    pub outputs: usize,
    /// Weights and biases.
    pub parameters: usize,
    /// Multiplications per sample.
    pub macs: usize,
}

/// Prints the table.
/// # Errors
/// Where the model cannot be read.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let network = Model::open(&args.model)?.into_network()?;
    let (name, rows) = match &network {
        Network::Float(network) => (&network.name, float_rows(network)),
        Network::Integer(network) => (&network.name, integer_rows(network)),
    };
    let sum = |field: fn(&Row) -> usize| rows.iter().map(field).sum::<usize>();
    let layers: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({"name": row.name, "kind": row.kind, "output_shape": [row.outputs], "parameters": row.parameters, "macs": row.macs})
        })
        .collect();
    let parameters = sum(|row| row.parameters);
    let value = json!({
        "layers": layers, "parameters": parameters, "trainable_parameters": parameters, "macs": sum(|row| row.macs),
    });
    settings.print(&value, || table(name, &rows))
}

/// The rows of a network of real numbers.
pub fn float_rows(network: &Sequential) -> Vec<Row> {
    let rows = network.summary().into_iter();
    // A pooling's row stands before those of the layers.
    let mut activations = vec![Activation::Linear; rows.len() - network.layers.len()];
    activations.extend(network.dense_layers().map(|dense| dense.activation));
    let kind = |kind: &str, activation| match activation {
        Activation::Linear => kind.to_owned(),
        _ => format!("{kind} ({})", activation_name(activation)),
    };
    let rows = rows.zip(activations).map(|(row, activation)| Row {
        kind: kind(row.kind, activation),
        name: row.name,
        outputs: row.output_shape.iter().product(),
        parameters: row.parameters,
        macs: row.macs,
    });
    rows.collect()
}

fn integer_rows(network: &QuantizedSequential) -> Vec<Row> {
    let pool = network.input.pool.map(|pool| Row {
        name: AveragePool::NAME.into(),
        kind: "AveragePooling2D".into(),
        outputs: pool.len(),
        parameters: 0,
        macs: 0,
    });
    let layers = network.layers.iter().map(|layer| Row {
        name: layer.name.clone(),
        kind: format!("Dense ({:?})", layer.weight_type).to_lowercase().replace("dense", "Dense"),
        outputs: layer.outputs,
        parameters: layer.outputs * (layer.inputs + 1),
        macs: layer.outputs * layer.inputs,
    });
    pool.into_iter().chain(layers).collect()
}

/// The activation's name as Keras has it.
pub(super) fn activation_name(activation: Activation) -> String {
    match activation {
        Activation::LogSoftmax => "log_softmax".into(),
        Activation::Elementwise(function) => {
            let text = format!("{function:?}");
            text.split([' ', '{']).next().unwrap_or_default().to_lowercase()
        }
        _ => format!("{activation:?}").to_lowercase(),
    }
}

/// The table in text.
pub fn table(name: &str, rows: &[Row]) -> String {
    let title = |row: &Row| format!("{} [{}]", row.name, row.kind);
    let width = rows.iter().map(|row| title(row).chars().count()).max().unwrap_or(0).max(24) + 2;
    let rule = "─".repeat(width + 44);
    let mut text = format!(
        "Model: \"{name}\"\n{rule}\n{:<width$}{:<16}{:>14}{:>14}\n{rule}\n",
        "Layer", "Output shape", "Parameters", "MACs"
    );
    for row in rows {
        let shape = format!("(None, {})", row.outputs);
        let _ =
            writeln!(text, "{:<width$}{shape:<16}{:>14}{:>14}", title(row), grouped(row.parameters), grouped(row.macs));
    }
    let sum = |field: fn(&Row) -> usize| grouped(rows.iter().map(field).sum());
    let _ = writeln!(
        text,
        "{rule}\nTotal parameters: {}   MACs per sample: {}",
        sum(|row| row.parameters),
        sum(|row| row.macs)
    );
    text
}

/// `465706` as `465,706`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Layer;
    use crate::nn::{Dense, Encoding, Input};
    use ndarray::{Array1, Array2};

    fn network(sizes: &[usize]) -> Sequential {
        let layers = sizes.windows(2).enumerate().map(|(index, size)| {
            Layer::Dense(Dense {
                name: format!("dense_{index}"),
                kernel: Array2::zeros((size[0], size[1])),
                bias: Array1::zeros(size[1]),
                activation: if index + 2 == sizes.len() { Activation::Softmax } else { Activation::Relu },
            })
        });
        let input = Input::new(vec![sizes[0]], Encoding::Real);
        Sequential { name: "tutorial".into(), input, layers: layers.collect(), class_names: Vec::new() }
    }

    #[test]
    fn the_tutorials_networks_have_their_numbers_of_parameters() {
        let cases = [(&[3, 3, 1][..], "16"), (&[2, 20, 1], "81"), (&[784, 392, 392, 10], "465,706")];
        for (sizes, parameters) in cases {
            let text = table("tutorial", &float_rows(&network(sizes)));
            assert!(text.contains(&format!("Total parameters: {parameters} ")), "{text}");
        }
    }

    #[test]
    fn a_row_tells_name_shape_parameters_and_macs() {
        let text = table("tutorial", &float_rows(&network(&[784, 392, 392, 10])));
        let row = text.lines().nth(4).unwrap();
        for part in ["dense_0 [Dense (relu)]", "(None, 392)", "307,720", "307,328"] {
            assert!(row.contains(part), "{row}");
        }
    }
}
