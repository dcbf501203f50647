//! The evaluation holds no panic, on any chip: a program that calls all of it links although its panic handler calls a function that
//! does not exist. With the kernels of the DSP extension and with those of a core without it, it is built at every level of
//! optimization but 0, with and without that of the whole program; for the six other targets at four of these ten levels.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, Once};
use std::thread;
use thumbnet_tests::counts::with_weights;
use thumbnet_trainer::quantize::WeightType;
use thumbnet_trainer::target::compiler;
use thumbnet_trainer::tnet;

/// What takes longest comes first.
const TRIPLES: [&str; 8] = [
    "thumbv8m.main-none-eabihf",
    "thumbv8m.main-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv7m-none-eabi",
    "thumbv8m.base-none-eabi",
    "riscv32imc-unknown-none-elf",
    "thumbv6m-none-eabi",
    "thumbv7em-none-eabi",
];

/// `opt-level`, for the runtime and what is inlined from it, and `lto`: of the whole program, or not even of one crate.
const LEVELS: [(&str, &str); 10] = [
    ("3", "\"fat\""),
    ("\"s\"", "\"fat\""),
    ("\"z\"", "\"fat\""),
    ("\"z\"", "\"off\""),
    ("1", "\"fat\""),
    ("2", "\"fat\""),
    ("1", "\"off\""),
    ("2", "\"off\""),
    ("3", "\"off\""),
    ("\"s\"", "\"off\""),
];

/// The targets that are built at all levels: one with each kind of kernels. The others have the first four.
const ALL: [&str; 2] = ["thumbv7em-none-eabihf", "thumbv7m-none-eabi"];

/// The builds at one time. Each takes a core; the compiler's own library takes up to a gigabyte.
const BUILDS: usize = 2;

/// Writes the models that the program has beside the runtime's own, in `target/models`: simple ones of 4-bit and 2-bit weights, with
/// tiles of every size.
fn write_models(program: &Path) {
    static WRITTEN: Once = Once::new();
    WRITTEN.call_once(|| {
        let folder = program.join("target/models");
        fs::create_dir_all(&folder).unwrap();
        for (name, weight_type) in [("int4.tnet", WeightType::Int4), ("int2.tnet", WeightType::Int2)] {
            let model = tnet::write(&with_weights(&[5, 23, 3], |_| weight_type, 1)).unwrap();
            let path = folder.join(name);
            // A file that is written again is built again.
            if fs::read(&path).ok().as_ref() != Some(&model) {
                fs::write(&path, model).unwrap();
            }
        }
    });
}

/// Links the program, in a folder of these features and this target, so that no build waits for another, with `THUMBNET_BACKEND`.
fn links(triple: &str, backend: &str, opt_level: &str, lto: &str, features: &str) -> Result<(), String> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("no_panic");
    write_models(&program);
    let mut command = compiler(triple).unwrap();
    command.args(["build", "--release", "--locked", "--target", triple, "--features", features]);
    command.current_dir(&program).arg("--target-dir").arg(program.join("target").join(features).join(triple));
    command.env("THUMBNET_BACKEND", backend).args(["--config", &format!("profile.release.lto={lto}")]);
    for package in ["thumbnet", "no-panic"] {
        command.args(["--config", &format!("profile.release.package.{package}.opt-level={opt_level}")]);
    }
    let output = command.output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[test]
fn no_panic_is_linked_on_any_chip() {
    let waiting = Mutex::new(TRIPLES.iter());
    let next = || waiting.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..BUILDS {
            scope.spawn(|| {
                while let Some(&triple) = next() {
                    // A Cortex-M33's kernels with the DSP extension are chosen by its owner, with and without its FPU.
                    let backends = if triple.starts_with("thumbv8m.main") { &["", "dsp"][..] } else { &[""] };
                    for backend in backends {
                        let levels = if ALL.contains(&triple) { LEVELS.len() } else { 4 };
                        for (level, lto) in LEVELS.into_iter().take(levels) {
                            links(triple, backend, level, lto, "float")
                                .unwrap_or_else(|error| panic!("{triple} {backend} at {level}, lto {lto}: {error}"));
                        }
                    }
                }
            });
        }
    });
}

/// The test above can fail: one panic is enough.
#[test]
fn a_panic_does_not_link() {
    let error = links("thumbv7em-none-eabihf", "", "3", "\"fat\"", "panic").unwrap_err();
    assert!(error.contains("the_evaluation_can_panic"), "{error}");
}
