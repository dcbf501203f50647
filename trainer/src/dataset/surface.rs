//! Surfaces over the plane to be learned as values: the two of the TensorFlow Playground's regressions.

use super::{Dataset, Features, Targets};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The shape of a surface; its values lie within -1..=1 where there is no noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surface {
    /// `(x1 + x2) / 10`
    Plane,
    /// Six hills of radius 2, three up and three down.
    Hills,
}

/// The points lie within -6..6 on both axes.
const RADIUS: f32 = 6.0;
/// The hills' tops, and the sign of each.
const TOPS: [(f32, f32, f32); 6] =
    [(-4.0, 2.5, 1.0), (0.0, 2.5, -1.0), (4.0, 2.5, 1.0), (-4.0, -2.5, -1.0), (0.0, -2.5, 1.0), (4.0, -2.5, -1.0)];

impl Surface {
    fn name(self) -> &'static str {
        match self {
            Self::Plane => "plane",
            Self::Hills => "hills",
        }
    }

    /// The value at a point. Of the hills the nearest counts.
    fn value(self, x: f32, y: f32) -> f32 {
        match self {
            Self::Plane => (x + y) / 10.0,
            Self::Hills => TOPS
                .into_iter()
                .map(|(left, up, sign)| sign * (1.0 - (x - left).hypot(y - up) / 2.0).max(0.0))
                .fold(0.0, |most, height| if height.abs() > most.abs() { height } else { most }),
        }
    }

    /// `samples` points, drawn uniformly from `seed`; `noise` in 0..=0.5 moves the point that the value is taken at, in
    /// shares of the radius.
    pub(super) fn generate(self, samples: usize, noise: f32, seed: u64) -> Dataset {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut uniform = || random.random_range(-RADIUS..RADIUS);
        let points = Array2::from_shape_simple_fn((samples, 2), &mut uniform);
        let values = points.rows().into_iter().map(|point| {
            let (dx, dy) = (noise * uniform(), noise * uniform());
            self.value(point[0] + dx, point[1] + dy)
        });
        let targets = Array2::from_shape_vec((samples, 1), values.collect()).unwrap_or_default();
        Dataset {
            name: self.name().into(),
            features: Features::Real(points),
            targets: Targets::Values(targets),
            class_names: Vec::new(),
            feature_names: vec!["x1".into(), "x2".into()],
            image_shape: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Features, Targets};
    use super::Surface;

    #[test]
    fn values_follow_the_shape_and_depend_on_the_seed_only() {
        assert_eq!(Surface::Plane.value(2.0, -7.0), -0.5);
        assert_eq!(Surface::Hills.value(0.0, 2.5), -1.0);
        assert_eq!(Surface::Hills.value(4.0, 1.5), 0.5);
        assert_eq!(Surface::Hills.value(0.0, 0.0), 0.0);
        for surface in [Surface::Plane, Surface::Hills] {
            let data = surface.generate(300, 0.0, 5);
            let (Features::Real(points), Targets::Values(values)) = (&data.features, &data.targets) else { panic!() };
            for (point, value) in points.rows().into_iter().zip(values) {
                assert_eq!(*value, surface.value(point[0], point[1]));
                assert!(value.abs() <= 1.2);
            }
            assert_eq!(data, surface.generate(300, 0.0, 5));
            assert_ne!(data, surface.generate(300, 0.3, 5));
        }
    }
}
