//! A drawn digit, and what the MNIST network of this repository makes of it.

use crate::error::{Error, ErrorKind, Result};
use serde_json::{Value, json};
use thumbnet::Model;

/// `models/mnist/model.tnet`, part of the program.
pub(super) const MODEL: &[u8] = include_bytes!("../../../models/mnist/model.tnet");

/// The side of MNIST's images, and of the square that the ink is fitted into (Y. LeCun, C. Cortes and C. J. C. Burges, "The
/// MNIST database": size-normalized to 20 x 20, then centered by the center of mass).
const SIDE: usize = 28;
const FIT: usize = 20;
/// Less ink than this is the edge of a stroke.
const FAINT: u8 = 24;

/// The network that reads digits.
#[derive(Debug)]
pub(super) struct Reader {
    /// A copy at an address that the runtime can read words at.
    bytes: Vec<u8>,
}

impl Default for Reader {
    fn default() -> Self {
        Self { bytes: MODEL.to_vec() }
    }
}

impl Reader {
    /// Reads an image of 28 x 28 pixels: the probabilities, and what leaves each layer, as bytes from 0 for nothing.
    /// # Errors
    /// [`ErrorKind::Model`] where the image is of another size.
    pub(super) fn read(&self, image: &[u8]) -> Result<(Value, Vec<u8>)> {
        let wrong = |error: &dyn std::fmt::Display| Error::new(ErrorKind::Model, "digit", error);
        let model = Model::parse(&self.bytes).map_err(|error| wrong(&error))?;
        let (mut input, mut scratch) = (vec![0_i8; model.input_len()], vec![0_i8; model.scratch_len()]);
        let mut output = vec![0_i8; model.output_len()];
        model.quantize_pixels(image, &mut input).map_err(|error| wrong(&error))?;
        let mut payload = image.to_vec();
        let mut layers = Vec::new();
        let observer = |_: u16, outputs: &[i8]| {
            layers.push(outputs.len());
            payload.extend(outputs.iter().map(|&q| (i16::from(q) + 128) as u8));
        };
        model.run_with(&input, &mut scratch, &mut output, observer).map_err(|error| wrong(&error))?;
        let mut probabilities = vec![0.0; output.len()];
        model.probabilities(&output, &mut probabilities).map_err(|error| wrong(&error))?;
        let class = model.classify(&output);
        let head = json!({
            "kind": "digit", "side": SIDE, "layers": layers, "probabilities": probabilities, "digit": class.index,
        });
        Ok((head, payload))
    }
}

/// A drawing of `side` x `side` bytes (0 is no ink) as MNIST would have it; all 0 where there is no ink.
/// # Errors
/// [`ErrorKind::Data`] where it has another number of bytes.
pub(super) fn image(ink: &[u8], side: usize) -> Result<Vec<u8>> {
    if side == 0 || side > 512 || ink.len() != side * side {
        let message = format!("{} bytes are no square of {side}, at most 512, a side", ink.len());
        return Err(Error::new(ErrorKind::Data, "digit", message));
    }
    let mut image = vec![0; SIDE * SIDE];
    let extent = |has_ink: &dyn Fn(usize) -> bool| {
        let first = (0..side).find(|&line| has_ink(line))?;
        let last = (0..side).rfind(|&line| has_ink(line))?;
        Some((first, last + 1))
    };
    let rows = extent(&|row| ink[row * side..][..side].iter().any(|&ink| ink >= FAINT));
    let columns = extent(&|column| ink.iter().skip(column).step_by(side).any(|&ink| ink >= FAINT));
    let (Some((top, bottom)), Some((left, right))) = (rows, columns) else { return Ok(image) };
    let scale = (bottom - top).max(right - left) as f32 / FIT as f32;
    let (height, width) = ((bottom - top) as f32 / scale, (right - left) as f32 / scale);
    // The mean ink of the cell that a pixel of the fitted drawing covers.
    let fitted: Vec<Vec<f32>> = (0..height.ceil() as usize)
        .map(|row| {
            let rows = span(top as f32 + row as f32 * scale, scale, bottom);
            (0..width.ceil() as usize)
                .map(|column| {
                    let columns = span(left as f32 + column as f32 * scale, scale, right);
                    let sum = rows.iter().flat_map(|&(y, share)| {
                        columns.iter().map(move |&(x, part)| share * part * f32::from(ink[y * side + x]))
                    });
                    sum.sum::<f32>() / (scale * scale)
                })
                .collect()
        })
        .collect();
    let (mut mass, mut down, mut along) = (0.0, 0.0, 0.0);
    for (y, row) in fitted.iter().enumerate() {
        for (x, ink) in row.iter().enumerate() {
            (mass, down, along) = (mass + ink, down + ink * y as f32, along + ink * x as f32);
        }
    }
    let shift = |moment: f32, size: usize| {
        let middle = (SIDE as f32 - 1.0) / 2.0;
        ((middle - moment / mass).round() as isize).clamp(0, (SIDE - size) as isize) as usize
    };
    let (dy, dx) = (shift(down, fitted.len()), shift(along, fitted[0].len()));
    for (y, row) in fitted.iter().enumerate() {
        for (x, ink) in row.iter().enumerate() {
            image[(y + dy) * SIDE + x + dx] = ink.round().clamp(0.0, 255.0) as u8;
        }
    }
    Ok(image)
}

/// The lines within `from..from + length`, cut at `end`, each with the share of it that lies there.
fn span(from: f32, length: f32, end: usize) -> Vec<(usize, f32)> {
    let to = (from + length).min(end as f32);
    let lines = from as usize..(to.ceil() as usize).min(end);
    lines.map(|line| (line, (to.min(line as f32 + 1.0) - from.max(line as f32)).max(0.0))).collect()
}

/// Bytes written in hexadecimal.
/// # Errors
/// [`ErrorKind::Data`] where it is something else.
pub(super) fn from_hex(text: &str) -> Result<Vec<u8>> {
    let wrong = || Error::new(ErrorKind::Data, "digit", "the ink must be written as two hexadecimal digits a byte");
    let digit = |c: u8| (c as char).to_digit(16).map(|digit| digit as u8).ok_or_else(wrong);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong());
    }
    pairs.iter().map(|&[high, low]| Ok(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::{FIT, Reader, SIDE, from_hex, image};
    use crate::dataset::{Features, Options, Targets, load};

    #[test]
    fn a_drawing_becomes_an_image_of_mnist() {
        // A bar of 8 x 40 somewhere in 112 x 112.
        let mut ink = vec![0; 112 * 112];
        for row in 60..100 {
            ink[row * 112 + 3..row * 112 + 11].fill(255);
        }
        let image = image(&ink, 112).unwrap();
        let inked: Vec<(usize, usize)> =
            (0..SIDE * SIDE).filter(|&k| image[k] > 0).map(|k| (k / SIDE, k % SIDE)).collect();
        assert_eq!(inked.len(), FIT * 4);
        let mean =
            |part: &dyn Fn(&(usize, usize)) -> usize| inked.iter().map(part).sum::<usize>() as f32 / inked.len() as f32;
        assert!((mean(&|p| p.0) - 13.5).abs() <= 0.5 && (mean(&|p| p.1) - 13.5).abs() <= 0.5);
    }

    #[test]
    fn extreme_drawings_have_images() {
        assert_eq!(image(&[0; 49], 7).unwrap(), [0; SIDE * SIDE]);
        assert_eq!(image(&[255; 49], 7).unwrap().iter().map(|&p| usize::from(p)).sum::<usize>(), 255 * FIT * FIT);
        let mut dot = vec![0; 112 * 112];
        dot[112 * 112 - 1] = 255;
        assert_eq!(image(&dot, 112).unwrap().iter().filter(|&&p| p > 0).count(), FIT * FIT);
        assert!(image(&[0; 48], 7).is_err() && image(&[], 0).is_err());
    }

    #[test]
    fn test_images_are_read_as_evaluate_reads_them() {
        let test = load("mnist", &Options::default()).unwrap().test.head(200);
        let (Features::Pixels(pixels), Targets::Classes(classes)) = (&test.features, &test.targets) else { panic!() };
        let reader = Reader::default();
        let (mut right, mut redrawn) = (0, 0);
        for (pixels, &class) in pixels.rows().into_iter().zip(classes) {
            let read = |image: &[u8]| reader.read(image).unwrap().0["digit"] == class;
            right += usize::from(read(&pixels.to_vec()));
            // The same image drawn larger and elsewhere.
            let mut ink = vec![0; 112 * 112];
            for (k, &pixel) in pixels.iter().enumerate() {
                for (dy, dx) in (0..9).map(|k| (k / 3, k % 3)) {
                    ink[(k / SIDE * 3 + dy + 20) * 112 + k % SIDE * 3 + dx] = pixel;
                }
            }
            redrawn += usize::from(read(&image(&ink, 112).unwrap()));
        }
        assert!(right >= 195 && redrawn >= 190, "{right} and {redrawn} of 200");
        let (head, payload) = reader.read(&[0; SIDE * SIDE]).unwrap();
        assert_eq!(head["layers"].to_string(), "[392,392,10]");
        assert_eq!(payload.len(), 784 + 392 + 392 + 10);
        assert!(reader.read(&[0; 3]).is_err());
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(from_hex("00fF10").unwrap(), [0, 255, 16]);
        assert!(from_hex("0").is_err() && from_hex("0g").is_err() && from_hex("é").is_err());
    }
}
