//! Whether a model fits a chip, and how long its evaluation takes there: measured as far as it can be without the chip.

use super::{Chip, Footprint, Goal, Qemu, Sizes, firmware};
use crate::error::Result;
use serde_json::{Value, json};

/// What a model and the firmware take of a chip, and what remains.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The chip.
    pub chip: Chip,
    /// The model's bytes in flash.
    pub model: u64,
    /// The chip's own firmware; zero where it does not fit.
    pub program: Sizes,
    /// The same firmware on the emulated core, where it was measured.
    pub footprint: Footprint,
    /// Why firmware and model do not fit.
    pub obstacle: Option<String>,
    /// The clock of the estimate, in MHz.
    pub clock: Option<u32>,
}

impl Fit {
    /// Builds the firmware for the chip, and evaluates one input without zeros on the emulated core. `clock` is in MHz; the
    /// highest is taken where it is not given.
    /// # Errors
    /// [`crate::error::ErrorKind::Target`] if QEMU or a compiler is missing.
    pub fn measure(chip: &Chip, model: &[u8], clock: Option<u32>) -> Result<Self> {
        let (machine, twin) = chip.emulated()?;
        let name = format!("qemu:{}", machine.short);
        let footprint = Footprint::of(&mut Qemu::open_as(&name, machine, &twin, model, Goal::Size)?)?;
        let built = chip.check(model).and_then(|()| firmware::build(chip, &firmware::kernels(model), Goal::Size));
        let (program, obstacle) = match built {
            Ok(image) => (image.sizes, None),
            Err(error) => (Sizes::default(), Some(error.to_string())),
        };
        let clock = clock.or(chip.clock);
        let mut fit = Self { chip: chip.clone(), model: model.len() as u64, program, footprint, obstacle, clock };
        if fit.obstacle.is_none() && fit.ram() > chip.ram.length {
            let (takes, has) = (fit.ram(), chip.ram.length);
            fit.obstacle =
                Some(format!("{}: the firmware takes {takes} bytes of RAM, and the chip has {has}", chip.name));
        }
        Ok(fit)
    }

    /// Variables, frame, activations and the stack's whole share, in bytes.
    pub fn ram(&self) -> u64 {
        let memory = &self.footprint.memory;
        self.program.statics + u64::from(memory.frame + memory.activations + memory.stack_limit)
    }

    /// What is left of the flash for a program, in bytes.
    pub fn flash_left(&self) -> u64 {
        self.chip.flash_bytes().saturating_sub(self.model)
    }

    /// An estimate of one evaluation's time in milliseconds: instructions times cycles per instruction, at the clock, with
    /// no waiting for the flash.
    pub fn milliseconds(&self) -> Option<f64> {
        let cycles = self.footprint.count as f64 * self.chip.core.cycles_per_instruction;
        self.clock.map(|clock| cycles / (f64::from(clock) * 1000.0))
    }

    /// For a machine to read.
    pub fn value(&self) -> Value {
        let memory = &self.footprint.memory;
        json!({
            "chip": self.chip.name, "core": self.chip.core.name, "fits": self.obstacle.is_none(), "obstacle": self.obstacle,
            "flash_total": self.chip.flash_bytes(), "flash_program": self.program.flash, "flash_model": self.model,
            "flash_left": self.flash_left(),
            "ram_total": self.chip.ram.length,
            "ram": {
                "statics": self.program.statics, "frame": memory.frame, "activations": memory.activations,
                "stack": memory.stack, "stack_share": memory.stack_limit, "total": self.ram(),
            },
            "instructions": self.footprint.count, "counted_on": self.footprint.target,
            "cycles_per_instruction": self.chip.core.cycles_per_instruction, "clock_mhz": self.clock,
            "milliseconds_estimate": self.milliseconds(),
        })
    }
}
