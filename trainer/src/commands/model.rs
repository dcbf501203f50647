//! The MODEL of the command line: a file of either format, read and checked.

use crate::error::{Error, ErrorKind, Result};
use crate::nn::Sequential;
use crate::quantize::QuantizedSequential;
use std::path::Path;

/// A model file's contents.
#[derive(Clone, Debug)]
pub enum Model {
    /// An ONNX graph of real numbers.
    Float(Sequential),
    /// A quantized ONNX graph.
    Integer(QuantizedSequential),
    /// A `.tnet` file, as it is.
    Tnet(Vec<u8>),
}

impl Model {
    /// Reads a `.onnx` or a `.tnet`; the contents decide which, not the name.
    /// # Errors
    /// [`ErrorKind::Io`] where the file cannot be read, [`ErrorKind::Model`] where it is no model or one that we cannot
    /// evaluate.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| Error::new(ErrorKind::Io, path.display(), error))?;
        if bytes.starts_with(b"TNET") {
            return Ok(Self::Tnet(bytes));
        }
        Err(Error::new(ErrorKind::Model, path.display(), "reading ONNX is not there yet"))
    }
}
