//! The program of `tests/image`, which evaluates a model that is part of it and does nothing else.

use crate::elf::segments;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use thumbnet::Model;
use thumbnet_trainer::target;

/// A core that images are built for.
#[derive(Clone, Copy)]
pub struct Core {
    /// Its name in the table of code.
    pub name: &'static str,
    /// The compiler's target.
    pub triple: &'static str,
    /// What `THUMBNET_BACKEND` says, where it must be set.
    pub backend: Option<&'static str>,
    /// QEMU's machine that runs its programs, and the linker's script for it in `tests/image`.
    pub machine: (&'static str, &'static str),
}

/// All cores of the table.
pub const CORES: [Core; 6] = {
    const fn core(name: &'static str, triple: &'static str, machine: (&'static str, &'static str)) -> Core {
        Core { name, triple, backend: None, machine }
    }
    // A Cortex-M3 runs an M0's program, too; the M0's own machine has too little flash for the models.
    const M3: (&str, &str) = ("mps2-an385", "link.x");
    const M4: (&str, &str) = ("mps2-an386", "link.x");
    const M33: (&str, &str) = ("mps2-an505", "an505.x");
    [
        core("M0", "thumbv6m-none-eabi", M3),
        core("M3", "thumbv7m-none-eabi", M3),
        core("M4 without FPU", "thumbv7em-none-eabi", M4),
        core("M4, M7", "thumbv7em-none-eabihf", M4),
        core("M33 without DSP", "thumbv8m.main-none-eabihf", M33),
        Core { backend: Some("dsp"), ..core("M33", "thumbv8m.main-none-eabihf", M33) },
    ]
};

/// A small model of int8 weights.
pub const XOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/tests/models/xor.tnet");
/// Network A, trained on MNIST.
pub const MNIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/mnist/model.tnet");

/// The built image, opt-level "s", with a model in it, and nothing set that a user would not set. It is built once in a process.
/// # Panics
/// Where it cannot be built.
pub fn image(core: Core, model: &Path, feature: Option<&'static str>) -> Vec<u8> {
    type Built = HashMap<(&'static str, PathBuf, Option<&'static str>), Vec<u8>>;
    static BUILT: Mutex<Option<Built>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let image = built.get_or_insert_default().entry((core.name, model.to_owned(), feature));
    image.or_insert_with(|| build(core, model, feature)).clone()
}

fn build(core: Core, model: &Path, feature: Option<&str>) -> Vec<u8> {
    let triple = core.triple;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("image");
    let built = folder.join("target");
    fs::create_dir_all(&built).expect("a writable folder");
    // Every build has the same path: one at a time.
    let lock = File::create(built.join("build.lock")).expect("a writable folder");
    lock.lock().expect("a lock");
    let mut command = target::compiler(triple).unwrap_or_else(|error| panic!("{error}"));
    command.current_dir(&folder).args(["build", "--release", "--target", triple]).env("IMAGE_MODEL", model);
    command.env("THUMBNET_BACKEND", core.backend.unwrap_or_default());
    command.args(feature.into_iter().flat_map(|feature| ["--features", feature]));
    if feature == Some("stack") {
        let outputs = built.join("outputs");
        fs::write(&outputs, host_outputs()).expect("a writable folder");
        command.env("IMAGE_OUTPUTS", outputs);
        command.env("IMAGE_SCRIPT", core.machine.1);
    }
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{}, {feature:?}: {}", core.name, String::from_utf8_lossy(&output.stderr));
    fs::read(built.join(triple).join("release/image")).expect("the image was built")
}

/// The models that the program of the feature `stack` has beside its own, in its order.
const MODELS: [&str; 5] = [
    "models/mnist/model.tnet",
    "models/boston-tutorial/model.tnet",
    "models/mnist-int4/model.tnet",
    "models/mnist-int2/model.tnet",
    "runtime/tests/models/mixed.tnet",
];

/// What the host gives for the inputs that the program makes.
fn host_outputs() -> Vec<u8> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    let outputs = MODELS.map(|path| {
        let bytes = fs::read(repository.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let inputs = |length| (0..length).map(|i| if i % 4 < 2 { 0x80 } else { (i * 89 % 256) as u8 });
        let length = Model::parse(&bytes).unwrap_or_else(|error| panic!("{path}: {error}")).input_len();
        let mut host = target::open("host", &bytes).unwrap_or_else(|error| panic!("{error}"));
        host.evaluate(&inputs(length).collect::<Vec<u8>>()).unwrap_or_else(|error| panic!("{error}")).outputs
    });
    outputs.concat()
}

/// The bytes of flash that the evaluation of a model takes beside the model.
/// # Panics
/// As [`image`].
pub fn code(core: Core, model: &Path) -> usize {
    let flash = |elf: &[u8]| segments(elf).iter().map(|segment| segment.bytes.len()).sum::<usize>();
    let bytes = fs::metadata(model).expect("a model").len() as usize;
    flash(&image(core, model, None)) - flash(&image(core, XOR.as_ref(), Some("empty"))) - bytes
}
