//! Where a `.tnet` runs: on this machine, on an emulated chip, or on a board. All of them evaluate the same bytes with the
//! same crate; this module only brings the numbers there and back.

#[cfg(feature = "probe")]
mod board;
mod chip;
mod client;
mod core;
mod difference;
#[cfg_attr(not(feature = "probe"), allow(dead_code, reason = "only probe-rs's chips have families"))]
mod family;
mod firmware;
mod fit;
mod footprint;
mod host;
mod layout;
mod log;
mod machine;
mod qemu;
#[cfg(feature = "probe")]
mod registry;
mod remote;
mod run;
mod samples;
mod transport;

pub use chip::Chip;
pub use client::Client;
pub use core::Core;
pub use difference::Difference;
pub use family::Boot;
pub use firmware::{Goal, Image, Kernel, Sizes, build, compiler};
pub use fit::Fit;
pub use footprint::Footprint;
pub use host::Host;
pub use log::decode as decode_logs;
pub use machine::{MACHINES, Machine, Region};
pub use qemu::{Process, Qemu};
pub use run::qemu_run;
pub use samples::{classes, samples, without_zeros};
pub use thumbnet_link::{Element, Memory, ModelError, ModelInfo, Refusal};
pub use transport::Transport;

use crate::error::{Error, ErrorKind, Result};

/// What a [`Target`]'s counts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Instructions, under an emulator.
    Instructions,
    /// Cycles of the core.
    Cycles,
    /// Billionths of a second.
    Nanoseconds,
}

impl Unit {
    /// The unit in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Cycles => "cycles",
            Self::Nanoseconds => "nanoseconds",
        }
    }
}

/// What an evaluation gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The outputs of all samples, one after the other, in the model's [`Element`] (floats little-endian).
    pub outputs: Vec<u8>,
    /// What it took, in the target's [`Unit`].
    pub count: u64,
}

/// Something that evaluates one model.
pub trait Target {
    /// What the user called it: `host`, `qemu`, `qemu:mps2-an385`, a chip's name.
    fn name(&self) -> &str;

    /// The core: `Cortex-M4`.
    fn core(&self) -> &str;

    /// What counts count.
    fn unit(&self) -> Unit;

    /// The model that it evaluates.
    fn model(&self) -> ModelInfo;

    /// Evaluates samples, which stand one after the other in the model's [`Element`].
    /// # Errors
    /// [`ErrorKind::Target`] if the target refuses, does not answer, or answers nonsense.
    fn evaluate(&mut self, inputs: &[u8]) -> Result<Evaluation>;

    /// Evaluates one sample, and gives what leaves the layer with this index.
    /// # Errors
    /// As [`Self::evaluate`].
    fn layer(&mut self, layer: usize, input: &[u8]) -> Result<Evaluation>;

    /// Evaluates one sample, and gives what each layer took.
    /// # Errors
    /// As [`Self::evaluate`].
    fn profile(&mut self, input: &[u8]) -> Result<Vec<u64>>;

    /// What the program there takes without the model, on a target that has a chip's memory.
    fn program(&self) -> Option<Sizes>;

    /// The memory used so far, where the target knows it.
    /// # Errors
    /// As [`Self::evaluate`].
    fn memory(&mut self) -> Result<Option<Memory>>;

    /// The lines that it has logged so far.
    /// # Errors
    /// [`ErrorKind::Target`] if they cannot be read.
    fn logs(&mut self) -> Result<Vec<String>>;
}

/// How a chip is flashed.
#[derive(Clone, Debug, Default)]
pub struct Flashing {
    /// The debug probe: `VID:PID`, `VID:PID:SERIAL` or a serial number; if none is named, the one of the variable
    /// `PROBE_RS_PROBE`, or the only one.
    pub probe: Option<String>,
    /// Leave the program, and write the model's region only.
    pub model_only: bool,
    /// A locked chip may be erased as a whole.
    pub erase_all: bool,
}

/// How far flashing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes are to be written.
    Begin(u64),
    /// So many more bytes are written.
    Wrote(u64),
}

/// The debug probe that is connected, by its selector.
/// # Errors
/// [`ErrorKind::Target`] with what to do about it, if there is none, or more than one.
pub fn probe() -> Result<String> {
    #[cfg(feature = "probe")]
    return board::connected(None).map(|selector| selector.to_string());
    #[cfg(not(feature = "probe"))]
    Err(chip::without_probe("probe"))
}

/// Flashes firmware and model, and starts the firmware; a QEMU machine is started with them.
/// # Errors
/// [`ErrorKind::Target`] with what to do about it, if the chip cannot be flashed or refuses the model.
pub fn flash(chip: &Chip, model: &[u8], how: &Flashing, progress: &mut dyn FnMut(Progress)) -> Result<Box<dyn Target>> {
    if chip.is_emulated() {
        return open(&format!("qemu:{}", chip.name), model);
    }
    #[cfg(feature = "probe")]
    return Ok(Box::new(board::Board::open(chip, model, how, progress)?));
    #[cfg(not(feature = "probe"))]
    {
        let _ = (how, progress);
        Err(chip::without_probe(&chip.name))
    }
}

/// Opens the target that `spec` names, with this model on it: `host`, `qemu` (a Cortex-M4), `qemu:MACHINE` or
/// `qemu:CORE` (see [`MACHINES`]), or a chip's name, which is flashed; `probe:` may stand before it.
/// # Errors
/// [`ErrorKind::Usage`] for an unknown name; [`ErrorKind::Target`] if the target cannot be started or refuses the model.
pub fn open(spec: &str, model: &[u8]) -> Result<Box<dyn Target>> {
    match spec.split_once(':') {
        None if spec == "host" => Ok(Box::new(Host::new(model)?)),
        None if spec == "qemu" => Ok(Box::new(Qemu::open(spec, &MACHINES[0], model, Goal::Size)?)),
        Some(("qemu", name)) => Ok(Box::new(Qemu::open(spec, Machine::find(name)?, model, Goal::Size)?)),
        Some(("probe", name)) => flash(&Chip::find(name)?, model, &Flashing::default(), &mut |_| {}),
        _ => {
            let chip = Chip::find(spec).map_err(|error| match error.kind() {
                ErrorKind::Usage => {
                    let others = format!(
                        "besides chips there are host, qemu, and qemu:MACHINE with one of {}",
                        machine::names()
                    );
                    Error::new(ErrorKind::Usage, "--target", format!("{error}; {others}"))
                }
                _ => error,
            })?;
            flash(&chip, model, &Flashing::default(), &mut |_| {})
        }
    }
}

/// Whether an emulated chip can be opened with what is installed, without asking the network.
pub fn is_ready() -> bool {
    qemu::is_installed() && firmware::is_buildable(MACHINES[0].triple)
}

/// Why the chip refuses its model, in words, with what to do about it.
fn refused_model(error: ModelError) -> String {
    match error {
        ModelError::Missing => "there is no model in the chip's flash; flash one".into(),
        ModelError::Version { found, supported } => format!(
            "the model has format version {found}, but the firmware reads version {supported}; flash the firmware again, or export the model with this version of thumbnet"
        ),
        ModelError::Truncated => "the model in the chip's flash is cut off; flash it again".into(),
        ModelError::Checksum => {
            "the model in the chip's flash is damaged: its checksum is wrong; flash it again".into()
        }
        ModelError::Malformed => {
            "the model in the chip's flash makes no sense to the firmware; export and flash it again".into()
        }
        ModelError::Weights => {
            "the firmware was built without kernels for this model's weights; flash the firmware again".into()
        }
        ModelError::Memory { needed, available } => format!(
            "the model needs {needed} bytes of RAM for frames and activations, but the chip has {available} left; take a smaller model or a larger chip"
        ),
        other => format!("the chip refuses its model: {other:?}"),
    }
}
