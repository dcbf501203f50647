//! What happened in each epoch.

use std::fmt::Write;

/// One epoch's numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Counted from 1.
    pub epoch: usize,
    /// The mean loss of the training samples, each taken before the update of its batch.
    pub loss: f64,
    /// The share of right answers among them; `None` for a regression.
    pub accuracy: Option<f64>,
    /// The mean loss of the validation samples after the epoch.
    pub val_loss: Option<f64>,
    /// The share of right answers among them.
    pub val_accuracy: Option<f64>,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// How long the epoch took, without the validation.
    pub seconds: f64,
}

/// The epochs of a training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// One record per epoch, in order.
    pub records: Vec<Record>,
    /// Per dense layer, the range of its sums that its rounded outputs were learned with; `None` where they are not rounded.
    pub ranges: Ranges,
}

/// One range, or none, per dense layer.
pub type Ranges = Vec<Option<[f32; 2]>>;

impl History {
    /// The history as named columns; those that hold nothing are left out.
    pub fn columns(&self) -> Vec<(String, Vec<f64>)> {
        type Column = fn(&Record) -> Option<f64>;
        let columns: [(&str, Column); 7] = [
            ("epoch", |r| Some(r.epoch as f64)),
            ("loss", |r| Some(r.loss)),
            ("accuracy", |r| r.accuracy),
            ("val_loss", |r| r.val_loss),
            ("val_accuracy", |r| r.val_accuracy),
            ("learning_rate", |r| Some(r.learning_rate)),
            ("seconds", |r| Some(r.seconds)),
        ];
        columns
            .into_iter()
            .map(|(name, column)| (name.to_string(), self.records.iter().filter_map(column).collect::<Vec<_>>()))
            .filter(|(_, values)| !values.is_empty() && values.len() == self.records.len())
            .collect()
    }

    /// How long all epochs took, without the validation.
    pub fn seconds(&self) -> f64 {
        self.records.iter().map(|record| record.seconds).sum()
    }

    /// The history as CSV, one row per epoch.
    pub fn csv(&self) -> String {
        let columns = self.columns();
        let mut text = columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",") + "\n";
        for row in 0..self.records.len() {
            let cells: Vec<_> = columns.iter().map(|(_, values)| values[row].to_string()).collect();
            let _ = writeln!(text, "{}", cells.join(","));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{History, Record};

    #[test]
    fn empty_columns_are_left_out() {
        let record = Record {
            epoch: 1,
            loss: 0.25,
            accuracy: Some(0.5),
            val_loss: None,
            val_accuracy: None,
            learning_rate: 0.001,
            seconds: 1.5,
        };
        let history = History { records: vec![record, Record { epoch: 2, ..record }], ..History::default() };
        assert_eq!(
            history.csv(),
            "epoch,loss,accuracy,learning_rate,seconds\n1,0.25,0.5,0.001,1.5\n2,0.25,0.5,0.001,1.5\n"
        );
    }
}
