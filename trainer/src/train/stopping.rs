//! What a training does by its history alone: so an interrupted one does the same when it goes on.

use super::history::Record;

/// What is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Monitor {
    /// The mean loss of the training samples.
    Loss,
    /// The mean loss of the validation samples.
    #[default]
    ValLoss,
    /// The share of right answers among the validation samples.
    ValAccuracy,
}

impl Monitor {
    /// A record's value, such that less is better; infinite where the record has none.
    fn badness(self, record: &Record) -> f64 {
        match self {
            Self::Loss => Some(record.loss),
            Self::ValLoss => record.val_loss,
            Self::ValAccuracy => record.val_accuracy.map(|accuracy| -accuracy),
        }
        .unwrap_or(f64::INFINITY)
    }

    /// The index of the best record and whether it is the last, an improvement being more than `min_delta` (Keras).
    fn best(self, records: &[Record], min_delta: f64) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (index, record) in records.iter().enumerate() {
            let badness = self.badness(record);
            if best.is_none_or(|(_, least)| badness < least - min_delta) {
                best = Some((index, badness));
            }
        }
        best.map(|(index, _)| index)
    }
}

/// Ends a training that gets no better, and gives the weights of its best epoch (Keras' `EarlyStopping` with
/// `restore_best_weights`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyStopping {
    /// What is watched.
    pub monitor: Monitor,
    /// After so many epochs without an improvement it ends.
    pub patience: usize,
    /// What is less is no improvement.
    pub min_delta: f64,
}

impl EarlyStopping {
    /// Whether the last of these epochs is the best.
    pub(super) fn improved(self, records: &[Record]) -> bool {
        self.monitor.best(records, self.min_delta).is_some_and(|best| best + 1 == records.len())
    }

    /// Whether these epochs are enough.
    pub(super) fn ends(self, records: &[Record]) -> bool {
        self.monitor.best(records, self.min_delta).is_some_and(|best| records.len() - 1 - best >= self.patience)
    }
}

/// Lowers the learning rate when a training gets no better (Keras' `ReduceLROnPlateau`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    /// What is watched.
    pub monitor: Monitor,
    /// What the rate is multiplied by.
    pub factor: f32,
    /// After so many epochs without an improvement, and again after as many more.
    pub patience: usize,
    /// What is less is no improvement.
    pub min_delta: f64,
    /// The least factor of all together.
    pub floor: f32,
}

impl ReduceOnPlateau {
    /// The factor after these epochs.
    pub(super) fn factor(self, records: &[Record]) -> f32 {
        let (mut least, mut waited, mut factor) = (f64::INFINITY, 0, 1.0f32);
        for record in records {
            let badness = self.monitor.badness(record);
            if badness < least - self.min_delta {
                (least, waited) = (badness, 0);
                continue;
            }
            waited += 1;
            if waited >= self.patience {
                (factor, waited) = ((factor * self.factor).max(self.floor), 0);
            }
        }
        factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance;
    use crate::train::parity::{fixture, numbers};

    fn records(losses: &[f64]) -> Vec<Record> {
        let record = |(index, &loss): (usize, &f64)| Record {
            epoch: index + 1,
            loss: 0.0,
            accuracy: None,
            val_loss: Some(loss),
            val_accuracy: Some(1.0 - loss),
            learning_rate: 0.1,
            seconds: 0.0,
        };
        losses.iter().enumerate().map(record).collect()
    }

    #[test]
    fn it_ends_after_the_patience_and_knows_the_best() {
        for monitor in [Monitor::ValLoss, Monitor::ValAccuracy] {
            let stopping = EarlyStopping { monitor, patience: 2, min_delta: 0.01 };
            let losses = [0.5, 0.4, 0.395, 0.45, 0.3, 0.31, 0.295];
            let best: Vec<bool> = (1..=7).map(|n| stopping.improved(&records(&losses[..n]))).collect();
            assert_eq!(best, [true, true, false, false, true, false, false]);
            let ends: Vec<bool> = (1..=7).map(|n| stopping.ends(&records(&losses[..n]))).collect();
            assert_eq!(ends, [false, false, false, true, false, false, true]);
        }
    }

    #[test]
    fn the_rate_falls_on_a_plateau_as_in_pytorch() {
        // PyTorch's patience counts the epochs that it tolerates, ours (Keras') those after which it acts.
        let plateau =
            ReduceOnPlateau { monitor: Monitor::ValLoss, factor: 0.5, patience: 2, min_delta: 0.0, floor: 0.1 };
        let fixture = &fixture("torch_training.json")["plateau"];
        let (losses, rates) = (numbers(&fixture["losses"]), numbers(&fixture["rates"]));
        for (n, rate) in rates.iter().enumerate() {
            assert!(
                (f64::from(plateau.factor(&records(&losses[..=n]))) - rate).abs() < f64::from(tolerance::FUNCTION),
                "{n}"
            );
        }
    }
}
