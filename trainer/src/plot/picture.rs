//! What makes a picture of a drawing: SVG or PNG of a given size.

use super::palette::PAPER;
use crate::error::{Error, ErrorKind, Result};
use plotters::coord::Shift;
use plotters::drawing::IntoDrawingArea;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, SVGBackend};
use plotters::style::{FontStyle, register_font};
use std::fmt::Display;
use std::path::Path;
use std::sync::Once;

/// The font of all pictures; an SVG names its family generically and is drawn with the reader's.
pub(super) const FONT: &str = "sans-serif";

/// The only result of drawing: what a backend could not do.
pub type Drawn = std::result::Result<(), String>;

/// Something that can be drawn.
pub trait Picture {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// Draws on an area of that size.
    /// # Errors
    /// What the backend could not do, in words.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn;

    /// The picture as SVG.
    /// # Errors
    /// [`ErrorKind::Io`] where the picture cannot be drawn.
    fn svg(&self) -> Result<String> {
        embed_font();
        let mut text = String::new();
        painted(self, &SVGBackend::with_string(&mut text, self.size()).into_drawing_area())?;
        Ok(text)
    }

    /// The picture as PNG, 8-bit RGB.
    /// # Errors
    /// As [`Picture::svg`].
    fn png(&self) -> Result<Vec<u8>> {
        embed_font();
        let (width, height) = self.size();
        let mut pixels = vec![0; 3 * width as usize * height as usize];
        painted(self, &BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area())?;
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).map_err(failed)?;
        Ok(file)
    }

    /// The picture's bytes in the format that the path's extension names.
    /// # Errors
    /// [`ErrorKind::Usage`] for another extension than `svg` and `png`; as [`Picture::svg`].
    fn encode(&self, path: &Path) -> Result<Vec<u8>> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => self.svg().map(String::into_bytes),
            Some("png") => self.png(),
            _ => Err(Error::new(ErrorKind::Usage, path.display(), "a picture's name ends in .png or .svg")),
        }
    }
}

/// Pictures of one kind in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct SideBySide<P>(pub Vec<P>);

impl<P: Picture> Picture for SideBySide<P> {
    fn size(&self) -> (u32, u32) {
        let sizes = self.0.iter().map(Picture::size);
        sizes.fold((0, 0), |(width, height), size| (width + size.0, height.max(size.1)))
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let parts = area.split_evenly((1, self.0.len()));
        self.0.iter().zip(parts).try_for_each(|(picture, part)| picture.draw(&part))
    }
}

fn painted<B: DrawingBackend>(picture: &(impl Picture + ?Sized), area: &DrawingArea<B, Shift>) -> Result<()> {
    area.fill(&PAPER).map_err(failed)?;
    picture.draw(area).map_err(failed)?;
    area.present().map_err(failed)
}

fn failed(error: impl Display) -> Error {
    Error::new(ErrorKind::Io, "picture", error)
}

/// A drawing error in words.
pub(super) fn words(error: impl Display) -> String {
    error.to_string()
}

/// Makes the font known once, so that pictures look the same on every machine, whatever fonts it has.
fn embed_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = include_bytes!("../../data/fonts/NotoSansSC-subset.otf");
        // A broken font would show in every test of a picture.
        assert!(register_font(FONT, FontStyle::Normal, font).is_ok(), "the embedded font is readable");
    });
}
