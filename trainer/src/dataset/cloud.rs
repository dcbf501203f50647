//! Clouds of points in the plane: the four of the TensorFlow Playground, two moons, and one of three classes.

use super::{Dataset, Features, Targets};
use ndarray::Array2;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f32::consts::{PI, TAU};

/// The shape of a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cloud {
    /// A disk within a ring.
    Circle,
    /// The sign of the product of the coordinates.
    Xor,
    /// Two normal distributions.
    Gaussian,
    /// Two arms of a spiral.
    Spiral,
    /// Two interleaved half circles.
    Moons,
    /// Three normal distributions, each a class of its own.
    Clouds,
}

/// The radius of the clouds; the playground's axes end at 6.
const RADIUS: f32 = 5.0;

impl Cloud {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Circle => "circle",
            Self::Xor => "xor",
            Self::Gaussian => "gaussian",
            Self::Spiral => "spiral",
            Self::Moons => "moons",
            Self::Clouds => "clouds",
        }
    }

    fn class_names(self) -> &'static [&'static str] {
        let three = matches!(self, Self::Clouds);
        if three { &["blue", "orange", "green"] } else { &["orange", "blue"] }
    }

    /// `samples` points from `seed`, as many of each class (on average, where chance decides). `noise` in 0..=0.5 is what the
    /// Playground's slider says in percent.
    pub(super) fn generate(self, samples: usize, noise: f32, seed: u64) -> Dataset {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut points = Array2::zeros((samples, 2));
        let mut classes = Vec::with_capacity(samples);
        for (index, mut point) in points.rows_mut().into_iter().enumerate() {
            let first = index < samples.div_ceil(2);
            let (half, rank) =
                if first { (samples.div_ceil(2), index) } else { (samples / 2, index - samples.div_ceil(2)) };
            let (x, y, class) = self.point(first, rank as f32 / half as f32, noise, &mut random);
            (point[0], point[1]) = (x, y);
            classes.push(class);
        }
        Dataset {
            name: self.name().into(),
            features: Features::Real(points),
            targets: Targets::Classes(classes),
            class_names: self.class_names().iter().map(ToString::to_string).collect(),
            feature_names: vec!["x1".into(), "x2".into()],
            image_shape: None,
        }
    }

    /// A point of the first or the second half, at `place` in 0..1 along it: x, y and its class.
    fn point(self, first: bool, place: f32, noise: f32, random: &mut impl Rng) -> (f32, f32, u32) {
        match self {
            Self::Circle => {
                let radius = RADIUS * if first { random.random_range(0.0..0.5) } else { random.random_range(0.7..1.0) };
                let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
                let (x, y) = (radius * sin, radius * cos);
                let shift = RADIUS * noise;
                let (dx, dy) = (shift * uniform(random), shift * uniform(random));
                (x, y, u32::from((x + dx).hypot(y + dy) < RADIUS * 0.5))
            }
            Self::Xor => {
                // A gap of 0.3 on either side of the axes.
                let away = |value: f32| value + 0.3f32.copysign(value);
                let (x, y) = (away(RADIUS * uniform(random)), away(RADIUS * uniform(random)));
                let (dx, dy) = (RADIUS * noise * uniform(random), RADIUS * noise * uniform(random));
                (x, y, u32::from((x + dx) * (y + dy) >= 0.0))
            }
            Self::Gaussian => {
                let center = if first { 2.0 } else { -2.0 };
                // The variance grows from 0.5 without noise to 4 at one half.
                let deviation = (0.5 + 7.0 * noise).sqrt();
                let (a, b) = normal_pair(random);
                (center + deviation * a, center + deviation * b, u32::from(first))
            }
            Self::Spiral => {
                let radius = RADIUS * place;
                let angle = 1.75 * TAU * place + if first { 0.0 } else { PI };
                let (sin, cos) = angle.sin_cos();
                (radius * sin + noise * uniform(random), radius * cos + noise * uniform(random), u32::from(first))
            }
            Self::Moons => {
                let (sin, cos) = (PI * place).sin_cos();
                let (a, b) = normal_pair(random);
                let (x, y) = if first { (cos, sin) } else { (1.0 - cos, 0.5 - sin) };
                (x + noise * a, y + noise * b, u32::from(first))
            }
            Self::Clouds => {
                let class = random.random_range(0..3u32);
                let (sin, cos) = (TAU * class as f32 / 3.0).sin_cos();
                let deviation = (0.5 + 7.0 * noise).sqrt();
                let (a, b) = normal_pair(random);
                (0.5 * RADIUS * sin + deviation * a, 0.5 * RADIUS * cos + deviation * b, class)
            }
        }
    }
}

/// Uniform in -1..1.
fn uniform(random: &mut impl Rng) -> f32 {
    random.random_range(-1.0..1.0)
}

/// Two independent normal numbers (G. E. P. Box and M. E. Muller, 1958).
fn normal_pair(random: &mut impl Rng) -> (f32, f32) {
    // 1 - u lies in 0 < v <= 1, where the logarithm is finite.
    let radius = (-2.0 * (1.0 - random.random::<f32>()).ln()).sqrt();
    let (sin, cos) = (TAU * random.random::<f32>()).sin_cos();
    (radius * cos, radius * sin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance;

    const ALL: [Cloud; 5] = [Cloud::Circle, Cloud::Xor, Cloud::Gaussian, Cloud::Spiral, Cloud::Moons];

    fn parts(data: &Dataset) -> (&Array2<f32>, &[u32]) {
        let (Features::Real(points), Targets::Classes(classes)) = (&data.features, &data.targets) else { panic!() };
        (points, classes)
    }

    #[test]
    fn clouds_have_both_classes_and_depend_on_the_seed_only() {
        for cloud in ALL {
            let data = cloud.generate(501, 0.1, 3);
            let (points, classes) = parts(&data);
            let ones = classes.iter().sum::<u32>();
            assert!((180..320).contains(&ones), "{cloud:?}: {ones} of 501");
            assert!(points.iter().all(|value| value.abs() < 9.0), "{cloud:?}");
            assert_eq!(data, cloud.generate(501, 0.1, 3));
            assert_ne!(data, cloud.generate(501, 0.1, 4));
        }
    }

    #[test]
    fn three_clouds_stand_around_the_middle() {
        let data = Cloud::Clouds.generate(600, 0.0, 1);
        let (points, classes) = parts(&data);
        for class in 0..3 {
            let own = points.rows().into_iter().zip(classes).filter(|(_, own)| **own == class).map(|(point, _)| point);
            let [count, x, y] = own.fold([0.0; 3], |[n, x, y], point| [n + 1.0, x + point[0], y + point[1]]);
            let (sin, cos) = (TAU * class as f32 / 3.0).sin_cos();
            assert!((160.0..240.0).contains(&count), "{count} of 600");
            assert!((x / count - 2.5 * sin).abs() < 0.2 && (y / count - 2.5 * cos).abs() < 0.2, "class {class}");
        }
    }

    #[test]
    fn without_noise_the_classes_follow_the_shape() {
        let circle = Cloud::Circle.generate(200, 0.0, 1);
        let (points, classes) = parts(&circle);
        assert!(points.rows().into_iter().zip(classes).all(|(p, &c)| (p[0].hypot(p[1]) < 2.5) == (c == 1)));
        let xor = Cloud::Xor.generate(200, 0.0, 1);
        let (points, classes) = parts(&xor);
        assert!(points.rows().into_iter().zip(classes).all(|(p, &c)| (p[0] * p[1] >= 0.0) == (c == 1)));
        assert!(points.iter().all(|value| value.abs() >= 0.3));
        let spiral = Cloud::Spiral.generate(200, 0.0, 1);
        let (points, _) = parts(&spiral);
        // The second arm is the first, turned by half a circle.
        assert!((0..100).all(|row| (points[[row, 0]] + points[[row + 100, 0]]).abs() < tolerance::SUM));
    }

    #[test]
    fn normal_numbers_are_normal() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let (values, others): (Vec<f32>, Vec<f32>) = (0..20_000).map(|_| normal_pair(&mut random)).unzip();
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let variance = values.iter().map(|value| value * value).sum::<f32>() / 20_000.0;
        let covariance = values.iter().zip(&others).map(|(a, b)| a * b).sum::<f32>() / 20_000.0;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05 && covariance.abs() < 0.03,
            "{mean} {variance} {covariance}"
        );
    }
}
