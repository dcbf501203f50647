//! Images within pictures: a field of colors, row by row.

use super::picture::{Drawn, words};
use plotters::coord::Shift;
use plotters::prelude::*;

/// Fills the box with `rows` x `columns` cells; neighbors of one color in a row are drawn as one, which keeps SVG small.
pub(super) fn draw_field<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    (left, top): (i32, i32),
    (width, height): (i32, i32),
    [rows, columns]: [usize; 2],
    color: impl Fn(usize, usize) -> RGBColor,
) -> Drawn {
    let x = |column: usize| left + (width as i64 * column as i64 / columns as i64) as i32;
    let y = |row: usize| top + (height as i64 * row as i64 / rows as i64) as i32;
    for row in 0..rows {
        let mut start = 0;
        while start < columns {
            let shade = color(row, start);
            let end = (start + 1..columns).find(|&column| color(row, column) != shade).unwrap_or(columns);
            area.draw(&Rectangle::new([(x(start), y(row)), (x(end), y(row + 1))], shade.filled())).map_err(words)?;
            start = end;
        }
    }
    Ok(())
}
