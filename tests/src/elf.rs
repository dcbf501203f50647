//! A program's image as a loader and a boot ROM see it.

use thumbnet_trainer::target::Region;

/// A loaded segment of a 32-bit little-endian ELF file.
pub struct Segment<'a> {
    /// Where it lies when the program runs.
    pub address: u64,
    /// Where it is flashed.
    pub load: u64,
    /// What is flashed.
    pub bytes: &'a [u8],
    /// In memory, in bytes.
    pub length: u64,
    /// Whether the program may write it.
    pub writable: bool,
}

/// The loaded segments that are not empty.
pub fn segments(elf: &[u8]) -> Vec<Segment<'_>> {
    let half = |at: usize| usize::from(u16::from_le_bytes([elf[at], elf[at + 1]]));
    let word = |at: usize| half(at) | half(at + 2) << 16;
    let headers = (0..half(44)).map(|index| word(28) + index * half(42));
    let loaded = headers.filter(|&header| word(header) == 1 && word(header + 20) > 0);
    loaded
        .map(|header| {
            let (start, len) = (word(header + 4), word(header + 16));
            let [address, load, length] = [8, 12, 20].map(|at| word(header + at) as u64);
            // Bit 1: writable.
            let writable = word(header + 24) & 2 != 0;
            Segment { address, load, bytes: &elf[start..start + len], length, writable }
        })
        .collect()
}

/// The SMLADs in what is flashed: 1111 1011 0010 nnnn, aaaa dddd 0000 mmmm.
pub fn smlads(elf: &[u8]) -> usize {
    let segments = segments(elf);
    let halves: Vec<u16> =
        segments.iter().flat_map(|segment| segment.bytes.as_chunks().0).map(|&half| u16::from_le_bytes(half)).collect();
    halves.windows(2).filter(|pair| pair[0] & 0xfff0 == 0xfb20 && pair[1] & 0x00f0 == 0).count()
}

/// What the image flashes in `region`, from its beginning on; erased where there is nothing.
/// # Panics
/// Where it flashes something outside.
pub fn flashed(region: Region, elf: &[u8]) -> Vec<u8> {
    let mut flash = vec![0xff; region.length as usize];
    for Segment { load, bytes, .. } in segments(elf) {
        if !bytes.is_empty() {
            let start = (load - region.origin) as usize;
            flash[start..start + bytes.len()].copy_from_slice(bytes);
        }
    }
    flash
}

/// The CRC of RP2040's boot ROM: polynomial 0x04c11db7, from all ones, not reflected (datasheet, 2.8.1.3.1).
fn crc32_mpeg2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 })
    })
}

/// That an RP2040 finds its second boot stage in front of the flash, with the checksum.
/// # Panics
/// If not.
pub fn check_second_stage(flash: &[u8]) {
    let (code, checksum) = flash[..256].split_at(252);
    assert!(code.iter().any(|&byte| byte != 0));
    assert_eq!(crc32_mpeg2(code).to_le_bytes(), checksum);
}

/// That an RP2350 finds in the first 4 kB of flash that the image is a program.
/// # Panics
/// If not.
pub fn check_image_definition(flash: &[u8]) {
    let words: Vec<u32> = flash[..4096].as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes)).collect();
    let start = words.iter().position(|&word| word == 0xffff_ded3).expect("a block in the first 4 kB");
    let [image_type, last, next, end] = words[start + 1..start + 5] else { panic!("the block is cut off") };
    // Item 0x42, one word; executable (1), secure (2 << 4), Arm (0 << 8), RP2350 (1 << 12).
    assert_eq!(image_type, 0x42 | 1 << 8 | (1 | 2 << 4 | 1 << 12) << 16);
    assert_eq!((last, next, end), (0xff | 1 << 8, 0, 0xab12_3579));
}
