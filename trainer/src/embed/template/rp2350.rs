//! What the boot ROM of an RP2350 looks for in the flash; the linker script places it.

/// The least block that calls this image a program for the Arm cores in the secure state (datasheet, section "Minimum viable
/// image metadata").
#[unsafe(link_section = ".start_block")]
#[used]
static BLOCK: [u32; 5] = [
    0xffff_ded3, // a block begins
    0x1021_0142, // image type, one word: executable, secure, Arm, RP2350
    0x0000_01ff, // the last item; one word came before
    0x0000_0000, // no further block
    0xab12_3579, // the block ends
];
