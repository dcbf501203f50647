//! A chip's memory as the linker reads it.

use super::{Boot, Chip, Region};
use std::fmt::Write as _;

/// The bytes of RP2040's second boot stage.
const BOOT2: u64 = 256;

impl Chip {
    /// Where a program lies that has the flash for itself, its model in it.
    pub fn whole_flash(&self) -> Region {
        Region { length: self.model.origin + self.model.length - self.flash.origin, ..self.flash }
    }

    /// `memory.x` of a program that has the flash for itself, its model in it.
    pub fn memory_x(&self) -> String {
        self.script(&[("FLASH", self.whole_flash()), ("RAM", self.ram)])
    }

    /// `memory.x` of a program whose model has a region of its own.
    pub(super) fn memory_x_with_model(&self) -> String {
        self.script(&[("FLASH", self.flash), ("MODEL", self.model), ("RAM", self.ram)])
            + "_model_start = ORIGIN(MODEL);\n_model_end = ORIGIN(MODEL) + LENGTH(MODEL);\n"
    }

    /// The first of `regions` is the one that the chip boots from.
    fn script(&self, regions: &[(&str, Region)]) -> String {
        let mut regions = regions.to_vec();
        if self.boot == Boot::Rp2040 {
            let flash = &mut regions[0].1;
            let second_stage = Region { origin: flash.origin, length: BOOT2 };
            *flash = Region { origin: flash.origin + BOOT2, length: flash.length - BOOT2 };
            regions.insert(0, ("BOOT2", second_stage));
        }
        let mut text = format!("/* {}, a {} */\nMEMORY\n{{\n", self.name, self.core.name);
        for (name, Region { origin, length }) in regions {
            let _ = writeln!(text, "  {name} : ORIGIN = {origin:#010x}, LENGTH = {length:#x}"); // a string takes all
        }
        text + "}\n" + self.boot.sections()
    }
}

impl Boot {
    /// Where the boot ROM looks for what `src/boot.rs` of a program holds.
    fn sections(self) -> &'static str {
        match self {
            Self::Rp2040 => "SECTIONS { .boot2 ORIGIN(BOOT2) : { KEEP(*(.boot2)); } > BOOT2 } INSERT BEFORE .text;\n",
            Self::Rp2350 => {
                "SECTIONS { .start_block : ALIGN(4) { KEEP(*(.start_block)); } > FLASH } INSERT AFTER .vector_table;\n\
                 _stext = ADDR(.start_block) + SIZEOF(.start_block);\n"
            }
            Self::Vectors | Self::Unsupported => "",
        }
    }
}
