//! Whether a straight line can tell two classes of points in the plane apart.

use super::{Dataset, Targets};
use std::f32::consts::{PI, TAU};

impl Dataset {
    /// Whether a straight line separates the two classes of a plane, with no point on it; `None` where the data are not two
    /// classes of two features.
    ///
    /// A line does so where the vectors from every point of the one class to every point of the other lie in an open half
    /// plane, that is, where their directions leave a gap of more than half a circle.
    pub fn line_separates(&self) -> Option<bool> {
        let Targets::Classes(classes) = &self.targets else { return None };
        if self.features.width() != 2 || classes.iter().any(|&class| class > 1) {
            return None;
        }
        let points = self.features.real();
        let of = |wanted: u32| points.rows().into_iter().zip(classes).filter(move |(_, class)| **class == wanted);
        let differences = of(0).flat_map(|(from, _)| of(1).map(move |(to, _)| [to[0] - from[0], to[1] - from[1]]));
        let mut directions = Vec::new();
        for [x, y] in differences {
            if x == 0.0 && y == 0.0 {
                return Some(false);
            }
            directions.push(y.atan2(x));
        }
        directions.sort_by(f32::total_cmp);
        let (Some(first), Some(last)) = (directions.first(), directions.last()) else { return Some(true) };
        let around = first + TAU - last;
        let widest = directions.windows(2).map(|pair| pair[1] - pair[0]).fold(around, f32::max);
        // Directions that are exactly opposite are so up to their rounding.
        Some(widest > PI + 1e-6)
    }
}

#[cfg(test)]
mod tests {
    use crate::dataset::{Options, load_whole};

    #[test]
    fn a_line_separates_and_and_or_but_not_exclusive_or() {
        let separates = |name: &str| load_whole(name, &Options::default()).unwrap().line_separates();
        assert_eq!(["gate-and", "gate-or", "gaussian"].map(separates), [Some(true); 3]);
        assert_eq!(["gate-xor", "xor", "circle", "moons", "quality"].map(separates), [Some(false); 5]);
        assert_eq!(["plane", "boston", "mnist"].map(separates), [None; 3]);
    }

    #[test]
    fn a_point_on_the_line_is_on_neither_side() {
        let mut data = load_whole("gate-or", &Options::default()).unwrap();
        // One class between two points of the other, and one at the place of another.
        for middle in [[0.5, 0.5], [0.0, 1.0]] {
            let crate::dataset::Features::Real(points) = &mut data.features else { panic!() };
            (points[[0, 0]], points[[0, 1]]) = (middle[0], middle[1]);
            assert_eq!(data.line_separates(), Some(false));
        }
    }
}
