//! How often each class was taken for which.

use super::language::Language;
use super::palette::{INK, PALE, PAPER, sequential};
use super::picture::{Drawn, FONT, Picture, words};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A confusion matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    /// Above the matrix.
    pub title: String,
    /// The classes' names.
    pub names: Vec<String>,
    /// `counts[true class][predicted class]`
    pub counts: Vec<Vec<usize>>,
    /// Of the words.
    pub language: Language,
}

const CELL: i32 = 52;
const TOP: i32 = 64;

impl Confusion {
    /// The width of the names' column in pixels.
    fn left(&self) -> i32 {
        48 + 8 * self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as i32
    }
}

impl Picture for Confusion {
    fn size(&self) -> (u32, u32) {
        let side = CELL * self.names.len().max(1) as i32;
        ((self.left() + side + 24).max(360) as u32, (TOP + side + self.left() + 8) as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let (left, side) = (self.left(), CELL * self.names.len() as i32);
        let anchored = |size: i32, color: RGBColor, across: HPos, down: VPos| {
            (FONT, size).into_font().color(&color).pos(Pos::new(across, down))
        };
        let text = |words_: String, at: (i32, i32), style: TextStyle<'_>| {
            area.draw(&Text::new(words_, at, style)).map_err(words)
        };
        let middle = |size, color| anchored(size, color, HPos::Center, VPos::Center);
        text(self.title.clone(), (self.size().0 as i32 / 2, TOP / 2), middle(20, INK))?;
        text(self.language.word("predicted class").into(), (left + side / 2, TOP + side + left - 16), middle(15, INK))?;
        let upright = |style: TextStyle<'static>, turn: FontTransform| style.transform(turn);
        let side_label = upright(anchored(15, INK, HPos::Center, VPos::Center), FontTransform::Rotate270);
        text(self.language.word("true class").into(), (16, TOP + side / 2), side_label)?;
        for (row, (name, counts)) in self.names.iter().zip(&self.counts).enumerate() {
            let center = |index: usize| CELL * index as i32 + CELL / 2;
            text(name.clone(), (left - 8, TOP + center(row)), anchored(14, INK, HPos::Right, VPos::Center))?;
            let below = anchored(14, INK, HPos::Right, VPos::Center);
            if self.names.iter().all(|name| name.chars().count() <= 3) {
                text(name.clone(), (left + center(row), TOP + side + 14), middle(14, INK))?;
            } else {
                text(name.clone(), (left + center(row), TOP + side + 8), upright(below, FontTransform::Rotate270))?;
            }
            let total = counts.iter().sum::<usize>().max(1);
            for (column, &count) in counts.iter().enumerate() {
                let (x, y) = (left + CELL * column as i32, TOP + CELL * row as i32);
                let share = count as f32 / total as f32;
                // The square root shows the few mistakes beside the many hits.
                let cell = [(x, y), (x + CELL, y + CELL)];
                area.draw(&Rectangle::new(cell, sequential(share.sqrt()).filled())).map_err(words)?;
                area.draw(&Rectangle::new(cell, PALE.stroke_width(1))).map_err(words)?;
                if count > 0 {
                    let color = if share > 0.3 { PAPER } else { INK };
                    text(count.to_string(), (x + CELL / 2, y + CELL / 2), middle(14, color))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_names_are_written() {
        let names = ["cat", "dog", "parrot"].map(String::from).to_vec();
        let counts = vec![vec![41, 2, 0], vec![3, 52, 1], vec![0, 0, 63]];
        let svg = Confusion { title: "pets".into(), names, counts, language: Language::English }.svg().unwrap();
        for text in ["pets", "parrot", "predicted", "true", "41", "52", "63"] {
            assert!(svg.contains(text), "{text}");
        }
    }
}
