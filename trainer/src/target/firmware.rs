//! The firmware's image for a chip: the one place that knows how it is built.

use super::core::Core;
use super::{Boot, Chip};
use crate::error::{Error, ErrorKind, Result};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Debian's compiler (package `rustc-web` or `rustc`), which can build `core` itself from its packaged sources.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Kernels for a type of weights. A firmware holds only those that its model needs: all together they are three times as
/// large as the ones for int8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 8-bit integers.
    Int8,
    /// 4-bit integers.
    Int4,
    /// 2-bit integers.
    Int2,
    /// Average pooling, of any numbers.
    Pool,
}

impl Kernel {
    /// All kernels.
    pub const ALL: [Self; 6] = [Self::F32, Self::F16, Self::Int8, Self::Int4, Self::Int2, Self::Pool];

    /// Its bit among the [kinds](thumbnet::Model::kinds) of a model.
    pub fn bit(self) -> u8 {
        match self {
            Self::F32 => thumbnet::WeightType::F32.bit(),
            Self::F16 => thumbnet::WeightType::F16.bit(),
            Self::Int8 => thumbnet::WeightType::Int8.bit(),
            Self::Int4 => thumbnet::WeightType::Int4.bit(),
            Self::Int2 => thumbnet::WeightType::Int2.bit(),
            Self::Pool => thumbnet::Kind::AveragePool.bit(),
        }
    }

    /// The firmware's feature.
    fn feature(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
            Self::Int2 => "int2",
            Self::Pool => "pool",
        }
    }
}

/// The kernels that a model needs; those of int8 for what is none, so that the chip itself refuses it.
pub(super) fn kernels(model: &[u8]) -> Vec<Kernel> {
    let kinds = thumbnet::Model::parse(model).map_or(Kernel::Int8.bit(), |model| model.kinds());
    Kernel::ALL.into_iter().filter(|kernel| kinds & kernel.bit() != 0).collect()
}

/// What a firmware's evaluation is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Few bytes of flash: what is flashed and verified. Assembly is the same at every level, so that a core with the DSP
    /// extension loses little; the others get [`Self::Speed`] anyway.
    Size,
    /// Few instructions, as cargo builds a release by default: what the kernels are measured at.
    Speed,
}

impl Goal {
    fn level(self, chip: &Chip) -> &'static str {
        if self == Self::Size && chip.core.backend == "dsp" { "'s'" } else { "3" }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Size => "",
            Self::Speed => "-speed",
        }
    }
}

/// A built firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The ELF file.
    pub path: PathBuf,
    /// What it takes.
    pub sizes: Sizes,
}

/// What an image takes of a chip, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Code, constants, and the initial values of variables, in flash.
    pub flash: u64,
    /// Variables with a fixed place, in RAM.
    pub statics: u64,
}

/// Builds the firmware for `chip`, or takes the image of the last build if nothing has changed.
/// # Errors
/// [`ErrorKind::Target`] if the sources or the compiler are missing, or the build fails: then with the compiler's words.
pub fn build(chip: &Chip, kernels: &[Kernel], goal: Goal) -> Result<Image> {
    let sources = sources()?;
    let target = sources.join("target");
    fs::create_dir_all(&target).map_err(|e| error(format!("{} cannot be made: {e}", target.display())))?;
    // One build at a time: another chip's build would replace the image before it is copied.
    let lock = File::create(target.join("build.lock")).map_err(|e| error(format!("no lock: {e}")))?;
    lock.lock().map_err(|e| error(format!("no lock: {e}")))?;

    let kernels: Vec<&str> = kernels.iter().map(|kernel| kernel.feature()).collect();
    let mut features = vec![if chip.is_emulated() { "qemu" } else { "rtt" }, "log"];
    features.extend(&kernels);
    features.extend((chip.boot == Boot::Rp2040).then_some("rp2040"));
    let Core { triple, backend, .. } = chip.core;
    let mut command = compiler(triple)?;
    command
        .current_dir(&sources)
        .args(["build", "--release", "--locked", "--target", triple])
        .args(["--config", &format!("profile.release.package.thumbnet.opt-level={}", goal.level(chip))])
        .args(["--no-default-features", "--features", &features.join(",")])
        .env("THUMBNET_MEMORY", chip.memory_x_with_model())
        .env("THUMBNET_PORT", chip.port)
        .env("THUMBNET_CLOCK", chip.ticks.to_string())
        .env("THUMBNET_BACKEND", backend)
        .env("THUMBNET_BOOT", boot(chip))
        .env("DEFMT_LOG", "info")
        .stdin(Stdio::null());
    let output = command.output().map_err(|e| error(format!("cargo cannot be started: {e}")))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        if words.contains("will not fit in region") {
            return Err(Error::new(ErrorKind::Target, &chip.name, too_small(chip)));
        }
        return Err(error(format!("the firmware's build failed:\n{}", words.trim_end())));
    }

    let built = target.join(triple).join("release/thumbnet-firmware");
    let path = target.join(format!("{}-{triple}-{}{}.elf", chip.name, kernels.join("-"), goal.suffix()));
    let beside = path.with_extension("elf.tmp");
    fs::copy(&built, &beside)
        .and_then(|_| fs::rename(&beside, &path))
        .map_err(|e| error(format!("{} cannot be written: {e}", path.display())))?;
    let sizes = fs::read(&path).ok().as_deref().and_then(sizes);
    Ok(Image { sizes: sizes.ok_or_else(|| error(format!("{} is no ELF file", path.display())))?, path })
}

fn too_small(chip: &Chip) -> String {
    format!(
        "the firmware does not fit its {} bytes of flash for the program and {} bytes of RAM; take a larger chip, or `thumbnet export-c` into a program of your own",
        chip.flash.length, chip.ram.length
    )
}

fn error(message: String) -> Error {
    Error::new(ErrorKind::Target, "firmware", message)
}

/// The folder of the firmware's sources: `THUMBNET_FIRMWARE`, the one beside this crate, or `./firmware`.
fn sources() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("THUMBNET_FIRMWARE") {
        let path = PathBuf::from(path);
        if path.join("Cargo.toml").is_file() {
            return Ok(path);
        }
        return Err(error(format!("THUMBNET_FIRMWARE names {}, where its sources are not", path.display())));
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("firmware");
    let here = PathBuf::from("firmware");
    [beside, here].into_iter().find(|path| path.join("Cargo.toml").is_file()).ok_or_else(|| {
        error(
            "its sources are not here; run thumbnet in its repository, or name their folder in THUMBNET_FIRMWARE"
                .into(),
        )
    })
}

fn boot(chip: &Chip) -> &'static str {
    match chip.boot {
        Boot::Rp2040 => "rp2040",
        Boot::Rp2350 => "rp2350",
        _ => "",
    }
}

/// A cargo that can build for `triple`: the current toolchain if it has the target or rustup can fetch it, else Debian's
/// compiler with its packaged sources of `core`.
/// # Errors
/// [`ErrorKind::Target`] says how to get what is missing.
pub fn compiler(triple: &str) -> Result<Command> {
    let sysroot = sysroot("rustc").ok_or_else(|| error("rustc is not installed; see https://rustup.rs".into()))?;
    let has_target = || has_target(&sysroot, triple);
    let debian = debian_sysroot();
    // Where Debian's way is open, the network need not be asked.
    if !has_target() && debian.is_none() {
        let _ = Command::new("rustup").args(["target", "add", triple]).output();
    }
    if has_target() {
        return Ok(cargo());
    }
    let Some(debian) = debian else {
        return Err(error(format!(
            "the compiler has no target {triple}; add it with: rustup target add {triple} (on Debian also: sudo apt-get install rustc-web rust-web-src)"
        )));
    };
    let linker = [&sysroot, &debian]
        .map(|root| root.join("lib/rustlib").join(host()).join("bin/rust-lld"))
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| error(format!("no rust-lld in {}; install a toolchain by rustup", sysroot.display())))?;
    let mut command = cargo();
    command
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .arg("-Zbuild-std=core")
        .env(format!("{}_LINKER", variable(triple)), linker);
    Ok(command)
}

/// Whether the firmware can be built for `triple` with what is installed.
pub(super) fn is_buildable(triple: &str) -> bool {
    sources().is_ok()
        && sysroot("rustc").is_some_and(|sysroot| has_target(&sysroot, triple) || debian_sysroot().is_some())
}

fn has_target(sysroot: &Path, triple: &str) -> bool {
    sysroot.join("lib/rustlib").join(triple).join("lib").is_dir()
}

/// The beginning of the environment variables that cargo reads for a target.
fn variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}", triple.to_uppercase().replace(['-', '.'], "_"))
}

/// Cargo without what a surrounding cargo (`cargo test`) has set for its own build.
fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_") && text != "CARGO_HOME" || ["CARGO", "RUSTFLAGS", "RUSTC"].contains(&&*text) {
            command.env_remove(&name);
        }
    }
    command
}

fn sysroot(rustc: &str) -> Option<PathBuf> {
    let output = Command::new(rustc).args(["--print", "sysroot"]).output().ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The sysroot of Debian's compiler if the sources of `core` are in it.
fn debian_sysroot() -> Option<PathBuf> {
    let root = sysroot(DEBIAN_RUSTC)?;
    root.join("lib/rustlib/src/rust/library/core/Cargo.toml").is_file().then_some(root)
}

/// The triple of this machine, as far as Debian's compiler runs on it.
fn host() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// A loaded segment of an image.
pub(super) struct Segment<'a> {
    /// Where it is flashed.
    #[cfg_attr(not(feature = "probe"), allow(dead_code, reason = "only probe-rs flashes"))]
    pub(super) address: u64,
    /// What is flashed.
    pub(super) bytes: &'a [u8],
    /// In memory, in bytes.
    length: u64,
    writable: bool,
}

/// The loaded segments of a 32-bit little-endian ELF file.
pub(super) fn segments(elf: &[u8]) -> Option<Vec<Segment<'_>>> {
    let half = |at: usize| elf.get(at..)?.first_chunk().map(|&b| usize::from(u16::from_le_bytes(b)));
    let word = |at: usize| elf.get(at..)?.first_chunk().map(|&b| u32::from_le_bytes(b) as usize);
    if elf.get(..6)? != b"\x7fELF\x01\x01" {
        return None;
    }
    let (start, size, count) = (word(0x1c)?, half(0x2a)?, half(0x2c)?);
    let headers = (0..count).map(|index| start + index * size);
    let segment = |at: usize| {
        let (begin, len) = (word(at + 4)?, word(at + 16)?);
        Some(Segment {
            address: word(at + 12)? as u64,
            bytes: elf.get(begin..begin.checked_add(len)?)?,
            length: word(at + 20)? as u64,
            // Bit 1: writable.
            writable: word(at + 24)? & 2 != 0,
        })
    };
    headers.filter(|&at| word(at) == Some(1)).map(segment).collect()
}

/// What the loaded segments take: what is in the file is flash, and what lies in memory and is not read-only is RAM.
fn sizes(elf: &[u8]) -> Option<Sizes> {
    let segments = segments(elf)?;
    Some(Sizes {
        flash: segments.iter().map(|segment| segment.bytes.len() as u64).sum(),
        statics: segments.iter().filter(|segment| segment.writable).map(|segment| segment.length).sum(),
    })
}
