//! The programs of `tests/bare` on an emulated core: they evaluate and do nothing else, and QEMU tells every block of
//! instructions that it executes.

use crate::cycles::Core;
use crate::instruction::Instruction;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::mem;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use thumbnet_trainer::target::{self, MACHINES, Machine, Region};

/// A built program.
pub struct Program {
    machine: &'static Machine,
    path: PathBuf,
    scratch: Scratch,
}

/// The elements of scratch that `evaluate` works in. The program asks the model, so that every one of them is the same program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scratch {
    /// All that the kernels have use for.
    All,
    /// As few as are enough.
    Least,
    /// One less than all.
    Less,
    /// 4,000 more than all.
    More,
}

impl Scratch {
    /// The two words that the program reads: whether it is the least, and what is added to it.
    fn words(self) -> [u32; 2] {
        match self {
            Self::All => [0, 0],
            Self::Least => [1, 0],
            Self::Less => [0, (-1i32).cast_unsigned()],
            Self::More => [0, 4_000],
        }
    }
}

/// What a program printed, and what it took between `begin` and `end`.
#[derive(Debug)]
pub struct Run {
    /// What it printed.
    pub printed: String,
    /// The instructions.
    pub instructions: u64,
    /// The cycles, estimated, of each core that runs this very program.
    cycles: Vec<(Core, u64)>,
}

impl Run {
    /// The cycles of a core, estimated; `None` for one whose instructions are in no table, and for one with another program.
    pub fn cycles(&self, machine: &Machine) -> Option<u64> {
        let core = Core::of(machine.short)?;
        self.cycles.iter().find(|(known, _)| *known == core).map(|(_, cycles)| *cycles)
    }
}

/// Whether both machines run the same program: an M7 that of an M4.
pub fn share_programs(a: &Machine, b: &Machine) -> bool {
    (a.triple, a.backend, layout(a)) == (b.triple, b.backend, layout(b))
}

impl Program {
    /// Builds a program for a machine, with these features, as cargo builds a release by default.
    /// # Panics
    /// Where it cannot be built.
    pub fn build(name: &str, machine: &'static Machine, features: &str) -> Self {
        // What this process has built already: cargo takes its time to find out that nothing has changed.
        static BUILT: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);
        let mut known = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bare");
        let built = folder.join("target");
        let Machine { name: board, triple, backend, .. } = machine;
        let path = built.join(format!("{name}-{board}-{triple}-{backend}-{features}.elf"));
        let program = Self { machine, path, scratch: Scratch::All };
        if known.contains(&program.path) {
            return program;
        }
        fs::create_dir_all(&built).unwrap();
        // The builds have the same path: one at a time, in all processes.
        let lock = File::create(built.join("build.lock")).unwrap();
        lock.lock().unwrap();
        let script = built.join(format!("{}.x", machine.name));
        fs::write(&script, layout(machine)).unwrap();
        let output = target::compiler(machine.triple)
            .unwrap_or_else(|error| panic!("{error}"))
            .current_dir(&folder)
            .args(["build", "--release", "--locked", "--bin", name, "--target", machine.triple])
            .args(["--features", features])
            .arg("--config")
            .arg(format!("build.rustflags=[\"-Clink-arg=-T{}\"]", script.display()))
            .env("THUMBNET_BACKEND", machine.backend)
            .env("LEAN_MODELS", lean_models())
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        fs::copy(built.join(machine.triple).join("release").join(name), &program.path).expect("the program was built");
        known.insert(program.path.clone());
        program
    }

    /// The same program in other scratch.
    #[must_use]
    pub fn with(self, scratch: Scratch) -> Self {
        Self { scratch, ..self }
    }

    /// Runs it to its end, with these two parts of data beside it.
    /// # Panics
    /// Where it does not end well.
    pub fn run(&self, first: &[u8], second: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let status = self.qemu(folder.path(), first, second).status().expect("qemu-system-arm starts");
        assert!(status.success(), "{}: {status}", self.path.display());
        fs::read_to_string(folder.path().join("printed")).unwrap()
    }

    /// As [`Self::run`], and counts what is executed between the calls of `begin` and `end`.
    /// # Panics
    /// As [`Self::run`].
    pub fn trace(&self, first: &[u8], second: &[u8]) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let mut child = self
            .qemu(folder.path(), first, second)
            .args(["-d", "in_asm,exec,nochain"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("qemu-system-arm starts");
        let cores = MACHINES.iter().filter(|machine| share_programs(self.machine, machine));
        let mut trace = Trace::new(cores.filter_map(|machine| Core::of(machine.short)));
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|length| length != 0) {
            trace.read(line.trim_end());
            line.clear();
        }
        let status = child.wait().unwrap();
        assert!(status.success(), "{}: {status}", self.path.display());
        trace.flush();
        let printed = fs::read_to_string(folder.path().join("printed")).unwrap();
        Run { printed, instructions: trace.instructions, cycles: trace.cycles }
    }

    fn qemu(&self, folder: &Path, first: &[u8], second: &[u8]) -> Command {
        let [least, added] = self.scratch.words();
        let mut data: Vec<u8> = [first.len() as u32, second.len() as u32, least, added].map(u32::to_le_bytes).concat();
        data.extend(first);
        data.resize(data.len().next_multiple_of(16), 0);
        data.extend(second);
        assert!(data.len() as u64 <= self.machine.model.length, "{} bytes of data", data.len());
        let (file, printed) = (folder.join("data"), folder.join("printed"));
        fs::write(&file, data).unwrap();
        let mut command = Command::new("qemu-system-arm");
        command
            .args(["-M", self.machine.name, "-display", "none", "-serial", "none", "-monitor", "none"])
            .args(["-chardev", &format!("file,id=console,path={}", printed.display())])
            .args(["-semihosting-config", "enable=on,target=native,chardev=console"])
            .args(self.machine.options)
            .args([
                "-device",
                &format!("loader,addr={:#x},force-raw=on,file={}", self.machine.model.origin, file.display()),
            ])
            .arg("-kernel")
            .arg(&self.path)
            .stdin(Stdio::null());
        command
    }
}

/// What QEMU tells: the instructions of each block when it translates it, and each block that it executes.
struct Trace {
    /// The blocks by their first address.
    blocks: HashMap<u64, Vec<Instruction>>,
    /// The block that is being told.
    told: Vec<Instruction>,
    /// How often a block was executed and another after it, since blocks were last translated.
    ways: HashMap<(u64, u64), u64>,
    counting: bool,
    last: Option<u64>,
    instructions: u64,
    cycles: Vec<(Core, u64)>,
}

impl Trace {
    fn new(cores: impl Iterator<Item = Core>) -> Self {
        let (blocks, ways) = (HashMap::new(), HashMap::new());
        let cycles = cores.map(|core| (core, 0)).collect();
        Self { blocks, told: Vec::new(), ways, counting: false, last: None, instructions: 0, cycles }
    }

    fn read(&mut self, line: &str) {
        if line.starts_with("Trace ") {
            // Trace 0: 0x7f… [cs base/program counter/flags/…] function
            let Some((pc, function)) = program_counter(line).zip(line.rsplit(' ').next()) else { return };
            if let Some(last) = self.last.filter(|_| self.counting) {
                *self.ways.entry((last, pc)).or_default() += 1;
            }
            self.counting = (self.counting || function == "begin") && function != "end";
            self.last = (function != "begin").then_some(pc);
        } else if line.starts_with("Stopped execution") {
            // The block was not executed after all, and will come again.
            self.last = None;
        } else if let Some(instruction) = Instruction::parse(line) {
            self.told.push(instruction);
        } else if let (true, Some(first)) = (line.is_empty(), self.told.first()) {
            let start = first.address;
            let told = mem::take(&mut self.told);
            if self.blocks.get(&start).is_some_and(|known| *known != told) {
                self.flush();
            }
            self.blocks.insert(start, told);
        }
    }

    /// Adds up what was executed so far.
    fn flush(&mut self) {
        for ((block, next), count) in self.ways.drain() {
            let block = &self.blocks[&block];
            self.instructions += count * block.len() as u64;
            for (core, cycles) in &mut self.cycles {
                *cycles += count * core.cycles(block, next);
            }
        }
    }
}

/// The second of the numbers in a line of the trace.
fn program_counter(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once('[')?;
    u64::from_str_radix(rest.split('/').nth(1)?, 16).ok()
}

/// The folder of the models that are part of the program `lean`, by their numbers.
pub fn lean_models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bare/target/lean")
}

/// The linker's view of a machine.
fn layout(Machine { flash, model, ram, .. }: &Machine) -> String {
    let memory =
        |name, Region { origin, length }: &Region| format!("{name} : ORIGIN = {origin:#x}, LENGTH = {length:#x}");
    format!(
        "MEMORY {{ {} {} }}\nram_start = {:#x};\nstack_start = {:#x};\ndata_start = {:#x};\n\
         SECTIONS {{\n  .vectors : {{ KEEP(*(.vectors)) }} > FLASH\n  .text : {{ *(.text .text.*) }} > FLASH\n  \
         .rodata : {{ *(.rodata .rodata.*) }} > FLASH\n  .data : {{ *(.data .data.*) *(.bss .bss.*) }} > RAM\n  \
         /DISCARD/ : {{ *(.ARM.exidx .ARM.exidx.*) }}\n}}\nASSERT(SIZEOF(.data) == 0, \"there are variables\")\n",
        memory("FLASH", flash),
        memory("RAM", ram),
        ram.origin,
        ram.origin + ram.length,
        model.origin,
    )
}
