//! RTT in QEMU: what a debug probe does to a running chip, done to an emulated one through QEMU's GDB server. The core is
//! stopped for each look at its memory.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use thumbnet_trainer::target::{Chip, Machine, Transport};

/// The channels of our firmware: logs, as in everyone's, then frames.
const LOGS: u64 = 0;
const FRAMES: u64 = 1;
/// Identifier, number of channels to and from the host.
const HEADER: u64 = 24;
/// Name, buffer, size, write and read offset, flags; four bytes each.
const CHANNEL: u64 = 24;
/// A GDB packet of QEMU's holds this many bytes in hexadecimal, and some.
const PACKET: u64 = 1024;

/// A running firmware. Dropping it ends QEMU.
pub struct Rtt {
    child: Child,
    gdb: TcpStream,
    /// The address of the control block.
    block: u64,
}

impl Rtt {
    /// Starts `image` on `machine` with the file `model` in the model's region, and waits for the channels.
    /// # Panics
    /// Where QEMU does not start.
    pub fn start(machine: &Machine, image: &Path, model: &Path) -> Self {
        let Chip { model: region, ram, .. } = machine.chip();
        let loader = format!("loader,addr={:#x},force-raw=on,file={}", region.origin, model.display());
        Self::start_on(machine.name, &[&["-device", &loader], machine.options].concat(), ram.origin, image)
    }

    /// Starts `image` on QEMU's machine of this name, whose RAM begins at `ram`, and waits for the channels.
    /// # Panics
    /// Where QEMU does not start.
    pub fn start_on(machine: &str, options: &[&str], ram: u64, image: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let child = Command::new("qemu-system-arm")
            .args(["-machine", machine, "-display", "none", "-monitor", "none", "-serial", "none", "-S"])
            .args(["-icount", "shift=0", "-chardev", &format!("socket,id=gdb,host=127.0.0.1,port={port},server=off")])
            .args(["-gdb", "chardev:gdb"])
            .args(options)
            .arg("-kernel")
            .arg(image)
            .stdin(Stdio::null())
            .spawn()
            .expect("QEMU starts");
        let (gdb, _) = listener.accept().expect("QEMU connects");
        gdb.set_nodelay(true).expect("a socket");
        gdb.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
        let mut rtt = Self { child, gdb, block: 0 };
        let begin = Instant::now();
        while rtt.block == 0 {
            assert!(begin.elapsed() < Duration::from_secs(20), "the firmware lays out no channels");
            rtt.resume().and_then(|()| rtt.pause()).expect("QEMU answers");
            let variables = rtt.read(ram, 4096).expect("RAM");
            let found = variables.windows(16).position(|bytes| bytes == b"SEGGER RTT\0\0\0\0\0\0");
            rtt.block = found.map_or(0, |at| ram + at as u64);
        }
        rtt.resume().expect("QEMU goes on");
        rtt
    }

    /// Lets the core run.
    fn resume(&mut self) -> io::Result<()> {
        self.gdb.write_all(b"$c#63")?;
        std::thread::sleep(Duration::from_millis(2));
        Ok(())
    }

    /// Stops it.
    fn pause(&mut self) -> io::Result<()> {
        self.gdb.write_all(&[3])?;
        self.answer().map(drop)
    }

    fn read(&mut self, address: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for start in (address..address + len).step_by(PACKET as usize) {
            self.ask(&format!("m{start:x},{:x}", PACKET.min(address + len - start)))?;
            let answer = self.answer()?;
            let digits = answer.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
            for digits in digits {
                bytes.push(u8::from_str_radix(digits, 16).map_err(|_| io::Error::other(answer.clone()))?);
            }
        }
        Ok(bytes)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> io::Result<()> {
        let mut packet = format!("M{address:x},{:x}:", bytes.len());
        for byte in bytes {
            let _ = write!(packet, "{byte:02x}"); // a string takes all
        }
        self.ask(&packet)?;
        match self.answer()?.as_str() {
            "OK" => Ok(()),
            other => Err(io::Error::other(other.to_owned())),
        }
    }

    fn ask(&mut self, packet: &str) -> io::Result<()> {
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        self.gdb.write_all(format!("${packet}#{sum:02x}").as_bytes())
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut byte = [0];
        let mut next = || self.gdb.read_exact(&mut byte).map(|()| byte[0]);
        while next()? != b'$' {}
        let mut text = String::new();
        loop {
            match next()? {
                b'#' => break,
                letter => text.push(letter.into()),
            }
        }
        next().and_then(|_| next())?;
        self.gdb.write_all(b"+")?;
        Ok(text)
    }

    /// Address, size, write and read offset of a channel's buffer; the channels from the host come after those to it.
    fn channel(&mut self, index: u64) -> io::Result<(u64, [u64; 4])> {
        let address = self.block + HEADER + CHANNEL * index;
        let bytes = self.read(address, CHANNEL)?;
        let words: Vec<u64> = bytes.as_chunks().0.iter().map(|&word| u64::from(u32::from_le_bytes(word))).collect();
        Ok((address, [words[1], words[2], words[3], words[4]]))
    }

    /// What the firmware has logged since the last call.
    /// # Errors
    /// If QEMU does not answer.
    pub fn logs(&mut self) -> io::Result<Vec<u8>> {
        self.pause()?;
        let bytes = self.receive_now(LOGS)?;
        self.resume()?;
        Ok(bytes)
    }

    fn receive_now(&mut self, channel: u64) -> io::Result<Vec<u8>> {
        let (address, [buffer, size, write, read]) = self.channel(channel)?;
        if size == 0 {
            return Ok(Vec::new()); // the firmware is starting again
        }
        let ring = self.read(buffer, size)?;
        let len = (write + size - read) % size;
        let bytes = (0..len).map(|at| ring[((read + at) % size) as usize]).collect();
        self.write(address + 16, &(write as u32).to_le_bytes())?;
        Ok(bytes)
    }

    /// Writes what there is room for, and says how much that was.
    fn send_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (address, [buffer, size, write, read]) = self.channel(2 + FRAMES)?;
        if size == 0 {
            return Ok(0);
        }
        let room = (read + size - write - 1) % size;
        let contiguous = room.min(size - write).min(bytes.len() as u64);
        let bytes = &bytes[..contiguous as usize];
        if !bytes.is_empty() {
            self.write(buffer + write, bytes)?;
            self.write(address + 12, &(((write + contiguous) % size) as u32).to_le_bytes())?;
        }
        Ok(bytes.len())
    }
}

impl Transport for Rtt {
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let begin = Instant::now();
        while !bytes.is_empty() {
            self.pause()?;
            let sent = self.send_now(bytes)?;
            bytes = &bytes[sent..];
            self.resume()?;
            if begin.elapsed() > Duration::from_secs(20) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Vec<u8>> {
        let deadline = Instant::now() + timeout;
        loop {
            self.pause()?;
            let bytes = self.receive_now(FRAMES)?;
            self.resume()?;
            if !bytes.is_empty() || Instant::now() >= deadline {
                return Ok(bytes);
            }
        }
    }
}

impl Drop for Rtt {
    fn drop(&mut self) {
        // The child is ours; that it has ended already is no failure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
