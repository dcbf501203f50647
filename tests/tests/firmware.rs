//! What the firmware's image takes, and what must not be in it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use thumbnet_tests::cli::binary;
use thumbnet_tests::elf::smlads;
use thumbnet_trainer::target::{self, Goal, Kernel, Machine};

#[test]
fn the_program_and_its_variables_fit_a_small_chip() {
    let image = target::build(&Machine::find("m4").unwrap().chip(), &[Kernel::Int8], Goal::Size)
        .unwrap_or_else(|error| panic!("{error}"));
    println!("firmware without the model: {} bytes of flash, {} of static RAM", image.sizes.flash, image.sizes.statics);
    assert!(image.sizes.flash < 16 << 10, "{:?}", image.sizes);
    assert!(image.sizes.statics < 1 << 10, "{:?}", image.sizes);
}

/// The runner of `firmware/.cargo/config.toml`, with this test's binary in the place of the one that a user has built. Nothing tells
/// the build what the chip can do: that its kernels have SMLAD is for the runtime to find out.
#[cfg(unix)]
#[test]
fn cargo_run_starts_the_emulated_chip_with_its_model() {
    use std::os::unix::process::CommandExt;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("firmware");
    let config = std::fs::read_to_string(folder.join(".cargo/config.toml")).expect("the configuration");
    let runner = config.lines().find_map(|line| line.strip_prefix("runner = ")).expect("a runner");
    let tool = binary().display().to_string();
    let runner = runner.replace("../target/release/thumbnet", &tool);
    assert!(runner.contains(&tool), "{runner}");
    // Another build of the firmware would replace the image.
    let mut cargo = target::compiler("thumbv7em-none-eabihf").unwrap_or_else(|error| panic!("{error}"));
    // Where rustup has the target it is a stable compiler that builds, which keeps from a crate that the core has SMLAD.
    if cargo.get_envs().all(|(name, _)| name != "RUSTC_BOOTSTRAP") {
        cargo.env_remove("RUSTC_BOOTSTRAP");
    }
    let mut child = cargo
        .args(["run", "--release", "--locked", "--target-dir", "target/run"])
        .args(["--config", &format!("target.thumbv7em-none-eabihf.runner={runner}")])
        .env_remove("THUMBNET_BACKEND")
        .env_remove("RUSTFLAGS")
        .current_dir(&folder)
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("cargo starts");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let (to, from) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = output.read_line(&mut line);
        let _ = to.send(line);
    });
    let line = from.recv_timeout(Duration::from_mins(10)).unwrap_or_default();
    // The firmware serves until it is ended, with the QEMU that it runs in.
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-TERM", "--", &group]).status().is_ok_and(|status| status.success()));
    child.wait().expect("it ends");
    assert!(line.contains("471472 bytes") && line.contains("layers"), "{line}");
    let image =
        std::fs::read(folder.join("target/run/thumbv7em-none-eabihf/release/thumbnet-firmware")).expect("an image");
    let count = smlads(&image);
    assert!(count > 100, "only {count} SMLAD in the firmware");
}
