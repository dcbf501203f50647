//! Values over epochs, or over any other number.

use super::language::Language;
use super::palette::{INK, PALE, PAPER, SERIES};
use super::picture::{Drawn, FONT, Picture, words};
use crate::nn::Activation;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

/// Named values, one per epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The values; those that are not finite are left out.
    pub values: Vec<f32>,
}

/// Series that share their axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What the values are.
    pub label: String,
    /// The lines.
    pub series: Vec<Series>,
}

/// Training curves: panels side by side over the epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Above all panels.
    pub title: String,
    /// From left to right.
    pub panels: Vec<Panel>,
    /// What the values follow, from their first to their last, and its name; epochs from 1 where it is `None`.
    pub axis: Option<(String, [f32; 2])>,
    /// Of the words.
    pub language: Language,
}

/// The columns' names of a history that count rather than measure.
const COUNTERS: [&str; 5] = ["epoch", "step", "seconds", "learning_rate", "rate"];

impl Curves {
    /// The curves of a history's columns: each measure with its `val_` twin is a panel.
    pub fn of_history(title: &str, columns: &[(String, Vec<f32>)], language: Language) -> Self {
        let mut panels: Vec<Panel> = Vec::new();
        for (name, values) in columns.iter().filter(|(name, _)| !COUNTERS.contains(&name.as_str())) {
            let measure = name.trim_start_matches("val_").replace('_', " ");
            let twin = if name.starts_with("val_") { "validation" } else { "training" };
            let series = Series { name: twin.into(), values: values.clone() };
            match panels.iter_mut().find(|panel| panel.label == measure) {
                Some(panel) => panel.series.push(series),
                None => panels.push(Panel { label: measure, series: vec![series] }),
            }
        }
        Self { title: title.into(), panels, axis: None, language }
    }

    /// Named activations with their derivatives from -5 to 5, each a panel.
    /// # Errors
    /// The name of one that does not look at each sum alone.
    pub fn of_activations<'a>(
        activations: impl Iterator<Item = (&'a str, Activation)>,
        language: Language,
    ) -> Result<Self, &'a str> {
        const END: f32 = 5.0;
        let xs = || (-100..=100i16).map(|x| END * f32::from(x) / 100.0);
        let panel = |(name, activation): (&'a str, Activation)| -> Result<Panel, &'a str> {
            let values: Option<Vec<f32>> = xs().map(|x| activation.value(x)).collect();
            let values = values.ok_or(name)?;
            let derivatives = xs().zip(&values).map(|(x, &y)| {
                let mut slope = [1.0];
                activation.backward_row(&[x], &[y], &mut slope);
                slope[0]
            });
            let derivatives = Series { name: "derivative".into(), values: derivatives.collect() };
            let series = vec![Series { name: "value".into(), values }, derivatives];
            Ok(Panel { label: name.into(), series })
        };
        let panels = activations.map(panel).collect::<Result<_, &str>>()?;
        let title = "Activations and their derivatives".into();
        Ok(Self { title, panels, axis: Some(("x".into(), [-END, END])), language })
    }
}

impl Picture for Curves {
    fn size(&self) -> (u32, u32) {
        (480 * self.panels.len().max(1) as u32, 360)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let area = area.titled(self.language.word(&self.title), (FONT, 20).into_font().color(&INK)).map_err(words)?;
        for (panel, area) in self.panels.iter().zip(area.split_evenly((1, self.panels.len().max(1)))) {
            draw_panel(panel, self, &area)?;
        }
        Ok(())
    }
}

fn draw_panel<B: DrawingBackend>(panel: &Panel, curves: &Curves, area: &DrawingArea<B, Shift>) -> Drawn {
    let finite = || panel.series.iter().flat_map(|series| &series.values).copied().filter(|value| value.is_finite());
    let (least, most) = (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
    let (least, most) = if least <= most { (least, most) } else { (0.0, 1.0) };
    let pad = if most > least { 0.05 * (most - least) } else { 0.05 * most.abs().max(1e-6) };
    if least > 0.0 && most / least > 100.0 {
        draw_axes(panel, curves, area, (least / 1.3..most * 1.3).log_scale())
    } else {
        draw_axes(panel, curves, area, least - pad..most + pad)
    }
}

fn draw_axes<B: DrawingBackend, Y>(panel: &Panel, curves: &Curves, area: &DrawingArea<B, Shift>, y: Y) -> Drawn
where
    Y: AsRangedCoord<Value = f32>,
    Y::CoordDescType: Ranged<ValueType = f32> + ValueFormatter<f32>,
{
    let epochs = panel.series.iter().map(|series| series.values.len()).max().unwrap_or(0).max(2);
    let Curves { axis, language, .. } = curves;
    let (x_name, [first, last]) = axis.as_ref().map_or(("epoch", [1.0, epochs as f32]), |(name, range)| (name, *range));
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(first..last, y)
        .map_err(words)?;
    let text = (FONT, 13).into_font().color(&INK);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(PALE)
        .axis_style(INK)
        .x_labels(epochs.min(11))
        .y_labels(7)
        .x_label_formatter(&|x| short(x.round()))
        .y_label_formatter(&|value| short(*value))
        .x_desc(language.word(x_name))
        .y_desc(language.word(&panel.label))
        .label_style(text.clone())
        .axis_desc_style((FONT, 15).into_font().color(&INK))
        .draw()
        .map_err(words)?;
    for (series, color) in panel.series.iter().zip(SERIES.iter().cycle()) {
        let points = || series.values.iter().enumerate().filter(|(_, value)| value.is_finite());
        let step = (last - first) / if axis.is_some() { series.values.len().max(2) - 1 } else { epochs - 1 } as f32;
        let points = || points().map(|(index, &value)| (first + step * index as f32, value));
        chart
            .draw_series(LineSeries::new(points(), color.stroke_width(2)))
            .map_err(words)?
            .label(language.word(&series.name))
            .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        if series.values.len() <= 30 {
            chart.draw_series(points().map(|point| Circle::new(point, 3, color.filled()))).map_err(words)?;
        }
    }
    // Where a curve that falls, or rises, leaves room.
    let rises = panel.series.first().is_some_and(|series| series.values.last() > series.values.first());
    let corner = if rises { SeriesLabelPosition::LowerRight } else { SeriesLabelPosition::UpperRight };
    chart
        .configure_series_labels()
        .position(corner)
        .background_style(PAPER.mix(0.85))
        .border_style(PALE)
        .label_font(text)
        .draw()
        .map_err(words)
}

/// A number with about three digits that count.
pub(super) fn short(value: f32) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        "0".into()
    } else if !(1e-3..1e5).contains(&magnitude) {
        format!("{value:.0e}")
    } else if magnitude < 0.1 {
        format!("{value:.4}").trim_end_matches('0').trim_end_matches('.').into()
    } else if magnitude < 10.0 {
        format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').into()
    } else {
        format!("{value:.1}").trim_end_matches('0').trim_end_matches('.').into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_and_its_validation_share_a_panel() {
        let columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"];
        let columns: Vec<_> = columns.iter().map(|name| (name.to_string(), vec![1.0, 0.5])).collect();
        let curves = Curves::of_history("mnist", &columns, Language::English);
        let names = |panel: &Panel| panel.series.iter().map(|series| series.name.clone()).collect::<Vec<_>>();
        assert_eq!(curves.panels.iter().map(|panel| panel.label.as_str()).collect::<Vec<_>>(), ["loss", "accuracy"]);
        assert_eq!(names(&curves.panels[0]), ["training", "validation"]);
        let svg = curves.svg().unwrap();
        for text in ["mnist", "epoch", "loss", "accuracy", "training", "validation"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(curves.png().unwrap().starts_with(b"\x89PNG"));
    }

    #[test]
    fn derivatives_are_those_of_the_activations() {
        let both = [("tanh", Activation::Tanh), ("relu", Activation::Relu)];
        let curves = Curves::of_activations(both.into_iter(), Language::Chinese).unwrap();
        let [tanh, relu] = &curves.panels[..] else { panic!() };
        // At 0, at 1 and at -1.
        let at = |panel: &Panel, series: usize| [100, 120, 80].map(|index| panel.series[series].values[index]);
        assert_eq!((at(relu, 0), at(relu, 1)), ([0.0, 1.0, 0.0], [0.0, 1.0, 0.0]));
        assert_eq!((at(tanh, 0)[0], at(tanh, 1)[0]), (0.0, 1.0));
        assert!((at(tanh, 1)[1] - 0.419_974).abs() < crate::tolerance::FUNCTION);
        let svg = curves.svg().unwrap();
        assert!(["激活函数及其导数", "函数值", "导数", "tanh"].iter().all(|word| svg.contains(word)));
        let softmax = [("softmax", Activation::Softmax)].into_iter();
        assert_eq!(Curves::of_activations(softmax, Language::English), Err("softmax"));
    }

    #[test]
    fn odd_values_are_drawn_all_the_same() {
        let odd = [vec![], vec![0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY], vec![1e-9, 1e9], vec![-1.0, -1.0]];
        for values in odd {
            let curves = Curves::of_history("odd", &[("loss".into(), values.clone())], Language::Chinese);
            assert!(curves.svg().is_ok() && curves.png().is_ok(), "{values:?}");
        }
    }

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.00002, 0.0125, 0.97, 1.5, 12.25, 1e6].map(short);
        assert_eq!(texts, ["0", "2e-5", "0.0125", "0.97", "1.5", "12.2", "1e6"]);
    }
}
