//! Predicted values against true ones.

use super::curves::short;
use super::language::Language;
use super::palette::{BLUE, INK, PALE, VERMILION};
use super::picture::{Drawn, FONT, Picture, words};
use plotters::coord::Shift;
use plotters::prelude::*;

/// A regression's answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// Above the plane.
    pub title: String,
    /// Pairs of the true and the predicted value.
    pub points: Vec<(f32, f32)>,
    /// Of the words.
    pub language: Language,
}

impl Picture for Scatter {
    fn size(&self) -> (u32, u32) {
        (520, 520)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let values =
            || self.points.iter().flat_map(|&(truth, predicted)| [truth, predicted]).filter(|value| value.is_finite());
        let (least, most) = (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max));
        let (least, most) = if least < most { (least, most) } else { (0.0, 1.0) };
        let pad = 0.04 * (most - least);
        let range = least - pad..most + pad;
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 20).into_font().color(&INK))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(range.clone(), range)
            .map_err(words)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(PALE)
            .axis_style(INK)
            .x_labels(7)
            .y_labels(7)
            .x_label_formatter(&|value| short(*value))
            .y_label_formatter(&|value| short(*value))
            .x_desc(self.language.word("true"))
            .y_desc(self.language.word("predicted"))
            .label_style((FONT, 13).into_font().color(&INK))
            .axis_desc_style((FONT, 15).into_font().color(&INK))
            .draw()
            .map_err(words)?;
        let ideal = [(least, least), (most, most)];
        chart
            .draw_series(LineSeries::new(ideal, VERMILION.stroke_width(2)))
            .map_err(words)?
            .label(self.language.word("exact"))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], VERMILION.stroke_width(2)));
        let finite = self.points.iter().filter(|(truth, predicted)| truth.is_finite() && predicted.is_finite());
        chart
            .draw_series(finite.map(|&point| Circle::new(point, 3, BLUE.mix(0.7).filled())))
            .map_err(words)?
            .label(self.language.word("samples"))
            .legend(|(x, y)| Circle::new((x + 9, y), 3, BLUE.filled()));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .border_style(PALE)
            .label_font((FONT, 13).into_font().color(&INK))
            .draw()
            .map_err(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_points_can_be_drawn() {
        for points in [vec![], vec![(1.0, 1.0)], vec![(1.0, 2.0), (f32::NAN, 3.0), (5.0, 4.0)]] {
            let svg = Scatter { title: "prices".into(), points, language: Language::English }.svg().unwrap();
            assert!(svg.contains("prices") && svg.contains("predicted"));
        }
    }
}
