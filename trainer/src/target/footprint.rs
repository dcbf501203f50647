//! What a model and its evaluation take of a chip.

use super::{Evaluation, Memory, Sizes, Target, open, without_zeros};
use crate::error::{Error, ErrorKind, Result};
use serde_json::{Value, json};

/// What a model and its evaluation take of a chip, with the firmware that flashing it brings there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// As the user called the target.
    pub target: String,
    /// Its core: `Cortex-M4`.
    pub core: String,
    /// The firmware without a model.
    pub program: Sizes,
    /// The model's bytes in flash.
    pub model: u64,
    /// The RAM in use, the stack at its deepest.
    pub memory: Memory,
    /// Instructions or cycles of one evaluation, in words.
    pub unit: &'static str,
    /// How many of them.
    pub count: u64,
}

impl Footprint {
    /// Builds the firmware, and evaluates one input without zeros there: nothing can be skipped then.
    /// # Errors
    /// As [`open()`]; [`ErrorKind::Usage`] for a target that has not a chip's memory.
    pub fn measure(spec: &str, model: &[u8]) -> Result<Self> {
        Self::of(open(spec, model)?.as_mut())
    }

    /// Evaluates one input without zeros on an open target.
    /// # Errors
    /// As [`Self::measure`].
    pub(super) fn of(target: &mut dyn Target) -> Result<Self> {
        let info = target.model();
        let Some(program) = target.program() else {
            let message = format!("{:?} has not a chip's memory; take qemu or qemu:MACHINE", target.name());
            return Err(Error::new(ErrorKind::Usage, "--target", message));
        };
        let Evaluation { count, .. } = target.evaluate(&without_zeros(info.element, info.input_len as usize))?;
        let memory = target.memory()?.unwrap_or_default();
        let (target, core, unit) = (target.name().to_owned(), target.core().to_owned(), target.unit().name());
        Ok(Self { target, core, program, model: info.bytes.into(), memory, unit, count })
    }

    /// For a machine to read.
    pub fn value(&self) -> Value {
        let Memory { statics, frame, activations, stack, .. } = self.memory;
        json!({
            "target": self.target, "core": self.core,
            "flash": {"program": self.program.flash, "model": self.model, "total": self.flash()},
            "ram": {
                "statics": statics, "frame": frame, "activations": activations, "stack": stack, "total": self.ram(),
            },
            "unit": self.unit, "count": self.count,
        })
    }

    /// Firmware and model together, in bytes of flash.
    pub fn flash(&self) -> u64 {
        self.program.flash + self.model
    }

    /// All RAM in use, in bytes.
    pub fn ram(&self) -> u64 {
        self.memory.in_use().into()
    }
}
