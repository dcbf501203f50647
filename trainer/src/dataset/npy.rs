//! NumPy's `.npy` and `.npz` files.

use crate::error::{Error, ErrorKind, Result};
use ndarray::{ArrayD, IxDyn};
use ndarray_npy::{ReadNpyExt, ReadableElement};
use std::io::{Cursor, Read};
use std::path::Path;

/// An array of one of the types that we tell apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Bytes: pixels.
    Unsigned(ArrayD<u8>),
    /// Signed bytes: an int8 model's own integers.
    Signed(ArrayD<i8>),
    /// Wider integers.
    Whole(ArrayD<i64>),
    /// Floating-point numbers, rounded to f32.
    Real(ArrayD<f32>),
}

impl Array {
    /// The axes' lengths.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Unsigned(array) => array.shape(),
            Self::Signed(array) => array.shape(),
            Self::Whole(array) => array.shape(),
            Self::Real(array) => array.shape(),
        }
    }
}

/// Reads a `.npy` file of any integer type, f32 or f64, in either byte order and layout.
/// # Errors
/// [`ErrorKind::Io`] where it cannot be read, [`ErrorKind::Data`] where it is no such file or its header lies.
pub fn read_npy(path: &Path) -> Result<Array> {
    let bytes = std::fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
    parse_npy(&bytes).map_err(|what| Error::new(ErrorKind::Data, path.display(), what))
}

/// Reads a `.npz` file: its arrays with their names, in the file's order.
/// # Errors
/// As [`read_npy`]; the place names the array.
pub fn read_npz(path: &Path) -> Result<Vec<(String, Array)>> {
    let wrong = |place: String, what: String| Error::new(ErrorKind::Data, place, what);
    let bytes = std::fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).map_err(|error| {
        wrong(path.display().to_string(), format!("no .npz file: {error}; write it with numpy.savez"))
    })?;
    let mut arrays = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let mut entry =
            archive.by_index(index).map_err(|error| wrong(path.display().to_string(), error.to_string()))?;
        let name = entry.name().trim_end_matches(".npy").to_string();
        let place = || format!("{}: array \"{name}\"", path.display());
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| wrong(place(), format!("cannot be decompressed: {error}")))?;
        arrays.push((name.clone(), parse_npy(&content).map_err(|what| wrong(place(), what))?));
    }
    Ok(arrays)
}

/// Reads the bytes of a `.npy` file; what its header promises is compared with what is there before memory is reserved.
fn parse_npy(bytes: &[u8]) -> std::result::Result<Array, String> {
    let (start, length) = match bytes {
        [0x93, b'N', b'U', b'M', b'P', b'Y', 1, _, low, high, ..] => (10, u16::from_le_bytes([*low, *high]) as usize),
        [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, _, a, b, c, d, ..] => {
            (12, u32::from_le_bytes([*a, *b, *c, *d]) as usize)
        }
        _ => {
            return Err(
                "no .npy file: it does not begin with \\x93NUMPY and a known version; write it with numpy.save".into(),
            );
        }
    };
    let Some((header, data)) = bytes[start..].split_at_checked(length) else {
        return Err("truncated within the header".into());
    };
    let header = String::from_utf8_lossy(header);
    let descriptor = value(&header, "'descr': '", '\'').ok_or("its header names no simple element type")?;
    let shape = value(&header, "'shape': (", ')').ok_or("its header has no shape")?;
    let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty()).map(str::parse::<usize>);
    let lengths =
        lengths.collect::<std::result::Result<Vec<_>, _>>().map_err(|_| format!("the shape ({shape}) is no shape"))?;
    let kind = descriptor.trim_start_matches(['<', '>', '|', '=']);
    let size = kind.get(1..).and_then(|size| size.parse::<usize>().ok()).unwrap_or(1);
    if lengths.iter().try_fold(size, |product, &length| product.checked_mul(length)) != Some(data.len()) {
        return Err(format!("the header promises ({shape}) elements of {size} bytes; there are {} bytes", data.len()));
    }
    Ok(match kind {
        "u1" => Array::Unsigned(read(bytes)?),
        "i1" => Array::Signed(read(bytes)?),
        "i2" => Array::Whole(read::<i16>(bytes)?.mapv(i64::from)),
        "i4" => Array::Whole(read::<i32>(bytes)?.mapv(i64::from)),
        "i8" => Array::Whole(read(bytes)?),
        "u2" => Array::Whole(read::<u16>(bytes)?.mapv(i64::from)),
        "u4" => Array::Whole(read::<u32>(bytes)?.mapv(i64::from)),
        "b1" => Array::Whole(read::<bool>(bytes)?.mapv(i64::from)),
        "f4" => Array::Real(read(bytes)?),
        "f8" => Array::Real(read::<f64>(bytes)?.mapv(|value| value as f32)),
        _ => return Err(format!("elements of type {descriptor}; save them as float32, or as uint8 for pixels")),
    })
}

/// What stands between `before` and `after` in a header.
fn value<'a>(header: &'a str, before: &str, after: char) -> Option<&'a str> {
    header.split_once(before)?.1.split_once(after).map(|(value, _)| value)
}

fn read<T: ReadableElement + Clone>(bytes: &[u8]) -> std::result::Result<ArrayD<T>, String> {
    let array = ndarray::Array::<T, IxDyn>::read_npy(bytes).map_err(|error| error.to_string())?;
    // Fortran's order becomes row-major here, once.
    Ok(if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{ShapeBuilder, arr0, arr2, array};
    use ndarray_npy::WriteNpyExt;

    fn bytes(array: &impl WriteNpyExt) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn types_are_told_apart() {
        assert_eq!(parse_npy(&bytes(&array![1u8, 255])), Ok(Array::Unsigned(array![1u8, 255].into_dyn())));
        assert_eq!(parse_npy(&bytes(&array![-1i8])), Ok(Array::Signed(array![-1i8].into_dyn())));
        assert_eq!(parse_npy(&bytes(&array![-5i32])), Ok(Array::Whole(array![-5i64].into_dyn())));
        assert_eq!(parse_npy(&bytes(&array![true])), Ok(Array::Whole(array![1i64].into_dyn())));
        assert_eq!(parse_npy(&bytes(&array![0.5f64])), Ok(Array::Real(array![0.5f32].into_dyn())));
        assert_eq!(parse_npy(&bytes(&arr0(0.5f32))).unwrap().shape(), [] as [usize; 0]);
    }

    #[test]
    fn fortran_order_becomes_row_major() {
        let mut array = ndarray::Array2::<f32>::zeros((2, 3).f());
        array.assign(&arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
        let Ok(Array::Real(read)) = parse_npy(&bytes(&array)) else { panic!() };
        assert_eq!(read.as_slice().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn every_truncation_is_an_error() {
        let whole = bytes(&array![1.0f32, 2.0]);
        for length in 0..whole.len() {
            assert!(parse_npy(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn counts_that_lie_reserve_nothing() {
        let mut lie = bytes(&array![[1.0f32, 2.0]]);
        let at = lie.windows(6).position(|window| window == b"(1, 2)").unwrap();
        lie[at..at + 6].copy_from_slice(b"(9**9)");
        assert_eq!(parse_npy(&lie).unwrap_err(), "the shape (9**9) is no shape");
        lie[at..at + 6].copy_from_slice(b"(9999,");
        lie[at + 6..at + 18].copy_from_slice(b" 9999999999)");
        assert!(parse_npy(&lie).unwrap_err().contains("promises"), "{:?}", parse_npy(&lie));
    }
}
