//! A new firmware in Rust, as `thumbnet new` writes it, builds and runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use thumbnet::Model;
use thumbnet_tests::elf::{check_image_definition, check_second_stage, flashed};
use thumbnet_tests::{cli, network, rtt::Rtt};
use thumbnet_trainer::target::{self, Chip};
use thumbnet_trainer::tnet;

#[test]
fn a_new_firmware_builds_and_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tnet::write(&network::random(&[784, 12, 10], 16)).expect("a model");
    std::fs::write(folder.path().join("model.tnet"), &model).expect("a file");
    let made = cli::thumbnet(folder.path(), &["new", "my-firmware", "--chip", "m4", "--model", "model.tnet", "--json"]);
    assert_eq!(made.json()["core"], "Cortex-M4F");
    let again = cli::thumbnet(folder.path(), &["new", "my-firmware", "--model", "model.tnet"]);
    assert_eq!(again.code, Some(2), "{again:?}");

    let project = folder.path().join("my-firmware");
    let main = std::fs::read_to_string(project.join("src/main.rs")).expect("a program");
    assert!(main.lines().count() < 60 && !main.contains("{{"), "{main}");
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO") && name != "CARGO_HOME") {
        cargo.env_remove(name);
    }
    // The runner is `thumbnet`, as installed.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tool = cli::binary().parent().expect("a folder").to_path_buf();
    let paths = std::env::join_paths([tool].into_iter().chain(std::env::split_paths(&path))).expect("a path");
    let run = cargo.args(["run", "--release"]).env("PATH", paths).current_dir(&project).output().expect("cargo starts");
    let stdout = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{stdout}{}", String::from_utf8_lossy(&run.stderr));
    // The model has the classes 0 to 9.
    assert!(stdout.contains("INFO") && stdout.contains(": "), "{stdout}");
}

/// The ELF of a project for the chip of this name, with a network of 10 classes in it.
fn build(folder: &Path, chip: &str) -> PathBuf {
    let made = cli::thumbnet(folder, &["new", chip, "--chip", chip, "--model", "model.tnet"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stdout.contains("probe-rs"), "{made:?}");
    let project = folder.join(chip);
    let main = std::fs::read_to_string(project.join("src/main.rs")).expect("a program");
    assert!(main.lines().count() < 60 && !main.contains("{{"), "{main}");
    let config = std::fs::read_to_string(project.join(".cargo/config.toml")).expect("a configuration");
    let name = Chip::find(chip).expect("a chip").name;
    assert!(config.contains(&format!("runner = \"probe-rs run --chip {name}\"")), "{config}");
    let triple = Chip::find(chip).expect("a chip").core.triple;
    let mut cargo = target::compiler(triple).unwrap_or_else(|error| panic!("{error}"));
    let build = cargo.args(["build", "--release", "--target-dir", "../target"]).current_dir(&project);
    let output = build.output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("target").join(triple).join("release").join(chip)
}

fn folder_with_model() -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tnet::write(&network::random(&[784, 12, 10], 17)).expect("a model");
    std::fs::write(folder.path().join("model.tnet"), &model).expect("a file");
    (folder, model)
}

#[test]
fn a_new_firmware_for_a_board_runs_and_logs_over_rtt() {
    let (folder, model) = folder_with_model();
    let image = build(folder.path(), "STM32F405RG");
    // QEMU's Netduino Plus 2 is an STM32F405RG.
    let mut rtt = Rtt::start_on("netduinoplus2", &[], 0x2000_0000, &image);
    let mut bytes = Vec::new();
    let begin = Instant::now();
    while !bytes.ends_with(&[0]) && begin.elapsed() < Duration::from_secs(20) {
        bytes.extend(rtt.logs().expect("QEMU answers"));
    }
    let elf = std::fs::read(&image).expect("the image");
    let lines = target::decode_logs(&elf, &bytes).unwrap_or_else(|error| panic!("{error}"));
    // The sample is an image of zeros.
    let parsed = Model::parse(&model).expect("a model");
    let mut input = vec![0; 784];
    parsed.quantize_pixels(&[0; 784], &mut input).expect("an image");
    let class = {
        let (mut output, mut scratch) = ([0; 10], vec![0; parsed.scratch_len()]);
        parsed.run(&input, &mut scratch, &mut output).expect("an evaluation");
        parsed.classify(&output)
    };
    assert!(
        lines.len() == 1 && lines[0].contains(&format!("{}: {}", class.label.expect("a label"), class.score)),
        "{lines:?}, not {class:?}"
    );
}

#[test]
fn a_new_firmware_for_a_chip_with_a_boot_block_has_it() {
    let (folder, model) = folder_with_model();
    for (name, check) in [("RP2040", check_second_stage as fn(&[u8])), ("RP235x", check_image_definition)] {
        let elf = std::fs::read(build(folder.path(), name)).expect("the image");
        let flash = flashed(Chip::find(name).expect("a chip").whole_flash(), &elf);
        check(&flash);
        assert!(flash.windows(model.len()).any(|window| window == model), "{name}: no model");
    }
}

#[test]
fn a_chip_that_cannot_hold_the_model_or_boots_otherwise_gets_no_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tnet::write(&network::random(&[784, 100, 10], 18)).expect("a model");
    std::fs::write(folder.path().join("model.tnet"), &model).expect("a file");
    let new = |chip: &str| cli::thumbnet(folder.path(), &["new", "mine", "--chip", chip, "--model", "model.tnet"]);
    assert!(new("STM32F030F4").error().contains("bytes of flash, and STM32F030F4 has 16384"));
    assert!(new("MIMXRT1064").error().contains("boots by a header"));
    assert_eq!(new("STM32F405RQ").code, Some(2));
    assert!(!folder.path().join("mine").exists());
}
