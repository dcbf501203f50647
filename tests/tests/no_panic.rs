//! The evaluation holds no panic, on any chip, at opt-level 3 and "s": a program that calls all of it links although
//! its panic handler calls a function that does not exist.

use std::path::Path;
use thumbnet_trainer::target::compiler;

const TRIPLES: [&str; 7] = [
    "thumbv6m-none-eabi",
    "thumbv7m-none-eabi",
    "thumbv7em-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv8m.base-none-eabi",
    "thumbv8m.main-none-eabihf",
    "riscv32imc-unknown-none-elf",
];

/// Links the program, with `opt_level` for the runtime and what is inlined from it, and `THUMBNET_BACKEND`.
fn links(triple: &str, backend: &str, opt_level: &str, features: &str) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("no_panic");
    let mut command = compiler(triple).unwrap();
    command.current_dir(folder).args(["build", "--release", "--locked", "--target", triple, "--features", features]);
    command.env("THUMBNET_BACKEND", backend);
    for package in ["thumbnet", "no-panic"] {
        command.args(["--config", &format!("profile.release.package.{package}.opt-level={opt_level}")]);
    }
    let output = command.output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[test]
fn no_panic_is_linked_on_any_chip() {
    // A Cortex-M33's kernels with the DSP extension are chosen by its owner.
    let targets = TRIPLES.map(|triple| (triple, "")).into_iter().chain([("thumbv8m.main-none-eabihf", "dsp")]);
    for (triple, backend) in targets {
        for opt_level in ["3", "\"s\""] {
            links(triple, backend, opt_level, "float")
                .unwrap_or_else(|error| panic!("{triple} {backend} at {opt_level}: {error}"));
        }
    }
}

/// The test above can fail: one panic is enough.
#[test]
fn a_panic_does_not_link() {
    let error = links("thumbv7em-none-eabihf", "", "3", "panic").unwrap_err();
    assert!(error.contains("the_evaluation_can_panic"), "{error}");
}
