//! Small images in a grid: samples with their predictions, or a layer's weights.

use super::field::draw_field;
use super::palette::{BLUE, INK, PALE, VERMILION, diverging, ink};
use super::picture::{Drawn, FONT, Picture, words};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// One image of a gallery.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Rows and columns.
    pub shape: [usize; 2],
    /// The values, row-major: -1..=1 where the gallery is signed, else 0..=1.
    pub values: Vec<f32>,
    /// Below the image.
    pub caption: String,
    /// Whether the caption is right or wrong, where that makes sense.
    pub right: Option<bool>,
}

/// Images in a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Gallery {
    /// Above the grid.
    pub title: String,
    /// Row by row.
    pub tiles: Vec<Tile>,
    /// How many tiles stand in a row.
    pub columns: usize,
    /// Whether values are signed: orange below zero, blue above; otherwise they are ink on paper.
    pub signed: bool,
}

/// The side of an image and the width and height of its cell, in pixels.
const SIDE: i32 = 112;
const CELL: (i32, i32) = (136, 152);
const HEADER: i32 = 44;

impl Tile {
    /// An image of 8-bit pixels.
    pub fn of_pixels(shape: [usize; 2], pixels: impl IntoIterator<Item = u8>, caption: impl Into<String>) -> Self {
        let values = pixels.into_iter().map(|pixel| f32::from(pixel) / 255.0).collect();
        Self { shape, values, caption: caption.into(), right: None }
    }
}

impl Picture for Gallery {
    fn size(&self) -> (u32, u32) {
        let columns = self.columns.max(1);
        let rows = self.tiles.len().div_ceil(columns).max(1);
        ((CELL.0 * columns as i32).max(320) as u32, (CELL.1 * rows as i32 + HEADER) as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let center = Pos::new(HPos::Center, VPos::Center);
        let title = (FONT, 20).into_font().color(&INK).pos(center);
        let middle = self.size().0 as i32 / 2;
        area.draw(&Text::new(self.title.clone(), (middle, HEADER / 2), title)).map_err(words)?;
        for (index, tile) in self.tiles.iter().enumerate() {
            let (row, column) = (index / self.columns.max(1), index % self.columns.max(1));
            let left = CELL.0 * column as i32 + (CELL.0 - SIDE) / 2;
            let top = HEADER + CELL.1 * row as i32 + 4;
            draw_field(area, (left, top), (SIDE, SIDE), tile.shape, |row, column| {
                let value = tile.values[row * tile.shape[1] + column];
                if self.signed { diverging(value) } else { ink((value * 255.0).round() as u8) }
            })?;
            let (frame, color) = match tile.right {
                None => (PALE.stroke_width(1), INK),
                Some(true) => (BLUE.stroke_width(2), INK),
                Some(false) => (VERMILION.stroke_width(3), VERMILION),
            };
            area.draw(&Rectangle::new([(left - 1, top - 1), (left + SIDE, top + SIDE)], frame)).map_err(words)?;
            let style = (FONT, 14).into_font().color(&color).pos(center);
            area.draw(&Text::new(tile.caption.clone(), (left + SIDE / 2, top + SIDE + 16), style)).map_err(words)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_has_its_caption() {
        let tile = |caption: &str| Tile::of_pixels([2, 2], [0, 80, 160, 255], caption);
        let mut gallery = Gallery {
            title: "digits".into(),
            tiles: vec![tile("seven"), tile("two"), tile("one")],
            columns: 2,
            signed: false,
        };
        gallery.tiles[1].right = Some(false);
        assert_eq!(gallery.size(), (320, 348));
        let svg = gallery.svg().unwrap();
        assert!(["digits", "seven", "two", "one"].iter().all(|text| svg.contains(text)));
        assert!(svg.contains("#D55E00"), "a wrong answer stands out");
        assert!(gallery.png().unwrap().starts_with(b"\x89PNG"));
    }
}
