//! What happens to a layer's gradient before the optimizer takes it: penalties, then the cut by value, then that by norm.

use super::lanes::Lanes;
use crate::train::layer::Regularizer;

/// The shaping of one layer's gradient in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shaping {
    pub(super) kernel: Regularizer,
    pub(super) bias: Regularizer,
    pub(super) use_bias: bool,
    /// The largest absolute value.
    pub(super) clip: f32,
    /// Multiplied last.
    pub(super) scale: f32,
}

impl Shaping {
    /// Whether it changes anything: the usual layer's gradient goes to the optimizer as it is.
    pub(super) fn is_none(&self) -> bool {
        let none = Regularizer::default();
        (self.kernel, self.bias) == (none, none) && self.use_bias && self.clip == f32::INFINITY && self.scale == 1.0
    }

    /// Changes rows `start..` of the gradient of a panel whose parameters in these rows are `w`; row `inputs` is the bias's.
    pub(super) fn apply(&self, start: usize, inputs: usize, w: &[Lanes], gradient: &mut [Lanes]) {
        for (row, (w, g)) in w.iter().zip(gradient).enumerate() {
            let bias = start + row == inputs;
            let regularizer = if bias { self.bias } else { self.kernel };
            if bias && !self.use_bias {
                *g = Lanes::ZERO;
            }
            for (w, g) in w.0.iter().zip(&mut g.0) {
                *g = self.cut(*g + regularizer.slope(*w));
            }
        }
    }

    /// The cuts of one number.
    pub(super) fn cut(&self, g: f32) -> f32 {
        // A NaN stays.
        g.clamp(-self.clip, self.clip) * self.scale
    }
}

/// The sum of squares of a panel's rows, in f64.
pub(super) fn squares(rows: &[Lanes]) -> f64 {
    rows.iter().flat_map(|lanes| lanes.0).map(|x| f64::from(x) * f64::from(x)).sum()
}
