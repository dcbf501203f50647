//! Bytes as they come in, until they are a frame.

/// Collects the bytes of a frame in a caller's buffer.
#[derive(Debug)]
pub struct Receiver<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Receiver<'a> {
    /// A receiver of frames of up to `buffer.len()` bytes.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Takes one byte. If it closes a frame, gives the frame's bytes, ready for [`decode`](crate::decode); a frame that
    /// was too long comes out cut, and its checksum tells. Empty frames are skipped: a sender may put a zero in front of a
    /// frame to end whatever a vanished sender left unfinished.
    pub fn push(&mut self, byte: u8) -> Option<&mut [u8]> {
        if byte != 0 {
            if let Some(place) = self.buffer.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
            return None;
        }
        let len = self.len;
        self.clear();
        if len == 0 { None } else { self.buffer.get_mut(..len) }
    }

    /// Forgets an unfinished frame.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// The buffer between two frames, for another use until the next byte.
    pub fn buffer(&mut self) -> &mut [u8] {
        self.clear();
        self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrameError, Request, decode, encode};

    fn feed<'r>(receiver: &'r mut Receiver, bytes: &[u8]) -> Option<&'r mut [u8]> {
        let (last, first) = bytes.split_last().unwrap();
        for &byte in first {
            assert!(receiver.push(byte).is_none());
        }
        receiver.push(*last)
    }

    #[test]
    fn what_a_vanished_sender_left_costs_nothing_after_a_zero() {
        let mut bytes = [0; 64];
        let frame = encode(3, &Request::Hello, &mut bytes).unwrap();
        let mut buffer = [0; 32];
        let mut receiver = Receiver::new(&mut buffer);
        assert!(receiver.push(frame[0]).is_none());
        assert!(receiver.push(frame[1]).is_none());
        assert_eq!(decode::<Request>(receiver.push(0).unwrap()), Err(FrameError::Garbled));
        assert!(receiver.push(0).is_none());
        assert_eq!(decode(feed(&mut receiver, frame).unwrap()), Ok((3, Request::Hello)));
    }

    #[test]
    fn a_frame_that_is_too_long_is_garbled_and_the_next_one_is_not() {
        let mut bytes = [0; 64];
        let mut buffer = [0; 16];
        let mut receiver = Receiver::new(&mut buffer);
        let long = encode(4, &Request::Infer { inputs: &[1; 20] }, &mut bytes).unwrap();
        assert_eq!(decode::<Request>(feed(&mut receiver, long).unwrap()), Err(FrameError::Garbled));
        let frame = encode(5, &Request::Memory, &mut bytes).unwrap();
        assert_eq!(decode(feed(&mut receiver, frame).unwrap()), Ok((5, Request::Memory)));
    }
}
