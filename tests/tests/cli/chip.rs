//! The commands that let a chip evaluate.

use super::{network, quantized};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use thumbnet_tests::cli::{binary, thumbnet, thumbnet_with};
use thumbnet_tests::tolerance;
use thumbnet_trainer::nn::Activation;
use thumbnet_trainer::tnet;

/// A folder with `model.tnet`, a classifier of digits.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let network = quantized(&network(&[784, 20, 10], Activation::Softmax, 10));
    let model = tnet::write(&network).expect("a network that can be written");
    std::fs::write(folder.path().join("model.tnet"), model).expect("a file");
    folder
}

#[test]
fn flash_lets_the_emulated_chip_classify() {
    let folder = folder();
    let size = std::fs::metadata(folder.path().join("model.tnet")).expect("the file").len();
    let value = thumbnet(folder.path(), &["flash", "model.tnet", "--target", "qemu", "--json"]).json();
    assert_eq!(value["target"], "qemu");
    assert_eq!(value["core"], "Cortex-M4");
    assert_eq!(value["bytes_written"], size);
    let samples = value["samples"].as_array().expect("samples");
    let labels: Vec<u64> = samples.iter().map(|sample| sample["label"].as_u64().expect("a label")).collect();
    assert_eq!(labels, [7, 2, 1, 0, 4, 1, 4, 9, 5, 9], "the first test digits of MNIST");
    assert!(samples.iter().all(|sample| sample["predicted"].as_u64().is_some_and(|class| class < 10)));
    assert!(value["count_per_sample"].as_u64().is_some_and(|count| count > 5000));
    assert!(value["ram_bytes"].as_u64().is_some_and(|bytes| (800..4096).contains(&bytes)), "{value}");
}

/// A long measurement tells how far it is, and Ctrl-C leaves nothing behind.
#[cfg(unix)]
#[test]
fn control_c_ends_what_a_chip_does_and_tidies_up() {
    let folder = folder();
    let temporary = folder.path().join("temporary");
    std::fs::create_dir(&temporary).expect("a folder");
    let mut child = Command::new(binary())
        .args(["bench", "model.tnet", "--data", "mnist", "--count", "10000"])
        .current_dir(folder.path())
        .env("TMPDIR", &temporary)
        .stderr(Stdio::piped())
        .spawn()
        .expect("thumbnet starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let line = lines.next().expect("a line of progress");
    assert!(line.starts_with("measuring on qemu: ") && line.ends_with(" of 10000 samples"), "{line}");
    assert!(std::fs::read_dir(&temporary).expect("a folder").count() > 0, "the emulated chip's files");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill starts").success());
    let last = lines.last().expect("a line of error");
    assert!(last.starts_with("error: measuring on qemu: interrupted after ") && last.ends_with(" samples"), "{last}");
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert_eq!(std::fs::read_dir(&temporary).expect("a folder").count(), 0, "what is left of the emulated chip");
}

#[test]
fn flash_draws_the_digits_and_shows_the_chips_logs() {
    let folder = folder();
    let run = thumbnet(folder.path(), &["flash", "model.tnet", "--count", "2", "-v"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("chip: ") && run.stdout.contains('█'), "{}", run.stdout);
    assert!(run.stdout.contains("of 2 right"), "{}", run.stdout);
    assert!(run.stderr.contains("2 layers"), "the firmware logs what it found: {}", run.stderr);
}

#[test]
fn bench_counts_instructions_layer_by_layer() {
    let folder = folder();
    let value = thumbnet(folder.path(), &["bench", "model.tnet", "--json"]).json();
    assert_eq!(value["unit"], "instructions");
    assert_eq!(value["layers"][0]["macs"], 784 * 20);
    assert_eq!(value["layers"][1]["macs"], 200);
    let layers: f64 = (0..2).map(|i| value["layers"][i]["count"].as_f64().expect("a count")).sum();
    assert!((layers - value["total"].as_f64().expect("a total")).abs() < f64::from(tolerance::FUNCTION));
    assert!(value["per_mac"].as_f64().is_some_and(|per_mac| (0.5..30.0).contains(&per_mac)), "{value}");

    let value = thumbnet(folder.path(), &["bench", "model.tnet", "--target", "host", "--json"]).json();
    assert_eq!(value["unit"], "seconds");
    assert!(value["total"].as_f64().is_some_and(|seconds| seconds > 0.0 && seconds < 1.0), "{value}");
}

#[test]
fn what_is_missing_is_named_with_the_way_to_get_it() {
    let folder = folder();
    let with = |name: &str, value: &str, arguments: &[&str]| thumbnet_with(folder.path(), arguments, &[(name, value)]);
    let run = with("THUMBNET_QEMU", "no-such-qemu", &["flash", "model.tnet", "-q"]);
    assert!(run.error().contains("no-such-qemu is not installed") && run.stderr.contains("install"), "{}", run.stderr);
    let run = with("THUMBNET_FIRMWARE", "no-such-folder", &["flash", "model.tnet", "-q"]);
    assert!(run.error().contains("no-such-folder") && run.stderr.contains("THUMBNET_FIRMWARE"), "{}", run.stderr);
}

#[test]
fn a_model_that_is_no_tnet_and_data_that_do_not_fit_are_refused() {
    let folder = folder();
    std::fs::write(folder.path().join("broken.tnet"), b"TNET and nothing more").expect("a file");
    let run = thumbnet(folder.path(), &["flash", "broken.tnet", "-q"]);
    assert!(run.error().contains("ends after"), "{}", run.stderr);
    let run = thumbnet(folder.path(), &["flash", "model.tnet", "--data", "moons", "-q"]);
    assert!(run.error().contains("2 features") && run.stderr.contains("784"), "{}", run.stderr);
}

#[test]
fn bench_draws_what_each_layer_takes() {
    let folder = folder();
    let run = thumbnet(folder.path(), &["bench", "model.tnet", "--target", "qemu:m0", "--plot", "layers.svg"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let svg = std::fs::read_to_string(folder.path().join("layers.svg")).expect("a picture");
    assert!(svg.contains("qemu:m0 (Cortex-M0)") && svg.contains("instructions") && svg.contains('%'), "{svg}");
    let run = thumbnet(folder.path(), &["bench", "model.tnet", "--target", "host", "--plot", "layers.gif"]);
    assert_eq!(run.stderr, "error: layers.gif: a picture's name ends in .png or .svg\n");
}

#[test]
fn chips_are_found_by_name_and_core() {
    let folder = folder();
    let chips = |filter: &str| {
        let value = thumbnet(folder.path(), &["chips", filter, "--json"]).json();
        value["chips"].as_array().expect("chips").clone()
    };
    let discovery = &chips("stm32f407vg")[0];
    assert_eq!((discovery["core"].as_str(), discovery["clock_mhz"].as_u64()), (Some("Cortex-M4F"), Some(168)));
    assert_eq!((discovery["flash_bytes"].as_u64(), discovery["ram_bytes"].as_u64()), (Some(1 << 20), Some(128 << 10)));
    let crossover = &chips("MIMXRT1064")[0];
    assert_eq!((discovery["runs_firmware"].as_bool(), crossover["runs_firmware"].as_bool()), (Some(true), Some(false)));
    let emulated = chips("qemu");
    assert!(emulated.iter().all(|chip| chip["emulated"] == true) && emulated.len() == 6, "{emulated:?}");
    let cores = chips("Cortex-M33");
    assert!(cores.len() > 50 && cores.iter().all(|chip| chip["core"] == "Cortex-M33"));
    let all = thumbnet(folder.path(), &["chips"]);
    assert!(all.stdout.lines().count() > 5000, "{}", all.stdout.lines().count());
    let none = thumbnet(folder.path(), &["chips", "nRF52841_xxAA", "-q"]);
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("did you mean nRF528"), "{}", none.stderr);
}

#[test]
fn inspect_tells_whether_a_model_fits_a_chip_and_how_long_it_takes() {
    let folder = folder();
    let size = std::fs::metadata(folder.path().join("model.tnet")).expect("the file").len();
    let inspect = |arguments: &[&str]| thumbnet(folder.path(), &[&["inspect", "model.tnet"], arguments].concat());
    let value = inspect(&["--chip", "STM32F407VG", "--json"]).json();
    assert_eq!((&value["chip"], &value["fits"]), (&"STM32F407VG".into(), &true.into()));
    assert_eq!((&value["flash_total"], &value["ram_total"]), (&(1 << 20).into(), &(128 << 10).into()));
    assert_eq!((&value["flash_model"], &value["flash_left"]), (&size.into(), &((1 << 20) - size).into()));
    assert!(value["flash_program"].as_u64().is_some_and(|bytes| (8 << 10..24 << 10).contains(&bytes)), "{value}");
    assert!(value["ram"]["stack"].as_u64().is_some_and(|bytes| (100..1024).contains(&bytes)), "{value}");
    let instructions = value["instructions"].as_f64().expect("a number");
    assert!(instructions > 5000.0 && value["counted_on"] == "qemu:m4", "{value}");
    let time = |value: &serde_json::Value| value["milliseconds_estimate"].as_f64().expect("an estimate");
    let cycles = instructions * value["cycles_per_instruction"].as_f64().expect("a number");
    let near = |found: f64, expected: f64| (found - expected).abs() < f64::from(tolerance::FUNCTION_F64);
    assert!(near(time(&value), cycles / 168_000.0), "{value}");
    let slow = inspect(&["--chip", "STM32F407VG", "--clock", "16", "--json"]).json();
    assert!(near(time(&slow), cycles / 16_000.0), "{slow}");

    let text = inspect(&["--chip", "STM32F407VG"]).stdout;
    assert!(text.contains("an estimate") && text.contains("168 MHz") && text.ends_with("it fits\n"), "{text}");
    let unknown = inspect(&["--chip", "XMC4500-F100x1024"]).stdout;
    assert!(unknown.contains("--clock MHZ"), "{unknown}");
    let small = inspect(&["--chip", "STM32F030F4"]).stdout;
    assert!(small.contains("it does not fit: STM32F030F4") && small.contains("16384 bytes of flash"), "{small}");
}

#[test]
fn flash_says_in_one_line_what_is_wrong_with_chip_or_probe() {
    let folder = folder();
    let flash = |arguments: &[&str]| thumbnet(folder.path(), &[&["flash", "model.tnet", "-q"], arguments].concat());
    let run = flash(&["--chip", "STM32F407VQ"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("did you mean STM32F407V"), "{}", run.stderr);
    let run = flash(&["--chip", "STM32F030F4"]);
    assert!(run.error().contains("16384 bytes of flash, too few"), "{}", run.stderr);
    std::fs::write(folder.path().join("large.tnet"), {
        let network = quantized(&network(&[784, 100, 10], Activation::Softmax, 10));
        tnet::write(&network).expect("a network that can be written")
    })
    .expect("a file");
    let run = thumbnet(folder.path(), &["flash", "large.tnet", "-q", "--chip", "STM32F103C8"]);
    assert!(run.error().contains("of its 65536 bytes of flash"), "{}", run.stderr);
    // Whatever is connected here is not touched: no probe has that serial number.
    let run = flash(&["--chip", "STM32F407VG", "--probe", "no-such-probe"]);
    let none = run.stderr.contains("no debug probe is connected; plug one in");
    assert!(
        !run.error().is_empty() && (none || run.stderr.contains("no-such-probe is not connected")),
        "{}",
        run.stderr
    );
    let run = flash(&["--model-only"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let value = thumbnet(folder.path(), &["flash", "model.tnet", "--chip", "mps2-an385", "--json", "-q"]).json();
    assert_eq!(value["core"], "Cortex-M3");
}

/// A QEMU in whose flash lies the model `other.tnet`, whatever it is told.
#[cfg(unix)]
fn qemu_with_another_model(folder: &std::path::Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    let script = folder.join("qemu");
    let text = format!(
        "#!/bin/sh\nfor word; do case $word in loader,*file=*) cp '{}' \"${{word##*file=}}\";; esac; done\nexec qemu-system-arm \"$@\"\n",
        folder.join("other.tnet").display()
    );
    std::fs::write(&script, text).expect("a file");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("a program");
    script.display().to_string()
}

#[cfg(unix)]
#[test]
fn verify_names_sample_layer_and_element_of_the_first_difference() {
    let folder = folder();
    let arguments = ["verify", "model.tnet", "--target", "qemu", "--data", "mnist", "--count", "20"];
    let value = thumbnet(folder.path(), &[&arguments[..], &["--json"]].concat()).json();
    let chip = value["executors"].as_array().and_then(|rows| rows.iter().find(|row| row["name"] == "qemu"));
    let chip = chip.expect("the chip's row");
    assert_eq!((&chip["different_integers"], &chip["difference"]), (&0.into(), &serde_json::Value::Null));
    assert!(chip["samples_per_second"].as_f64().is_some_and(|rate| rate > 1.0), "{chip}");
    assert!(chip["right"].as_u64().is_some_and(|right| right <= 20), "{chip}");

    // The last layer's outputs differ, and the first layer's do not.
    let mut other = quantized(&network(&[784, 20, 10], Activation::Softmax, 10));
    other.layers[1].bias[3] += 100_000;
    std::fs::write(folder.path().join("other.tnet"), tnet::write(&other).expect("a model")).expect("a file");
    let qemu = qemu_with_another_model(folder.path());
    let run = thumbnet_with(folder.path(), &arguments, &[("THUMBNET_QEMU", &qemu)]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(
        run.stderr.contains("model.tnet: qemu: sample 0, layer 1, element 3 is 127, but must be"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("holds another model"), "{}", run.stderr);
}
