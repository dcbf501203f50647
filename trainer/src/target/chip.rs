//! A chip as its firmware sees it: the core, and where program, model and variables lie.

use super::core::Core;
use super::family::Boot;
use super::{MACHINES, Machine, Region};
use crate::error::{Error, ErrorKind, Result};

/// A chip.
#[derive(Clone, Debug, PartialEq)]
pub struct Chip {
    /// Its name in probe-rs's database, or QEMU's name of the machine.
    pub name: String,
    /// The core that runs the firmware.
    pub core: &'static Core,
    /// The highest clock in MHz, where it is known; probe-rs's database does not tell.
    pub clock: Option<u32>,
    /// Where the program lies, with what the boot ROM wants in front.
    pub flash: Region,
    /// Where the model lies: the rest of the flash, from the beginning of a sector on.
    pub model: Region,
    /// Where variables, activations and the stack lie.
    pub ram: Region,
    /// How it boots.
    pub boot: Boot,
    /// The firmware's port to the host: `rtt`, or a UART's driver, address and interrupt.
    pub(super) port: &'static str,
    /// The frequency of SysTick in hertz; 0 where it counts the core's cycles.
    pub(super) ticks: u32,
}

impl Chip {
    /// The QEMU machine of this name or core, or the chip of this name. Of a chip's name the end may be missing, as long as
    /// what it could be has the same memory.
    /// # Errors
    /// [`ErrorKind::Usage`] if there is none, with the nearest; [`ErrorKind::Target`] if the firmware cannot run there.
    pub fn find(name: &str) -> Result<Self> {
        match Machine::named(name) {
            Some(machine) => Ok(machine.chip()),
            None => Self::in_database(name),
        }
    }

    #[cfg(feature = "probe")]
    fn in_database(name: &str) -> Result<Self> {
        super::registry::find(name)
    }

    #[cfg(not(feature = "probe"))]
    fn in_database(name: &str) -> Result<Self> {
        Err(without_probe(name))
    }

    /// All of QEMU's machines and, with the feature `probe`, all chips of probe-rs's database with a Cortex-M and flash.
    pub fn all() -> Vec<Self> {
        let chips: Vec<Self> = MACHINES.iter().map(Machine::chip).collect();
        #[cfg(feature = "probe")]
        let chips = [chips, super::registry::all()].concat();
        chips
    }

    /// The machine that counts this chip's instructions, built for this chip's core.
    pub(super) fn emulated(&self) -> Result<(&'static Machine, Self)> {
        let machine = Machine::find(self.core.machine)?;
        Ok((machine, Self { core: self.core, ..machine.chip() }))
    }

    /// Whether QEMU emulates it.
    pub fn is_emulated(&self) -> bool {
        self.port != "rtt"
    }

    /// The same chip, whose firmware speaks RTT and not over a UART: what runs on a board, to be tried on a machine.
    #[must_use]
    pub fn over_rtt(self) -> Self {
        Self { name: format!("{}-rtt", self.name), port: "rtt", ..self }
    }

    /// All flash, in bytes.
    pub fn flash_bytes(&self) -> u64 {
        self.flash.length + self.model.length
    }

    /// That a program of ours boots there.
    /// # Errors
    /// [`ErrorKind::Target`] if it does not.
    pub fn check_boot(&self) -> Result<()> {
        if self.boot == Boot::Unsupported {
            let message = "boots by a header or settings in flash that the firmware has not; see the vendor's manual, or take `thumbnet export-c` into a program of your own";
            return Err(Error::new(ErrorKind::Target, &self.name, message));
        }
        Ok(())
    }

    /// That the firmware can run there, and this model beside it.
    /// # Errors
    /// [`ErrorKind::Target`] says what is too small, or why the firmware cannot run.
    pub fn check(&self, model: &[u8]) -> Result<()> {
        let error = |message: String| Err(Error::new(ErrorKind::Target, &self.name, message));
        let (bytes, room, all) = (model.len() as u64, self.model.length, self.flash_bytes());
        self.check_boot()?;
        if room == 0 {
            return error(format!(
                "has {all} bytes of flash, too few for firmware and model; take a chip of 64 kB or more, or `thumbnet export-c` into a program of your own"
            ));
        }
        if bytes > room {
            return error(format!(
                "the model takes {bytes} bytes, but beside the program the chip has {room} of its {all} bytes of flash; take a larger chip, or fewer bits: thumbnet convert --weights int4"
            ));
        }
        Ok(())
    }
}

/// What is missing in a program without the feature `probe`.
#[cfg(not(feature = "probe"))]
pub(super) fn without_probe(name: &str) -> Error {
    let message = format!(
        "this thumbnet was built without the feature `probe`, so that it knows QEMU's machines only ({}); build it with: cargo build --release",
        super::machine::names()
    );
    Error::new(ErrorKind::Target, name, message)
}

impl Machine {
    /// The machine as a chip.
    pub fn chip(&self) -> Chip {
        Chip {
            name: self.name.into(),
            core: Core::of_machine(self),
            clock: None,
            flash: self.flash,
            model: self.model,
            ram: self.ram,
            boot: Boot::Vectors,
            port: self.port,
            ticks: self.clock,
        }
    }
}

#[cfg(all(test, not(feature = "probe")))]
mod tests {
    use super::*;

    #[test]
    fn without_probe_rs_a_real_chip_is_told_what_is_missing() {
        let error = Chip::find("STM32F407VG").unwrap_err().to_string();
        assert!(error.contains("without the feature `probe`") && error.contains("mps2-an386"), "{error}");
        assert!(error.ends_with("cargo build --release"), "{error}");
        assert_eq!(Chip::find("mps2-an386").unwrap().core.name, "Cortex-M4F");
        assert_eq!(Chip::all().len(), MACHINES.len());
    }
}
