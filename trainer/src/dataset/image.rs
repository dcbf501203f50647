//! PNG images as samples.

use crate::error::{Error, ErrorKind, Result};
use ndarray::Array2;
use std::io::BufReader;
use std::path::Path;

/// The most pixels that an image may have; a model's input is far smaller.
const MAX_PIXELS: u64 = 1 << 26;

/// Reads a PNG as 8-bit gray, rows x columns. Colors become their luma (ITU-R BT.601); transparency counts as black.
/// # Errors
/// [`ErrorKind::Io`] where the file cannot be opened, [`ErrorKind::Data`] where it is no PNG or too large.
pub fn read_png(path: &Path) -> Result<Array2<u8>> {
    let wrong = |what: String| Error::new(ErrorKind::Data, path.display(), what);
    let file = std::fs::File::open(path).map_err(|error| Error::unreadable(path, &error))?;
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder
        .read_info()
        .map_err(|error| wrong(format!("no PNG image: {error}; convert it to PNG, 8-bit gray or color")))?;
    let (width, height) = reader.info().size();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(wrong(format!("{width} x {height} pixels are too many; scale the image down")));
    }
    let mut bytes = vec![0; reader.output_buffer_size().ok_or_else(|| wrong("too large".into()))?];
    let frame = reader.next_frame(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    let channels = frame.color_type.samples();
    let gray = bytes[..frame.buffer_size()].chunks_exact(channels).map(|pixel| match *pixel {
        [gray] => gray,
        [gray, alpha] => over_black(gray, alpha),
        [red, green, blue] => luma(red, green, blue),
        [red, green, blue, alpha] => over_black(luma(red, green, blue), alpha),
        _ => 0,
    });
    Array2::from_shape_vec((height as usize, width as usize), gray.collect()).map_err(|error| wrong(error.to_string()))
}

fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) + 500) / 1000) as u8
}

fn over_black(gray: u8, alpha: u8) -> u8 {
    ((u32::from(gray) * u32::from(alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_and_color_are_read_and_others_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.png");
        let write = |color, data: &[u8]| {
            let mut encoder = png::Encoder::new(std::fs::File::create(&path).unwrap(), 2, 1);
            encoder.set_color(color);
            encoder.write_header().unwrap().write_image_data(data).unwrap();
        };
        write(png::ColorType::Grayscale, &[0, 200]);
        assert_eq!(read_png(&path).unwrap(), ndarray::arr2(&[[0, 200]]));
        write(png::ColorType::Rgb, &[255, 0, 0, 255, 255, 255]);
        assert_eq!(read_png(&path).unwrap(), ndarray::arr2(&[[76, 255]]));
        write(png::ColorType::Rgba, &[255, 255, 255, 0, 255, 255, 255, 128]);
        assert_eq!(read_png(&path).unwrap(), ndarray::arr2(&[[0, 128]]));
        std::fs::write(&path, b"P5 2 1 255").unwrap();
        assert_eq!(read_png(&path).unwrap_err().kind(), ErrorKind::Data);
        assert_eq!(read_png(&folder.path().join("none.png")).unwrap_err().kind(), ErrorKind::Io);
    }
}
