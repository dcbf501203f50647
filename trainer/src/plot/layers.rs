//! What each layer of an evaluation takes, as bars.

use super::palette::{BLUE, INK, PALE};
use super::picture::{Drawn, FONT, Picture, words};
use plotters::coord::Shift;
use plotters::prelude::*;

/// A bar for each layer, from the first at the top.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// Above all.
    pub title: String,
    /// What is counted: `instructions`.
    pub unit: String,
    /// The layers' names and counts.
    pub layers: Vec<(String, f64)>,
}

const WIDTH: u32 = 800;
const BAR: u32 = 36;
/// Title and axis.
const FRAME: u32 = 110;

impl Picture for Layers {
    fn size(&self) -> (u32, u32) {
        (WIDTH, FRAME + BAR * self.layers.len() as u32)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let count = self.layers.len();
        let most = self.layers.iter().fold(f64::MIN_POSITIVE, |most, (_, count)| most.max(*count));
        let total: f64 = self.layers.iter().map(|(_, count)| count).sum();
        let longest = self.layers.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 20).into_font().color(&INK))
            .margin(12)
            .margin_right(24)
            .x_label_area_size(48)
            .y_label_area_size(24 + 8 * longest.min(30) as u32)
            .build_cartesian_2d(0.0..most * 1.25, (0..count.max(1) - 1).into_segmented())
            .map_err(words)?;
        let name = |place: &SegmentValue<usize>| match place {
            SegmentValue::CenterOf(row) if *row < count => self.layers[count - 1 - row].0.clone(),
            _ => String::new(),
        };
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(PALE)
            .disable_y_mesh()
            .axis_style(INK)
            .y_labels(count.max(1) + 1)
            .x_label_formatter(&|&value| {
                if value == 0.0 || most >= 10.0 { format!("{value:.0}") } else { format!("{value:.1e}") }
            })
            .y_label_formatter(&name)
            .x_desc(&self.unit)
            .label_style((FONT, 13).into_font().color(&INK))
            .axis_desc_style((FONT, 14).into_font().color(&INK))
            .draw()
            .map_err(words)?;
        let rows = || self.layers.iter().rev().enumerate();
        chart
            .draw_series(rows().map(|(row, (_, count))| {
                let corners = [(0.0, SegmentValue::Exact(row)), (*count, SegmentValue::Exact(row + 1))];
                let mut bar = Rectangle::new(corners, BLUE.filled());
                bar.set_margin(6, 6, 0, 0);
                bar
            }))
            .map_err(words)?;
        chart
            .draw_series(rows().map(|(row, (_, count))| {
                let share = format!("{:.1} %", 100.0 * count / total.max(f64::MIN_POSITIVE));
                let style = (FONT, 13).into_font().color(&INK);
                EmptyElement::at((*count, SegmentValue::CenterOf(row))) + Text::new(share, (6, -6), style)
            }))
            .map_err(words)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_has_its_name_and_share() {
        let layers = vec![("dense".to_owned(), 300.0), ("dense_1".into(), 100.0), ("dense_2".into(), 0.0)];
        let picture = Layers { title: "qemu (Cortex-M4)".into(), unit: "instructions".into(), layers };
        assert_eq!(picture.size(), (800, 218));
        let svg = picture.svg().unwrap();
        for text in ["dense", "dense_1", "dense_2", "75.0 %", "25.0 %", "0.0 %", "instructions", "qemu (Cortex-M4)"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(Layers { layers: Vec::new(), ..picture }.svg().is_ok());
    }
}
