//! Names in the file: a count, and then each name with its length in front.

use crate::format::{slice, u8_at, u16_at};

/// Names that lie in the file, such as a model's class labels.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    count: u16,
    bytes: &'a [u8],
}

impl<'a> Names<'a> {
    pub(crate) const NONE: Self = Self { count: 0, bytes: &[] };

    /// Reads the block at `offset`; `None` where it leaves the file or is not UTF-8.
    pub(crate) const fn parse(bytes: &'a [u8], offset: usize) -> Option<Self> {
        if slice(bytes, offset, 2).is_none() {
            return None;
        }
        let count = u16_at(bytes, offset);
        let Some((_, entries)) = bytes.split_at_checked(offset.saturating_add(2)) else { return None };
        let mut at = 0;
        let mut i = 0;
        while i < count {
            let Some((name, next)) = entry(entries, at) else { return None };
            if !is_utf8(name) {
                return None;
            }
            at = next;
            i += 1;
        }
        match slice(entries, 0, at) {
            Some(bytes) => Some(Self { count, bytes }),
            None => None,
        }
    }

    /// The number of names.
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The name with this index.
    pub fn get(&self, index: usize) -> Option<&'a str> {
        self.iter().nth(index)
    }

    /// The names in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let bytes = self.bytes;
        let mut at = 0;
        (0..self.count).map_while(move |_| {
            let (name, next) = entry(bytes, at)?;
            at = next;
            core::str::from_utf8(name).ok()
        })
    }
}

impl core::fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The name at `at`, and where the next one starts.
const fn entry(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    if at >= bytes.len() {
        return None;
    }
    let length = u8_at(bytes, at) as usize;
    match slice(bytes, at + 1, length) {
        Some(name) => Some((name, at + 1 + length)),
        None => None,
    }
}

/// Whether the bytes are UTF-8 (RFC 3629, section 4): what `core::str::from_utf8` says, without its table, which would be
/// the largest constant in a program that reads models and shows no labels.
const fn is_utf8(bytes: &[u8]) -> bool {
    let mut at = 0;
    while at < bytes.len() {
        let first = u8_at(bytes, at) as u32;
        at += 1;
        if first < 0x80 {
            continue;
        }
        let (mut code, mut rest, least) = match first {
            0xc0..0xe0 => (first & 0x1f, 1, 0x80),
            0xe0..0xf0 => (first & 0x0f, 2, 0x800),
            0xf0..0xf8 => (first & 0x07, 3, 0x1_0000),
            _ => return false,
        };
        while rest > 0 {
            // Past the end this reads 0, which continues nothing.
            let next = u8_at(bytes, at) as u32;
            if next & 0xc0 != 0x80 {
                return false;
            }
            code = code << 6 | next & 0x3f;
            at += 1;
            rest -= 1;
        }
        if code < least || code > 0x10_ffff || code >= 0xd800 && code < 0xe000 {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Names, is_utf8};

    #[test]
    fn utf8_is_what_core_says_it_is() {
        for word in 0..=0xff_ffff_u32 {
            let [a, b, c, _] = word.to_le_bytes();
            let bytes = [a, b, c];
            assert_eq!(is_utf8(&bytes), core::str::from_utf8(&bytes).is_ok(), "{bytes:x?}");
        }
        // Four bytes: every pair of first ones, and the edges of the others.
        for first in 0..=0xffff_u16 {
            let [a, b] = first.to_le_bytes();
            for c in [0, 0x7f, 0x80, 0x8f, 0x90, 0xbf, 0xc0, 0xff] {
                for d in [0, 0x7f, 0x80, 0xa5, 0xbf, 0xc0, 0xff] {
                    for bytes in [&[a, b, c, d][..], &[b'x', a, b, c, d, b'y'], &[a, b, c, d, a, b]] {
                        assert_eq!(is_utf8(bytes), core::str::from_utf8(bytes).is_ok(), "{bytes:x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn reads_names_and_refuses_cut_ones() {
        let block = b"\x03\x00\x03cat\x00\x04\xc3\xa9t\xc3";
        assert!(Names::parse(block, 0).is_none(), "the last name ends in half a letter");
        let block = b"xx\x03\x00\x03cat\x00\x03\xc3\xa9t";
        let names = Names::parse(block, 2).unwrap();
        assert!(names.iter().eq(["cat", "", "\u{e9}t"]));
        assert_eq!(names.get(2), Some("\u{e9}t"));
        assert_eq!(names.get(3), None);
        for end in 0..block.len() {
            assert!(Names::parse(&block[..end], 2).is_none());
        }
    }
}
