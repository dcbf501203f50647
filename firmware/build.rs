//! Turns the chip's description, which the host tool passes in the environment, into what compiler and linker need: the
//! memory layout, and the places of the registers. Without any, the chip is QEMU's mps2-an386, a Cortex-M4.

use std::{env, fmt::Write, fs, path::PathBuf};

/// The linker's view of the chip. The stack begins at the end of RAM and grows down; what lies between the variables and the
/// stack's share belongs to frames and activations. The model has a region of its own.
const MEMORY: &str = "MEMORY
{
  FLASH : ORIGIN = 0x00000000, LENGTH = 0x00040000
  MODEL : ORIGIN = 0x00200000, LENGTH = 0x00200000
  RAM : ORIGIN = 0x20000000, LENGTH = 0x00010000
}
_model_start = ORIGIN(MODEL);
_model_end = ORIGIN(MODEL) + LENGTH(MODEL);
";
/// The port's driver, the address of its registers and its receive interrupt; RTT has only the name.
const PORT: &str = "cmsdk 0x40004000 0";
/// The frequency of the core's SysTick timer, in hertz; 0 if it counts cycles.
const CLOCK: &str = "25000000";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let memory = setting("THUMBNET_MEMORY", MEMORY);
    let port = setting("THUMBNET_PORT", PORT);
    let clock = setting("THUMBNET_CLOCK", CLOCK);
    let boot = setting("THUMBNET_BOOT", "");

    fs::write(out.join("memory.x"), memory).expect("OUT_DIR can be written");
    // cortex-m-rt asks for the names of interrupt handlers, of which there are none.
    fs::write(out.join("device.x"), "").expect("OUT_DIR can be written");
    let (driver, place) = port.split_once(' ').unwrap_or((&port, ""));
    let mut constants = format!(
        "/// SysTick's frequency in hertz, or 0 if it counts the core's cycles.\npub(crate) const CLOCK: u32 = {clock};\n"
    );
    if let Some((address, interrupt)) = place.split_once(' ') {
        writeln!(
            constants,
            "/// The port's first register.\npub(crate) const PORT: usize = {address};\n\
             /// The port's receive interrupt.\npub(crate) const INTERRUPT: u16 = {interrupt};"
        )
        .expect("a string takes all");
    }
    fs::write(out.join("chip.rs"), constants).expect("OUT_DIR can be written");

    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-check-cfg=cfg(port, values(\"cmsdk\", \"nrf51\", \"rtt\"))");
    println!("cargo::rustc-cfg=port=\"{driver}\"");
    println!("cargo::rustc-check-cfg=cfg(armv6m)");
    if env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv6m")) {
        println!("cargo::rustc-cfg=armv6m");
    }
    println!("cargo::rustc-check-cfg=cfg(boot, values(\"rp2040\", \"rp2350\"))");
    if !boot.is_empty() {
        println!("cargo::rustc-cfg=boot=\"{boot}\"");
    }
    if env::var_os("CARGO_FEATURE_LOG").is_some() {
        println!("cargo::rustc-link-arg=-Tdefmt.x");
    }
    // Functions of the same instructions stand once.
    println!("cargo::rustc-link-arg=--icf=all");
    println!("cargo::rerun-if-changed=build.rs");
}

fn setting(name: &str, default: &str) -> String {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
