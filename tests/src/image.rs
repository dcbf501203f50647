//! The program of `tests/image`, which evaluates a model that is part of it and does nothing else.

use crate::elf::segments;
use std::fs::{self, File};
use std::path::Path;
use thumbnet_trainer::target;

/// The compiler's targets of the cores: M0, M3, M4 without an FPU, M4 and M7, M33.
pub const TRIPLES: [&str; 5] = [
    "thumbv6m-none-eabi",
    "thumbv7m-none-eabi",
    "thumbv7em-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv8m.main-none-eabihf",
];

/// A small model of int8 weights.
pub const XOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/tests/models/xor.tnet");

/// The built image, opt-level "s", with a model of two inputs in it, and nothing set that a user would not set.
/// # Panics
/// Where it cannot be built.
pub fn image(triple: &str, model: &Path, feature: Option<&str>) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("image");
    let built = folder.join("target");
    fs::create_dir_all(&built).expect("a writable folder");
    // Every build has the same path: one at a time.
    let lock = File::create(built.join("build.lock")).expect("a writable folder");
    lock.lock().expect("a lock");
    let mut command = target::compiler(triple).unwrap_or_else(|error| panic!("{error}"));
    command.current_dir(&folder).args(["build", "--release", "--target", triple]).env("IMAGE_MODEL", model);
    command.args(feature.into_iter().flat_map(|feature| ["--features", feature]));
    if feature == Some("stack") {
        let script = concat!("build.rustflags=[\"-Clink-arg=-T", env!("CARGO_MANIFEST_DIR"), "/image/link.x\"]");
        command.args(["--config", script]);
    }
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{triple}, {feature:?}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read(built.join(triple).join("release/image")).expect("the image was built")
}

/// The bytes of flash that the evaluation of a model takes beside the model.
/// # Panics
/// As [`image`].
pub fn code(triple: &str, model: &Path) -> usize {
    let flash = |elf: &[u8]| segments(elf).iter().map(|segment| segment.bytes.len()).sum::<usize>();
    let bytes = fs::metadata(model).expect("a model").len() as usize;
    flash(&image(triple, model, None)) - flash(&image(triple, model, Some("empty"))) - bytes
}
