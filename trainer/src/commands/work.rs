//! How far long work is, on standard error: a bar with rate and remaining time on a terminal, elsewhere a plain line now and
//! then, and nothing under `--quiet`. Ctrl-C ends the work between two parts of it, so that all is tidied up.

use super::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::train::watch;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a line is worth the reader's while.
const LINE: Duration = Duration::from_secs(5);

/// Work of so many parts.
#[derive(Debug)]
pub(super) struct Work {
    what: String,
    unit: &'static str,
    done: u64,
    total: u64,
    bar: ProgressBar,
    /// When a line was written last; `None` where there are none.
    said: Option<Instant>,
    stop: &'static AtomicBool,
}

impl Work {
    /// Work called `what` of `total` parts called `unit`. From now on, Ctrl-C is seen by [`Work::advance`] only.
    pub(super) fn begin(what: impl Into<String>, unit: &'static str, total: u64, settings: &Settings) -> Self {
        let what = what.into();
        let terminal = std::io::stderr().is_terminal();
        let bar = if settings.quiet || !terminal { ProgressBar::hidden() } else { ProgressBar::new(total) };
        let template = if unit == "bytes" {
            "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left"
        } else {
            "{prefix} {wide_bar} {pos}/{len} {per_sec}, {eta} left"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(what.clone());
        let said = (!settings.quiet && !terminal).then(Instant::now);
        Self { what, unit, done: 0, total, bar, said, stop: watch() }
    }

    /// More of it is to be done than was known.
    pub(super) fn extend(&mut self, by: u64) {
        self.total += by;
        self.bar.set_length(self.total);
    }

    /// So many more parts are done.
    /// # Errors
    /// [`ErrorKind::Interrupted`] after Ctrl-C.
    pub(super) fn advance(&mut self, by: u64) -> Result<()> {
        self.done += by;
        self.bar.set_position(self.done);
        let Self { what, unit, done, total, .. } = &*self;
        if self.said.is_some_and(|said| said.elapsed() >= LINE) {
            let _ = writeln!(std::io::stderr(), "{what}: {done} of {total} {unit}");
            self.said = Some(Instant::now());
        }
        if self.stop.load(Ordering::Relaxed) { Err(self.interrupted()) } else { Ok(()) }
    }

    /// An error that came between: a terminal's Ctrl-C reaches the emulated chip, too, and what that says then is no news.
    pub(super) fn or_interrupted(&self, error: Error) -> Error {
        if self.stop.load(Ordering::Relaxed) { self.interrupted() } else { error }
    }

    fn interrupted(&self) -> Error {
        let Self { what, unit, done, total, .. } = self;
        Error::new(ErrorKind::Interrupted, what, format!("interrupted after {done} of {total} {unit}"))
    }

    /// Writes a line above the bar.
    pub(super) fn line(&self, settings: &Settings, line: &str) {
        self.bar.suspend(|| settings.note(line));
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
