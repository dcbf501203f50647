//! A firmware of somebody's own in QEMU, with its logs in words.

use super::qemu::{self, program};
use super::{Machine, log};
use crate::error::{Error, ErrorKind, Result};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs an ELF file on `machine` until it ends by semihosting, with the bytes of the file `model` in the model's region if one
/// is given; each line of its defmt logs goes to `line`. Gives its exit code.
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read, [`ErrorKind::Target`] if it holds no defmt logs or QEMU cannot be started.
pub fn qemu_run(machine: &Machine, image: &Path, model: Option<&Path>, mut line: impl FnMut(String)) -> Result<i32> {
    let elf = fs::read(image).map_err(|error| Error::unreadable(image, &error))?;
    let table = log::table(&elf).map_err(|error| error.within(image.display()))?;
    let mut decoder = table.new_stream_decoder();
    let mut child = Command::new(program())
        .args([
            "-machine",
            machine.name,
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "none",
            "-icount",
            "shift=0",
        ])
        .args(["-chardev", "stdio,id=log,signal=off", "-semihosting-config", "enable=on,target=native,chardev=log"])
        .args(machine.options)
        .args(model.map(|model| qemu::loader(machine, model)).into_iter().flatten())
        .arg("-kernel")
        .arg(image)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| qemu::cannot_start("qemu", &cause))?;
    if let Some(mut output) = child.stdout.take() {
        let mut buffer = [0; 4096];
        while let Ok(len @ 1..) = output.read(&mut buffer) {
            decoder.received(&buffer[..len]);
            log::lines(&mut *decoder).into_iter().for_each(&mut line);
        }
    }
    let status = child.wait().map_err(|error| Error::new(ErrorKind::Target, "qemu", error))?;
    Ok(status.code().unwrap_or(1))
}
