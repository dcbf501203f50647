//! A quality check: two measurements of a part, each in 0..=1, and whether it passes.
//!
//! A part passes where the second measurement lies above a parabola of the first, `y > 0.15 + 3 (x - 0.5)^2`. Measurements
//! within 0.02 of the curve are drawn again, as a gauge with that tolerance would. No straight line separates the two kinds.

use super::{Dataset, Features, Targets};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// As many parts as in the lesson: 275 to learn from and 136 to be judged by.
pub(super) const SAMPLES: usize = 411;
pub(super) const TEST_SAMPLES: usize = 136;

/// `samples` parts, drawn uniformly from `seed`.
pub(super) fn generate(samples: usize, seed: u64) -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut points = Array2::zeros((samples, 2));
    let mut classes = Vec::with_capacity(samples);
    for mut point in points.rows_mut() {
        let above = loop {
            let [x, y] = [random.random::<f32>(), random.random::<f32>()];
            let above = y - (0.15 + 3.0 * (x - 0.5).powi(2));
            if above.abs() >= 0.02 {
                (point[0], point[1]) = (x, y);
                break above;
            }
        };
        classes.push(u32::from(above > 0.0));
    }
    Dataset {
        name: "quality".into(),
        features: Features::Real(points),
        targets: Targets::Classes(classes),
        class_names: vec!["fail".into(), "pass".into()],
        feature_names: vec!["measurement 1".into(), "measurement 2".into()],
        image_shape: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_separates_the_kinds() {
        let data = generate(SAMPLES, 1);
        let (Features::Real(points), Targets::Classes(classes)) = (&data.features, &data.targets) else { panic!() };
        assert_eq!(points.nrows(), 411);
        let passing = classes.iter().sum::<u32>();
        assert!((180..290).contains(&passing), "{passing} of 411 pass");
        // The best of many lines is far from the 97.8 % that a network reaches.
        let mut best = 0;
        for angle in 0..180 {
            let (sin, cos) = (angle as f32).to_radians().sin_cos();
            for offset in -150..150 {
                let right = points.rows().into_iter().zip(classes).filter(|(point, class)| {
                    (cos * point[0] + sin * point[1] > offset as f32 / 100.0) == (**class == 1)
                });
                let right = right.count();
                best = best.max(right).max(SAMPLES - right);
            }
        }
        assert!(best < SAMPLES * 9 / 10, "a line gets {best} of {SAMPLES} right");
    }
}
