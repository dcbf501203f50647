//! What a network with two inputs answers everywhere in the plane, with the samples on top.

use super::curves::short;
use super::field::draw_field;
use super::language::Language;
use super::palette::{BLUE, INK, ORANGE, PAPER, SERIES, between, diverging};
use super::picture::{Drawn, FONT, Picture, words};
use plotters::coord::Shift;
use plotters::prelude::*;

/// The plane of a classifier's two features.
#[derive(Clone, Debug, PartialEq)]
pub struct Boundary {
    /// Above the plane.
    pub title: String,
    /// The features' names.
    pub axes: [String; 2],
    /// The least and the largest value of each feature.
    pub range: [[f32; 2]; 2],
    /// The field's side in cells.
    pub cells: usize,
    /// Per cell, row by row from the top left: the probabilities of the classes.
    pub probabilities: Vec<Vec<f32>>,
    /// The classes' names.
    pub names: Vec<String>,
    /// The samples: both features and the class.
    pub points: Vec<([f32; 2], u32)>,
    /// Of the words.
    pub language: Language,
}

impl Boundary {
    /// The centers of the cells in the order of `probabilities`, to evaluate the network there.
    pub fn centers(range: [[f32; 2]; 2], cells: usize) -> Vec<[f32; 2]> {
        let at = |[least, most]: [f32; 2], index: usize| least + (most - least) * (index as f32 + 0.5) / cells as f32;
        (0..cells * cells).map(|cell| [at(range[0], cell % cells), at(range[1], cells - 1 - cell / cells)]).collect()
    }

    /// Two classes as on the whole scale from orange to blue; more in the paler color of the likeliest.
    fn shade(&self, cell: usize) -> RGBColor {
        match &self.probabilities[cell][..] {
            [_, positive] => diverging((2.0 * positive - 1.0) * 0.6),
            many => {
                let (class, &most) = many.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap_or((0, &0.0));
                between(PAPER, SERIES[class % SERIES.len()], 0.6 * most)
            }
        }
    }

    fn color(&self, class: u32) -> RGBColor {
        match (self.names.len(), class) {
            (2, 0) => ORANGE,
            (2, _) => BLUE,
            _ => SERIES[class as usize % SERIES.len()],
        }
    }
}

impl Picture for Boundary {
    fn size(&self) -> (u32, u32) {
        (520, 520)
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn {
        let [[left, right], [bottom, top]] = self.range;
        let mut chart = ChartBuilder::on(area)
            .caption(self.language.word(&self.title), (FONT, 20).into_font().color(&INK))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(left..right, bottom..top)
            .map_err(words)?;
        let plane = chart.plotting_area().strip_coord_spec();
        let (width, height) = plane.dim_in_pixel();
        draw_field(&plane, (0, 0), (width as i32, height as i32), [self.cells; 2], |row, column| {
            self.shade(row * self.cells + column)
        })?;
        chart
            .configure_mesh()
            .disable_mesh()
            .axis_style(INK)
            .x_labels(7)
            .y_labels(7)
            .x_label_formatter(&|value| short(*value))
            .y_label_formatter(&|value| short(*value))
            .x_desc(self.language.word(&self.axes[0]))
            .y_desc(self.language.word(&self.axes[1]))
            .label_style((FONT, 13).into_font().color(&INK))
            .axis_desc_style((FONT, 15).into_font().color(&INK))
            .draw()
            .map_err(words)?;
        for (class, name) in self.names.iter().enumerate() {
            let color = self.color(class as u32);
            let of_class = self.points.iter().filter(|(_, own)| *own as usize == class);
            let marks = of_class.map(|&([x, y], _)| {
                EmptyElement::at((x, y))
                    + Circle::new((0, 0), 4, color.filled())
                    + Circle::new((0, 0), 4, PAPER.stroke_width(1))
            });
            chart
                .draw_series(marks)
                .map_err(words)?
                .label(self.language.word(name))
                .legend(move |(x, y)| Circle::new((x + 8, y), 4, color.filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(PAPER.mix(0.85))
            .border_style(INK)
            .label_font((FONT, 13).into_font().color(&INK))
            .draw()
            .map_err(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centers_go_from_the_top_left() {
        let centers = Boundary::centers([[0.0, 4.0], [10.0, 14.0]], 2);
        assert_eq!(centers, [[1.0, 13.0], [3.0, 13.0], [1.0, 11.0], [3.0, 11.0]]);
    }

    #[test]
    fn it_can_be_drawn_for_two_and_for_three_classes() {
        for names in [vec!["no", "yes"], vec!["a", "b", "c"]] {
            let share = 1.0 / names.len() as f32;
            let picture = Boundary {
                title: "boundary".into(),
                axes: ["x1".into(), "x2".into()],
                range: [[-1.0, 1.0], [-1.0, 1.0]],
                cells: 8,
                probabilities: vec![vec![share; names.len()]; 64],
                points: vec![([0.5, 0.5], 1)],
                names: names.iter().map(ToString::to_string).collect(),
                language: Language::Chinese,
            };
            let svg = picture.svg().unwrap();
            assert!(names.iter().all(|name| svg.contains(name)) && svg.contains("x2"));
        }
    }
}
