//! Order and parts: shuffling, batches, and the split into training and test data, all from a seed.

use super::Dataset;
use crate::error::Result;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Data to learn from and data to be judged by.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits {
    /// To learn from.
    pub train: Dataset,
    /// To be judged by.
    pub test: Dataset,
}

impl Splits {
    /// Both with class indices as targets, and the same classes: see [`Dataset::classified`].
    /// # Errors
    /// [`ErrorKind::Data`](crate::error::ErrorKind::Data) where the targets are no class indices.
    pub fn classified(self) -> Result<Self> {
        let (train, test) = (self.train.classified(&[])?, self.test.classified(&[])?);
        let names = if train.class_names.len() < test.class_names.len() { &test } else { &train }.class_names.clone();
        Ok(Self { train: train.classified(&names)?, test: test.classified(&names)? })
    }
}

/// The numbers `0..length` in an order that depends only on `seed` (ChaCha8, so the same on every machine).
pub fn permutation(length: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}

impl Dataset {
    /// Shuffles by `seed` and takes the last `test_samples` for testing, at most all but one.
    pub fn split(&self, test_samples: usize, seed: u64) -> Splits {
        let order = permutation(self.samples(), seed);
        let (train, test) = order.split_at(self.samples() - test_samples.min(self.samples().saturating_sub(1)));
        Splits { train: self.select(train), test: self.select(test) }
    }
}

/// The rows of one epoch, in batches: shuffled anew for every epoch, the last batch as small as it must be.
#[derive(Clone, Debug)]
pub struct Batches {
    order: Vec<usize>,
    size: usize,
    random: ChaCha8Rng,
}

impl Batches {
    /// Batches of `size` (at least 1) rows out of `samples`.
    pub fn new(samples: usize, size: usize, seed: u64) -> Self {
        Self { order: (0..samples).collect(), size: size.max(1), random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The next epoch's batches.
    pub fn epoch(&mut self) -> std::slice::Chunks<'_, usize> {
        self.order.shuffle(&mut self.random);
        self.order.chunks(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Features, Targets};
    use super::*;
    use ndarray::Array2;

    fn numbered(samples: usize) -> Dataset {
        Dataset {
            name: "numbered".into(),
            features: Features::Real(Array2::from_shape_fn((samples, 1), |(row, _)| row as f32)),
            targets: Targets::Classes((0..samples as u32).collect()),
            class_names: Vec::new(),
            feature_names: vec!["x".into()],
            image_shape: None,
        }
    }

    fn classes(data: &Dataset) -> Vec<u32> {
        let (Features::Real(values), Targets::Classes(classes)) = (&data.features, &data.targets) else { panic!() };
        assert!(values.iter().zip(classes).all(|(&value, &class)| value == class as f32), "rows and targets part");
        classes.clone()
    }

    #[test]
    fn a_split_is_a_partition_and_depends_on_the_seed_only() {
        let data = numbered(50);
        let Splits { train, test } = data.split(12, 7);
        let mut all = [classes(&train), classes(&test)].concat();
        assert_eq!((train.samples(), test.samples()), (38, 12));
        assert_ne!(all, (0..50).collect::<Vec<_>>());
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<_>>());
        assert_eq!(data.split(12, 7), data.split(12, 7));
        assert_ne!(data.split(12, 7), data.split(12, 8));
        assert_eq!(data.split(99, 7).train.samples(), 1);
    }

    #[test]
    fn every_epoch_visits_every_row_once_in_a_new_order() {
        let mut batches = Batches::new(10, 4, 1);
        let first: Vec<Vec<usize>> = batches.epoch().map(<[usize]>::to_vec).collect();
        let second: Vec<Vec<usize>> = batches.epoch().map(<[usize]>::to_vec).collect();
        assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
        assert_ne!(first, second);
        let mut rows = second.concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..10).collect::<Vec<_>>());
    }
}
