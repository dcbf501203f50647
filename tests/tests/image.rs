//! What of the evaluation gets into a chip's image: no copy of the weights, the kernel that the core deserves, and how many bytes.

use thumbnet_tests::elf::{segments, smlads};
use thumbnet_tests::image::{CORES, Core, MNIST, XOR, code, image};

#[test]
fn the_weights_stay_in_flash() {
    for (core, model) in CORES.into_iter().flat_map(|core| [(core, XOR), (core, MNIST)]) {
        let elf = image(core, model.as_ref(), None);
        let written: usize =
            segments(&elf).iter().filter(|segment| segment.writable).map(|segment| segment.length as usize).sum();
        assert_eq!(written, 0, "{}, {model}: {written} bytes of static RAM: something was copied", core.name);
    }
}

/// The most bytes of code of each core, for [`XOR`] and [`MNIST`]: what is measured, rounded up.
const LIMITS: [[usize; 2]; 6] = [[3200, 3300], [2900, 2900], [3000, 3000], [2850, 3000], [2300, 2300], [2850, 3000]];

/// The bytes of flash beside the model, opt-level "s", of a network whose sizes let the compiler leave out much, and of a large
/// one: 3,000 are asked of a core with the DSP extension. What clears the arrays is part of it.
#[test]
fn the_int8_evaluation_stays_small() {
    for (core, most) in CORES.into_iter().zip(LIMITS) {
        for (model, most) in [XOR, MNIST].into_iter().zip(most) {
            let code = code(core, model.as_ref());
            println!("{}, {model}: {code} bytes of code for the evaluation of int8 models", core.name);
            assert!(code <= most, "{}, {model}: {code} bytes", core.name);
        }
    }
}

/// The exit code of the program with the feature `stack` where its outputs are wrong: more words than it paints.
const WRONG: i32 = 255;

/// The bytes of stack of an evaluation of [`XOR`]: the program compares the outputs of several models, paints its stack, evaluates, and
/// exits with the number of words that are painted no more.
/// # Panics
/// Where an output is another.
fn stack(core: Core) -> i32 {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("image");
    std::fs::write(&path, image(core, XOR.as_ref(), Some("stack"))).expect("a writable folder");
    let status = std::process::Command::new("qemu-system-arm")
        .args(["-M", core.machine.0, "-display", "none", "-serial", "none", "-monitor", "none"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(&path)
        .status()
        .expect("qemu-system-arm starts");
    let words = status.code().expect("the program exits");
    assert_ne!(words, WRONG, "{}: other outputs than FORMAT.md's or the host's", core.name);
    4 * words
}

#[test]
fn the_evaluation_is_right_and_takes_less_than_512_bytes_of_stack() {
    for core in CORES {
        let stack = stack(core);
        println!("{}: {stack} bytes of stack for the evaluation of int8 models", core.name);
        assert!((64..512).contains(&stack), "{}: {stack} bytes", core.name);
    }
}

/// `THUMBNET_BACKEND=portable` is for every chip, too.
#[test]
fn portable_kernels_are_right_on_a_cortex_m4_and_have_no_smlad() {
    let core = Core { name: "M4, portable", backend: Some("portable"), ..CORES[3] };
    let count = smlads(&image(core, XOR.as_ref(), None));
    assert!(count == 0, "{count} SMLAD in the image of the portable kernels");
    let stack = stack(core);
    println!("{}: {stack} bytes of stack", core.name);
    assert!((64..640).contains(&stack), "{}: {stack} bytes", core.name);
}

#[test]
fn a_cortex_m4_gets_smlad_without_being_asked() {
    let count = smlads(&image(CORES[3], XOR.as_ref(), None));
    assert!(count > 100, "only {count} SMLAD in the image");
    let count = smlads(&image(CORES[1], XOR.as_ref(), None));
    assert!(count == 0, "{count} SMLAD in the image of a Cortex-M3");
}
