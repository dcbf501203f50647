//! Logs by defmt, beside the frames: over semihosting under QEMU, over RTT with a probe; without the feature `log`, none.

#[cfg(all(feature = "log", feature = "qemu"))]
use defmt_semihosting as _;

/// Logs at the level `info`.
#[cfg(feature = "log")]
macro_rules! info {
    ($($text:tt)*) => { defmt::info!($($text)*) };
}

/// Logs at the level `warn`.
#[cfg(feature = "log")]
macro_rules! warn {
    ($($text:tt)*) => { defmt::warn!($($text)*) };
}

#[cfg(not(feature = "log"))]
macro_rules! info {
    ($text:literal $(, $value:expr)*) => {{ $(let _ = &$value;)* }};
}

#[cfg(not(feature = "log"))]
macro_rules! warn {
    ($text:literal $(, $value:expr)*) => {{ $(let _ = &$value;)* }};
}
