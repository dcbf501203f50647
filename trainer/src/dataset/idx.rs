//! The IDX format of the MNIST files: a magic number (two zero bytes, a type code, the number of axes), the axes' lengths and
//! the elements, all big-endian; plain or compressed by gzip. Format: <http://yann.lecun.com/exdb/mnist/>.

use crate::error::{Error, ErrorKind, Result};
use flate2::read::GzDecoder;
use ndarray::Array2;
use std::io::Read;
use std::path::Path;

/// An IDX file's contents.
#[derive(Clone, Debug, PartialEq)]
pub struct Idx {
    /// The axes' lengths, the first one counting the samples.
    pub shape: Vec<usize>,
    /// The elements, row-major.
    pub elements: Elements,
}

/// The elements of an IDX file.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Type code 0x08.
    Unsigned(Vec<u8>),
    /// Any other type: i8 (0x09), i16 (0x0B), i32 (0x0C), f32 (0x0D), f64 (0x0E), all exact in f64.
    Real(Vec<f64>),
}

/// Deflate makes at most 1032 bytes of one.
const MAX_INFLATION: u64 = 1032;

impl Idx {
    /// Whether the bytes begin as an IDX file does, compressed or not.
    pub fn recognizes(bytes: &[u8]) -> bool {
        matches!(bytes, [0x1f, 0x8b, ..] | [0, 0, 0x08 | 0x09 | 0x0b..=0x0e, 1..=8, ..])
    }

    /// Reads a file.
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read, [`ErrorKind::Data`] as [`Idx::parse`].
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
        Self::parse(&bytes).map_err(|what| Error::new(ErrorKind::Data, path.display(), what))
    }

    /// Reads the bytes of a file, plain or compressed by gzip. Counts are checked before memory is reserved for them.
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            Self::decode(&mut GzDecoder::new(bytes), (bytes.len() as u64).saturating_mul(MAX_INFLATION))
        } else {
            Self::decode(&mut &*bytes, bytes.len() as u64)
        }
    }

    /// Reads from `reader`, which can give no more than `limit` bytes.
    fn decode(reader: &mut impl Read, limit: u64) -> std::result::Result<Self, String> {
        let magic: [u8; 4] = take(reader, "magic number")?;
        let [0, 0, code, axes @ 1..=8] = magic else {
            return Err(format!("no IDX file: it begins with {magic:02x?}, expected 00 00 TYPE AXES; name another"));
        };
        let size = element_size(code).ok_or_else(|| format!("unknown IDX type code 0x{code:02x}"))?;
        let mut shape = Vec::with_capacity(axes as usize);
        for axis in 0..axes {
            shape.push(u32::from_be_bytes(take(reader, &format!("length of axis {axis}"))?) as usize);
        }
        let expected = shape.iter().try_fold(size as u64, |product, &length| product.checked_mul(length as u64));
        let expected = expected.filter(|&expected| expected <= limit).ok_or_else(|| {
            format!(
                "the header promises {} elements, more than the file can hold: it is truncated or corrupt; get it again",
                times(&shape)
            )
        })?;
        let mut data = Vec::with_capacity(expected as usize);
        reader.take(expected + 1).read_to_end(&mut data).map_err(|error| format!("cannot be decompressed: {error}"))?;
        match (data.len() as u64).cmp(&expected) {
            std::cmp::Ordering::Less => Err(format!(
                "truncated: {} elements need {expected} bytes, there are {}; get the file again",
                times(&shape),
                data.len()
            )),
            std::cmp::Ordering::Greater => {
                Err(format!("bytes are left after {} elements; get the file again", times(&shape)))
            }
            std::cmp::Ordering::Equal => Ok(Self { shape, elements: elements(code, data) }),
        }
    }

    /// The images of a file with a sample axis and at least one more, samples x pixels, and the rows and columns of one.
    /// # Errors
    /// Says that these are no images, and what they are.
    pub fn images(self) -> std::result::Result<(Array2<u8>, [usize; 2]), String> {
        let (&[samples, rows, columns], Elements::Unsigned(pixels)) = (&self.shape[..], self.elements) else {
            let what = if self.shape.len() == 1 { "labels" } else { "elements that are no 8-bit pixels" };
            return Err(format!(
                "holds {} {what}; images (samples x rows x columns, bytes) are expected; name their file",
                times(&self.shape)
            ));
        };
        let pixels = Array2::from_shape_vec((samples, rows * columns), pixels).map_err(|error| error.to_string())?;
        Ok((pixels, [rows, columns]))
    }

    /// The labels of a file with one axis.
    /// # Errors
    /// Says that these are no labels, and what they are.
    pub fn labels(self) -> std::result::Result<Vec<u32>, String> {
        match (&self.shape[..], self.elements) {
            ([_], Elements::Unsigned(labels)) => Ok(labels.into_iter().map(u32::from).collect()),
            ([_], Elements::Real(values)) if values.iter().all(|value| *value >= 0.0 && value.fract() == 0.0) => {
                Ok(values.into_iter().map(|value| value as u32).collect())
            }
            _ => Err(format!(
                "holds {} elements; labels (one axis of class indices) are expected; put their file in its place",
                times(&self.shape)
            )),
        }
    }
}

/// The next `N` bytes.
fn take<const N: usize>(reader: &mut impl Read, what: &str) -> std::result::Result<[u8; N], String> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(|_| format!("truncated within the {what}; get the file again"))?;
    Ok(bytes)
}

fn element_size(code: u8) -> Option<usize> {
    match code {
        0x08 | 0x09 => Some(1),
        0x0b => Some(2),
        0x0c | 0x0d => Some(4),
        0x0e => Some(8),
        _ => None,
    }
}

fn elements(code: u8, data: Vec<u8>) -> Elements {
    fn each<const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> f64) -> Elements {
        Elements::Real(data.as_chunks::<N>().0.iter().map(|&bytes| value(bytes)).collect())
    }
    match code {
        0x09 => each(&data, |bytes| f64::from(i8::from_be_bytes(bytes))),
        0x0b => each(&data, |bytes| f64::from(i16::from_be_bytes(bytes))),
        0x0c => each(&data, |bytes| f64::from(i32::from_be_bytes(bytes))),
        0x0d => each(&data, |bytes| f64::from(f32::from_be_bytes(bytes))),
        0x0e => each(&data, f64::from_be_bytes),
        _ => Elements::Unsigned(data),
    }
}

/// `60000 x 28 x 28`
fn times(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(code: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, code, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|length| length.to_be_bytes()));
        bytes.extend(data);
        bytes
    }

    #[test]
    fn every_type_code_is_read() {
        assert_eq!(Idx::parse(&file(0x08, &[2], &[7, 255])).unwrap().elements, Elements::Unsigned(vec![7, 255]));
        let real = |code, data: &[u8]| match Idx::parse(&file(code, &[2], data)).unwrap().elements {
            Elements::Real(values) => values,
            Elements::Unsigned(_) => panic!("type code {code:#x} is not unsigned"),
        };
        assert_eq!(real(0x09, &[0xff, 2]), [-1.0, 2.0]);
        assert_eq!(real(0x0b, &[0xff, 0xfe, 1, 0]), [-2.0, 256.0]);
        assert_eq!(real(0x0c, &[0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0]), [-3.0, 65_536.0]);
        assert_eq!(real(0x0d, &[1.5f32.to_be_bytes(), (-0.25f32).to_be_bytes()].concat()), [1.5, -0.25]);
        assert_eq!(real(0x0e, &[1e300f64.to_be_bytes(), 0.1f64.to_be_bytes()].concat()), [1e300, 0.1]);
    }

    #[test]
    fn a_compressed_file_is_the_same() {
        use std::io::Write;
        let plain = file(0x08, &[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&plain).unwrap();
        let compressed = encoder.finish().unwrap();
        assert_eq!(Idx::parse(&compressed), Idx::parse(&plain));
        for length in 0..compressed.len() - 8 {
            assert!(Idx::parse(&compressed[..length]).is_err(), "{length} bytes of {}", compressed.len());
        }
    }

    #[test]
    fn every_truncation_and_excess_is_an_error() {
        let whole = file(0x0c, &[1, 2], &[0, 0, 0, 1, 0, 0, 0, 2]);
        assert!(Idx::parse(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(Idx::parse(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(Idx::parse(&[&whole[..], &[0]].concat()).unwrap_err().contains("left"));
    }

    #[test]
    fn counts_that_lie_reserve_nothing() {
        let error = Idx::parse(&file(0x0e, &[u32::MAX, u32::MAX, u32::MAX], &[0; 16])).unwrap_err();
        assert!(error.contains("more than the file can hold"), "{error}");
        let error = Idx::parse(&file(0x08, &[1_000_000_000], &[0; 16])).unwrap_err();
        assert!(error.contains("more than the file can hold"), "{error}");
    }

    #[test]
    fn labels_are_no_images() {
        let labels = Idx::parse(&file(0x08, &[2], &[1, 2])).unwrap();
        assert_eq!(
            labels.clone().images().unwrap_err(),
            "holds 2 labels; images (samples x rows x columns, bytes) are expected; name their file"
        );
        assert_eq!(labels.labels().unwrap(), [1, 2]);
        let images = Idx::parse(&file(0x08, &[1, 1, 2], &[1, 2])).unwrap();
        assert!(images.labels().unwrap_err().contains("1 x 1 x 2"));
    }
}
