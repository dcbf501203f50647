//! Accuracy against size: which model is worth its bytes.

use super::curves::short;
use super::language::Language;
use super::palette::{BLUE, INK, ORANGE, PALE, PAPER};
use super::picture::{Drawn, FONT, Picture, words};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A model's size and accuracy.
#[derive(Clone, Debug, PartialEq)]
pub struct Sized {
    /// Beside the point.
    pub name: String,
    /// The size of its `.tnet` in bytes.
    pub bytes: usize,
    /// The share of the samples that it gets right.
    pub accuracy: f64,
}

/// Accuracy against size, with the models that no smaller one beats joined by a line (the Pareto front).
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// Above the plane.
    pub title: String,
    /// In any order.
    pub models: Vec<Sized>,
    /// Of the words.
    pub language: Language,
}

impl Sizes {
    /// The models that are better than every smaller one, from the smallest on.
    pub fn front(&self) -> Vec<&Sized> {
        let mut models: Vec<&Sized> = self.models.iter().collect();
        models.sort_by(|a, b| a.bytes.cmp(&b.bytes).then(b.accuracy.total_cmp(&a.accuracy)));
        let mut best = f64::NEG_INFINITY;
        models.retain(|model| {
            model.accuracy > best && {
                best = model.accuracy;
                true
            }
        });
        models
    }
}

impl Picture for Sizes {
    fn size(&self) -> (u32, u32) {
        (640, 440)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let percent = |model: &Sized| 100.0 * model.accuracy as f32;
        let bytes = || self.models.iter().map(|model| model.bytes.max(1) as f32);
        let (small, large) = (bytes().fold(f32::INFINITY, f32::min), bytes().fold(0.0, f32::max));
        let (small, large) = if small <= large { (small / 1.5, large * 2.5) } else { (1.0, 10.0) };
        let (low, high) = self
            .models
            .iter()
            .map(percent)
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 100.0) };
        let pad = (0.08 * (high - low)).max(0.1);
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 20).into_font().color(&INK))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(60)
            .build_cartesian_2d((small..large).log_scale(), low - pad..high + pad)
            .map_err(words)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(PALE)
            .axis_style(INK)
            .x_labels(6)
            .y_labels(7)
            .x_label_formatter(&|value| format!("{value:.0}"))
            .y_label_formatter(&|value| short(*value))
            .x_desc(self.language.word("size of the .tnet, bytes"))
            .y_desc(self.language.word("accuracy, %"))
            .label_style((FONT, 13).into_font().color(&INK))
            .axis_desc_style((FONT, 15).into_font().color(&INK))
            .draw()
            .map_err(words)?;
        let front = self.front().into_iter().map(|model| (model.bytes.max(1) as f32, percent(model)));
        chart
            .draw_series(LineSeries::new(front, ORANGE.stroke_width(2)))
            .map_err(words)?
            .label(self.language.word("better than every smaller one"))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], ORANGE.stroke_width(2)));
        let style = (FONT, 13).into_font().color(&INK).pos(Pos::new(HPos::Left, VPos::Center));
        let marks = self.models.iter().map(|model| {
            EmptyElement::at((model.bytes.max(1) as f32, percent(model)))
                + Circle::new((0, 0), 5, BLUE.filled())
                + Text::new(model.name.clone(), (9, 9), style.clone())
        });
        chart.draw_series(marks).map_err(words)?;
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(PAPER.mix(0.85))
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
    fn the_front_leaves_out_what_a_smaller_model_beats() {
        let model = |name: &str, bytes, accuracy| Sized { name: name.into(), bytes, accuracy };
        let models = vec![model("large", 900, 0.98), model("bad", 500, 0.9), model("small", 100, 0.95)];
        let sizes = Sizes { title: "digits".into(), models, language: Language::English };
        let names: Vec<&str> = sizes.front().iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["small", "large"]);
        assert!(sizes.svg().unwrap().contains("bad"));
        assert!(Sizes { models: Vec::new(), ..sizes }.svg().is_ok());
    }
}
