//! A small firmware in Rust, ready to build, with a model in it.

use crate::error::{Error, ErrorKind, Result};
use crate::target::{Boot, Chip, Core, Machine};
use std::path::Path;
use thumbnet::{Encoding, Model};

/// The files of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The paths inside the project's folder, and the contents.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

/// A firmware called `name` that evaluates `model` (a `.tnet`) on `chip`, and logs what it found: over RTT, or in QEMU by
/// semihosting.
/// # Errors
/// [`ErrorKind::Usage`] if `name` is no name of a package, [`ErrorKind::Model`] if `model` is no `.tnet`, or too large for the
/// chip's flash or RAM, [`ErrorKind::Target`] if the chip boots in a way of its own.
pub fn project(name: &str, chip: &Chip, model: &[u8]) -> Result<Project> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        let message = format!("{name:?} is no package name; take letters, digits, - and _");
        return Err(Error::new(ErrorKind::Usage, "new", message));
    }
    let parsed = Model::parse(model).map_err(|error| Error::new(ErrorKind::Model, "model", error))?;
    chip.check_boot()?;
    let element = if parsed.is_float() { 4 } else { 1 };
    let activations = element
        * (parsed.scratch_len_on(Machine::find(chip.core.machine)?.kernels())
            + parsed.input_len()
            + parsed.output_len());
    for (needed, memory, available) in
        [(model.len(), "flash", chip.whole_flash().length), (activations, "RAM", chip.ram.length)]
    {
        if needed as u64 > available {
            let message = format!("it takes {needed} bytes of {memory}, and {} has {available}", chip.name);
            return Err(Error::new(ErrorKind::Model, "model", message));
        }
    }
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("runtime");
    let thumbnet = if runtime.is_dir() {
        format!("{{ path = {:?} }}", runtime.display().to_string())
    } else {
        format!("{:?}", env!("CARGO_PKG_VERSION"))
    };
    let chips = Parts::of(chip);
    let manifest = fill(
        include_str!("template/Cargo.toml"),
        &[("name", name), ("dependencies", &chips.dependencies.join("\n")), ("thumbnet", &thumbnet)],
    );
    let Core { triple, backend, .. } = chip.core;
    let runner = format!("{} --chip {}", chips.runner, chip.name);
    let config = fill(
        include_str!("template/config.toml"),
        &[("triple", triple), ("where", chips.place), ("runner", &runner), ("backend", backend)],
    );
    let mut files = vec![
        ("Cargo.toml", manifest.into_bytes()),
        (".cargo/config.toml", config.into_bytes()),
        (".gitignore", b"/target\n".to_vec()),
        ("build.rs", include_str!("template/build.rs").into()),
        ("memory.x", chip.memory_x().into_bytes()),
        ("model.tnet", model.to_vec()),
        ("src/main.rs", program(&parsed, &chips).into_bytes()),
    ];
    files.extend(chips.boot.map(|source| ("src/boot.rs", source.into())));
    Ok(Project { files })
}

/// What one chip's project has and another's has not.
struct Parts {
    /// Where `cargo run` starts it, in words.
    place: &'static str,
    runner: &'static str,
    dependencies: Vec<&'static str>,
    /// The crate of the logs' way to the host.
    logger: &'static str,
    /// What the program does in the end.
    end: &'static str,
    /// The source of what the boot ROM looks for.
    boot: Option<&'static str>,
}

impl Parts {
    fn of(chip: &Chip) -> Self {
        let (second_stage, boot) = match chip.boot {
            Boot::Rp2040 => (Some("rp2040-boot2 = \"0.3\""), Some(include_str!("template/rp2040.rs"))),
            Boot::Rp2350 => (None, Some(include_str!("template/rp2350.rs"))),
            Boot::Vectors | Boot::Unsupported => (None, None),
        };
        if chip.is_emulated() {
            Self {
                place: "in QEMU",
                runner: "thumbnet run",
                dependencies: vec!["defmt-semihosting = \"0.4\"", "semihosting = \"0.1\""],
                logger: "defmt_semihosting",
                end: "semihosting::process::exit(0)",
                boot,
            }
        } else {
            Self {
                place: "on the board, by probe-rs (https://probe.rs)",
                runner: "probe-rs run",
                dependencies: ["defmt-rtt = \"1\""].into_iter().chain(second_stage).collect(),
                logger: "defmt_rtt",
                end: "loop {\n        cortex_m::asm::nop(); // asleep, many a chip cuts off its probe\n    }",
                boot,
            }
        }
    }
}

fn program(model: &Model, chip: &Parts) -> String {
    let pixels = model.encoding() == Encoding::Pixel;
    let (raw, zero) = if pixels { ("u8", "0") } else { ("f32", "0.0") };
    let inputs = model.input_len().to_string();
    let prepare = match (model.is_float(), pixels) {
        (true, true) => "    let input = SAMPLE.map(|pixel| f32::from(pixel) / 255.0);\n".to_owned(),
        (true, false) => "    let input = SAMPLE;\n".to_owned(),
        (false, _) => {
            let method = if pixels { "quantize_pixels" } else { "quantize_input" };
            format!(
                "    let mut input = [0; {inputs}];\n    let _ = MODEL.{method}(&SAMPLE, &mut input); // the lengths fit\n"
            )
        }
    };
    let report = if model.labels().is_empty() {
        format!(
            "    let mut values = [0.0; {}];\n    let _ = MODEL.dequantize(&output, &mut values); // the lengths fit\n    info!(\"{{}}\", values);",
            model.output_len()
        )
    } else {
        "    let class = MODEL.classify(&output);\n    info!(\"{}: {}\", class.label.unwrap_or(\"\"), class.score);"
            .to_owned()
    };
    fill(
        include_str!("template/main.rs"),
        &[
            ("modules", if chip.boot.is_some() { "mod boot;\n\n" } else { "" }),
            ("logger", chip.logger),
            ("raw", raw),
            ("zero", zero),
            ("inputs", &inputs),
            ("prepare", &prepare),
            ("report", &report),
            ("end", chip.end),
        ],
    )
}

/// The template with each `{{name}}` replaced.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}
