//! One message as bytes on the wire, and back.

use cobs::{EncoderState, PushResult};
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::{Deserialize, Serialize};

/// The version of the messages. A chip that hears another one answers [`Refusal::Version`](crate::Refusal::Version).
pub const VERSION: u8 = 1;

/// The same CRC as in a `.tnet`: IEEE 802.3, reflected. Without a table: on the chip a kilobyte of flash is worth more than
/// the time.
const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// Why some bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The bytes were lost or changed on the way.
    Garbled,
    /// The frame arrived whole, but in another version of the protocol.
    Version {
        /// The version of the frame.
        found: u8,
        /// Its sequence number, to answer under.
        sequence: u16,
    },
    /// The frame arrived whole, but holds no message that this side knows.
    Unknown {
        /// The frame's sequence number, to answer under.
        sequence: u16,
    },
    /// The message is longer than the buffer.
    Length,
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Garbled => f.write_str("a frame was garbled on the way"),
            Self::Version { found, .. } => {
                write!(f, "the other side speaks version {found} of the link, this one version {VERSION}")
            }
            Self::Unknown { .. } => f.write_str("a frame holds an unknown message"),
            Self::Length => f.write_str("a message is too long for a frame"),
        }
    }
}

impl core::error::Error for FrameError {}

/// The buffer that a frame around `payload` bytes of data takes at most: a message's other fields, the checksum, COBS's byte
/// for every 254, and the closing zero.
pub const fn frame_len(payload: usize) -> usize {
    let body = payload + OVERHEAD;
    // Twice, since the room in front is reckoned from the whole buffer.
    body + cobs_room(body + cobs_room(body))
}

/// Version, sequence number, two discriminants, a layer and a start or a count, a length, and the checksum, each at its
/// longest.
const OVERHEAD: usize = 1 + 3 + 2 + 3 + 5 + 5 + 4;

/// What stands in front of every message; its form is the same in all versions.
type Head = (u8, u16);

/// Writes `message` as a frame at the start of `buffer`, closing zero included.
/// # Errors
/// [`FrameError::Length`] if it does not fit.
pub fn encode<'a>(sequence: u16, message: &impl Serialize, buffer: &'a mut [u8]) -> Result<&'a mut [u8], FrameError> {
    let head: Head = (VERSION, sequence);
    // The message lies as far back as COBS may need room in front, so that it can move forward in place.
    let room = cobs_room(buffer.len());
    let body = buffer.get_mut(room..).ok_or(FrameError::Length)?;
    let len = postcard::to_slice(&(head, message), body).map_err(|_| FrameError::Length)?.len();
    let (message, rest) = body.split_at_mut_checked(len).ok_or(FrameError::Length)?;
    *rest.first_chunk_mut().ok_or(FrameError::Length)? = CRC.checksum(message).to_le_bytes();
    stuff(buffer, room, len + 4).ok_or(FrameError::Length)
}

/// The most that COBS and the closing zero add to a frame of up to `len` bytes.
const fn cobs_room(len: usize) -> usize {
    len / 254 + 2
}

/// Encodes the `len` bytes at `from` to the start of the buffer: what is written never overtakes what is read.
fn stuff(buffer: &mut [u8], from: usize, len: usize) -> Option<&mut [u8]> {
    let mut state = EncoderState::default();
    let mut end = 1;
    for at in from..from + len {
        let byte = *buffer.get(at)?;
        match state.push(byte) {
            PushResult::AddSingle(byte) => {
                *buffer.get_mut(end)? = byte;
                end += 1;
            }
            PushResult::ModifyFromStartAndSkip((code_at, code)) => {
                *buffer.get_mut(code_at)? = code;
                end += 1;
            }
            PushResult::ModifyFromStartAndPushAndSkip((code_at, code, byte)) => {
                *buffer.get_mut(code_at)? = code;
                *buffer.get_mut(end)? = byte;
                end += 2;
            }
        }
    }
    let (code_at, code) = state.finalize();
    *buffer.get_mut(code_at)? = code;
    *buffer.get_mut(end)? = 0;
    buffer.get_mut(..=end)
}

/// Reads the frame in `bytes` (without the closing zero), which is decoded in place: the message borrows from it.
/// # Errors
/// See [`FrameError`]; the bytes are spent then.
pub fn decode<'a, M: Deserialize<'a>>(bytes: &'a mut [u8]) -> Result<(u16, M), FrameError> {
    let len = cobs::decode_in_place(bytes).map_err(|_| FrameError::Garbled)?;
    let (body, crc) = bytes.get(..len).and_then(<[u8]>::split_last_chunk::<4>).ok_or(FrameError::Garbled)?;
    if CRC.checksum(body) != u32::from_le_bytes(*crc) {
        return Err(FrameError::Garbled);
    }
    let ((version, sequence), rest) = postcard::take_from_bytes::<Head>(body).map_err(|_| FrameError::Garbled)?;
    if version != VERSION {
        return Err(FrameError::Version { found: version, sequence });
    }
    match postcard::take_from_bytes(rest) {
        Ok((message, [])) => Ok((sequence, message)),
        _ => Err(FrameError::Unknown { sequence }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Request};

    #[test]
    fn a_message_comes_back_as_it_was() {
        let input: [u8; 784] = core::array::from_fn(|i| (i * 7) as u8);
        let mut buffer = [0; frame_len(784)];
        let frame = encode(513, &Request::Infer { inputs: &input }, &mut buffer).unwrap();
        assert_eq!(frame.iter().position(|&byte| byte == 0), Some(frame.len() - 1));
        let len = frame.len() - 1;
        assert_eq!(decode(&mut frame[..len]), Ok((513, Request::Infer { inputs: &input })));
    }

    #[test]
    fn frame_len_is_enough_for_the_worst_payload() {
        for payload in [0, 1, 200, 253, 254, 255, 508, 784, 3072] {
            // No zero byte in it: COBS then needs its byte for every 254.
            let bytes = [0xff; 3072];
            let mut buffer = [0; 4096];
            let answer = Answer::Outputs { count: u32::MAX, outputs: &bytes[..payload] };
            assert!(encode(u16::MAX, &answer, &mut buffer[..frame_len(payload)]).is_ok(), "{payload}");
        }
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let mut buffer = [0; 64];
        let frame = encode(7, &Request::Profile { layer: 0, input: &[1, 0, 2, 0, 0, 3] }, &mut buffer).unwrap();
        let whole = &frame[..frame.len() - 1];
        for at in 0..whole.len() {
            for change in 1..=255 {
                let mut copy = [0; 64];
                copy[..whole.len()].copy_from_slice(whole);
                copy[at] ^= change;
                assert_eq!(decode::<Request>(&mut copy[..whole.len()]), Err(FrameError::Garbled), "{at} {change}");
            }
            let mut copy = [0; 64];
            copy[..at].copy_from_slice(&whole[..at]);
            copy[at..whole.len() - 1].copy_from_slice(&whole[at + 1..]);
            assert_eq!(decode::<Request>(&mut copy[..whole.len() - 1]), Err(FrameError::Garbled), "{at} dropped");
        }
    }

    #[test]
    fn another_version_and_an_unknown_message_are_told_apart() {
        fn sealed(head: Head, message: u8, buffer: &mut [u8]) -> &mut [u8] {
            let len = postcard::to_slice(&(head, message), &mut buffer[2..]).unwrap().len();
            let crc = CRC.checksum(&buffer[2..2 + len]).to_le_bytes();
            buffer[2 + len..6 + len].copy_from_slice(&crc);
            let end = stuff(buffer, 2, len + 4).unwrap().len() - 1;
            &mut buffer[..end]
        }
        let newer = FrameError::Version { found: VERSION + 1, sequence: 9 };
        assert_eq!(decode::<Request>(sealed((VERSION + 1, 9), 0, &mut [0; 64])), Err(newer));
        assert_eq!(decode::<Request>(sealed((VERSION, 9), 99, &mut [0; 64])), Err(FrameError::Unknown { sequence: 9 }));
    }

    #[test]
    fn a_short_buffer_is_an_error() {
        assert_eq!(encode(1, &Request::Infer { inputs: &[1; 30] }, &mut [0; 30]), Err(FrameError::Length));
        assert_eq!(encode(1, &Request::Hello, &mut []), Err(FrameError::Length));
    }
}
