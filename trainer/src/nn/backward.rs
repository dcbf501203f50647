//! Backpropagation as it stands in the textbook: the plain definition that the fast training engine is tested against.

use super::{Loss, Sequential, Target};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// The loss's gradient with respect to one dense layer's parameters, in their shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradient {
    /// Inputs x units.
    pub kernel: Array2<f32>,
    /// One per unit.
    pub bias: Array1<f32>,
}

impl Sequential {
    /// The mean loss of a batch and its gradients, one per dense layer, from real inputs (samples x features) and one target
    /// per sample (Rumelhart, Hinton and Williams 1986).
    ///
    /// # Panics
    /// If the shapes do not fit each other.
    pub fn gradients(&self, real: ArrayView2<f32>, targets: &[Target<'_>], loss: Loss) -> (f32, Vec<Gradient>) {
        assert_eq!(real.nrows(), targets.len(), "one target per sample");
        let layers: Vec<_> = self.dense_layers().collect();
        let mut inputs = vec![self.input.prepare(real)];
        let mut sums = Vec::new();
        for (index, dense) in layers.iter().enumerate() {
            let z = dense.sums(inputs[index].view());
            let mut y = z.clone();
            dense.activation.apply(&mut y);
            inputs.push(y);
            sums.push(z);
        }

        let Some((last, z)) = layers.last().zip(sums.last()) else { return (0.0, Vec::new()) };
        let samples = targets.len() as f32;
        let mut total = 0.0;
        let mut delta = Array2::zeros(z.dim());
        for ((z, target), mut delta) in z.rows().into_iter().zip(targets).zip(delta.rows_mut()) {
            let (mut y, mut row) = (vec![0.0; z.len()], vec![0.0; z.len()]);
            total += loss.sample(last.activation, &z.to_vec(), *target, &mut y, &mut row);
            delta.assign(&(Array1::from(row) / samples));
        }

        let mut gradients = Vec::new();
        for index in (0..layers.len()).rev() {
            gradients.push(Gradient { kernel: inputs[index].t().dot(&delta), bias: delta.sum_axis(Axis(0)) });
            if index == 0 {
                break;
            }
            // In row-major order, whatever the product preferred: the rows are visited as slices.
            let mut before = Array2::zeros(inputs[index].dim());
            before.assign(&delta.dot(&layers[index].kernel.t()));
            let activation = layers[index - 1].activation;
            for ((mut row, z), y) in before.rows_mut().into_iter().zip(sums[index - 1].rows()).zip(inputs[index].rows())
            {
                let mut slopes = row.to_vec();
                activation.backward_row(&z.to_vec(), &y.to_vec(), &mut slopes);
                row.assign(&Array1::from(slopes));
            }
            delta = before;
        }
        gradients.reverse();
        (total / samples, gradients)
    }
}

#[cfg(test)]
mod tests {
    use crate::nn::{Activation, Dense, Elementwise, Encoding, Initializer, Input, Layer, Loss, Sequential, Target};
    use crate::tolerance;
    use ndarray::Array2;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Every parameter of every layer against the central difference of the loss.
    fn check(activations: &[Activation], loss: Loss) {
        let sizes = [5, 7, 6, 4];
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let layers = sizes.windows(2).zip(activations).enumerate().map(|(index, (w, &activation))| {
            let mut dense =
                Dense::new(format!("dense{index}"), w[0], w[1], activation, Initializer::GlorotUniform, &mut rng);
            dense.bias = Initializer::Uniform { limit: 0.3 }.bias(w[0], w[1], &mut rng);
            Layer::Dense(dense)
        });
        let mut net = Sequential {
            name: "check".into(),
            layers: layers.collect(),
            input: Input::new(vec![5], Encoding::Real),
            class_names: Vec::new(),
        };
        let x = Array2::from_shape_simple_fn((6, 5), || rng.random::<f32>() * 2.0 - 1.0);
        let targets: Vec<_> = (0..6).map(|k| Target::Class(k % 4)).collect();
        let (_, gradients) = net.gradients(x.view(), &targets, loss);
        for (layer, gradient) in gradients.iter().enumerate() {
            let kernel = gradient.kernel.len();
            for k in 0..kernel + gradient.bias.len() {
                let h = 1.0 / 256.0;
                let mut at = |step: f32| {
                    let dense = net.dense_layers_mut().nth(layer).unwrap();
                    let parameter = if k < kernel {
                        &mut dense.kernel.as_slice_mut().unwrap()[k]
                    } else {
                        &mut dense.bias[k - kernel]
                    };
                    let kept = *parameter;
                    *parameter += step;
                    let value = net.gradients(x.view(), &targets, loss).0;
                    if k < kernel {
                        net.dense_layers_mut().nth(layer).unwrap().kernel.as_slice_mut().unwrap()[k] = kept;
                    } else {
                        net.dense_layers_mut().nth(layer).unwrap().bias[k - kernel] = kept;
                    }
                    value
                };
                let expected = (at(h) - at(-h)) / (2.0 * h);
                let got = if k < kernel { gradient.kernel.as_slice().unwrap()[k] } else { gradient.bias[k - kernel] };
                assert!(
                    (expected - got).abs() < tolerance::GRADIENT_NETWORK,
                    "{activations:?} {loss:?} layer {layer}, {k}: {got} != {expected}"
                );
            }
        }
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let swish = Activation::Elementwise(Elementwise::Swish { beta: 1.0 });
        let crossentropy = Loss::CategoricalCrossentropy { label_smoothing: 0.0 };
        check(&[Activation::Tanh, Activation::Sigmoid, Activation::Softmax], crossentropy);
        check(&[swish, Activation::Tanh, Activation::LogSoftmax], crossentropy);
        check(&[Activation::Sigmoid, swish, Activation::Sigmoid], Loss::BinaryCrossentropy);
        check(&[Activation::Tanh, Activation::Linear, Activation::Linear], Loss::MeanSquaredError);
        // The seed keeps the rectifiers' sums away from their kink.
        check(&[Activation::Relu, Activation::Relu, Activation::Softmax], crossentropy);
        check(&[Activation::Softmax, Activation::LogSoftmax, Activation::Softmax], Loss::MeanSquaredError);
    }
}
