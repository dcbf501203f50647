//! Names the model that is put into the program: `IMAGE_MODEL`, or the exclusive or of FORMAT.md.

use std::env;

fn main() {
    println!("cargo::rerun-if-env-changed=IMAGE_MODEL");
    let default =
        || format!("{}/../../runtime/tests/models/xor.tnet", env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rustc-env=IMAGE_MODEL={}", env::var("IMAGE_MODEL").unwrap_or_else(|_| default()));
}
