//! Whether there is room for a training, before it begins: a process that the system ends says nothing.

use std::fmt::Write;

/// Numbers of four bytes that a parameter takes in training: the network, the engine's weight and moments, the checkpoint's copies
/// of these, the finished and the best network, and what is written at the end.
const COPIES: usize = 12;

/// Says what is wrong where a network of so many parameters does not fit.
pub(super) fn check(parameters: Option<usize>) -> Result<(), String> {
    let needed = parameters.and_then(|count| count.checked_mul(4 * COPIES));
    let Some(needed) = needed else { return Err("has more parameters than can be counted; make it smaller".into()) };
    let reserved = Vec::<u8>::new().try_reserve_exact(needed).is_ok();
    let free = available().unwrap_or(usize::MAX);
    if reserved && needed <= free {
        return Ok(());
    }
    let megabytes = |bytes: usize| bytes.div_ceil(1_000_000);
    let mut message = format!(
        "has {} parameters and takes about {} MB to train, which is more than there is",
        parameters.unwrap_or_default(),
        megabytes(needed)
    );
    if needed > free {
        let _ = write!(message, " ({} MB are free)", megabytes(free));
    }
    Err(message + "; make its layers smaller")
}

/// The bytes that programs can still have, where the system tells (Linux).
fn available() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_fits_is_let_through_and_what_does_not_is_named() {
        assert_eq!(check(Some(465_706)), Ok(()));
        let message = check(Some(1 << 44)).unwrap_err();
        assert!(
            message.starts_with("has 17592186044416 parameters and takes about 844424931 MB to train"),
            "{message}"
        );
        assert!(check(None).unwrap_err().contains("more parameters than can be counted"));
        assert!(check(Some(usize::MAX)).unwrap_err().contains("more parameters than can be counted"));
    }
}
