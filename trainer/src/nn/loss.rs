//! What training makes small.

use super::activation::log_sum_exp;
use super::exponential::{exp, sigmoid, tanh};
use super::{Activation, Elementwise};

/// What one sample should become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target<'a> {
    /// A class index; with a single output, the class is that output's value.
    Class(u32),
    /// One value per output.
    Values(&'a [f32]),
}

impl Target<'_> {
    /// The value that output `j` of `outputs` should have: a class is 1 at its index and 0 elsewhere.
    #[inline]
    pub fn value(self, j: usize, outputs: usize) -> f32 {
        match self {
            Self::Class(class) if outputs == 1 => class as f32,
            Self::Class(class) => f32::from(class as usize == j),
            Self::Values(values) => values[j],
        }
    }
}

/// The loss of a sample; a batch's loss is the mean over its samples. Names and formulas are those of Keras.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// `mean_j (y - t)^2`
    MeanSquaredError,
    /// `mean_j |y - t|`
    MeanAbsoluteError,
    /// `mean_j` of `e^2 / 2` where `|e| <= delta`, else `delta * |e| - delta^2 / 2`
    Huber {
        /// Where the square becomes a line.
        delta: f32,
    },
    /// `mean_j ln(cosh(y - t))`
    LogCosh,
    /// `mean_j max(1 - t * y, 0)` with targets -1 and 1 (0 stands for -1)
    Hinge,
    /// `mean_j max(-t * z, 0)` of a sign with the sum `z`, fused with it, targets as for [`Loss::Hinge`]: the steps that follow
    /// its gradient are the perceptron's rule (F. Rosenblatt, 1958). A sum of 0 is wrong, too.
    Perceptron,
    /// `mean_j -(t ln y + (1 - t) ln(1 - y))` of a sigmoid, fused with it
    BinaryCrossentropy,
    /// `-sum_j t ln y` of a softmax, fused with it; targets are classes or distributions
    CategoricalCrossentropy {
        /// How much of the target is spread evenly over all classes; 0 for none.
        label_smoothing: f32,
    },
    /// `sum_j t ln(t / y)` of a softmax, fused with it
    KullbackLeibler,
}

impl Loss {
    /// Whether the loss is defined for outputs with this activation: some need the one that they are fused with.
    pub fn accepts(self, activation: Activation) -> bool {
        match self {
            Self::Perceptron => activation == Activation::Elementwise(Elementwise::Sign),
            Self::BinaryCrossentropy => activation == Activation::Sigmoid,
            Self::CategoricalCrossentropy { .. } | Self::KullbackLeibler => {
                matches!(activation, Activation::Softmax | Activation::LogSoftmax)
            }
            _ => true,
        }
    }

    /// Evaluates the last activation and the loss of one sample.
    ///
    /// `z` are the sums of the last layer; `y` becomes their activation and `gradient` the loss's gradient with respect to the
    /// sums. All three have one element per output. A loss that does not [accept](Loss::accepts) the activation is NaN.
    pub fn sample(
        self,
        activation: Activation,
        z: &[f32],
        target: Target<'_>,
        y: &mut [f32],
        gradient: &mut [f32],
    ) -> f32 {
        y.copy_from_slice(z);
        activation.apply_row(y);
        if !self.accepts(activation) {
            gradient.fill(f32::NAN);
            return f32::NAN;
        }
        let outputs = z.len();
        let count = outputs as f32;
        let t = |j: usize| target.value(j, outputs);
        // The loss that belongs to an error or output, and its derivative, averaged over the outputs.
        let mut mean = |term: &dyn Fn(f32, f32) -> (f32, f32)| {
            let mut total = 0.0;
            for j in 0..outputs {
                let (loss, slope) = term(y[j], t(j));
                total += loss;
                gradient[j] = slope / count;
            }
            total / count
        };
        let loss = match self {
            Self::MeanSquaredError => mean(&|y, t| ((y - t) * (y - t), 2.0 * (y - t))),
            Self::MeanAbsoluteError => mean(&|y, t| ((y - t).abs(), sign(y - t))),
            Self::Huber { delta } => mean(&|y, t| {
                let e = y - t;
                if e.abs() <= delta { (0.5 * e * e, e) } else { (delta * (e.abs() - 0.5 * delta), delta * sign(e)) }
            }),
            Self::LogCosh => mean(&|y, t| {
                let e = y - t;
                (e.abs() + exp(-2.0 * e.abs()).ln_1p() - std::f32::consts::LN_2, tanh(e))
            }),
            Self::Hinge => mean(&|y, t| {
                let t = signed(t);
                let margin = 1.0 - t * y;
                if margin <= 0.0 { (0.0, 0.0) } else { (margin, -t) }
            }),
            Self::Perceptron => {
                let mut total = 0.0;
                for (j, &z) in z.iter().enumerate() {
                    let t = signed(t(j));
                    // Not `<= 0`: a NaN must stay visible.
                    let right = t * z > 0.0;
                    total += if right { 0.0 } else { -t * z };
                    gradient[j] = if right { 0.0 } else { -t / count };
                }
                return total / count;
            }
            Self::BinaryCrossentropy => {
                let mut total = 0.0;
                for (j, &z) in z.iter().enumerate() {
                    total += z.max(0.0) - z * t(j) + exp(-z.abs()).ln_1p();
                    gradient[j] = (sigmoid(z) - t(j)) / count;
                }
                return total / count;
            }
            Self::CategoricalCrossentropy { label_smoothing } => {
                let smooth = |j| t(j) * (1.0 - label_smoothing) + label_smoothing / count;
                let (total, mass) = (0..outputs).fold((0.0, 0.0), |(a, b), j| (a + smooth(j) * z[j], b + smooth(j)));
                probabilities(activation, y, gradient);
                (0..outputs).for_each(|j| gradient[j] = gradient[j] * mass - smooth(j));
                return mass * log_sum_exp(z) - total;
            }
            Self::KullbackLeibler => {
                let shift = log_sum_exp(z);
                let (mut total, mut mass) = (0.0, 0.0);
                for (j, &z) in z.iter().enumerate() {
                    let t = t(j);
                    total += if t > 0.0 { t * (t.ln() - (z - shift)) } else { 0.0 };
                    mass += t;
                }
                probabilities(activation, y, gradient);
                (0..outputs).for_each(|j| gradient[j] = gradient[j] * mass - t(j));
                return total;
            }
        };
        activation.backward_row(z, y, gradient);
        loss
    }
}

/// The softmax probabilities from a softmax's or a log-softmax's outputs.
fn probabilities(activation: Activation, y: &[f32], p: &mut [f32]) {
    p.copy_from_slice(y);
    if activation == Activation::LogSoftmax {
        for p in p.iter_mut() {
            *p = exp(*p);
        }
    }
}

/// A target of two classes as -1 or 1: 0 stands for -1.
fn signed(target: f32) -> f32 {
    if target == 0.0 { -1.0 } else { target }
}

/// -1, 0 or 1; NaN of NaN.
fn sign(x: f32) -> f32 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

#[cfg(test)]
mod tests {
    use super::{Loss, Target};
    use crate::nn::{Activation, Elementwise};
    use crate::tolerance;

    const SMOOTH: Loss = Loss::CategoricalCrossentropy { label_smoothing: 0.1 };
    const ALL: [(Loss, Activation); 14] = [
        (Loss::MeanSquaredError, Activation::Linear),
        (Loss::MeanSquaredError, Activation::Sigmoid),
        (Loss::MeanSquaredError, Activation::Softmax),
        (Loss::MeanAbsoluteError, Activation::Linear),
        (Loss::Huber { delta: 0.5 }, Activation::Tanh),
        (Loss::Huber { delta: 2.0 }, Activation::Linear),
        (Loss::LogCosh, Activation::Linear),
        (Loss::Hinge, Activation::Tanh),
        (Loss::BinaryCrossentropy, Activation::Sigmoid),
        (Loss::CategoricalCrossentropy { label_smoothing: 0.0 }, Activation::Softmax),
        (Loss::CategoricalCrossentropy { label_smoothing: 0.0 }, Activation::LogSoftmax),
        (SMOOTH, Activation::Softmax),
        (Loss::KullbackLeibler, Activation::Softmax),
        (Loss::KullbackLeibler, Activation::LogSoftmax),
    ];

    fn evaluate(loss: Loss, activation: Activation, z: &[f32], target: Target) -> (f32, Vec<f32>, Vec<f32>) {
        let (mut y, mut gradient) = (vec![0.0; z.len()], vec![0.0; z.len()]);
        let value = loss.sample(activation, z, target, &mut y, &mut gradient);
        (value, y, gradient)
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let z = [0.6f32, -0.9, 1.4, 0.1];
        for (loss, activation) in ALL {
            for target in [Target::Class(2), Target::Values(&[0.2, 0.5, 0.25, 0.05])] {
                let (_, _, gradient) = evaluate(loss, activation, &z, target);
                for k in 0..z.len() {
                    let h = 1.0 / 128.0;
                    let at = |step: f32| {
                        let mut shifted = z;
                        shifted[k] += step;
                        evaluate(loss, activation, &shifted, target).0
                    };
                    let expected = (at(h) - at(-h)) / (2.0 * h);
                    assert!(
                        (expected - gradient[k]).abs() < tolerance::GRADIENT,
                        "{loss:?} {activation:?} {k}: {} != {expected}",
                        gradient[k]
                    );
                }
            }
        }
    }

    #[test]
    fn values_by_hand() {
        let (loss, y, _) = evaluate(ALL[9].0, Activation::Softmax, &[1.0, 2.0, 3.0], Target::Class(2));
        assert!((loss - 0.407_606).abs() < tolerance::FUNCTION && (y[2] - 0.665_240_9).abs() < tolerance::FUNCTION);
        let (loss, ..) = evaluate(Loss::BinaryCrossentropy, Activation::Sigmoid, &[-0.5], Target::Class(1));
        assert!((loss - 0.974_077).abs() < tolerance::FUNCTION);
        let (loss, ..) = evaluate(Loss::MeanSquaredError, Activation::Linear, &[1.0, 4.0], Target::Values(&[0.0, 2.0]));
        assert_eq!(loss, 2.5);
    }

    #[test]
    fn the_perceptrons_rule_moves_what_is_wrong_by_the_input() {
        let sign = Activation::Elementwise(Elementwise::Sign);
        // Each sum with its class, the loss, and the gradient: zero where the answer is right, else against the class.
        for (z, class, loss, gradient) in
            [(2.0, 1, 0.0, 0.0), (-2.0, 0, 0.0, 0.0), (0.5, 0, 0.5, 1.0), (-3.0, 1, 3.0, -1.0), (0.0, 1, 0.0, -1.0)]
        {
            let (value, y, slope) = evaluate(Loss::Perceptron, sign, &[z], Target::Class(class));
            assert_eq!((value, slope[0]), (loss, gradient), "{z} of class {class}");
            assert_eq!(y[0], if z == 0.0 { 0.0 } else { z.signum() });
        }
        assert!(evaluate(Loss::Perceptron, sign, &[f32::NAN], Target::Class(1)).0.is_nan());
        assert!(!Loss::Perceptron.accepts(Activation::Linear));
    }

    #[test]
    fn extreme_sums_stay_finite() {
        for class in [0, 1] {
            let (loss, _, gradient) =
                evaluate(Loss::BinaryCrossentropy, Activation::Sigmoid, &[500.0], Target::Class(class));
            assert!(loss.is_finite() && gradient[0].is_finite());
            let (loss, ..) = evaluate(ALL[9].0, Activation::Softmax, &[-900.0, 900.0], Target::Class(class));
            assert!(loss.is_finite());
        }
        let (loss, ..) = evaluate(ALL[9].0, Activation::Softmax, &[f32::NAN, 0.0], Target::Class(0));
        assert!(loss.is_nan());
    }

    #[test]
    fn a_loss_refuses_a_foreign_activation() {
        assert!(!Loss::BinaryCrossentropy.accepts(Activation::Linear));
        assert!(evaluate(Loss::BinaryCrossentropy, Activation::Linear, &[0.0], Target::Class(0)).0.is_nan());
    }
}
