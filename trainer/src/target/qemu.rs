//! A chip in QEMU: the firmware's image and the model in the emulated flash, the UART on a local socket. QEMU's
//! standard output is the firmware's alone: what it logs by semihosting comes out there.

use super::remote::Remote;
use super::{Chip, Client, Evaluation, Goal, Image, Machine, Sizes, Target, Transport, Unit, firmware};
use crate::error::{Error, ErrorKind, Result};
use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use thumbnet_link::{Memory, ModelInfo};

/// The program; the environment variable `THUMBNET_QEMU` names another one.
const QEMU: &str = "qemu-system-arm";

/// How long QEMU may take to connect.
const START: Duration = Duration::from_secs(10);

/// An emulated chip that evaluates a model.
pub struct Qemu {
    name: String,
    machine: &'static Machine,
    image: Image,
    remote: Remote<Process>,
}

impl Qemu {
    /// Builds the firmware for `machine` if need be, and starts it with `model` in the emulated flash.
    /// # Errors
    /// [`ErrorKind::Target`] if the firmware cannot be built, QEMU cannot be started, or the firmware refuses the model.
    pub fn open(name: &str, machine: &'static Machine, model: &[u8], goal: Goal) -> Result<Self> {
        Self::open_as(name, machine, &machine.chip(), model, goal)
    }

    /// As [`Self::open`], with the firmware built for `chip`, which the machine stands for.
    pub(super) fn open_as(
        name: &str,
        machine: &'static Machine,
        chip: &Chip,
        model: &[u8],
        goal: Goal,
    ) -> Result<Self> {
        let image = firmware::build(chip, &firmware::kernels(model), goal)?;
        let process = Process::start(name, machine, &image, model)?;
        let remote = Remote::open(name, process)?;
        Ok(Self { name: name.into(), machine, image, remote })
    }

    /// The conversation with the firmware.
    pub fn client(&mut self) -> &mut Client<Process> {
        &mut self.remote.client
    }
}

impl Target for Qemu {
    fn name(&self) -> &str {
        &self.name
    }

    fn core(&self) -> &str {
        self.machine.core
    }

    fn unit(&self) -> Unit {
        Unit::Instructions
    }

    fn model(&self) -> ModelInfo {
        self.remote.model
    }

    fn evaluate(&mut self, inputs: &[u8]) -> Result<Evaluation> {
        self.remote.evaluate(inputs)
    }

    fn layer(&mut self, layer: usize, input: &[u8]) -> Result<Evaluation> {
        self.remote.layer(layer, input)
    }

    fn profile(&mut self, input: &[u8]) -> Result<Vec<u64>> {
        self.remote.profile(input)
    }

    fn program(&self) -> Option<Sizes> {
        Some(self.image.sizes)
    }

    fn memory(&mut self) -> Result<Option<Memory>> {
        self.remote.client.memory().map(Some)
    }

    fn logs(&mut self) -> Result<Vec<String>> {
        let error = |cause: io::Error| Error::new(ErrorKind::Target, &self.name, format!("no logs: {cause}"));
        let bytes = self.remote.client.transport().log().map_err(error)?;
        super::log::decode(&fs::read(&self.image.path).map_err(error)?, &bytes)
    }
}

/// A running QEMU. Dropping it ends it.
pub struct Process {
    child: Child,
    input: TcpStream,
    output: Receiver<Vec<u8>>,
    /// Holds the model's file, the logs, and QEMU's own errors.
    folder: TempDir,
}

impl Process {
    /// Starts `image` on `machine`, with any bytes in the model's region.
    /// # Errors
    /// [`ErrorKind::Target`], at `place`, if QEMU cannot be started or `model` is larger than its region.
    pub fn start(place: &str, machine: &Machine, image: &Image, model: &[u8]) -> Result<Self> {
        let error = |message: String| Error::new(ErrorKind::Target, place, message);
        if model.len() as u64 > machine.model.length {
            let room = machine.model.length;
            return Err(error(format!(
                "the model takes {} bytes, but {} has {room} for it",
                model.len(),
                machine.name
            )));
        }
        Self::spawn(machine, &image.path, model).map_err(|cause| cannot_start(place, &cause))
    }

    fn spawn(machine: &Machine, image: &Path, model: &[u8]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("thumbnet-qemu-").tempdir()?;
        let model_path = folder.path().join("model.tnet");
        fs::write(&model_path, model)?;
        // A CMSDK UART takes one byte at a time. Without the multiplexer's buffer QEMU fetches each from the socket when the
        // chip has taken the last one. No byte is 511: the multiplexer has no escape character then.
        let mux = if machine.port.starts_with("cmsdk") { "on" } else { "off" };
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let mut command = Command::new(program());
        command
            .args(["-machine", machine.name, "-display", "none", "-monitor", "none"])
            // One nanosecond of the machine's time per instruction, so that its timers count instructions.
            .args(["-icount", "shift=0"])
            .args([
                "-chardev",
                &format!("socket,id=link,host=127.0.0.1,port={port},server=off,nodelay=on,mux={mux}"),
                "-echr",
                "511",
                "-serial",
                "chardev:link",
            ])
            .args(["-semihosting-config", "enable=on,target=native"])
            .args(machine.options)
            .arg("-kernel")
            .arg(image)
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.path().join("log"))?)
            .stderr(fs::File::create(folder.path().join("errors"))?);
        if !model.is_empty() {
            command.args(loader(machine, &model_path));
        }
        let mut child = command.spawn()?;
        let input = match accept(&listener, &mut child) {
            Ok(stream) => stream,
            Err(cause) => {
                // The child is ours and of no use; that it has ended already is no failure.
                let _ = child.kill();
                let _ = child.wait();
                let errors = fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
                return Err(io::Error::new(cause.kind(), format!("{cause}; it said: {}", errors.trim())));
            }
        };
        input.set_nodelay(true)?;
        let mut from = input.try_clone()?;
        let (to, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = from.read(&mut buffer) {
                if to.send(buffer[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, input, output, folder })
    }

    /// The logs that the firmware has written so far, as defmt encodes them.
    /// # Errors
    /// If their file cannot be read.
    pub fn log(&self) -> io::Result<Vec<u8>> {
        fs::read(self.folder.path().join("log"))
    }
}

impl Transport for Process {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input.write_all(bytes)?;
        self.input.flush()
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Vec<u8>> {
        match self.output.recv_timeout(timeout) {
            Ok(bytes) => Ok(bytes),
            Err(RecvTimeoutError::Timeout) => Ok(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => {
                let errors = fs::read_to_string(self.folder.path().join("errors")).unwrap_or_default();
                Err(io::Error::other(format!("QEMU has ended; it said: {}", errors.trim())))
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Neither can fail in a way that leaves something to do: the child is ours and has ended or is ended now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// QEMU's connection, or why there will be none.
fn accept(listener: &TcpListener, child: &mut Child) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let begin = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(cause) if cause.kind() != io::ErrorKind::WouldBlock => return Err(cause),
            Err(_) if child.try_wait()?.is_some() => return Err(io::Error::other("QEMU has ended")),
            Err(_) if begin.elapsed() > START => return Err(io::ErrorKind::TimedOut.into()),
            Err(_) => thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Why QEMU does not start, with what to do about it.
pub(super) fn cannot_start(place: &str, cause: &io::Error) -> Error {
    let program = program();
    let message = if cause.kind() == io::ErrorKind::NotFound {
        format!("{} is not installed; {}", program.display(), install_hint())
    } else {
        format!("{} cannot be started: {cause}", program.display())
    };
    Error::new(ErrorKind::Target, place, message)
}

/// QEMU's options that put a file's bytes into the model's region.
pub(super) fn loader(machine: &Machine, file: &Path) -> [String; 2] {
    let place = format!("loader,addr={:#x},force-raw=on,file={}", machine.model.origin, comma(file));
    ["-device".into(), place]
}

pub(super) fn program() -> PathBuf {
    std::env::var_os("THUMBNET_QEMU").map_or_else(|| QEMU.into(), PathBuf::from)
}

/// Whether QEMU can be started.
pub(super) fn is_installed() -> bool {
    let (null, errors) = (Stdio::null(), Stdio::null());
    Command::new(program()).arg("--version").stdout(null).stderr(errors).status().is_ok_and(|status| status.success())
}

/// QEMU's options end at a comma, and a doubled one is a comma.
fn comma(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

fn install_hint() -> &'static str {
    if cfg!(target_os = "macos") {
        "install it with: brew install qemu"
    } else if cfg!(windows) {
        "install it with: winget install SoftwareFreedomConservancy.QEMU"
    } else {
        "install it with: sudo apt-get install qemu-system-arm (Fedora: sudo dnf install qemu-system-arm)"
    }
}
