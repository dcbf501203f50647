//! The host's side of the link: one question at a time, asked again until it is answered or it is clear that nobody will.

use super::Transport;
use crate::error::{Error, ErrorKind, Result};
use std::mem;
use std::time::{Duration, Instant, SystemTime};
use thumbnet_link::{
    Answer, FrameError, Hello, Memory, ModelInfo, PIECE, Receiver, Refusal, Request, VERSION, decode, encode, frame_len,
};

/// How often a question is asked before the client gives up. A byte in a thousand garbled spoils every second frame of a
/// 28 x 28 image, and then still one question in a million would go unanswered.
const ATTEMPTS: u32 = 20;

/// A conversation with a chip.
pub struct Client<T> {
    place: String,
    transport: T,
    sequence: u16,
    timeout: Duration,
    buffer: Vec<u8>,
    /// What came after the last frame that was looked at.
    pending: Vec<u8>,
    retries: u64,
}

impl<T: Transport> Client<T> {
    /// A client that calls the chip `place` in its errors, and expects an answer within `timeout`.
    pub fn new(place: impl Into<String>, transport: T, timeout: Duration) -> Self {
        // A number that the last host on this line did not use: what is still under way for it is not for us.
        let sequence =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.subsec_micros() as u16);
        Self {
            place: place.into(),
            transport,
            sequence,
            timeout,
            buffer: vec![0; 1 << 16],
            pending: Vec::new(),
            retries: 0,
        }
    }

    /// Sets how long an answer may take.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// How many questions had to be asked again so far.
    pub fn retries(&self) -> u64 {
        self.retries
    }

    /// What carries the bytes.
    pub fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Asks who the chip is.
    /// # Errors
    /// [`ErrorKind::Target`] if no answer comes, or one in another version of the link.
    pub fn hello(&mut self) -> Result<Hello> {
        self.ask(&Request::Hello, |answer| match answer {
            Answer::Hello(hello) => Some(*hello),
            _ => None,
        })
    }

    /// Asks for outputs, and gives them with the chip's count.
    /// # Errors
    /// As [`Self::ask`].
    pub fn outputs(&mut self, request: &Request) -> Result<(Vec<u8>, u32)> {
        self.ask(request, |answer| match answer {
            Answer::Outputs { count, outputs } => Some((outputs.to_vec(), *count)),
            _ => None,
        })
    }

    /// Asks what leaves a layer for this sample, piece by piece, and gives it with the chip's count.
    /// # Errors
    /// As [`Self::ask`].
    pub fn layer(&mut self, layer: u16, input: &[u8]) -> Result<(Vec<u8>, u32)> {
        let mut all = Vec::new();
        loop {
            let (piece, count) = self.outputs(&Request::Layer { layer, start: all.len() as u32, input })?;
            all.extend(&piece);
            if piece.len() < PIECE {
                return Ok((all, count));
            }
        }
    }

    /// Asks what each layer takes for this sample.
    /// # Errors
    /// As [`Self::ask`].
    pub fn profile(&mut self, input: &[u8]) -> Result<Vec<u32>> {
        let mut all: Vec<u32> = Vec::new();
        loop {
            let request = Request::Profile { layer: all.len() as u16, input };
            let piece: Vec<u32> = self.ask(&request, |answer| match answer {
                Answer::Profile { counts } => {
                    Some(counts.as_chunks().0.iter().map(|&count| u32::from_le_bytes(count)).collect())
                }
                _ => None,
            })?;
            all.extend(&piece);
            if piece.len() < PIECE / 4 {
                return Ok(all);
            }
        }
    }

    /// Asks for the memory used so far.
    /// # Errors
    /// As [`Self::ask`].
    pub fn memory(&mut self) -> Result<Memory> {
        self.ask(&Request::Memory, |answer| match answer {
            Answer::Memory(memory) => Some(*memory),
            _ => None,
        })
    }

    /// Lets the chip start again.
    /// # Errors
    /// As [`Self::ask`].
    pub fn reset(&mut self) -> Result<()> {
        self.ask(&Request::Reset, |answer| (*answer == Answer::Resetting).then_some(()))
    }

    /// Asks `request`, and gives what `read` takes from the answer.
    /// # Errors
    /// [`ErrorKind::Target`] if no answer comes, if it is a refusal, or if `read` finds nothing in it.
    pub fn ask<R>(&mut self, request: &Request, read: impl Fn(&Answer) -> Option<R>) -> Result<R> {
        let place = self.place.clone();
        let error = |message: String| Error::new(ErrorKind::Target, &place, message);
        let gone = |cause: std::io::Error| error(format!("the connection broke: {cause}"));
        self.sequence = self.sequence.wrapping_add(1).max(1); // 0 stands for a frame whose number was lost

        let mut question = vec![0; frame_len(request_len(request)) + 1];
        // The zero in front ends what a vanished host may have left unfinished.
        let len = 1 + encode(self.sequence, request, &mut question[1..]).map_err(|e| error(e.to_string()))?.len();
        for attempt in 0..ATTEMPTS {
            self.retries += u64::from(attempt > 0);
            self.transport.send(&question[..len]).map_err(gone)?;
            match self.wait(&read).map_err(gone)? {
                Reply::Answer(answer) => return Ok(answer),
                Reply::Refused(Refusal::Garbled) | Reply::Nothing => {}
                Reply::Refused(refusal) => return Err(error(explain(refusal))),
                Reply::Unexpected => return Err(error("the chip answers another question; reset it".into())),
                Reply::Version(found) => return Err(error(other_version(found))),
            }
        }
        Err(error(format!(
            "no answer to {ATTEMPTS} questions within {:?} each; is the firmware running, and is nothing else using the line?",
            self.timeout
        )))
    }

    /// Waits for the answer under the current sequence number, and lets `read` take from it what it wants.
    fn wait<R>(&mut self, read: &impl Fn(&Answer) -> Option<R>) -> std::io::Result<Reply<R>> {
        let deadline = Instant::now() + self.timeout;
        let mut receiver = Receiver::new(&mut self.buffer);
        loop {
            let bytes = if self.pending.is_empty() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(Reply::Nothing);
                }
                self.transport.receive(left)?
            } else {
                mem::take(&mut self.pending)
            };
            for (index, &byte) in bytes.iter().enumerate() {
                let Some(frame) = receiver.push(byte) else { continue };
                if let Some(reply) = reply(frame, self.sequence, read) {
                    self.pending.extend(&bytes[index + 1..]);
                    return Ok(reply);
                }
            }
        }
    }
}

/// What a frame says to the question with this number; `None` if it is the answer to another one.
fn reply<R>(frame: &mut [u8], sequence: u16, read: &impl Fn(&Answer) -> Option<R>) -> Option<Reply<R>> {
    match decode::<Answer>(frame) {
        // The chip could not read our question, nor its number.
        Ok((0, Answer::Refused(refusal))) => Some(Reply::Refused(refusal)),
        Ok((found, answer)) if found == sequence => Some(match answer {
            Answer::Refused(refusal) => Reply::Refused(refusal),
            answer => read(&answer).map_or(Reply::Unexpected, Reply::Answer),
        }),
        // An answer to a question that was asked twice, or to another host's.
        Ok(_) => None,
        Err(FrameError::Version { found, .. }) => Some(Reply::Version(found)),
        Err(_) => Some(Reply::Nothing),
    }
}

/// What came of waiting for an answer.
enum Reply<R> {
    Answer(R),
    Refused(Refusal),
    Unexpected,
    Version(u8),
    Nothing,
}

fn request_len(request: &Request) -> usize {
    match request {
        Request::Infer { inputs: bytes }
        | Request::Profile { input: bytes, .. }
        | Request::Layer { input: bytes, .. } => bytes.len(),
        _ => 0,
    }
}

fn other_version(found: u8) -> String {
    format!("the firmware speaks version {found} of the link, this tool version {VERSION}; flash the firmware again")
}

/// A refusal in words, with what to do about it.
fn explain(refusal: Refusal) -> String {
    match refusal {
        Refusal::Version { supported } => other_version(supported),
        Refusal::Unknown => "the firmware does not know this request; flash a newer firmware".into(),
        Refusal::Length { found, expected } => {
            format!("the input has {found} bytes, but a sample of the model on the chip has {expected}")
        }
        Refusal::Layer { layers } => format!("the model on the chip has only {layers} layers"),
        Refusal::TooLong => "the answer does not fit in one of the chip's frames; ask for less at once".into(),
        Refusal::Model(error) => super::refused_model(error),
        other => format!("the chip refuses: {other:?}"),
    }
}

/// Splits samples into batches whose questions and answers fit in the chip's frames; what is no whole number of samples
/// comes last, for the chip to refuse.
pub(super) fn batches<'a>(hello: &Hello, model: &ModelInfo, inputs: &'a [u8]) -> std::slice::Chunks<'a, u8> {
    let element = model.element.bytes();
    let (input, output) = (model.input_len as usize * element, model.output_len as usize * element);
    let fits = |samples: &usize| frame_len(samples * input.max(output)) <= hello.frame_len as usize;
    let samples = (1..=256).take_while(fits).last().unwrap_or(1);
    inputs.chunks((samples * input).max(1))
}
