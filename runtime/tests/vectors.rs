//! The vectors of FORMAT.md are what this crate does.

use thumbnet::Model;

const FORMAT: &str = include_str!("../FORMAT.md");

/// The indented lines of the section "Test vectors" that start with `first`.
fn lines(first: &str) -> impl Iterator<Item = &str> {
    let (_, section) = FORMAT.split_once("## Test vectors").expect("FORMAT.md has the section");
    section.lines().filter_map(|line| line.strip_prefix("    ")).filter(move |line| line.starts_with(first))
}

/// The numbers between a word and the next.
fn numbers<T: std::str::FromStr>(line: &str, word: &str) -> Vec<T> {
    let (_, rest) = line.split_once(word).unwrap_or_else(|| panic!("{line:?} has no {word:?}"));
    rest.split_whitespace().map_while(|number| number.parse().ok()).collect()
}

/// The bytes of the dump.
fn dump() -> Vec<u8> {
    let byte = |text: &str| u8::from_str_radix(text, 16).expect("the dump is hexadecimal");
    lines("00").flat_map(|line| line.split_whitespace().skip(1).map(byte)).collect()
}

#[test]
fn the_dump_is_the_model() {
    assert_eq!(dump(), include_bytes!("models/xor.tnet"));
    Model::parse(&dump()).unwrap().verify_checksum().unwrap();
}

#[test]
fn the_model_gives_the_integers() {
    let bytes = dump();
    let model = Model::parse(&bytes).unwrap();
    let mut count = 0;
    for line in lines("real") {
        let mut input = [0; 2];
        model.quantize_input(&numbers::<f32>(line, "real"), &mut input).unwrap();
        assert_eq!(input[..], numbers::<i8>(line, "input"), "{line}");
        let mut output = [0; 2];
        let mut hidden = Vec::new();
        model
            .run_with(&input, &mut vec![0; model.scratch_len()], &mut output, |layer, values: &[i8]| {
                if layer == 0 {
                    hidden = values.to_vec();
                }
            })
            .unwrap();
        assert_eq!(hidden, numbers::<i8>(line, "hidden"), "{line}");
        assert_eq!(output[..], numbers::<i8>(line, "output"), "{line}");
        count += 1;
    }
    assert_eq!(count, 4);
}

/// A layer of one input and one output makes the rounding visible: its bias is the sum.
#[test]
fn sums_are_rounded_as_they_should() {
    let mut count = 0;
    for line in lines("sum") {
        let [sum] = numbers::<i32>(line, "sum")[..] else { panic!("{line}") };
        let [factor] = numbers::<f32>(line, "factor")[..] else { panic!("{line}") };
        let [expected] = numbers::<i8>(line, "gives")[..] else { panic!("{line}") };
        let mut bytes = dump();
        // The second layer: no weights, this bias and factor for its first output (their places in the dump).
        bytes[0xd0..0xd8].fill(0);
        bytes[0xd8..0xdc].copy_from_slice(&sum.to_le_bytes());
        bytes[0xe0..0xe4].copy_from_slice(&factor.to_le_bytes());
        // Plain, since a packed sum of a pair has 24 bits.
        bytes[0x58 + 2] = 0;
        bytes[0x58 + 28] = 20;
        bytes.splice(0xd4..0xd8, []);
        let length = bytes.len() as u32;
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        let model = Model::parse(&bytes).unwrap();
        let mut output = [0; 2];
        model.run(&[0; 2], &mut vec![0; model.scratch_len()], &mut output).unwrap();
        assert_eq!(output[0], expected, "{line}");
        count += 1;
    }
    assert!(count >= 10);
}
