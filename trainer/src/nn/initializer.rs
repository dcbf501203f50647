//! How weights begin.

use ndarray::{Array1, Array2};
use rand::{Rng, RngExt};

/// The distribution that fresh weights are drawn from. Names and formulas are those of Keras; Glorot, He and LeCun scale a
/// unit distribution by the layer's inputs and outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Initializer {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// All the same.
    Constant {
        /// The weight.
        value: f32,
    },
    /// Uniform in `-limit..limit`.
    Uniform {
        /// The largest absolute value.
        limit: f32,
    },
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        deviation: f32,
    },
    /// Normal with mean 0, redrawn beyond two standard deviations.
    TruncatedNormal {
        /// The standard deviation before the truncation.
        deviation: f32,
    },
    /// Uniform with limit `sqrt(6 / (inputs + outputs))` (Glorot and Bengio 2010).
    GlorotUniform,
    /// Truncated normal with variance `2 / (inputs + outputs)` (Glorot and Bengio 2010).
    GlorotNormal,
    /// Uniform with limit `sqrt(6 / inputs)` (He et al. 2015).
    HeUniform,
    /// Truncated normal with variance `2 / inputs` (He et al. 2015).
    HeNormal,
    /// Uniform with limit `sqrt(3 / inputs)` (LeCun et al. 1998).
    LecunUniform,
    /// Truncated normal with variance `1 / inputs` (LeCun et al. 1998).
    LecunNormal,
    /// Uniform with limit `1 / sqrt(inputs)`, the start of PyTorch's `Linear`.
    FanInUniform,
    /// A random matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014).
    Orthogonal {
        /// Multiplies the matrix.
        gain: f32,
    },
}

/// The standard deviation of a unit normal distribution that is cut at two standard deviations.
const TRUNCATED_DEVIATION: f32 = 0.879_625_7;

impl Initializer {
    /// A kernel of inputs x outputs.
    pub fn kernel(self, inputs: usize, outputs: usize, rng: &mut impl Rng) -> Array2<f32> {
        if let Self::Orthogonal { gain } = self {
            return orthogonal(inputs, outputs, rng) * gain;
        }
        let (fan_in, both) = (inputs as f32, (inputs + outputs) as f32);
        let scaled = |variance: f32| Self::TruncatedNormal { deviation: variance.sqrt() / TRUNCATED_DEVIATION };
        let plain = match self {
            Self::GlorotUniform => Self::Uniform { limit: (6.0 / both).sqrt() },
            Self::HeUniform => Self::Uniform { limit: (6.0 / fan_in).sqrt() },
            Self::LecunUniform => Self::Uniform { limit: (3.0 / fan_in).sqrt() },
            Self::FanInUniform => Self::Uniform { limit: fan_in.sqrt().recip() },
            Self::GlorotNormal => scaled(2.0 / both),
            Self::HeNormal => scaled(2.0 / fan_in),
            Self::LecunNormal => scaled(1.0 / fan_in),
            plain => plain,
        };
        Array2::from_shape_simple_fn((inputs, outputs), || plain.draw(rng))
    }

    /// A bias for a layer of so many inputs and outputs.
    pub fn bias(self, inputs: usize, outputs: usize, rng: &mut impl Rng) -> Array1<f32> {
        match self {
            Self::FanInUniform => {
                let plain = Self::Uniform { limit: (inputs as f32).sqrt().recip() };
                Array1::from_shape_simple_fn(outputs, || plain.draw(rng))
            }
            // A vector of so many inputs to one output, as Keras sees it.
            _ => self.kernel(outputs, 1, rng).into_iter().collect(),
        }
    }

    /// One weight of a distribution that does not depend on the layer's size.
    fn draw(self, rng: &mut impl Rng) -> f32 {
        match self {
            Self::Ones => 1.0,
            Self::Constant { value } => value,
            Self::Uniform { limit } => (rng.random::<f32>() * 2.0 - 1.0) * limit,
            Self::Normal { deviation } => normal(rng) * deviation,
            Self::TruncatedNormal { deviation } => loop {
                let z = normal(rng);
                if z.abs() <= 2.0 {
                    break z * deviation;
                }
            },
            _ => 0.0,
        }
    }
}

/// A number from the unit normal distribution (Box and Muller 1958).
fn normal(rng: &mut impl Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()) as f32
}

/// Gram-Schmidt (twice, for the rounding) over random rows.
fn orthogonal(inputs: usize, outputs: usize, rng: &mut impl Rng) -> Array2<f32> {
    let (count, length) = (inputs.min(outputs), inputs.max(outputs));
    let mut rows = Array2::from_shape_simple_fn((count, length), || f64::from(normal(rng)));
    for k in 0..count {
        let (before, mut rest) = rows.view_mut().split_at(ndarray::Axis(0), k);
        let mut row = rest.row_mut(0);
        for _ in 0..2 {
            for other in before.rows() {
                let along = other.dot(&row);
                row.scaled_add(-along, &other);
            }
        }
        let norm = row.dot(&row).sqrt();
        row /= norm;
    }
    let rows = rows.mapv(|x| x as f32);
    if inputs < outputs { rows } else { rows.reversed_axes().as_standard_layout().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::Initializer;
    use crate::tolerance;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Mean, standard deviation and largest absolute value of a drawn kernel.
    fn moments(initializer: Initializer) -> (f32, f32, f32) {
        let kernel = initializer.kernel(300, 200, &mut ChaCha8Rng::seed_from_u64(1));
        let mean = kernel.mean().unwrap();
        (mean, kernel.std(0.0), kernel.iter().fold(0.0, |a, x| x.abs().max(a)))
    }

    #[test]
    fn moments_are_those_of_the_formulas() {
        let uniform = |limit: f32| (limit / 3f32.sqrt(), limit);
        let truncated = |deviation: f32| (deviation, 2.0 * deviation / 0.879_625_7);
        for (initializer, (deviation, largest)) in [
            (Initializer::Uniform { limit: 0.3 }, uniform(0.3)),
            (Initializer::GlorotUniform, uniform((6.0f32 / 500.0).sqrt())),
            (Initializer::HeUniform, uniform((6.0f32 / 300.0).sqrt())),
            (Initializer::LecunUniform, uniform((3.0f32 / 300.0).sqrt())),
            (Initializer::FanInUniform, uniform((1.0f32 / 300.0).sqrt())),
            (Initializer::GlorotNormal, truncated((2.0f32 / 500.0).sqrt())),
            (Initializer::HeNormal, truncated((2.0f32 / 300.0).sqrt())),
            (Initializer::LecunNormal, truncated((1.0f32 / 300.0).sqrt())),
        ] {
            let (mean, std, max) = moments(initializer);
            assert!(mean.abs() < deviation * 0.02, "{initializer:?}: mean {mean}");
            assert!((std / deviation - 1.0).abs() < 0.02, "{initializer:?}: {std} instead of {deviation}");
            assert!(max <= largest * 1.000_01 && max > largest * 0.99, "{initializer:?}: {max} instead of {largest}");
        }
        // Not cut, and cut: 4.55 % of a normal distribution lie beyond two deviations.
        let (deviation, cut) = (0.3, 0.3 * 0.879_625_7);
        let (mean, std, max) = moments(Initializer::Normal { deviation });
        assert!(mean.abs() < deviation * 0.02 && (std / deviation - 1.0).abs() < 0.02, "{mean}, {std}");
        assert!(max > 3.5 * deviation, "{max}");
        let (mean, std, max) = moments(Initializer::TruncatedNormal { deviation });
        assert!(mean.abs() < cut * 0.02 && (std / cut - 1.0).abs() < 0.02, "{mean}, {std}");
        assert!(max <= 2.0 * deviation && max > 1.99 * deviation, "{max}");
        let kernel = Initializer::Normal { deviation }.kernel(300, 200, &mut ChaCha8Rng::seed_from_u64(1));
        let beyond = kernel.iter().filter(|x| x.abs() > 2.0 * deviation).count() as f32 / 60_000.0;
        assert!((beyond - 0.0455).abs() < 0.005, "{beyond}");
        assert_eq!(moments(Initializer::Ones), (1.0, 0.0, 1.0));
        assert_eq!(moments(Initializer::Zeros), (0.0, 0.0, 0.0));
        assert_eq!(moments(Initializer::Constant { value: 0.5 }), (0.5, 0.0, 0.5));
    }

    #[test]
    fn orthogonal_kernels_are() {
        for (inputs, outputs) in [(5, 12), (12, 5), (7, 7)] {
            let w = Initializer::Orthogonal { gain: 1.0 }.kernel(inputs, outputs, &mut ChaCha8Rng::seed_from_u64(3));
            assert_eq!(w.dim(), (inputs, outputs));
            let product = if inputs < outputs { w.dot(&w.t()) } else { w.t().dot(&w) };
            for ((i, j), x) in product.indexed_iter() {
                assert!((x - f32::from(i == j)).abs() < tolerance::SUM);
            }
        }
    }
}
