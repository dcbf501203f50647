//! One firmware for all chips: it is built for each architecture, and every image lies where its chip has memory and begins as
//! its boot ROM wants.

use std::sync::{Mutex, PoisonError};
use thumbnet_tests::elf::{check_image_definition, check_second_stage, flashed, segments};
use thumbnet_trainer::target::{self, Chip, Goal, Kernel, Region};

/// A chip of every architecture and way to boot: name, core, flash, RAM and the beginning of the model's region.
const CHIPS: [(&str, &str, u64, u64, u64); 9] = [
    ("RP2040", "Cortex-M0+", 2 << 20, 264 << 10, 0x1000_c000),
    ("nRF51822_xxAA", "Cortex-M0", 256 << 10, 16 << 10, 0xc000),
    ("STM32F103C8", "Cortex-M3", 64 << 10, 20 << 10, 0x0800_6000),
    ("nRF52810_xxAA", "Cortex-M4", 192 << 10, 24 << 10, 0x6000),
    ("nRF52840_xxAA", "Cortex-M4F", 1 << 20, 256 << 10, 0xc000),
    ("STM32F407VG", "Cortex-M4F", 1 << 20, 128 << 10, 0x0800_c000),
    ("STM32H743ZI", "Cortex-M7", 2 << 20, 512 << 10, 0x0802_0000),
    ("RP235x", "Cortex-M33", 4 << 20, 520 << 10, 0x1000_c000),
    ("STM32U575ZI", "Cortex-M33", 2 << 20, 768 << 10, 0x0800_c000),
];

fn within(region: Region, start: u64, length: u64) -> bool {
    start >= region.origin && start + length <= region.origin + region.length
}

fn build(name: &str) -> (Chip, Vec<u8>) {
    // The tests run beside each other, and a build waits for the other's anyway.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let chip = Chip::find(name).unwrap_or_else(|error| panic!("{error}"));
    let image = target::build(&chip, &[Kernel::Int8], Goal::Size).unwrap_or_else(|error| panic!("{error}"));
    println!("{name}: {} bytes of flash, {} of static RAM", image.sizes.flash, image.sizes.statics);
    let elf = std::fs::read(image.path).expect("the image was built");
    (chip, elf)
}

#[test]
fn the_memory_of_nine_chips_is_what_their_data_sheets_say() {
    for (name, core, flash, ram, model) in CHIPS {
        let chip = Chip::find(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((chip.core.name, chip.flash_bytes(), chip.ram.length), (core, flash, ram), "{name}");
        assert_eq!(chip.model.origin, model, "{name}: {:#x}", chip.model.origin);
        assert_eq!(chip.flash.origin + chip.flash.length, chip.model.origin, "{name}");
    }
}

#[test]
fn the_images_of_nine_chips_lie_in_their_memory() {
    for (name, ..) in CHIPS {
        let (chip, elf) = build(name);
        let segments = segments(&elf);
        for segment in &segments {
            let runs = within(chip.flash, segment.address, segment.length)
                || within(chip.ram, segment.address, segment.length);
            assert!(runs, "{name}: {} bytes at {:#x}", segment.length, segment.address);
            assert!(
                segment.bytes.is_empty() || within(chip.flash, segment.load, segment.bytes.len() as u64),
                "{name}: {} bytes are flashed at {:#x}",
                segment.bytes.len(),
                segment.load
            );
        }
        assert!(
            segments.iter().any(|segment| within(chip.ram, segment.address, segment.length)),
            "{name}: no variables"
        );

        // The vector table: the stack's beginning at the end of RAM, and the reset handler, in Thumb code.
        let table = if name == "RP2040" { 256 } else { 0 };
        let flash = flashed(chip.flash, &elf);
        let word = |at: usize| u64::from(u32::from_le_bytes(*flash[at..].first_chunk().expect("a word")));
        assert_eq!(word(table), chip.ram.origin + chip.ram.length, "{name}: the stack's beginning");
        assert!(word(table + 4) % 2 == 1 && within(chip.flash, word(table + 4), 2), "{name}: the reset handler");
    }
}

#[test]
fn the_rp2040_finds_its_second_stage() {
    let (chip, elf) = build("RP2040");
    check_second_stage(&flashed(chip.flash, &elf));
}

#[test]
fn the_rp2350_finds_that_the_image_is_a_program() {
    let (chip, elf) = build("RP235x");
    check_image_definition(&flashed(chip.flash, &elf));
}

#[test]
fn a_name_that_is_none_gets_the_nearest_and_one_too_short_the_choice() {
    let error = |name: &str| Chip::find(name).expect_err(name).to_string();
    assert!(error("STM32F407VQ").contains("did you mean STM32F407V"), "{}", error("STM32F407VQ"));
    assert!(
        error("STM32F4").contains("could be STM32F4") && error("STM32F4").contains("give more"),
        "{}",
        error("STM32F4")
    );
    assert!(error("RP235x_riscv").contains("the firmware is for Cortex-M"), "{}", error("RP235x_riscv"));
}

#[test]
fn a_chip_too_small_for_the_model_or_with_a_header_of_its_own_is_refused() {
    let refusal = |name: &str, bytes: usize| {
        let chip = Chip::find(name).unwrap_or_else(|error| panic!("{error}"));
        chip.check(&vec![0; bytes]).expect_err(name).to_string()
    };
    let small = refusal("STM32F103C8", 50_000);
    assert!(small.contains("STM32F103C8") && small.contains("50000 bytes") && small.contains("int4"), "{small}");
    let tiny = refusal("STM32F030F4", 100);
    assert!(tiny.contains("16384 bytes of flash") && tiny.contains("export-c"), "{tiny}");
    assert!(refusal("MIMXRT1064", 100).contains("header"));
    let chip = Chip::find("STM32F103C8").expect("a chip");
    assert!(chip.check(&vec![0; 40_000]).is_ok());
}
