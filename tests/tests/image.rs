//! What of the evaluation gets into a chip's image: no copy of the weights, the kernel that the core deserves, and how many bytes.

use thumbnet_tests::elf::segments;
use thumbnet_tests::image::{TRIPLES, XOR, code, image};

#[test]
fn the_weights_stay_in_flash() {
    for triple in TRIPLES {
        let elf = image(triple, XOR.as_ref(), None);
        let written: usize =
            segments(&elf).iter().filter(|segment| segment.writable).map(|segment| segment.length as usize).sum();
        assert_eq!(written, 0, "{triple}: {written} bytes of static RAM: something was copied");
    }
}

/// The bytes of flash beside the model, opt-level "s": on a core with the DSP extension no more than 3,000, and on none more than
/// 6,000. The limits are what is measured, rounded up.
#[test]
fn the_int8_evaluation_stays_small() {
    for (triple, most) in TRIPLES.into_iter().zip([3800, 3300, 3000, 3000, 3300]) {
        let code = code(triple, XOR.as_ref());
        println!("{triple}: {code} bytes of code for the evaluation of int8 models");
        assert!(code <= most, "{triple}: {code} bytes");
    }
}

/// The program compares its outputs, paints its stack, evaluates, and exits with the number of words that are painted no more.
#[test]
fn the_evaluation_is_right_and_takes_less_than_512_bytes_of_stack() {
    // A Cortex-M3 runs an M0's program, too.
    let machines = ["mps2-an385", "mps2-an385", "mps2-an386", "mps2-an386"];
    for (triple, machine) in TRIPLES.into_iter().zip(machines) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("image");
        std::fs::write(&path, image(triple, XOR.as_ref(), Some("stack"))).expect("a writable folder");
        let status = std::process::Command::new("qemu-system-arm")
            .args(["-M", machine, "-display", "none", "-serial", "none", "-monitor", "none"])
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
    let elf = image("thumbv7em-none-eabihf", XOR.as_ref(), None);
    let segments = segments(&elf);
    let halves: Vec<u16> =
        segments.iter().flat_map(|segment| segment.bytes.as_chunks().0).map(|&half| u16::from_le_bytes(half)).collect();
    // SMLAD Rd, Rn, Rm, Ra: 1111 1011 0010 nnnn, aaaa dddd 0000 mmmm.
    let count = halves.windows(2).filter(|pair| pair[0] & 0xfff0 == 0xfb20 && pair[1] & 0x00f0 == 0).count();
    assert!(count > 100, "only {count} SMLAD in the image");
}
