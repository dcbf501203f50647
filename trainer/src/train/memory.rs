//! Whether there is room for a training, before it begins: a process that the system ends says nothing.

use std::fmt::Write;
use std::path::Path;

/// Numbers of four bytes that a parameter takes in training, at most: the network, the engine's weight (and its rounded copy) and
/// moments, the checkpoint's copies of these and its file, the finished and the best network, and what is written at the end.
const COPIES: usize = 16;

/// Says what is wrong where a network of so many parameters does not fit.
pub(super) fn check(parameters: Option<usize>) -> Result<(), String> {
    let needed = parameters.and_then(|count| count.checked_mul(4 * COPIES));
    let Some(needed) = needed else { return Err("has more parameters than can be counted; make it smaller".into()) };
    let reserved = Vec::<u8>::new().try_reserve_exact(needed).is_ok();
    let free = [available(), left_in_group()].into_iter().flatten().min().unwrap_or(usize::MAX);
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

/// The bytes that the process's control group can still have (Linux, version 2): the limit of a container.
fn left_in_group() -> Option<usize> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let folder = Path::new("/sys/fs/cgroup").join(own.trim_start_matches('/'));
    left(|file| std::fs::read_to_string(folder.join(file)).ok())
}

/// The same, of a group's files; `None` where it has no limit.
fn left(file: impl Fn(&str) -> Option<String>) -> Option<usize> {
    let number = |name| file(name)?.trim().parse::<usize>().ok();
    Some(number("memory.max")?.saturating_sub(number("memory.current")?))
}

#[cfg(test)]
mod tests {
    use super::{check, left};

    #[test]
    fn a_containers_limit_counts() {
        let files = |max: &'static str| move |name: &str| Some(if name == "memory.max" { max } else { "300\n" }.into());
        assert_eq!(left(files("1000\n")), Some(700));
        assert_eq!(left(files("200\n")), Some(0));
        assert_eq!(left(files("max\n")), None);
        assert_eq!(left(|_| None), None);
    }

    #[test]
    fn what_fits_is_let_through_and_what_does_not_is_named() {
        assert_eq!(check(Some(465_706)), Ok(()));
        let message = check(Some(1 << 44)).unwrap_err();
        assert!(
            message.starts_with("has 17592186044416 parameters and takes about 1125899907 MB to train"),
            "{message}"
        );
        assert!(check(None).unwrap_err().contains("more parameters than can be counted"));
        assert!(check(Some(usize::MAX)).unwrap_err().contains("more parameters than can be counted"));
    }
}
