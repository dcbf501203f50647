//! A chain of layers.

use super::{Activation, AveragePool, Dense, Input};
use ndarray::{Array2, ArrayView2};

/// One layer of a [`Sequential`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Layer {
    /// Fully connected.
    Dense(Dense),
}

/// A network: an input, a chain of layers, and what the outputs mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequential {
    /// The network's name.
    pub name: String,
    /// What enters.
    pub input: Input,
    /// The layers in the order of evaluation.
    pub layers: Vec<Layer>,
    /// One name per output where the network classifies (two for a single sigmoid output); empty for regression.
    pub class_names: Vec<String>,
}

/// One row of a network's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// The layer's name.
    pub name: String,
    /// The layer's kind as Keras calls it: `Dense`, `AveragePooling2D`.
    pub kind: &'static str,
    /// The shape of one sample's output.
    pub output_shape: Vec<usize>,
    /// The number of weights and biases.
    pub parameters: usize,
    /// How many of them training changes.
    pub trainable_parameters: usize,
    /// Multiplications (each with an addition) per sample.
    pub macs: usize,
}

impl Sequential {
    /// The dense layers in the order of evaluation, as they are evaluated after training (what only matters in training is
    /// left out).
    pub fn dense_layers(&self) -> impl Iterator<Item = &Dense> {
        self.layers.iter().map(|layer| match layer {
            Layer::Dense(dense) => dense,
        })
    }

    /// As [`Sequential::dense_layers`], to change them.
    pub fn dense_layers_mut(&mut self) -> impl Iterator<Item = &mut Dense> {
        self.layers.iter_mut().map(|layer| match layer {
            Layer::Dense(dense) => dense,
        })
    }

    /// The number of inputs of one sample.
    pub fn inputs(&self) -> usize {
        self.input.features()
    }

    /// The number of outputs of one sample: the last layer's units, or the inputs where there is no layer.
    pub fn outputs(&self) -> usize {
        self.dense_layers().last().map_or_else(|| self.inputs(), Dense::units)
    }

    /// The last layer's activation; linear where there is no layer.
    pub fn output_activation(&self) -> Activation {
        self.dense_layers().last().map_or(Activation::Linear, |dense| dense.activation)
    }

    /// The number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.dense_layers().map(Dense::parameters).sum()
    }

    /// Multiplications (each with an addition) per sample.
    pub fn macs(&self) -> usize {
        self.dense_layers().map(Dense::macs).sum()
    }

    /// The summary's rows, one per layer.
    pub fn summary(&self) -> Vec<SummaryRow> {
        let pool = self.input.pool.map(|pool| SummaryRow {
            name: AveragePool::NAME.into(),
            kind: "AveragePooling2D",
            output_shape: pool.outputs.to_vec(),
            parameters: 0,
            trainable_parameters: 0,
            macs: 0,
        });
        let layers = self.dense_layers().map(|dense| SummaryRow {
            name: dense.name.clone(),
            kind: "Dense",
            output_shape: vec![dense.units()],
            parameters: dense.parameters(),
            trainable_parameters: dense.parameters(),
            macs: dense.macs(),
        });
        pool.into_iter().chain(layers).collect()
    }

    /// The network's outputs, samples x outputs, from real inputs (samples x features; for pixels already `pixel / 255`).
    /// The input's normalization and all activations are applied.
    ///
    /// # Panics
    /// If `real` is not samples x features.
    pub fn forward(&self, real: ArrayView2<f32>) -> Array2<f32> {
        self.dense_layers().fold(self.input.prepare(real), |x, dense| dense.forward(x.view()))
    }

    /// As [`Sequential::forward`], but without the last layer's activation.
    ///
    /// # Panics
    /// If `real` is not samples x features.
    pub fn sums(&self, real: ArrayView2<f32>) -> Array2<f32> {
        let count = self.layers.len();
        let x = self.input.prepare(real);
        self.dense_layers()
            .enumerate()
            .fold(x, |x, (k, dense)| if k + 1 == count { dense.sums(x.view()) } else { dense.forward(x.view()) })
    }

    /// As [`Sequential::forward`], but without the last layer's activation where that is a softmax, log-softmax or sigmoid.
    ///
    /// # Panics
    /// If `real` is not samples x features.
    pub fn logits(&self, real: ArrayView2<f32>) -> Array2<f32> {
        let squashes =
            matches!(self.output_activation(), Activation::Softmax | Activation::LogSoftmax | Activation::Sigmoid);
        if squashes { self.sums(real) } else { self.forward(real) }
    }

    /// What enters the first layer and what every dense layer gives, in order, each samples x units: what a calibration or a
    /// picture of the inside needs.
    ///
    /// # Panics
    /// If `real` is not samples x features.
    pub fn layer_outputs(&self, real: ArrayView2<f32>) -> Vec<Array2<f32>> {
        let mut outputs = vec![self.input.prepare(real)];
        for dense in self.dense_layers() {
            let y = dense.forward(outputs[outputs.len() - 1].view());
            outputs.push(y);
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::{Layer, Sequential};
    use crate::nn::{Activation, Dense, Encoding, Initializer, Input, Normalization};
    use crate::tolerance;
    use ndarray::array;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn network(sizes: &[usize]) -> Sequential {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let layers = sizes
            .windows(2)
            .map(|w| Layer::Dense(Dense::new("d", w[0], w[1], Activation::Relu, Initializer::HeUniform, &mut rng)))
            .collect();
        let input = Input::new(vec![sizes[0]], Encoding::Real);
        Sequential { name: "test".into(), input, layers, class_names: Vec::new() }
    }

    #[test]
    fn parameters_of_the_tutorials_networks() {
        assert_eq!(network(&[3, 3, 1]).parameters(), 16);
        assert_eq!(network(&[2, 20, 1]).parameters(), 81);
        let digits = network(&[784, 392, 392, 10]);
        assert_eq!(digits.parameters(), 465_706);
        assert_eq!(digits.macs(), 464_912);
        let summary = digits.summary();
        assert_eq!(summary.iter().map(|row| row.parameters).collect::<Vec<_>>(), [307_720, 154_056, 3_930]);
        assert_eq!(summary[0].output_shape, [392]);
    }

    #[test]
    fn a_network_by_hand() {
        let mut net = network(&[2, 2, 1]);
        net.input.normalization = Some(Normalization { offset: vec![1.0, 0.0], scale: vec![2.0, 1.0] });
        let mut layers = net.dense_layers_mut();
        let first = layers.next().unwrap();
        first.kernel = array![[1.0, -1.0], [0.5, 2.0]];
        first.bias = array![0.25, 0.0];
        let second = layers.next().unwrap();
        second.kernel = array![[1.0], [3.0]];
        second.bias = array![-0.5];
        second.activation = Activation::Sigmoid;
        drop(layers);
        // x = [2, -1] -> normalized [2, -1] -> sums [1.75, -4] -> relu [1.75, 0] -> 1.25
        let x = array![[2.0, -1.0]];
        assert_eq!(net.logits(x.view()), array![[1.25]]);
        assert!((net.forward(x.view())[[0, 0]] - 0.777_299_9).abs() < tolerance::FUNCTION);
        assert_eq!(net.layer_outputs(x.view())[1], array![[1.75, 0.0]]);
    }
}
