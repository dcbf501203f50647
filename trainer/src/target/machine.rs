//! QEMU's machines that the firmware runs on, one for each core.

use crate::error::{Error, ErrorKind, Result};

/// A stretch of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The first address.
    pub origin: u64,
    /// The number of bytes.
    pub length: u64,
}

/// An emulated board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// QEMU's name for it.
    pub name: &'static str,
    /// Its core, as Arm calls it.
    pub core: &'static str,
    /// The short name of the core: `m4`.
    pub short: &'static str,
    /// The compiler's target.
    pub triple: &'static str,
    /// The kernels that its core can run: `dsp`, or `scalar`.
    pub backend: &'static str,
    /// Where the program lies.
    pub flash: Region,
    /// Where the model lies.
    pub model: Region,
    /// Where variables, activations and the stack lie. An emulated board has more; a chip has about this much.
    pub ram: Region,
    /// The firmware's port: the driver, the address of its first register, and its receive interrupt.
    pub port: &'static str,
    /// The clock of the core's SysTick, in hertz.
    pub clock: u32,
    /// Further options of QEMU.
    pub options: &'static [&'static str],
}

const fn region(origin: u64, length: u64) -> Region {
    Region { origin, length }
}

/// The machines; the first is the default.
pub const MACHINES: &[Machine] = &[
    Machine {
        name: "mps2-an386",
        core: "Cortex-M4",
        short: "m4",
        triple: "thumbv7em-none-eabihf",
        backend: "dsp",
        flash: region(0x0000_0000, 256 << 10),
        model: region(0x0020_0000, 2 << 20),
        ram: region(0x2000_0000, 64 << 10),
        port: "cmsdk 0x40004000 0",
        clock: 25_000_000,
        options: &[],
    },
    // QEMU's own microbit has 256 kB of flash and 16 kB of RAM, as the board; its chip can be given more.
    Machine {
        name: "microbit",
        core: "Cortex-M0",
        short: "m0",
        triple: "thumbv6m-none-eabi",
        backend: "scalar",
        flash: region(0x0000_0000, 256 << 10),
        model: region(0x0020_0000, 2 << 20),
        ram: region(0x2000_0000, 64 << 10),
        port: "nrf51 0x40002000 2",
        clock: 16_000_000,
        options: &["-global", "nrf51-soc.flash-size=0x400000", "-global", "nrf51-soc.sram-size=0x10000"],
    },
    Machine {
        name: "mps2-an385",
        core: "Cortex-M3",
        short: "m3",
        triple: "thumbv7m-none-eabi",
        backend: "scalar",
        flash: region(0x0000_0000, 256 << 10),
        model: region(0x0020_0000, 2 << 20),
        ram: region(0x2000_0000, 64 << 10),
        port: "cmsdk 0x40004000 0",
        clock: 25_000_000,
        options: &[],
    },
    Machine {
        name: "mps2-an500",
        core: "Cortex-M7",
        short: "m7",
        triple: "thumbv7em-none-eabihf",
        backend: "dsp",
        flash: region(0x0000_0000, 256 << 10),
        model: region(0x0020_0000, 2 << 20),
        ram: region(0x2000_0000, 64 << 10),
        port: "cmsdk 0x40004000 0",
        clock: 25_000_000,
        options: &[],
    },
    // The secure aliases: the core starts in the secure state, and the firmware stays there.
    Machine {
        name: "mps2-an505",
        core: "Cortex-M33",
        short: "m33",
        triple: "thumbv8m.main-none-eabihf",
        backend: "dsp",
        flash: region(0x1000_0000, 256 << 10),
        model: region(0x1020_0000, 2 << 20),
        ram: region(0x3800_0000, 64 << 10),
        port: "cmsdk 0x50200000 32",
        clock: 20_000_000,
        options: &[],
    },
    Machine {
        name: "mps3-an547",
        core: "Cortex-M55",
        short: "m55",
        triple: "thumbv8m.main-none-eabihf",
        backend: "dsp",
        flash: region(0x0000_0000, 256 << 10),
        model: region(0x1100_0000, 2 << 20),
        ram: region(0x3000_0000, 64 << 10),
        port: "cmsdk 0x59303000 33",
        clock: 32_000_000,
        options: &[],
    },
];

impl Machine {
    /// The machine with this name, or with this core (`m4`, `Cortex-M4`).
    /// # Errors
    /// [`ErrorKind::Usage`] if there is none.
    pub fn find(name: &str) -> Result<&'static Self> {
        Self::named(name).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "--target", format!("unknown machine {name:?}; known are {}", names()))
        })
    }

    /// The kernels that its core can run, as the runtime calls them.
    pub fn kernels(&self) -> thumbnet::Backend {
        if self.backend == "dsp" { thumbnet::Backend::Dsp } else { thumbnet::Backend::Scalar }
    }

    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        MACHINES.iter().find(|m| same(m.name) || same(m.core) || same(m.short))
    }
}

/// All machines' names with their cores, for a message.
pub(super) fn names() -> String {
    let names: Vec<String> = MACHINES.iter().map(|m| format!("{} ({})", m.name, m.core)).collect();
    names.join(", ")
}
