//! `thumbnet inspect`: what is inside a model file.

use super::summary::{activation_name, grouped};
use super::{Model, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{AveragePool, Encoding, Input, Layer, Sequential};
use crate::quantize::{IntegerActivation, Quantization, QuantizedSequential};
use crate::target::{Chip, Fit, Footprint, Machine};
use crate::tnet::{self, Network};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// Tells what is inside a model and what it needs on a chip
///
/// For an ONNX model, the bytes of flash and scratch memory are those of the .tnet that it becomes: of the same integers, or of
/// f32 weights; the scratch is what the kernels of the chip work in, or of a Cortex-M4 where no chip is named. With --target, the firmware is built and run there, and its flash, RAM and instructions are told as well. With
/// --chip, the firmware is built for a real chip, the instructions are counted by QEMU on its core, and the time is estimated.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  thumbnet inspect models/mnist/model.tnet\n  thumbnet inspect models/mnist/model.tnet --target qemu:m0\n  \
    thumbnet inspect models/mnist/model.tnet --chip STM32F407VG"
)]
pub struct Args {
    /// The model (.onnx or .tnet)
    pub model: PathBuf,
    /// Also what model and firmware take there: qemu (an emulated Cortex-M4) or qemu:MACHINE
    #[arg(long, value_name = "TARGET", conflicts_with = "chip")]
    pub target: Option<String>,
    /// Whether model and firmware fit that chip (see `thumbnet chips`), what remains, and an estimate of the time
    #[arg(long, value_name = "NAME")]
    pub chip: Option<String>,
    /// The clock of the estimate [default: the chip's highest, where it is known]
    #[arg(long, value_name = "MHZ", requires = "chip", value_parser = clap::value_parser!(u32).range(1..))]
    pub clock: Option<u32>,
}

/// What a layer of either kind tells.
struct Row {
    name: String,
    kind: &'static str,
    inputs: usize,
    outputs: usize,
    weights: String,
    activation: String,
    parameters: usize,
    macs: usize,
    bytes: usize,
}

/// Prints the contents.
/// # Errors
/// Where the model cannot be read.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let model = Model::open(&args.model)?;
    let network = model.clone().into_network()?;
    let file = std::fs::read(&args.model).map_err(|error| Error::unreadable(&args.model, &error))?;
    let bytes = match (&model, &network) {
        (Model::Tnet(bytes), _) => bytes.clone(),
        (_, Network::Integer(network)) => tnet::write(network)?,
        (_, Network::Float(network)) => tnet::write_float(network, tnet::FloatType::F32)?,
    };
    let parsed =
        thumbnet::Model::parse(&bytes).map_err(|error| Error::new(ErrorKind::Model, args.model.display(), error))?;
    let (format, version) = match &model {
        Model::Tnet(_) => ("tnet", json!(thumbnet::format::VERSION)),
        Model::Float(_) => ("onnx", Value::Null),
        Model::Integer(_) => ("onnx (quantized)", Value::Null),
    };
    let (name, input, output, class_names, mut rows) = match &network {
        Network::Float(network) => (
            &network.name,
            float_input(&network.input),
            float_output(network),
            &network.class_names,
            float_rows(network),
        ),
        Network::Integer(network) => (
            &network.name,
            integer_input(network),
            integer_output(network),
            &network.class_names,
            integer_rows(network),
        ),
    };
    for (row, layer) in rows.iter_mut().zip(parsed.layers()) {
        row.bytes = layer.weights().len() + layer.channels().len() + layer.tables().len();
    }
    let parameters = rows.iter().map(|row| row.parameters).sum::<usize>();
    let element = if parsed.is_float() { 4 } else { 1 };
    let chip = args.chip.as_deref().map(Chip::find).transpose()?;
    // What the chip needs, not this machine: its kernels work in other memory. Where none is named, a Cortex-M4.
    let named = chip.as_ref().map(|chip| chip.core.machine);
    let named = named.or(args.target.as_deref().and_then(|spec| spec.strip_prefix("qemu:")));
    let machine = Machine::find(named.unwrap_or("m4"))?;
    let scratch = parsed.scratch_len_on(machine.kernels()) * element;
    let layers: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name, "kind": row.kind, "inputs": row.inputs, "outputs": row.outputs, "weights": row.weights,
                "activation": row.activation, "parameters": row.parameters, "macs": row.macs, "bytes": row.bytes,
            })
        })
        .collect();
    let mut value = json!({
        "format": format, "version": version, "name": name, "file_bytes": file.len(), "input": input, "output": output,
        "classes": class_names, "layers": layers, "parameters": parameters, "macs": parsed.macs(),
        "flash_bytes": bytes.len(), "scratch_bytes": scratch, "core": machine.core,
        "activation_bytes": scratch + (parsed.input_len() + parsed.output_len()) * element,
        "checksum": format!("{:08x}", parsed.checksum()),
    });
    let footprint = args.target.as_ref().map(|spec| Footprint::measure(spec, &bytes)).transpose()?;
    if let Some(footprint) = &footprint {
        value["chip"] = footprint.value();
    }
    let fit = chip.as_ref().map(|chip| Fit::measure(chip, &bytes, args.clock)).transpose()?;
    if let (Some(fit), Value::Object(entries)) = (&fit, &mut value) {
        entries.extend(fit.value().as_object().cloned().unwrap_or_default());
    }
    settings.print(&value, || {
        let chip = footprint.as_ref().map(chip_text).or(fit.as_ref().map(fit_text));
        text(&value, &rows) + &chip.unwrap_or_default()
    })
}

fn encoding(input: &Input) -> &'static str {
    match input.encoding {
        Encoding::Pixel => "8-bit pixels",
        Encoding::Real => "real numbers",
    }
}

fn float_input(input: &Input) -> Value {
    json!({
        "shape": input.shape, "encoding": encoding(input), "normalized": input.normalization.is_some(),
        "features": input.feature_names, "type": "float32",
    })
}

fn float_output(network: &Sequential) -> Value {
    json!({"shape": [network.outputs()], "type": "float32", "activation": activation_name(network.output_activation())})
}

fn with_quantization(mut value: Value, quantization: Option<Quantization>) -> Value {
    if let Some(Quantization { scale, zero_point }) = quantization {
        value["type"] = "int8".into();
        value["scale"] = scale.into();
        value["zero_point"] = zero_point.into();
    }
    value
}

fn integer_input(network: &QuantizedSequential) -> Value {
    with_quantization(float_input(&network.input), network.layers.first().map(|layer| layer.input))
}

fn integer_output(network: &QuantizedSequential) -> Value {
    let outputs = network.layers.last().map_or(0, |layer| layer.outputs);
    let value = json!({"shape": [outputs], "softmax": network.softmax});
    with_quantization(value, network.layers.last().map(|layer| layer.output))
}

fn pool_row(input: &Input) -> Option<Row> {
    input.pool.map(|pool| Row {
        name: AveragePool::NAME.into(),
        kind: "AveragePool",
        inputs: input.features(),
        outputs: pool.len(),
        weights: "none".into(),
        activation: format!("mean of {} x {}", pool.size[0], pool.size[1]),
        parameters: 0,
        macs: 0,
        bytes: 0,
    })
}

fn float_rows(network: &Sequential) -> Vec<Row> {
    let rows = network.layers.iter().map(|layer| match layer {
        Layer::Dense(dense) => Row {
            name: dense.name.clone(),
            kind: "Dense",
            inputs: dense.inputs(),
            outputs: dense.units(),
            weights: "float".into(),
            activation: activation_name(dense.activation),
            parameters: dense.parameters(),
            macs: dense.macs(),
            bytes: 0,
        },
    });
    pool_row(&network.input).into_iter().chain(rows).collect()
}

fn integer_rows(network: &QuantizedSequential) -> Vec<Row> {
    let rows = network.layers.iter().map(|layer| Row {
        name: layer.name.clone(),
        kind: "Dense",
        inputs: layer.inputs,
        outputs: layer.outputs,
        weights: format!("{:?}", layer.weight_type).to_lowercase(),
        activation: match &layer.activation {
            // Where no output is below zero, both are the same clamp.
            IntegerActivation::Clamp { lo, hi: 127 } if *lo == layer.output.zero_point => "relu".into(),
            IntegerActivation::Clamp { lo: -128, hi: 127 } => "linear".into(),
            IntegerActivation::Clamp { lo, hi } => format!("clamp {lo}..{hi}"),
            IntegerActivation::Table { function: Some(function), .. } => {
                format!("{} (table)", activation_name(*function))
            }
            IntegerActivation::Table { function: None, .. } => "table".into(),
        },
        parameters: layer.outputs * (layer.inputs + 1),
        macs: layer.outputs * layer.inputs,
        bytes: 0,
    });
    pool_row(&network.input).into_iter().chain(rows).collect()
}

fn chip_text(footprint: &Footprint) -> String {
    let Footprint { target, core, program, model, memory, unit, count } = footprint;
    let count = grouped(*count as usize);
    format!(
        "\non {target} ({core}), with the firmware that `thumbnet flash` builds:\n\
        {:>9} bytes of flash: program {}, model {}\n\
        {:>9} bytes of RAM: variables {}, frame {}, activations {}, stack {} at its deepest\n\
        {count:>9} {unit} for an input without zeros\n",
        grouped(footprint.flash() as usize),
        grouped(program.flash as usize),
        grouped(*model as usize),
        grouped(footprint.ram() as usize),
        grouped(memory.statics as usize),
        grouped(memory.frame as usize),
        grouped(memory.activations as usize),
        grouped(memory.stack as usize),
    )
}

fn fit_text(fit: &Fit) -> String {
    let Chip { name, core, ram, .. } = &fit.chip;
    let number = |bytes: u64| grouped(bytes as usize);
    let memory = &fit.footprint.memory;
    let mut text = format!("\non {name} ({}), with the firmware that `thumbnet flash` builds:\n", core.name);
    let _ = writeln!(
        text,
        "{:>9} bytes of flash: model {}, firmware {}; beside the model, {} remain for a program of your own",
        number(fit.chip.flash_bytes()),
        number(fit.model),
        if fit.program.flash == 0 { "none".into() } else { number(fit.program.flash) },
        number(fit.flash_left()),
    );
    let _ = writeln!(
        text,
        "{:>9} bytes of RAM: {} used by variables {}, frame {}, activations {} and {} for the stack, {} at its deepest",
        number(ram.length),
        number(fit.ram()),
        number(fit.program.statics),
        number(memory.frame.into()),
        number(memory.activations.into()),
        number(memory.stack_limit.into()),
        number(memory.stack.into()),
    );
    let (count, target) = (number(fit.footprint.count), &fit.footprint.target);
    let _ = writeln!(text, "{count:>9} instructions for an input without zeros, counted on {target}");
    match (fit.milliseconds(), fit.clock) {
        (Some(time), Some(clock)) => {
            let cycles = core.cycles_per_instruction;
            let _ = writeln!(
                text,
                "{time:>9.2} ms, an estimate: {count} instructions at {cycles} cycles each and {clock} MHz, if the flash never waits",
            );
        }
        _ => text
            .push_str("          no estimate of the time: the chip's clock is not known; give it with --clock MHZ\n"),
    }
    match &fit.obstacle {
        None => text.push_str("it fits\n"),
        Some(obstacle) => {
            let _ = writeln!(text, "it does not fit: {obstacle}");
        }
    }
    text
}

fn text(value: &Value, rows: &[Row]) -> String {
    let count = |key: &str| grouped(value[key].as_u64().unwrap_or(0) as usize);
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    let mut text = String::new();
    let version = value["version"].as_u64().map_or(String::new(), |version| format!(" version {version}"));
    let _ = writeln!(
        text,
        "{}: {}{version}, {} bytes, checksum {}",
        plain(&value["name"]),
        plain(&value["format"]),
        count("file_bytes"),
        plain(&value["checksum"])
    );
    for side in ["input", "output"] {
        let numbers = &value[side];
        let _ = write!(text, "{side:<8}{} {}", plain(&numbers["type"]), numbers["shape"]);
        if numbers["scale"].is_number() {
            let _ = write!(
                text,
                ", real = {} * (integer {:+})",
                numbers["scale"],
                -numbers["zero_point"].as_i64().unwrap_or(0)
            );
        }
        if let Some(encoding) = numbers["encoding"].as_str() {
            let _ = write!(text, ", {encoding}{}", if numbers["normalized"] == true { ", normalized" } else { "" });
        }
        if numbers["softmax"] == true {
            text.push_str(", logits of a softmax");
        }
        text.push('\n');
    }
    if let Some(classes) = value["classes"].as_array().filter(|classes| !classes.is_empty()) {
        let _ = writeln!(text, "classes {}", classes.iter().map(plain).collect::<Vec<_>>().join(", "));
    }
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(5) + 2;
    let _ = writeln!(
        text,
        "\n{:<width$}{:>13}  {:<7}{:<20}{:>12}{:>12}",
        "layer", "in x out", "weights", " activation", "parameters", "bytes"
    );
    for row in rows {
        let shape = format!("{} x {}", row.inputs, row.outputs);
        let (parameters, bytes) = (grouped(row.parameters), grouped(row.bytes));
        let _ = writeln!(
            text,
            "{:<width$}{shape:>13}  {:<7} {:<19}{parameters:>12}{bytes:>12}",
            row.name, row.weights, row.activation
        );
    }
    let _ = writeln!(
        text,
        "\n{} parameters, {} MACs per sample\n{} bytes of flash, {} bytes of RAM on a {} (scratch {}, input and output besides)",
        count("parameters"),
        count("macs"),
        count("flash_bytes"),
        count("activation_bytes"),
        value["core"].as_str().unwrap_or_default(),
        count("scratch_bytes"),
    );
    text
}
