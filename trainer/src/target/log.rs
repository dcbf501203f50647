//! The firmware's logs, which defmt leaves to the host to put into words: the texts are in the image only.

use crate::error::{Error, ErrorKind, Result};
use defmt_decoder::{DecodeError, StreamDecoder, Table};

/// The texts in an ELF file.
/// # Errors
/// [`ErrorKind::Target`] if it holds none.
pub(super) fn table(elf: &[u8]) -> Result<Table> {
    let error = |message: String| Error::new(ErrorKind::Target, "logs", message);
    Table::parse(elf)
        .map_err(|cause| error(cause.to_string()))?
        .ok_or_else(|| error("the image was built without defmt's logs".into()))
}

/// The lines of logs that `bytes` of the firmware `elf` hold; a last line that has not arrived whole is left out.
/// # Errors
/// [`ErrorKind::Target`] if `elf` is no ELF file or was built without defmt's logs.
pub fn decode(elf: &[u8], bytes: &[u8]) -> Result<Vec<String>> {
    let table = table(elf)?;
    let mut decoder = table.new_stream_decoder();
    decoder.received(bytes);
    Ok(lines(&mut *decoder))
}

/// The lines that have arrived whole.
pub(super) fn lines(decoder: &mut dyn StreamDecoder) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => lines.push(frame.display(false).to_string()),
            Err(DecodeError::UnexpectedEof) => return lines,
            Err(DecodeError::Malformed) => lines.push("(a garbled line)".into()),
        }
    }
}
