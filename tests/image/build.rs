//! Names the model that is put into the program, `IMAGE_MODEL` or the exclusive or of FORMAT.md, and the file of the host's outputs
//! that a program of the feature `stack` compares its own with, `IMAGE_OUTPUTS`.

use std::env;

fn main() {
    println!("cargo::rerun-if-env-changed=IMAGE_MODEL");
    println!("cargo::rerun-if-env-changed=IMAGE_OUTPUTS");
    if let Ok(outputs) = env::var("IMAGE_OUTPUTS") {
        println!("cargo::rustc-env=IMAGE_OUTPUTS={outputs}");
    }
    let default =
        || format!("{}/../../runtime/tests/models/xor.tnet", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rustc-env=IMAGE_MODEL={}", env::var("IMAGE_MODEL").unwrap_or_else(|_| default()));
}
