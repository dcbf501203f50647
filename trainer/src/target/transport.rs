//! Bytes to and from a chip, whatever carries them.

use std::{io, time::Duration};

/// A line of bytes in both directions. Bytes may be lost or change on the way: the frames notice.
pub trait Transport {
    /// Sends all bytes.
    /// # Errors
    /// If the other end is gone.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits at most `timeout` for bytes, and gives what came; nothing if nothing did.
    /// # Errors
    /// If the other end is gone.
    fn receive(&mut self, timeout: Duration) -> io::Result<Vec<u8>>;
}
