//! How the learning rate changes over a training.

/// A schedule: the factor on the optimizer's learning rate, by how far the training has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Schedule {
    /// Always 1.
    Constant,
    /// Multiplied by `factor` after every `epochs` epochs.
    Step {
        /// How many epochs a rate lasts.
        epochs: f32,
        /// What the rate is multiplied by then.
        factor: f32,
    },
    /// `factor` to the power of the epochs so far, changing with every step.
    Exponential {
        /// What an epoch multiplies the rate by.
        factor: f32,
    },
    /// A linear rise over the first `warmup` epochs, then half a cosine down to `floor` (Loshchilov and Hutter 2017, one
    /// period).
    Cosine {
        /// The epochs of the rise; 0 for none.
        warmup: f32,
        /// The factor at the end.
        floor: f32,
    },
    /// From 1/25 up to 1 over the first 30 % and down to 1/250,000, both by half a cosine (Smith and Topin 2019; PyTorch's
    /// `OneCycleLR` with its defaults, the momentum left alone).
    OneCycle,
}

impl Schedule {
    /// The factor before step `step` (counted from 0) of `steps`, of which `per_epoch` make an epoch.
    pub fn factor(self, step: u64, steps: u64, per_epoch: u64) -> f32 {
        let half_cosine =
            |from: f64, to: f64, way: f64| to + (from - to) * (1.0 + (way * std::f64::consts::PI).cos()) / 2.0;
        let epochs = step as f64 / per_epoch.max(1) as f64;
        let factor = match self {
            Self::Constant => 1.0,
            Self::Step { epochs: every, factor } => f64::from(factor).powf((epochs / f64::from(every)).floor()),
            Self::Exponential { factor } => f64::from(factor).powf(epochs),
            Self::Cosine { warmup, floor } => {
                let rise = f64::from(warmup) * per_epoch as f64;
                if (step as f64) < rise {
                    (step as f64 + 1.0) / rise
                } else {
                    half_cosine(1.0, f64::from(floor), (step as f64 - rise) / (steps as f64 - rise).max(1.0))
                }
            }
            Self::OneCycle => {
                let peak = 0.3 * steps as f64 - 1.0;
                if (step as f64) <= peak {
                    half_cosine(1.0 / 25.0, 1.0, step as f64 / peak.max(1.0))
                } else {
                    half_cosine(1.0, 1.0 / 250_000.0, (step as f64 - peak) / (steps as f64 - 1.0 - peak).max(1.0))
                }
            }
        };
        factor as f32
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use crate::tolerance;

    #[test]
    fn factors_by_hand() {
        let at = |schedule: Schedule, step| schedule.factor(step, 100, 10);
        assert_eq!(at(Schedule::Constant, 99), 1.0);
        assert_eq!(at(Schedule::Step { epochs: 3.0, factor: 0.5 }, 29), 1.0);
        assert_eq!(at(Schedule::Step { epochs: 3.0, factor: 0.5 }, 60), 0.25);
        assert!((at(Schedule::Exponential { factor: 0.9 }, 20) - 0.81).abs() < tolerance::FUNCTION);
        let cosine = Schedule::Cosine { warmup: 0.0, floor: 0.0 };
        assert_eq!(at(cosine, 0), 1.0);
        assert!((at(cosine, 50) - 0.5).abs() < tolerance::FUNCTION);
        assert!((at(cosine, 99) - 0.000_246_719_8).abs() < tolerance::FUNCTION);
        let warm = Schedule::Cosine { warmup: 2.0, floor: 0.1 };
        assert!((at(warm, 0) - 0.05).abs() < tolerance::FUNCTION && (at(warm, 19) - 1.0).abs() < tolerance::FUNCTION);
        assert!((at(warm, 60) - 0.55).abs() < tolerance::FUNCTION);
    }
}
