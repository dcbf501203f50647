//! How the weights of each layer are distributed, before and after quantization.

use super::curves::short;
use super::language::Language;
use super::palette::{INK, ORANGE, PALE, PAPER, SKY};
use super::picture::{Drawn, FONT, Picture, words};
use plotters::coord::Shift;
use plotters::prelude::*;

/// A layer's weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The layer's name.
    pub name: String,
    /// The weights before quantization; empty where they are not known.
    pub before: Vec<f32>,
    /// The real values of the weights after quantization; empty where there are none.
    pub after: Vec<f32>,
}

/// Histograms of weights, a panel for each layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Above all panels.
    pub title: String,
    /// Row by row.
    pub layers: Vec<Layer>,
    /// Of the words.
    pub language: Language,
}

/// The bars over a layer's range: an odd number, so that one stands for zero.
const BARS: usize = 81;
const COLUMNS: usize = 3;
const PANEL: (u32, u32) = (400, 320);

impl Histogram {
    fn grid(&self) -> (usize, usize) {
        (self.layers.len().div_ceil(COLUMNS).max(1), self.layers.len().clamp(1, COLUMNS))
    }
}

/// The share of the values in each bar of -limit..=limit, in percent.
fn shares(values: &[f32], limit: f32) -> Vec<f32> {
    let mut counts = [0usize; BARS];
    for value in values.iter().filter(|value| value.is_finite()) {
        let place = (value + limit) / (2.0 * limit) * BARS as f32;
        counts[(place as usize).min(BARS - 1)] += 1;
    }
    counts.map(|count| 100.0 * count as f32 / values.len().max(1) as f32).to_vec()
}

impl Picture for Histogram {
    fn size(&self) -> (u32, u32) {
        let (rows, columns) = self.grid();
        (PANEL.0 * columns as u32, PANEL.1 * rows as u32 + 40)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let area = area.titled(&self.title, (FONT, 20).into_font().color(&INK)).map_err(words)?;
        for (layer, area) in self.layers.iter().zip(area.split_evenly(self.grid())) {
            self.draw_layer(layer, &area)?;
        }
        Ok(())
    }
}

impl Histogram {
    fn draw_layer<B: DrawingBackend>(&self, layer: &Layer, area: &DrawingArea<B, Shift>) -> Drawn {
        let all = layer.before.iter().chain(&layer.after).filter(|value| value.is_finite());
        let limit = all.fold(0.0f32, |limit, value| limit.max(value.abs())).max(1e-6);
        let (before, after) = (shares(&layer.before, limit), shares(&layer.after, limit));
        let most = before.iter().chain(&after).fold(0.0f32, |most, &share| most.max(share)).max(1e-3);
        let mut chart = ChartBuilder::on(area)
            .caption(&layer.name, (FONT, 15).into_font().color(&INK))
            .margin(8)
            .margin_right(16)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d(-limit..limit, 0.0..most * 1.05)
            .map_err(words)?;
        let text = (FONT, 13).into_font().color(&INK);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(PALE)
            .axis_style(INK)
            .x_labels(5)
            .y_labels(5)
            // Ticks that lie at zero but for rounding.
            .x_label_formatter(&|value| short(if value.abs() < 1e-4 * limit { 0.0 } else { *value }))
            .y_label_formatter(&|value| short(*value))
            .x_desc(self.language.word("weights"))
            .y_desc(self.language.word("share of the weights, %"))
            .label_style(text.clone())
            .axis_desc_style((FONT, 14).into_font().color(&INK))
            .draw()
            .map_err(words)?;
        let edge = |bar: usize| (2.0 * bar as f32 / BARS as f32 - 1.0) * limit;
        if !layer.before.is_empty() {
            let bars = before.iter().enumerate().filter(|(_, share)| **share > 0.0);
            let bars = bars
                .map(|(bar, &share)| Rectangle::new([(edge(bar), 0.0), (edge(bar + 1), share)], SKY.mix(0.6).filled()));
            chart
                .draw_series(bars)
                .map_err(words)?
                .label(self.language.word("before quantization"))
                .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 18, y + 5)], SKY.mix(0.6).filled()));
        }
        if !layer.after.is_empty() {
            let steps = after.iter().enumerate().flat_map(|(bar, &share)| [(edge(bar), share), (edge(bar + 1), share)]);
            chart
                .draw_series(LineSeries::new(steps, ORANGE.stroke_width(2)))
                .map_err(words)?
                .label(self.language.word("after quantization"))
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], ORANGE.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(PAPER.mix(0.85))
            .border_style(PALE)
            .label_font(text)
            .draw()
            .map_err(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_its_bar() {
        let counted = shares(&[-1.0, 0.0, 1.0, f32::NAN], 1.0);
        assert_eq!((counted[0], counted[BARS / 2], counted[BARS - 1]), (25.0, 25.0, 25.0));
    }

    #[test]
    fn layers_without_weights_are_drawn_too() {
        let layer =
            |before: &[f32], after: &[f32]| Layer { name: "dense".into(), before: before.into(), after: after.into() };
        let layers = vec![layer(&[], &[]), layer(&[0.5, -0.2], &[0.5, 0.0]), layer(&[0.0], &[]), layer(&[], &[3.0])];
        let histogram = Histogram { title: "weights".into(), layers, language: Language::English };
        assert_eq!(histogram.size(), (1200, 680));
        let svg = histogram.svg().unwrap();
        assert!(svg.contains("before quantization") && svg.contains("after quantization"));
    }
}
