//! Ways to a smaller network without training: units that weigh little are left out, and layers become two thinner ones.

use super::{Activation, Dense, Layer, Sequential};
use nalgebra::DMatrix;
use ndarray::{Array1, Array2, Axis};

impl Sequential {
    /// The network without a share (0 to below 1) of the units of each hidden layer: those whose weights, in and out, are the
    /// smallest (the product of both norms; magnitude pruning as in Han, Pool, Tran and Dally 2015, of whole units, so that the
    /// layers really shrink). At least one unit stays.
    #[must_use]
    pub fn pruned(&self, share: f32) -> Self {
        let mut pruned = self.clone();
        let mut layers: Vec<&mut Dense> = pruned.dense_layers_mut().collect();
        for k in 1..layers.len() {
            let (front, back) = layers.split_at_mut(k);
            let (before, after) = (&mut front[k - 1], &mut back[0]);
            let units = before.units();
            let kept = (units - (units as f32 * share) as usize).max(1);
            let norm = |weights: ndarray::ArrayView1<f32>| weights.iter().map(|w| w * w).sum::<f32>().sqrt();
            let weight = |unit: usize| norm(before.kernel.column(unit)) * norm(after.kernel.row(unit));
            let mut order: Vec<usize> = (0..units).collect();
            order.sort_by(|&a, &b| weight(b).total_cmp(&weight(a)));
            order.truncate(kept);
            order.sort_unstable();
            before.kernel = before.kernel.select(Axis(1), &order);
            before.bias = before.bias.select(Axis(0), &order);
            after.kernel = after.kernel.select(Axis(0), &order);
        }
        pruned
    }

    /// The network with each linear layer merged into the next, since `(x A) B = x (A B)`: one layer with fewer parameters, or
    /// more where the layer was a thin one. The inverse of [`Sequential::factored`].
    #[must_use]
    pub fn merged(&self) -> Self {
        let mut layers: Vec<Dense> = Vec::new();
        for dense in self.dense_layers() {
            match layers.pop_if(|before| before.activation == Activation::Linear) {
                None => layers.push(dense.clone()),
                Some(before) => layers.push(Dense {
                    kernel: before.kernel.dot(&dense.kernel),
                    bias: before.bias.dot(&dense.kernel) + &dense.bias,
                    ..dense.clone()
                }),
            }
        }
        Self { layers: layers.into_iter().map(Layer::Dense).collect(), ..self.clone() }
    }

    /// The network with each layer as two, of which the first is linear and has `rank` units, wherever both together have fewer
    /// weights: the nearest such product of two matrices, by the singular values (Eckart and Young 1936).
    #[must_use]
    pub fn factored(&self, rank: usize) -> Self {
        let layers = self.dense_layers().flat_map(|dense| match factors(&dense.kernel, rank) {
            None => vec![dense.clone()],
            Some((first, second)) => vec![
                Dense {
                    name: format!("{}_factor", dense.name),
                    bias: Array1::zeros(rank),
                    kernel: first,
                    activation: Activation::Linear,
                },
                Dense { kernel: second, ..dense.clone() },
            ],
        });
        Self { layers: layers.map(Layer::Dense).collect(), ..self.clone() }
    }
}

/// Two matrices of inputs x rank and rank x units, where they have fewer elements than `kernel`.
fn factors(kernel: &Array2<f32>, rank: usize) -> Option<(Array2<f32>, Array2<f32>)> {
    let (inputs, units) = kernel.dim();
    if rank == 0 || rank * (inputs + units) >= inputs * units {
        return None;
    }
    let svd = DMatrix::from_fn(inputs, units, |i, j| f64::from(kernel[[i, j]])).svd(true, true);
    let (u, v) = (svd.u?, svd.v_t?);
    // The largest ones come first. Both factors get the root of each, so that their weights are of one size.
    let root = |k: usize| svd.singular_values[k].sqrt();
    let first = Array2::from_shape_fn((inputs, rank), |(i, k)| (u[(i, k)] * root(k)) as f32);
    let second = Array2::from_shape_fn((rank, units), |(k, j)| (root(k) * v[(k, j)]) as f32);
    Some((first, second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Encoding, Input};
    use crate::tolerance;
    use ndarray::array;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn network(sizes: &[usize]) -> Sequential {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let layers = sizes.windows(2).enumerate().map(|(k, pair)| {
            let kernel = Array2::from_shape_simple_fn((pair[0], pair[1]), || random.random::<f32>() - 0.5);
            let bias = Array1::from_shape_simple_fn(pair[1], || random.random::<f32>() - 0.5);
            Layer::Dense(Dense { name: format!("dense_{k}"), kernel, bias, activation: Activation::Relu })
        });
        let layers = layers.collect();
        Sequential {
            name: "net".into(),
            input: Input::new(vec![sizes[0]], Encoding::Real),
            layers,
            class_names: vec![],
        }
    }

    #[test]
    fn units_without_weight_change_nothing() {
        let mut net = network(&[5, 8, 6, 3]);
        let x = Array2::from_shape_fn((9, 5), |(i, j)| (i * 7 + j * 3) as f32 % 5.0 - 2.0);
        let mut layers = net.dense_layers_mut();
        let (first, second) = (layers.next().unwrap(), layers.next().unwrap());
        // A quarter of the first layer's units, one silenced before and one behind.
        first.kernel.column_mut(2).fill(0.0);
        first.bias[2] = 0.0;
        second.kernel.row_mut(7).fill(0.0);
        drop(layers);
        let pruned = net.pruned(0.25);
        let units: Vec<usize> = pruned.dense_layers().map(Dense::units).collect();
        assert_eq!(units, [6, 5, 3]);
        let first_only = Sequential { layers: net.layers[..1].to_vec(), ..net.clone() };
        let kept = first_only.forward(x.view()).select(Axis(1), &[0, 1, 3, 4, 5, 6]);
        let shrunk = Sequential { layers: pruned.layers[..1].to_vec(), ..pruned };
        assert_eq!(shrunk.forward(x.view()), kept);
        assert_eq!(net.pruned(0.99).dense_layers().map(Dense::units).collect::<Vec<_>>(), [1, 1, 3]);
        assert_eq!(net.pruned(0.0), net);
    }

    #[test]
    fn linear_layers_in_a_row_are_one() {
        let mut net = network(&[5, 8, 6, 3]);
        let x = Array2::from_shape_fn((9, 5), |(i, j)| (i * 7 + j * 3) as f32 % 5.0 - 2.0);
        assert_eq!(net.merged(), net);
        net.dense_layers_mut().take(2).for_each(|dense| dense.activation = Activation::Linear);
        let merged = net.merged();
        assert_eq!(merged.dense_layers().map(|dense| dense.kernel.dim()).collect::<Vec<_>>(), [(5, 3)]);
        assert_eq!(merged.output_activation(), Activation::Relu);
        let difference = merged.forward(x.view()) - net.forward(x.view());
        assert!(difference.iter().all(|difference| difference.abs() < tolerance::SUM), "{difference}");
        // A linear last layer has no next one.
        net.dense_layers_mut().for_each(|dense| dense.activation = Activation::Relu);
        net.dense_layers_mut().last().unwrap().activation = Activation::Linear;
        assert_eq!(net.merged(), net);
    }

    #[test]
    fn factors_of_a_thin_matrix_are_exact_and_others_are_the_nearest() {
        let mut net = network(&[12, 10, 4]);
        let thin = array![[1.0f32, -2.0], [0.5, 3.0]];
        let (left, right) = (net.dense_layers().next().unwrap().kernel.clone(), network(&[2, 10]));
        let right = &right.dense_layers().next().unwrap().kernel.clone();
        net.dense_layers_mut().next().unwrap().kernel = left.slice(ndarray::s![.., ..2]).dot(&thin).dot(right);
        let factored = net.factored(2);
        let shapes: Vec<(usize, usize)> = factored.dense_layers().map(|dense| dense.kernel.dim()).collect();
        // The second layer's 10 x 4 in 2 x (10 + 4) saves weights, too.
        assert_eq!(shapes, [(12, 2), (2, 10), (10, 2), (2, 4)]);
        let product = |net: &Sequential| {
            let kernels: Vec<_> = net.dense_layers().take(2).map(|dense| dense.kernel.clone()).collect();
            kernels[0].dot(&kernels[1])
        };
        let exact = &net.dense_layers().next().unwrap().kernel;
        assert!((product(&factored) - exact).iter().all(|difference| difference.abs() < tolerance::SUM));
        let far = (product(&net.factored(1)) - exact).mapv(|d| d * d).sum().sqrt();
        let second = DMatrix::from_fn(12, 10, |i, j| f64::from(exact[[i, j]])).singular_values()[1] as f32;
        assert!((far - second).abs() < tolerance::SUM, "the error is the singular value left out: {far}, {second}");
        // Where nothing is saved, nothing changes.
        assert_eq!(net.factored(8), net);
    }
}
