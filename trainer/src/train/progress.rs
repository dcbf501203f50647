//! What a training says while it runs.

use super::history::Record;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Who is told how a training goes on.
pub trait Progress: Sync {
    /// After a step: so many samples of the epoch are done, with this mean loss so far.
    fn step(&self, _epoch: usize, _samples: usize, _loss: f32) {}
    /// After an epoch.
    fn epoch(&self, _record: &Record) {}
}

/// A time as people read it: `43 µs`, `5.1 ms`, `0.81 s`, `74 s`, `12 minutes`.
pub fn readable(seconds: f64) -> String {
    match seconds {
        ..1e-3 => format!("{:.0} µs", seconds * 1e6),
        ..0.1 => format!("{:.1} ms", seconds * 1e3),
        ..10.0 => format!("{seconds:.2} s"),
        ..600.0 => format!("{seconds:.0} s"),
        _ => format!("{:.0} minutes", seconds / 60.0),
    }
}

/// Nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {}

/// Standard error: a bar with the samples a second and the remaining time on a terminal, else a line per epoch, at most one a second.
#[derive(Debug)]
pub struct Console {
    bar: Option<ProgressBar>,
    epochs: usize,
    samples: usize,
    last: Mutex<Option<Instant>>,
}

/// How often a line or a bar is worth the reader's while.
const LINE: Duration = Duration::from_secs(1);

impl Console {
    /// For a training of so many epochs of so many samples.
    pub fn new(epochs: usize, samples: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix} {wide_bar} {msg}, {per_sec}, {eta} left");
            let bar = ProgressBar::new(samples as u64 * epochs as u64);
            if let Ok(style) = style { bar.with_style(style) } else { bar }
        });
        Self { bar, epochs, samples, last: Mutex::new(None) }
    }

    /// Whether a second has passed since this was last true.
    fn due(&self, interval: Duration) -> bool {
        let Ok(mut last) = self.last.lock() else { return false };
        let due = last.is_none_or(|last| last.elapsed() >= interval);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

impl Progress for Console {
    fn step(&self, epoch: usize, samples: usize, loss: f32) {
        // Looking at the clock costs more than a small network's step.
        if samples % 1024 < 32
            && let Some(bar) = &self.bar
        {
            bar.set_prefix(format!("epoch {epoch}/{}", self.epochs));
            bar.set_position(((epoch - 1) * self.samples + samples) as u64);
            bar.set_message(format!("loss {loss:.4}"));
        }
    }

    fn epoch(&self, record: &Record) {
        if record.epoch < self.epochs && !self.due(LINE) {
            return;
        }
        let mut line = format!("epoch {:>3}/{}: loss {:.4}", record.epoch, self.epochs, record.loss);
        let mut add = |name: &str, value: Option<f64>, percent: bool| {
            if let Some(value) = value {
                let shown = if percent { format!("{:.2} %", 100.0 * value) } else { format!("{value:.4}") };
                let _ = write!(line, ", {name} {shown}");
            }
        };
        add("accuracy", record.accuracy, true);
        add("validation loss", record.val_loss, false);
        add("validation accuracy", record.val_accuracy, true);
        let _ = write!(line, ", {}", readable(record.seconds));
        match &self.bar {
            Some(bar) => bar.println(line),
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
        if record.epoch == self.epochs
            && let Some(bar) = &self.bar
        {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        for (seconds, expected) in
            [(4.27e-5, "43 µs"), (0.0051, "5.1 ms"), (0.81, "0.81 s"), (74.2, "74 s"), (720.0, "12 minutes")]
        {
            assert_eq!(readable(seconds), expected);
        }
    }
}
