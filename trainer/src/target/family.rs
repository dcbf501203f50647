//! What probe-rs's chip database does not tell: the exact core, the highest clock, and how a chip boots. From the vendors'
//! data sheets, for families that are common on boards.

/// What stands in front of the program, for the boot ROM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// The vector table, at the beginning of the flash.
    Vectors,
    /// RP2040: 256 bytes of code that switch on the external flash, with a checksum.
    Rp2040,
    /// RP2350: a block in the first 4 kB that calls the image a program.
    Rp2350,
    /// The boot ROM wants a header, or reads settings among the code, such as a lock: this firmware has neither.
    Unsupported,
}

/// Chips whose names begin alike.
#[derive(Debug)]
pub(super) struct Family {
    prefix: &'static str,
    /// The core that runs the firmware.
    pub(super) core: &'static str,
    /// The highest clock, in MHz.
    pub(super) clock: u32,
    /// How it boots.
    pub(super) boot: Boot,
    /// The external flash of the usual board, in bytes, where the database tells the address space only.
    pub(super) external: Option<u64>,
}

const fn chips(prefix: &'static str, core: &'static str, clock: u32) -> Family {
    Family { prefix, core, clock, boot: Boot::Vectors, external: None }
}

const fn unsupported(prefix: &'static str, core: &'static str, clock: u32) -> Family {
    Family { boot: Boot::Unsupported, ..chips(prefix, core, clock) }
}

/// The longest prefix that fits counts.
static FAMILIES: &[Family] = &[
    Family { boot: Boot::Rp2040, external: Some(2 << 20), ..chips("RP2040", "Cortex-M0+", 133) },
    Family { boot: Boot::Rp2350, external: Some(4 << 20), ..chips("RP235", "Cortex-M33", 150) },
    unsupported("MIMXRT", "Cortex-M7", 600),
    unsupported("MK", "Armv6-M", 48),
    unsupported("MEC17", "Cortex-M4F", 96),
    unsupported("S32K", "Armv7E-M", 80),
    unsupported("CC13", "Armv7-M", 48),
    unsupported("CC26", "Armv7-M", 48),
    chips("nRF51", "Cortex-M0", 16),
    chips("nRF52", "Cortex-M4F", 64),
    chips("nRF52805", "Cortex-M4", 64),
    chips("nRF52810", "Cortex-M4", 64),
    chips("nRF52811", "Cortex-M4", 64),
    chips("nRF52820", "Cortex-M4", 64),
    chips("nRF53", "Cortex-M33", 128),
    chips("nRF54L", "Cortex-M33", 128),
    chips("nRF91", "Cortex-M33", 64),
    chips("STM32C0", "Cortex-M0+", 48),
    chips("STM32F0", "Cortex-M0", 48),
    chips("STM32F1", "Cortex-M3", 72),
    chips("STM32F2", "Cortex-M3", 120),
    chips("STM32F3", "Cortex-M4F", 72),
    chips("STM32F4", "Cortex-M4F", 180),
    chips("STM32F401", "Cortex-M4F", 84),
    chips("STM32F405", "Cortex-M4F", 168),
    chips("STM32F407", "Cortex-M4F", 168),
    chips("STM32F41", "Cortex-M4F", 100),
    chips("STM32F415", "Cortex-M4F", 168),
    chips("STM32F417", "Cortex-M4F", 168),
    chips("STM32F7", "Cortex-M7", 216),
    chips("STM32G0", "Cortex-M0+", 64),
    chips("STM32G4", "Cortex-M4F", 170),
    chips("STM32H5", "Cortex-M33", 250),
    chips("STM32H7", "Cortex-M7", 480),
    chips("STM32H72", "Cortex-M7", 550),
    chips("STM32H73", "Cortex-M7", 550),
    chips("STM32H7A", "Cortex-M7", 280),
    chips("STM32H7B", "Cortex-M7", 280),
    chips("STM32L0", "Cortex-M0+", 32),
    chips("STM32L1", "Cortex-M3", 32),
    chips("STM32L4", "Cortex-M4F", 80),
    chips("STM32L4P", "Cortex-M4F", 120),
    chips("STM32L4Q", "Cortex-M4F", 120),
    chips("STM32L4R", "Cortex-M4F", 120),
    chips("STM32L4S", "Cortex-M4F", 120),
    chips("STM32L5", "Cortex-M33", 110),
    chips("STM32U0", "Cortex-M0+", 56),
    chips("STM32U3", "Cortex-M33", 96),
    chips("STM32U5", "Cortex-M33", 160),
    chips("STM32WB", "Cortex-M4F", 64),
    chips("STM32WBA", "Cortex-M33", 100),
    chips("STM32WL", "Cortex-M4", 48),
    chips("ATSAMD", "Cortex-M0+", 48),
    chips("ATSAMD51", "Cortex-M4F", 120),
    chips("ATSAME5", "Cortex-M4F", 120),
    chips("ATSAME7", "Cortex-M7", 300),
    chips("ATSAMV7", "Cortex-M7", 300),
    chips("ATSAM3", "Cortex-M3", 84),
    chips("ATSAML1", "Cortex-M23", 32),
    chips("ATSAML2", "Cortex-M0+", 48),
    chips("EFR32BG22", "Cortex-M33", 76),
    chips("EFR32MG21", "Cortex-M33", 80),
    chips("EFR32MG24", "Cortex-M33", 78),
    chips("GD32E23", "Cortex-M23", 72),
    chips("GD32F10", "Cortex-M3", 108),
    chips("GD32F30", "Cortex-M4F", 120),
    chips("GD32F4", "Cortex-M4F", 200),
    chips("LPC55S", "Cortex-M33", 150),
    chips("LPC546", "Cortex-M4F", 180),
    chips("LPC8", "Cortex-M0+", 30),
    chips("MAX3266", "Cortex-M4F", 96),
    chips("MCXN", "Cortex-M33", 150),
    chips("MSPM0C", "Cortex-M0+", 24),
    chips("MSPM0G", "Cortex-M0+", 80),
    chips("MSPM0L", "Cortex-M0+", 32),
    unsupported("R7FA2", "Cortex-M23", 48),
    unsupported("R7FA4M1", "Cortex-M4F", 48),
    unsupported("R7FA6M1", "Cortex-M4F", 120),
    unsupported("R7FA6M2", "Cortex-M4F", 120),
    unsupported("R7FA6M3", "Cortex-M4F", 120),
    chips("R7FA6M4", "Cortex-M33", 200),
    chips("R7FA6M5", "Cortex-M33", 200),
    chips("R7FA8", "Cortex-M85", 480),
];

impl Family {
    /// The family of the chip of this name, if it is known here.
    pub(super) fn of(chip: &str) -> Option<&'static Self> {
        let begins = |prefix: &str| chip.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
        FAMILIES.iter().filter(|family| begins(family.prefix)).max_by_key(|family| family.prefix.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::core::Core;
    use super::*;

    #[test]
    fn the_longest_prefix_counts() {
        assert_eq!(Family::of("STM32F407VGTx").map(|family| family.clock), Some(168));
        assert_eq!(Family::of("stm32f429zi").map(|family| family.clock), Some(180));
        assert_eq!(Family::of("nRF52810_xxAA").map(|family| family.core), Some("Cortex-M4"));
        assert_eq!(Family::of("nRF52840_xxAA").map(|family| family.core), Some("Cortex-M4F"));
        assert!(Family::of("XMC4500").is_none());
    }

    #[test]
    fn every_family_has_a_known_core_and_a_prefix_of_its_own() {
        for (index, family) in FAMILIES.iter().enumerate() {
            assert!(Core::named(family.core).is_some(), "{}", family.prefix);
            assert!(FAMILIES[..index].iter().all(|other| other.prefix != family.prefix), "{}", family.prefix);
        }
    }
}
