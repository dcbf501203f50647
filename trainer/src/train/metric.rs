//! How good a network is on labeled data.

use super::engine::Outputs;
use crate::dataset::{Dataset, Features};
use crate::nn::{Loss, Sequential, Target};
use ndarray::{Array2, Axis, Slice};

/// A network's results on a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The mean loss.
    pub loss: f64,
    /// The share of right answers; `None` for a regression.
    pub accuracy: Option<f64>,
    /// The mean squared error; `None` for a classification.
    pub mse: Option<f64>,
}

/// So many samples are evaluated at once: enough for the products, and little memory.
const CHUNK: usize = 1000;

impl Measure {
    /// Evaluates `net` on a data set that has targets of its kind.
    ///
    /// # Panics
    /// If the data do not fit the network; [`fit`](super::fit) has checked that.
    pub(super) fn of(net: &Sequential, data: &Dataset, targets: Outputs<'_>, loss: Loss) -> Self {
        let activation = net.output_activation();
        let classifies = matches!(targets, Outputs::Classes(_));
        let (mut total, mut right, mut squares) = (0.0, 0usize, 0.0);
        let (mut y, mut gradient) = (vec![0.0; net.outputs()], vec![0.0; net.outputs()]);
        for start in (0..data.samples()).step_by(CHUNK) {
            let rows = start..data.samples().min(start + CHUNK);
            let sums = net.sums(real(&data.features, rows.clone()).view());
            for (sums, sample) in sums.rows().into_iter().zip(rows) {
                let target = targets.target(sample);
                let z = sums.to_vec();
                total += f64::from(loss.sample(activation, &z, target, &mut y, &mut gradient));
                right += usize::from(is_right(&y, target));
                let error = |j: usize| f64::from(y[j] - target.value(j, y.len()));
                squares += (0..y.len()).map(|j| error(j) * error(j)).sum::<f64>() / y.len() as f64;
            }
        }
        let samples = data.samples().max(1) as f64;
        Self {
            loss: total / samples,
            accuracy: classifies.then_some(right as f64 / samples),
            mse: (!classifies).then_some(squares / samples),
        }
    }
}

/// The real values of some rows.
fn real(features: &Features, rows: std::ops::Range<usize>) -> Array2<f32> {
    let slice = Slice::from(rows);
    match features {
        Features::Pixels(pixels) => pixels.slice_axis(Axis(0), slice).mapv(|pixel| f32::from(pixel) / 255.0),
        Features::Real(values) => values.slice_axis(Axis(0), slice).to_owned(),
    }
}

/// Whether the outputs of one sample name its class: the largest output, or a single output against one half. A target of
/// values counts as right where it names the same class.
pub(super) fn is_right(outputs: &[f32], target: Target<'_>) -> bool {
    if let [output] = outputs {
        return (*output > 0.5) == (target.value(0, 1) > 0.5);
    }
    match target {
        Target::Class(class) => argmax(outputs) == class as usize,
        Target::Values(values) => argmax(outputs) == argmax(values),
    }
}

/// The index of the largest element, the first of equals.
fn argmax(row: &[f32]) -> usize {
    row.iter().enumerate().fold(0, |best, (index, &x)| if x > row[best] { index } else { best })
}

#[cfg(test)]
mod tests {
    use super::is_right;
    use crate::nn::Target;

    #[test]
    fn right_answers() {
        assert!(is_right(&[0.1, 0.7, 0.2], Target::Class(1)));
        assert!(!is_right(&[0.7, 0.7, 0.2], Target::Class(1)));
        assert!(is_right(&[0.6], Target::Class(1)) && is_right(&[0.4], Target::Class(0)));
        assert!(is_right(&[0.1, 0.7], Target::Values(&[0.0, 1.0])));
    }
}
