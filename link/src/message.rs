//! The messages. A change of their form is a new [`VERSION`](crate::VERSION); new variants go at the end.

use serde::{Deserialize, Serialize};

/// What the host asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Request<'a> {
    /// Who are you? Answered by [`Answer::Hello`].
    Hello,
    /// Evaluate these samples; answered by [`Answer::Outputs`].
    Infer {
        /// Whole samples, one after the other, in the model's [`Element`].
        inputs: &'a [u8],
    },
    /// Evaluate this sample, counting layer by layer; answered by [`Answer::Profile`] with up to [`PIECE`] bytes of counts.
    Profile {
        /// The first layer whose count is wanted, from 0.
        layer: u16,
        /// One sample.
        input: &'a [u8],
    },
    /// Evaluate this sample and give what leaves one layer; answered by [`Answer::Outputs`] with up to [`PIECE`] bytes: the
    /// chip has no room for more beside the evaluation.
    Layer {
        /// The layer, from 0.
        layer: u16,
        /// The first byte that is wanted, from 0.
        start: u32,
        /// One sample.
        input: &'a [u8],
    },
    /// How much memory have you used so far? Answered by [`Answer::Memory`].
    Memory,
    /// Start again, with a fresh look at the model's region. Answered by [`Answer::Resetting`] before it happens.
    Reset,
}

/// The most bytes that a chip notes of an evaluation; a shorter answer is the last.
pub const PIECE: usize = 64;

/// What the chip answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Answer<'a> {
    /// To [`Request::Hello`].
    Hello(Hello),
    /// To [`Request::Infer`] and [`Request::Layer`].
    Outputs {
        /// What the evaluation took, in steps of the [`Counter`].
        count: u32,
        /// The outputs of all samples, one after the other, in the model's [`Element`].
        outputs: &'a [u8],
    },
    /// To [`Request::Profile`].
    Profile {
        /// What each layer took, in steps of the [`Counter`]; one little-endian `u32` per layer.
        counts: &'a [u8],
    },
    /// To [`Request::Memory`].
    Memory(Memory),
    /// To [`Request::Reset`].
    Resetting,
    /// To a request that cannot be served.
    Refused(Refusal),
}

/// Who the chip is and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The CPUID register: implementer, part number and revision of the core.
    pub cpuid: u32,
    /// What the counts count.
    pub counter: Counter,
    /// The longest frame that the chip takes or sends, closing zero included.
    pub frame_len: u32,
    /// The model in its region, or why it is refused.
    pub model: Result<ModelInfo, ModelError>,
}

/// What a count of 1 stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Counter {
    /// A cycle of the core, counted by its DWT unit.
    Cycles,
    /// A tick of a timer that runs at this many hertz.
    Ticks(u32),
}

/// The model that the chip evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The CRC-32 that the file carries and that was found right.
    pub checksum: u32,
    /// The file's length in bytes.
    pub bytes: u32,
    /// The type of inputs and outputs.
    pub element: Element,
    /// The number of inputs.
    pub input_len: u32,
    /// The number of outputs.
    pub output_len: u32,
    /// The number of layers.
    pub layers: u16,
}

/// The type of a model's inputs and outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Element {
    /// One byte, two's complement.
    I8,
    /// Four bytes, little-endian.
    F32,
}

impl Element {
    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::F32 => 4,
        }
    }
}

/// Why the bytes in the model's region are not evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ModelError {
    /// The region does not begin like a model; it may be erased.
    Missing,
    /// The file was written by a newer thumbnet than the firmware.
    Version {
        /// The file's version.
        found: u16,
        /// The newest version that the firmware reads.
        supported: u16,
    },
    /// The file is longer than the region or is cut off.
    Truncated,
    /// The checksum does not match.
    Checksum,
    /// The file contradicts itself, or holds a layer that the firmware does not know.
    Malformed,
    /// The model has a kind of weights that the firmware was built without.
    Weights,
    /// The evaluation needs more RAM than the chip has left.
    Memory {
        /// The bytes needed for frame, input, scratch and output.
        needed: u32,
        /// The bytes there are.
        available: u32,
    },
}

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Refusal {
    /// A frame arrived, but changed or cut; ask again. Its sequence number is lost: the answer's is 0.
    Garbled,
    /// The frame is in another version of the protocol.
    Version {
        /// The version that the chip speaks.
        supported: u8,
    },
    /// The chip does not know the request.
    Unknown,
    /// The input is not a whole number of samples, or not exactly one where one is asked for.
    Length {
        /// The bytes that came.
        found: u32,
        /// The bytes of one sample.
        expected: u32,
    },
    /// The model has fewer layers.
    Layer {
        /// The number of layers.
        layers: u16,
    },
    /// The answer does not fit in a frame.
    TooLong,
    /// There is no model to evaluate.
    Model(ModelError),
}

/// The RAM, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Variables with a fixed place.
    pub statics: u32,
    /// The frame's buffer.
    pub frame: u32,
    /// The evaluation's activations: scratch and output.
    pub activations: u32,
    /// The deepest that the stack has been since the start.
    pub stack: u32,
    /// What the stack may take.
    pub stack_limit: u32,
}

impl Memory {
    /// All that has been in use at once.
    pub fn in_use(&self) -> u32 {
        self.statics + self.frame + self.activations + self.stack
    }
}
