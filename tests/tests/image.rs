//! What of the evaluation gets into a chip's image: no copy of the weights, the kernel that the core deserves, and how many bytes.

use std::path::Path;
use std::process::Output;
use std::sync::{Mutex, PoisonError};
use thumbnet_trainer::target;

const TRIPLES: [&str; 5] = [
    "thumbv6m-none-eabi",
    "thumbv7m-none-eabi",
    "thumbv7em-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv8m.main-none-eabihf",
];

/// Builds `tests/image` with nothing set that a user would not set.
fn link(triple: &str, level: &str, feature: Option<&str>) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("image");
    let mut command = target::compiler(triple).unwrap_or_else(|error| panic!("{error}"));
    command.current_dir(folder).args(["build", "--release", "--target", triple]);
    command.arg("--config").arg(format!("profile.release.opt-level={level}"));
    command.args(feature.into_iter().flat_map(|feature| ["--features", feature]));
    if feature == Some("stack") {
        let script = concat!("build.rustflags=[\"-Clink-arg=-T", env!("CARGO_MANIFEST_DIR"), "/image/link.x\"]");
        command.args(["--config", script]);
    }
    command.output().expect("cargo starts")
}

/// The built image. The tests run beside each other, and every build has the same path: one at a time.
fn image(triple: &str, level: &str, feature: Option<&str>) -> Vec<u8> {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let output = link(triple, level, feature);
    assert!(output.status.success(), "{triple}, {level}, {feature:?}: {}", String::from_utf8_lossy(&output.stderr));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("image/target").join(triple).join("release/image");
    std::fs::read(path).expect("the image was built")
}

/// The loaded segments of a 32-bit little-endian ELF file: whether it can be written, its bytes, and its size in memory.
fn segments(elf: &[u8]) -> Vec<(bool, &[u8], usize)> {
    let half = |at: usize| usize::from(u16::from_le_bytes([elf[at], elf[at + 1]]));
    let word = |at: usize| half(at) | half(at + 2) << 16;
    (0..half(44))
        .map(|index| word(28) + index * half(42))
        .filter(|&header| word(header) == 1)
        .map(|header| {
            let start = word(header + 4);
            (word(header + 24) & 2 != 0, &elf[start..start + word(header + 16)], word(header + 20))
        })
        .collect()
}

#[test]
fn the_weights_stay_in_flash() {
    for triple in TRIPLES {
        let elf = image(triple, "\"s\"", None);
        let written: usize = segments(&elf).iter().filter(|(writable, ..)| *writable).map(|&(.., size)| size).sum();
        assert_eq!(written, 0, "{triple}: {written} bytes of static RAM: something was copied");
    }
}

/// The bytes that an image takes in flash.
fn flash(elf: &[u8]) -> usize {
    segments(elf).iter().map(|(_, bytes, _)| bytes.len()).sum()
}

/// The bytes of flash beside the model, opt-level "s": on a core with the DSP extension no more than 3,000, and on none more than
/// 6,000. The limits are what is measured, rounded up.
#[test]
fn the_int8_evaluation_stays_small() {
    let model = include_bytes!("../../runtime/tests/models/xor.tnet").len();
    for (triple, most) in TRIPLES.into_iter().zip([3800, 3300, 3000, 3000, 3300]) {
        let code = flash(&image(triple, "\"s\"", None)) - flash(&image(triple, "\"s\"", Some("empty"))) - model;
        println!("{triple}: {code} bytes of code for the evaluation of int8 models");
        assert!(code <= most, "{triple}: {code} bytes");
    }
}

/// The program compares its outputs, paints its stack, evaluates, and exits with the number of words that are painted no more.
#[test]
fn the_evaluation_is_right_and_takes_less_than_512_bytes_of_stack() {
    for triple in ["thumbv7em-none-eabi", "thumbv7em-none-eabihf"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("image");
        std::fs::write(&path, image(triple, "\"s\"", Some("stack"))).expect("a writable folder");
        let status = std::process::Command::new("qemu-system-arm")
            .args(["-M", "mps2-an386", "-display", "none", "-serial", "none", "-monitor", "none"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(&path)
            .status()
            .expect("qemu-system-arm starts");
        let stack = 4 * status.code().expect("the program exits");
        println!("{triple}: {stack} bytes of stack for the evaluation of int8 models");
        assert!((64..512).contains(&stack), "{triple}: {stack} bytes");
    }
}

#[test]
fn a_cortex_m4_gets_smlad_without_being_asked() {
    let elf = image("thumbv7em-none-eabihf", "\"s\"", None);
    let segments = segments(&elf);
    let halves: Vec<u16> =
        segments.iter().flat_map(|(_, bytes, _)| bytes.as_chunks().0).map(|&half| u16::from_le_bytes(half)).collect();
    // SMLAD Rd, Rn, Rm, Ra: 1111 1011 0010 nnnn, aaaa dddd 0000 mmmm.
    let count = halves.windows(2).filter(|pair| pair[0] & 0xfff0 == 0xfb20 && pair[1] & 0x00f0 == 0).count();
    assert!(count > 100, "only {count} SMLAD in the image");
}
