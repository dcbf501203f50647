//! Chooses the kernels by the target, in this one place. Stable rustc does not tell a crate that a Cortex-M4 has the DSP
//! extension (`target_feature = "dsp"` is nightly's), so a path that asked for it would silently never be taken.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=THUMBNET_BACKEND");
    for cfg in
        ["thumbnet_portable", "thumbnet_dsp", "thumbnet_fpu", "thumbnet_scalar", "thumbnet_armv6m", "thumbnet_x86_64"]
    {
        println!("cargo::rustc-check-cfg=cfg({cfg})");
    }
    let target = env::var("TARGET").unwrap_or_default();
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let has = |name| features.split(',').any(|feature| feature == name);
    // A Cortex-M33 may lack the extension, so that its owner says so: THUMBNET_BACKEND=dsp.
    let dsp = target.starts_with("thumbv7em") || (target.starts_with("thumb") && has("dsp"));
    let backend = env::var("THUMBNET_BACKEND").unwrap_or_default();
    let portable = backend == "portable" || env::var_os("CARGO_CFG_THUMBNET_PORTABLE").is_some();
    // The variable may be meant for a chip only: a build for another target in the same project goes its own way.
    let can = target.starts_with("thumbv7em") || target.starts_with("thumbv8m.main");
    let dsp = !portable && backend != "scalar" && (dsp || (backend == "dsp" && can));
    assert!(
        matches!(backend.as_str(), "" | "portable" | "scalar" | "dsp"),
        "THUMBNET_BACKEND is {backend:?}; it may be portable, scalar or dsp"
    );
    if dsp {
        println!("cargo::rustc-cfg=thumbnet_dsp");
    }
    if !portable && !dsp && target.starts_with("thumb") {
        println!("cargo::rustc-cfg=thumbnet_scalar");
        if target.starts_with("thumbv6m") || target.starts_with("thumbv8m.base") {
            println!("cargo::rustc-cfg=thumbnet_armv6m");
        }
    }
    if !portable && env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") {
        println!("cargo::rustc-cfg=thumbnet_x86_64");
    }
    // The hard-float targets of Cortex-M have single precision at least; elsewhere the portable kernels use what there is.
    if target.starts_with("thumb") && target.ends_with("eabihf") {
        println!("cargo::rustc-cfg=thumbnet_fpu");
    }
}
