//! A small firmware in Rust, ready to build, with a model in it.

use crate::error::{Error, ErrorKind, Result};
use crate::target::Machine;
use std::path::Path;
use thumbnet::{Encoding, Model};

/// The files of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The paths inside the project's folder, and the contents.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

/// A firmware called `name` that evaluates `model` (a `.tnet`) on the chip that `machine` emulates.
/// # Errors
/// [`ErrorKind::Usage`] if `name` is no name of a package, [`ErrorKind::Model`] if `model` is no `.tnet`, or larger than the
/// chip's flash.
pub fn project(name: &str, machine: &Machine, model: &[u8]) -> Result<Project> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        let message = format!("{name:?} is no package name; take letters, digits, - and _");
        return Err(Error::new(ErrorKind::Usage, "new", message));
    }
    let parsed = Model::parse(model).map_err(|error| Error::new(ErrorKind::Model, "model", error))?;
    let flash = machine.model.origin + machine.model.length - machine.flash.origin;
    if model.len() as u64 > flash {
        let message = format!("it takes {} bytes, and {} has {flash} bytes of flash", model.len(), machine.name);
        return Err(Error::new(ErrorKind::Model, "model", message));
    }
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("runtime");
    let thumbnet = if runtime.is_dir() {
        format!("{{ path = {:?} }}", runtime.display().to_string())
    } else {
        format!("{:?}", env!("CARGO_PKG_VERSION"))
    };
    let manifest = fill(
        include_str!("template/Cargo.toml"),
        &[("name", name), ("logger", "defmt-semihosting = \"0.4\"\nsemihosting = \"0.1\""), ("thumbnet", &thumbnet)],
    );
    let runner = format!("thumbnet run --chip {}", machine.name);
    let config = fill(
        include_str!("template/config.toml"),
        &[("triple", machine.triple), ("where", " in QEMU"), ("runner", &runner), ("backend", machine.backend)],
    );
    let memory = format!(
        "/* {}, a {} */\nMEMORY\n{{\n  FLASH : ORIGIN = {:#010x}, LENGTH = {flash:#x}\n  RAM : ORIGIN = {:#010x}, LENGTH = {:#x}\n}}\n",
        machine.name, machine.core, machine.flash.origin, machine.ram.origin, machine.ram.length
    );
    Ok(Project {
        files: vec![
            ("Cargo.toml", manifest.into_bytes()),
            (".cargo/config.toml", config.into_bytes()),
            (".gitignore", b"/target\n".to_vec()),
            ("build.rs", include_str!("template/build.rs").into()),
            ("memory.x", memory.into_bytes()),
            ("model.tnet", model.to_vec()),
            ("src/main.rs", program(&parsed).into_bytes()),
        ],
    })
}

fn program(model: &Model) -> String {
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
            ("logger", "defmt_semihosting"),
            ("raw", raw),
            ("zero", zero),
            ("inputs", &inputs),
            ("prepare", &prepare),
            ("report", &report),
            ("end", "semihosting::process::exit(0)"),
        ],
    )
}

/// The template with each `{{name}}` replaced.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}
