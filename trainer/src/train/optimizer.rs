//! How parameters follow their gradients.

/// An optimizer with its settings: the names of Keras, the formulas of PyTorch.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// Stochastic gradient descent: `m = momentum * m + g; w -= rate * m`.
    Sgd {
        /// The step per gradient.
        learning_rate: f32,
        /// How much of the last step is kept; 0 for none.
        momentum: f32,
        /// Looks ahead along the momentum (Nesterov): `w -= rate * (g + momentum * m)`.
        nesterov: bool,
    },
    /// Adam (Kingma and Ba 2015), with its bias corrections.
    Adam {
        /// The step per normalized gradient.
        learning_rate: f32,
        /// The decay of the gradient's mean.
        beta_1: f32,
        /// The decay of the squared gradient's mean.
        beta_2: f32,
        /// Keeps the quotient finite.
        epsilon: f32,
    },
    /// Adam with weight decay beside the gradient (Loshchilov and Hutter 2019).
    AdamW {
        /// The step per normalized gradient.
        learning_rate: f32,
        /// How much of a weight is lost per step and rate.
        weight_decay: f32,
        /// The decay of the gradient's mean.
        beta_1: f32,
        /// The decay of the squared gradient's mean.
        beta_2: f32,
        /// Keeps the quotient finite.
        epsilon: f32,
    },
}

/// Adam at its usual rate of 0.001.
impl Default for Optimizer {
    fn default() -> Self {
        Self::Adam { learning_rate: 1e-3, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 }
    }
}

impl Optimizer {
    /// The learning rate before any schedule.
    pub fn learning_rate(&self) -> f32 {
        match *self {
            Self::Sgd { learning_rate, .. } | Self::Adam { learning_rate, .. } | Self::AdamW { learning_rate, .. } => {
                learning_rate
            }
        }
    }

    /// The update of step `step` (the first is 1) at a learning rate.
    pub(super) fn update(&self, rate: f32, step: u64) -> Update {
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let correction = |beta: f32| (1.0 - f64::from(beta).powi(power)) as f32;
        match *self {
            Self::Sgd { momentum, nesterov, .. } => Update::Momentum { rate, momentum, nesterov },
            Self::Adam { beta_1, beta_2, epsilon, .. } => Update::Adaptive {
                rate: rate / correction(beta_1),
                keep: 1.0,
                beta_1,
                beta_2,
                root: correction(beta_2).sqrt().recip(),
                epsilon,
            },
            Self::AdamW { beta_1, beta_2, epsilon, weight_decay, .. } => Update::Adaptive {
                rate: rate / correction(beta_1),
                keep: 1.0 - rate * weight_decay,
                beta_1,
                beta_2,
                root: correction(beta_2).sqrt().recip(),
                epsilon,
            },
        }
    }
}

/// One step's update with its constants worked out: what the engine applies to every parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Update {
    /// `m = momentum * m + g`, `w -= rate * m`
    Momentum { rate: f32, momentum: f32, nesterov: bool },
    /// `w = keep * w - rate * m / (root * sqrt(v) + epsilon)`
    Adaptive { rate: f32, keep: f32, beta_1: f32, beta_2: f32, root: f32, epsilon: f32 },
}
