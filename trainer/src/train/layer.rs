//! What training does with a dense layer beside its mathematics: it is gone afterwards, or folded into the layer.

/// A penalty on numbers `x`, added to what training makes small: `l1 * sum |x| + l2 * sum x^2` (Keras' `L1L2`). Weights and
/// biases are taken as they are; outputs are averaged over the samples of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regularizer {
    /// The factor of the absolute values.
    pub l1: f32,
    /// The factor of the squares.
    pub l2: f32,
}

impl Regularizer {
    /// Whether it does nothing.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// The penalty of one number.
    pub fn value(self, x: f32) -> f32 {
        self.l1 * x.abs() + self.l2 * x * x
    }

    /// The penalty's derivative; 0 at 0.
    pub fn slope(self, x: f32) -> f32 {
        let sign = if x == 0.0 { 0.0 } else { x.signum() };
        self.l1 * sign + 2.0 * self.l2 * x
    }
}

/// How the sums of a layer are normalized in training: each unit by the mean and variance of its batch, then scaled and shifted
/// by what it learns (Ioffe and Szegedy 2015). Afterwards the moving averages take the batch's place, and all of it is folded
/// into weights and bias.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormalization {
    /// How much of the moving averages a step keeps.
    pub momentum: f32,
    /// Added to the variance.
    pub epsilon: f32,
}

/// Keras' defaults, except that the averages move faster: short trainings are usual here.
impl Default for BatchNormalization {
    fn default() -> Self {
        Self { momentum: 0.9, epsilon: 1e-3 }
    }
}

/// The grid that a layer's weights are rounded to while it is trained: the forward and backward products see the rounded
/// weights, the optimizer changes the exact ones as if there were no rounding (the straight-through estimator: Bengio et al.
/// 2013; Jacob et al. 2018). Every unit has its own step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightGrid {
    /// -127..=127, the step from the largest weight.
    Int8,
    /// -7..=7, the step from the mean absolute weight.
    Int4,
    /// -1, 0, 1, the step from the mean absolute weight.
    Ternary,
}

impl WeightGrid {
    /// The largest integer.
    pub fn limit(self) -> f32 {
        match self {
            Self::Int8 => 127.0,
            Self::Int4 => 7.0,
            Self::Ternary => 1.0,
        }
    }

    /// The step for weights with this largest and mean absolute value. The factors of the few-bit grids are the steps of the
    /// uniform quantizers with the least square error for a normal distribution (Max 1960: 0.353 deviations for 15 levels, 1.224
    /// for 3), by the deviation's ratio to the mean absolute value, `sqrt(pi / 2)`.
    pub fn step(self, largest: f32, mean: f32) -> f32 {
        match self {
            Self::Int8 => largest / self.limit(),
            Self::Int4 => (0.353 * 1.253_314 * mean).min(largest / self.limit()),
            Self::Ternary => (1.224 * 1.253_314 * mean).min(largest),
        }
    }

    /// The nearest number of the grid, in steps.
    pub fn round(self, weight: f32, step: f32) -> f32 {
        (weight / step).round_ties_even().clamp(-self.limit(), self.limit())
    }
}

/// A dense layer's settings for training, by Keras' names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerSettings {
    /// Whether its parameters change.
    pub trainable: bool,
    /// Whether it has a bias; else that stays 0.
    pub use_bias: bool,
    /// A penalty on its weights.
    pub kernel_regularizer: Regularizer,
    /// A penalty on its bias.
    pub bias_regularizer: Regularizer,
    /// A penalty on its outputs.
    pub activity_regularizer: Regularizer,
    /// Normalizes its sums before the activation.
    pub batch_normalization: Option<BatchNormalization>,
    /// Whether the slope of its leaky ReLU is learned, too: a PReLU with one slope for the layer (He et al. 2015), as
    /// PyTorch's default.
    pub learned_slope: bool,
    /// The share of its outputs that is set to 0 in each step, the others scaled up for it (Srivastava et al. 2014).
    pub dropout: f32,
    /// What its weights are rounded to.
    pub grid: Option<WeightGrid>,
    /// Where given, training sees the outputs rounded to eight bits, as the chip has them. A ReLU's are rounded to 255 steps of
    /// a range that begins here and is learned with the weights (Esser et al. 2020); afterwards the ReLU is cut at the range's
    /// end. For any other activation, the range follows the sums (Jacob et al. 2018), which are rounded first where the chip
    /// looks the outputs up in a table.
    pub output_range: Option<f32>,
}

impl Default for LayerSettings {
    fn default() -> Self {
        let none = Regularizer::default();
        Self {
            trainable: true,
            use_bias: true,
            kernel_regularizer: none,
            bias_regularizer: none,
            activity_regularizer: none,
            batch_normalization: None,
            learned_slope: false,
            dropout: 0.0,
            grid: None,
            output_range: None,
        }
    }
}

/// How large gradients are cut; the value first, then the norm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clip {
    /// The largest norm of all gradients together; larger ones are scaled down (Pascanu et al. 2013).
    pub norm: Option<f32>,
    /// The largest absolute value of each.
    pub value: Option<f32>,
}
