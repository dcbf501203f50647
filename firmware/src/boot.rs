//! What the boot ROM of some chips looks for in the flash; `build.rs` places it.

/// RP2040: switches on the external flash, a W25Q080 or one that understands the same commands, with the checksum that the
/// boot ROM compares.
#[cfg(boot = "rp2040")]
#[unsafe(link_section = ".boot2")]
#[used]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

/// RP2350: the least block that calls this image a program for the Arm cores in the secure state (datasheet, section
/// "Minimum viable image metadata").
#[cfg(boot = "rp2350")]
#[unsafe(link_section = ".start_block")]
#[used]
static BLOCK: [u32; 5] = [
    0xffff_ded3, // a block begins
    0x1021_0142, // image type, one word: executable, secure, Arm, RP2350
    0x0000_01ff, // the last item; one word came before
    0x0000_0000, // no further block
    0xab12_3579, // the block ends
];
