//! What a host and a chip say to each other, and how it becomes bytes. Both sides use this crate, so that neither can
//! understand a message otherwise than the other; it knows no model and no hardware.
//!
//! A frame is `COBS(version, sequence, message, CRC-32)` and a zero byte. Numbers are postcard's: little-endian varints. The
//! host asks, the chip answers each request once, under the request's sequence number. A frame that does not arrive whole
//! is dropped by its checksum; the host asks again, and since no request changes anything but the counters, asking twice
//! does no harm.
#![no_std]
#![forbid(unsafe_code)]

mod frame;
mod message;
mod receiver;

pub use frame::{FrameError, VERSION, decode, encode, frame_len};
pub use message::{Answer, Counter, Element, Hello, Memory, ModelError, ModelInfo, PIECE, Refusal, Request};
pub use receiver::Receiver;
