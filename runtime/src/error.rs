//! What can go wrong on the device: small, copyable, without text of the caller.

use core::fmt;

/// Why a byte slice is not a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ParseError {
    /// The slice ends before the model does.
    Truncated {
        /// The number of bytes that the file says or the header takes.
        needed: usize,
        /// The number of bytes there are.
        found: usize,
    },
    /// The first four bytes are not those of a `.tnet` file.
    Magic,
    /// The file was written by a newer or a much older exporter.
    Version {
        /// The version of the file.
        found: u8,
        /// The version that this crate reads.
        supported: u8,
    },
    /// A field of the header has no meaning; the offset says which (see FORMAT.md).
    Header {
        /// The offset of the field in the file.
        offset: u8,
    },
    /// A field of a layer record has no meaning or does not fit its neighbors; the offset says which (see FORMAT.md).
    Layer {
        /// The layer, counted from 0.
        index: u16,
        /// The offset of the field in the layer's record.
        offset: u8,
    },
    /// A layer must not be packed: some inputs would take the sum of an output out of the bits that it has beside its neighbors', for
    /// its weights are too large or too many. An exporter writes such a layer plainly.
    Overflow {
        /// The layer, counted from 0.
        index: u16,
        /// The first such output; 0 where the layer as a whole must not: for its number of inputs, or a 2-bit digit of 3.
        output: usize,
    },
}

/// Why a model was not evaluated. Nothing was written then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RunError {
    /// The model works on the other kind of numbers: integers where floats were given, or the reverse.
    Element,
    /// The program has no kernel for some of the model's weights ([`Model::run_only`](crate::Model::run_only)).
    Weights,
    /// A buffer has the wrong length.
    Length {
        /// Which buffer.
        buffer: Buffer,
        /// The number of elements that the model takes (of the scratch: at least).
        expected: usize,
        /// The number of elements that were given.
        found: usize,
    },
    /// The chip's kernels read words, and the model does not start at a multiple of four bytes: one in the program does
    /// ([`model!`](crate::model)); bytes that were received want `#[repr(align(4))]` around their buffer.
    Alignment,
    /// The model does not end in a softmax, so that its last layer cannot learn classes.
    Softmax,
    /// The model has no such class.
    Class {
        /// The number of classes.
        classes: usize,
        /// The class that was named, counted from 0.
        found: usize,
    },
}

/// A buffer of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Buffer {
    /// What enters.
    Input,
    /// The working memory.
    Scratch,
    /// What comes out.
    Output,
    /// What an adapter keeps between its steps.
    Memory,
}

/// The checksum of a model does not agree with its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ChecksumError {
    /// The checksum that stands in the file.
    pub stored: u32,
    /// The checksum of its bytes.
    pub computed: u32,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated { needed, found } => write!(f, "the model ends after {found} of {needed} bytes"),
            Self::Magic => f.write_str("not a .tnet file"),
            Self::Version { found, supported } => {
                write!(f, "format version {found}, but this reader knows version {supported}")
            }
            Self::Header { offset } => write!(f, "header: the field at byte {offset} makes no sense"),
            Self::Layer { index, offset } => {
                write!(f, "layer {index}: the field at byte {offset} of its record makes no sense")
            }
            Self::Overflow { index, output } => {
                write!(f, "layer {index}: the weights of output {output} are too large or too many to be packed")
            }
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Element => f.write_str("the model works on the other kind of numbers"),
            Self::Length { buffer, expected, found } => {
                let name = match buffer {
                    Buffer::Input => "input",
                    Buffer::Scratch => "scratch",
                    Buffer::Output => "output",
                    Buffer::Memory => "memory",
                };
                write!(f, "{name}: {found} elements, expected {expected}")
            }
            Self::Weights => f.write_str("the program has no kernel for some of the model's weights"),
            Self::Alignment => f.write_str("the model does not start at a multiple of four bytes"),
            Self::Softmax => f.write_str("the model does not end in a softmax"),
            Self::Class { classes, found } => write!(f, "class {found} of a model with {classes} classes"),
        }
    }
}

impl fmt::Display for ChecksumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "checksum {:08x}, but the bytes give {:08x}", self.stored, self.computed)
    }
}

impl core::error::Error for ParseError {}
impl core::error::Error for RunError {}
impl core::error::Error for ChecksumError {}
