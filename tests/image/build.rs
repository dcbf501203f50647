//! Names the model that is put into the program, `IMAGE_MODEL` or the exclusive or of FORMAT.md, and the file of the host's outputs
//! that a program of the feature `stack` compares its own with, `IMAGE_OUTPUTS`. Gives the linker that program's script,
//! `IMAGE_SCRIPT`: as a flag of the compiler it would build the runtime, and `core`, anew.

use std::env;

fn main() {
    println!("cargo::rerun-if-env-changed=IMAGE_MODEL");
    println!("cargo::rerun-if-env-changed=IMAGE_OUTPUTS");
    if let Ok(outputs) = env::var("IMAGE_OUTPUTS") {
        println!("cargo::rustc-env=IMAGE_OUTPUTS={outputs}");
    }
    println!("cargo::rerun-if-env-changed=IMAGE_SCRIPT");
    let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    if let Ok(script) = env::var("IMAGE_SCRIPT") {
        println!("cargo::rerun-if-changed={script}");
        println!("cargo::rerun-if-changed=sections.x");
        println!("cargo::rustc-link-arg-bins=-L{folder}");
        println!("cargo::rustc-link-arg-bins=-T{folder}/{script}");
    }
    let default = || format!("{folder}/../../runtime/tests/models/xor.tnet");
    println!("cargo::rustc-env=IMAGE_MODEL={}", env::var("IMAGE_MODEL").unwrap_or_else(|_| default()));
}
