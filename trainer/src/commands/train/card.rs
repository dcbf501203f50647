//! The model's card: every number beside the command that prints it.

use super::{OnChip, Outcome};
use crate::commands::summary::grouped;
use crate::error::{Error, ErrorKind, Result};
use crate::train::readable;
use std::fmt::Write;
use std::path::Path;
use thumbnet::Backend;

/// The card as Markdown; `float_bytes` is the size of model.onnx.
pub(super) fn text(outcome: &Outcome, out: &Path, float_bytes: usize) -> Result<String> {
    let Outcome { recipe, net, tnet, history, chip, .. } = outcome;
    let model = thumbnet::Model::parse(tnet).map_err(|error| Error::new(ErrorKind::Model, "model.tnet", error))?;
    let [float, integer] = outcome.results();
    let out = out.display();
    // What has no test part of its own is split by the recipe's seed.
    let data = match recipe.data.source.as_str() {
        source @ ("mnist" | "fashion-mnist") => source.to_string(),
        source => format!("{source} --seed {}", recipe.seed),
    };
    let inspect = format!("thumbnet inspect {out}/model.tnet");
    let mut rows = vec![
        ("f32", float, format!("thumbnet evaluate {out}/model.onnx --data {data}")),
        ("int8, as the chip computes it", integer, format!("thumbnet evaluate {out}/model.tnet --data {data}")),
        ("parameters", grouped(net.parameters()), format!("thumbnet summary {out}/model.onnx")),
        ("multiply-accumulates per sample", grouped(net.macs()), format!("thumbnet summary {out}/model.onnx")),
        ("f32 file, bytes", grouped(float_bytes), format!("thumbnet inspect {out}/model.onnx")),
        ("int8 file, bytes of flash", grouped(tnet.len()), inspect.clone()),
        ("scratch RAM, bytes", grouped(model.scratch_len_on(Backend::Dsp)), inspect.clone()),
    ];
    if let Some(OnChip { footprint: chip, samples, different }) = chip {
        let inspect = format!("{inspect} --target {}", chip.target);
        let source = &recipe.data.source;
        let verify =
            format!("thumbnet verify {out}/model.tnet --data {source} --count {samples} --target {}", chip.target);
        rows.extend([
            (
                "output integers that differ on the emulated chip, samples from the test data",
                grouped(*different),
                verify,
            ),
            ("firmware without the model, bytes of flash", grouped(chip.program.flash as usize), inspect.clone()),
            ("all RAM in use on the chip, bytes", grouped(chip.ram() as usize), inspect.clone()),
            ("instructions for an input without zeros, Cortex-M4", grouped(chip.count as usize), inspect),
        ]);
    }
    let pooled = net.input.pool.map(|pool| pool.len());
    let sizes: Vec<String> = std::iter::once(net.inputs())
        .chain(pooled)
        .chain(net.dense_layers().map(crate::nn::Dense::units))
        .map(|size| size.to_string())
        .collect();
    let mut text = format!("# {}\n\n", recipe.name);
    if !recipe.description.is_empty() {
        let _ = writeln!(text, "{}.\n", recipe.description.trim_end_matches('.'));
    }
    let _ = writeln!(text, "A multilayer perceptron {}, written by `{}`.\n", sizes.join("-"), outcome.command);
    text += "| | | command |\n|---|---|---|\n";
    for (what, number, command) in rows {
        let _ = writeln!(text, "| {what} | {number} | `{command}` |");
    }
    let [learned, held_out] = outcome.samples.map(grouped);
    let watched =
        if outcome.samples[1] > 0 { format!("; {held_out} others were held out to watch") } else { String::new() };
    let _ = writeln!(
        text,
        "\nTrained on {learned} samples of `{}` with {} epochs of {}, seed {}, in {} on the machine that wrote this{watched}.",
        recipe.data.source,
        grouped(history.records.len()),
        batches(recipe.batch_size),
        recipe.seed,
        readable(history.seconds()),
    );
    if !recipe.choice.is_empty() {
        let _ = writeln!(text, "How it was chosen: {}.", recipe.choice.trim_end_matches('.'));
    }
    if let Some(last) = history.records.last() {
        let _ = writeln!(text, "The last epoch's mean training loss was {:.5}.", last.loss);
    }
    let _ = write!(
        text,
        "\n![loss and accuracy over the epochs](curves.svg)\n\n\
         | file | |\n|---|---|\n\
         | recipe.toml | what was trained, and how |\n\
         | model.onnx | the f32 network |\n\
         | model-int8.onnx | the integer network in ONNX's QDQ form |\n\
         | model.tnet | the integer network for the chip |\n\
         | history.csv | loss and metrics of each epoch |\n"
    );
    Ok(text)
}

/// `batches of 32`; 0 stands for all samples at once.
fn batches(size: usize) -> String {
    if size == 0 { "one full batch".into() } else { format!("batches of {size}") }
}
