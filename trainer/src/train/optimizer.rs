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
    /// RMSprop (Tieleman and Hinton 2012): `v = rho * v + (1 - rho) * g^2; m = momentum * m + g / (sqrt(v) + epsilon);
    /// w -= rate * m`.
    Rmsprop {
        /// The step per normalized gradient.
        learning_rate: f32,
        /// The decay of the squared gradient's mean.
        rho: f32,
        /// How much of the last step is kept; 0 for none.
        momentum: f32,
        /// Keeps the quotient finite.
        epsilon: f32,
    },
    /// Adagrad (Duchi, Hazan and Singer 2011): `v += g^2; w -= rate * g / (sqrt(v) + epsilon)`.
    Adagrad {
        /// The step per normalized gradient.
        learning_rate: f32,
        /// Where the sum of squares begins.
        initial_accumulator: f32,
        /// Keeps the quotient finite.
        epsilon: f32,
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
    /// Adam with Nesterov's look ahead (Dozat 2016); the momentum warms up with a decay of 0.004, as in PyTorch.
    Nadam {
        /// The step per normalized gradient.
        learning_rate: f32,
        /// The decay of the gradient's mean.
        beta_1: f32,
        /// The decay of the squared gradient's mean.
        beta_2: f32,
        /// Keeps the quotient finite.
        epsilon: f32,
    },
    /// Lion (Chen et al. 2023): `w -= rate * (sign(beta_1 * m + (1 - beta_1) * g) + weight_decay * w);
    /// m = beta_2 * m + (1 - beta_2) * g`.
    Lion {
        /// The step of every weight.
        learning_rate: f32,
        /// How much of a weight is lost per step and rate.
        weight_decay: f32,
        /// How much of the mean counts in the sign.
        beta_1: f32,
        /// The decay of the gradient's mean.
        beta_2: f32,
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
            Self::Sgd { learning_rate, .. }
            | Self::Rmsprop { learning_rate, .. }
            | Self::Adagrad { learning_rate, .. }
            | Self::Adam { learning_rate, .. }
            | Self::AdamW { learning_rate, .. }
            | Self::Nadam { learning_rate, .. }
            | Self::Lion { learning_rate, .. } => learning_rate,
        }
    }

    /// The updates after so many steps.
    pub(super) fn updates(self, steps: u64) -> Updates {
        let momentum = match self {
            Self::Nadam { beta_1, .. } => (1..=steps).map(|step| nadam_momentum(beta_1, step)).product(),
            _ => 1.0,
        };
        Updates { optimizer: self, step: steps, momentum }
    }
}

/// Nadam's momentum in a step.
fn nadam_momentum(beta_1: f32, step: u64) -> f64 {
    f64::from(beta_1) * (1.0 - 0.5 * 0.96f64.powf(step as f64 * 0.004))
}

/// One update after the other.
pub(super) struct Updates {
    optimizer: Optimizer,
    step: u64,
    /// The product of Nadam's momenta so far.
    momentum: f64,
}

impl Updates {
    /// The next step's update at a learning rate.
    pub(super) fn next(&mut self, rate: f32) -> Update {
        self.step += 1;
        let power = i32::try_from(self.step).unwrap_or(i32::MAX);
        let correction = |beta: f32| (1.0 - f64::from(beta).powi(power)) as f32;
        let adaptive = |keep: f32, beta_1: f32, beta_2: f32, epsilon: f32| Update::Adaptive {
            rate: rate / correction(beta_1),
            keep,
            beta_1,
            beta_2,
            root: correction(beta_2).sqrt().recip(),
            epsilon,
        };
        match self.optimizer {
            Optimizer::Sgd { momentum, nesterov, .. } => Update::Momentum { rate, momentum, nesterov },
            Optimizer::Rmsprop { rho, momentum, epsilon, .. } => {
                Update::Normalized { rate, decay: rho, fresh: 1.0 - rho, start: 0.0, momentum, epsilon }
            }
            Optimizer::Adagrad { initial_accumulator: start, epsilon, .. } => {
                Update::Normalized { rate, decay: 1.0, fresh: 1.0, start, momentum: 0.0, epsilon }
            }
            Optimizer::Adam { beta_1, beta_2, epsilon, .. } => adaptive(1.0, beta_1, beta_2, epsilon),
            Optimizer::AdamW { beta_1, beta_2, epsilon, weight_decay, .. } => {
                adaptive(1.0 - rate * weight_decay, beta_1, beta_2, epsilon)
            }
            Optimizer::Nadam { beta_1, beta_2, epsilon, .. } => {
                let (now, next) = (nadam_momentum(beta_1, self.step), nadam_momentum(beta_1, self.step + 1));
                self.momentum *= now;
                let rate = f64::from(rate);
                Update::Ahead {
                    gradient: (rate * (1.0 - now) / (1.0 - self.momentum)) as f32,
                    mean: (rate * next / (1.0 - self.momentum * next)) as f32,
                    beta_1,
                    beta_2,
                    root: correction(beta_2).sqrt().recip(),
                    epsilon,
                }
            }
            Optimizer::Lion { weight_decay, beta_1, beta_2, .. } => {
                Update::Sign { rate, keep: 1.0 - rate * weight_decay, beta_1, beta_2 }
            }
        }
    }
}

/// One step's update with its constants worked out: what the engine applies to every parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Update {
    /// `m = momentum * m + g`, `w -= rate * m`
    Momentum { rate: f32, momentum: f32, nesterov: bool },
    /// `v = decay * v + fresh * g^2`, `m = momentum * m + g / (sqrt(v + start) + epsilon)`, `w -= rate * m`
    Normalized { rate: f32, decay: f32, fresh: f32, start: f32, momentum: f32, epsilon: f32 },
    /// `w = keep * w - rate * m / (root * sqrt(v) + epsilon)`
    Adaptive { rate: f32, keep: f32, beta_1: f32, beta_2: f32, root: f32, epsilon: f32 },
    /// `w -= (gradient * g + mean * m) / (root * sqrt(v) + epsilon)`
    Ahead { gradient: f32, mean: f32, beta_1: f32, beta_2: f32, root: f32, epsilon: f32 },
    /// `w = keep * w - rate * sign(beta_1 * m + (1 - beta_1) * g)`
    Sign { rate: f32, keep: f32, beta_1: f32, beta_2: f32 },
}
