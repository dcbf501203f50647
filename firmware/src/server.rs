//! One request, one answer. Nothing that comes over the link can stop this loop: what is wrong is answered, what is garbled
//! is asked for again by the host.

use crate::{counter::Counter, evaluator::Evaluator, memory, port::Host};
use cortex_m::peripheral::SCB;
use thumbnet_link::{
    Answer, FrameError, Hello, Memory, ModelError, Receiver, Refusal, Request, VERSION, decode, encode,
};

/// The state that requests work on.
pub(crate) struct Server {
    /// The stopwatch.
    pub(crate) counter: Counter,
    /// The model, or why there is none.
    pub(crate) evaluator: Result<Evaluator, ModelError>,
    /// The core's CPUID.
    pub(crate) cpuid: u32,
}

impl Server {
    /// Answers the host's requests forever. `frame` holds a request, and then its answer.
    pub(crate) fn serve(&mut self, mut host: Host, frame: &mut [u8]) -> ! {
        let frame_len = frame.len();
        let mut receiver = Receiver::new(frame);
        loop {
            let Some(bytes) = receiver.push(host.read()) else { continue };
            let (sequence, answer) = match decode::<Request>(bytes) {
                Ok((sequence, request)) => (sequence, self.answer(request, frame_len)),
                Err(FrameError::Version { found, sequence }) => {
                    warn!("a request in version {} of the link", found);
                    (sequence, Answer::Refused(Refusal::Version { supported: VERSION }))
                }
                Err(FrameError::Unknown { sequence }) => (sequence, Answer::Refused(Refusal::Unknown)),
                Err(_) => {
                    warn!("a garbled frame");
                    (0, Answer::Refused(Refusal::Garbled))
                }
            };
            // The request is spent: its bytes make room for the answer.
            let buffer = receiver.buffer();
            let len = match encode(sequence, &answer, buffer) {
                Ok(frame) => frame.len(),
                Err(_) => encode(sequence, &Answer::Refused(Refusal::TooLong), buffer).map_or(0, |frame| frame.len()),
            };
            let reset = answer == Answer::Resetting;
            host.write(buffer.get(..len).unwrap_or_default());
            if reset {
                host.flush();
                SCB::sys_reset();
            }
        }
    }

    fn answer(&mut self, request: Request, frame_len: usize) -> Answer<'_> {
        let evaluator = match request {
            Request::Hello => return Answer::Hello(self.hello(frame_len)),
            Request::Memory => return Answer::Memory(self.memory(frame_len)),
            Request::Reset => {
                info!("reset");
                return Answer::Resetting;
            }
            _ => match &mut self.evaluator {
                Ok(evaluator) => evaluator,
                Err(error) => return Answer::Refused(Refusal::Model(*error)),
            },
        };
        let answer = match request {
            Request::Infer { inputs } => evaluator.infer(inputs, &mut self.counter),
            Request::Profile { layer, input } => evaluator.profile(layer, input, &mut self.counter),
            Request::Layer { layer, start, input } => evaluator.layer(layer, start, input, &mut self.counter),
            _ => Err(Refusal::Unknown),
        };
        answer.unwrap_or_else(Answer::Refused)
    }

    fn hello(&self, frame_len: usize) -> Hello {
        Hello {
            cpuid: self.cpuid,
            counter: Counter::UNIT,
            frame_len: frame_len as u32,
            model: self.evaluator.as_ref().map(Evaluator::info).map_err(|error| *error),
        }
    }

    fn memory(&self, frame_len: usize) -> Memory {
        Memory {
            statics: memory::statics() as u32,
            frame: frame_len as u32,
            activations: self.evaluator.as_ref().map_or(0, Evaluator::activations) as u32,
            stack: memory::stack_used() as u32,
            stack_limit: memory::STACK as u32,
        }
    }
}
