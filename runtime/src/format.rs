//! Where every byte of a `.tnet` file stands, and the readers that never leave the slice. FORMAT.md explains the fields.

/// The first four bytes of every file.
pub const MAGIC: [u8; 4] = *b"TNET";
/// The only version that this crate reads.
pub const VERSION: u8 = 1;
/// Payloads start at multiples of this, counted from the first byte of the file.
pub const ALIGN: usize = 16;

/// The header's size, and with it the place of the first layer record.
pub const HEADER: usize = 56;
/// The size of a layer record.
pub const RECORD: usize = 32;

/// Offsets in the header.
pub mod header {
    #![allow(missing_docs)] // the names of FORMAT.md
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = 4;
    pub const FLAGS: usize = 5;
    pub const LAYERS: usize = 6;
    pub const LENGTH: usize = 8;
    pub const CRC: usize = 12;
    pub const INPUTS: usize = 16;
    pub const OUTPUTS: usize = 20;
    pub const SCALE: usize = 24;
    pub const ZERO_POINT: usize = 28;
    pub const ELEMENT: usize = 29;
    pub const ENCODING: usize = 30;
    pub const UNIT_NORM: usize = 31;
    pub const SHAPE: usize = 32;
    pub const NORMALIZATION: usize = 44;
    pub const LABELS: usize = 48;
    pub const NAMES: usize = 52;
}

/// Offsets in a layer record.
pub mod record {
    #![allow(missing_docs)] // the names of FORMAT.md
    pub const KIND: usize = 0;
    pub const WEIGHTS: usize = 1;
    pub const ORDER: usize = 2;
    pub const FUNCTION: usize = 3;
    pub const INPUTS: usize = 4;
    pub const OUTPUTS: usize = 8;
    pub const SCALE: usize = 12;
    pub const ZERO_POINT: usize = 16;
    pub const LO: usize = 17;
    pub const HI: usize = 18;
    pub const PRE_ZERO_POINT: usize = 19;
    pub const PRE_SCALE: usize = 20;
    pub const PAYLOAD: usize = 24;
    pub const PAYLOAD_LENGTH: usize = 28;
}

/// The flag that says that a softmax over the dequantized outputs gives probabilities.
pub const FLAG_SOFTMAX: u8 = 1;
/// All flags of this version.
pub const FLAGS: u8 = FLAG_SOFTMAX;

/// `n` rounded up to a multiple of `step`, a power of two, or `None` where that is too large for the machine.
pub const fn round_up(n: usize, step: usize) -> Option<usize> {
    let rest = step.wrapping_sub(1);
    match n.checked_add(rest) {
        Some(sum) => Some(sum & !rest),
        None => None,
    }
}

/// `length` bytes from `offset` on, or `None` where the file ends before.
pub const fn slice(bytes: &[u8], offset: usize, length: usize) -> Option<&[u8]> {
    match bytes.split_at_checked(offset) {
        Some((_, tail)) => match tail.split_at_checked(length) {
            Some((part, _)) => Some(part),
            None => None,
        },
        None => None,
    }
}

/// `N` bytes from `offset` on, or zeros where the file ends before: callers have checked the length already.
const fn array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    match bytes.split_at_checked(offset) {
        Some((_, tail)) => match tail.first_chunk() {
            Some(chunk) => *chunk,
            None => [0; N],
        },
        None => [0; N],
    }
}

/// The byte at `offset`; 0 beyond the end.
pub const fn u8_at(bytes: &[u8], offset: usize) -> u8 {
    let [byte] = array(bytes, offset);
    byte
}

/// The signed byte at `offset`; 0 beyond the end.
pub const fn i8_at(bytes: &[u8], offset: usize) -> i8 {
    u8_at(bytes, offset) as i8
}

/// The 16-bit number at `offset`; 0 beyond the end.
pub const fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(array(bytes, offset))
}

/// The 32-bit number at `offset`; 0 beyond the end.
pub const fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array(bytes, offset))
}

/// The signed 32-bit number at `offset`; 0 beyond the end.
pub const fn i32_at(bytes: &[u8], offset: usize) -> i32 {
    i32::from_le_bytes(array(bytes, offset))
}

/// The 32-bit number at `offset` as a size; 0 beyond the end.
pub const fn size_at(bytes: &[u8], offset: usize) -> usize {
    u32_at(bytes, offset) as usize
}

/// The float at `offset`; 0 beyond the end.
pub const fn f32_at(bytes: &[u8], offset: usize) -> f32 {
    f32::from_bits(u32_at(bytes, offset))
}
