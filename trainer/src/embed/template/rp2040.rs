//! What the boot ROM of an RP2040 looks for in the flash; the linker script places it.

/// The second boot stage: switches on the external flash, a W25Q080 or one that understands the same commands. The boot ROM
/// compares its checksum.
#[unsafe(link_section = ".boot2")]
#[used]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;
