//! Ctrl-C: the first asks the training to end after its step, the second ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

static RAISED: AtomicBool = AtomicBool::new(false);

/// Watches for Ctrl-C (and a request to terminate) from now on, and gives the flag that it raises.
pub fn watch() -> &'static AtomicBool {
    // A second call finds the handler in place: that is no error.
    let _ = ctrlc::set_handler(|| {
        if RAISED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    &RAISED
}
