//! What each field may not say, and the error that names it: the sentences of FORMAT.md, one after the other.

use thumbnet::format::{HEADER, RECORD, header, record};
use thumbnet::{Model, ParseError};

const XOR: &[u8] = include_bytes!("models/xor.tnet");
const XOR_F32: &[u8] = include_bytes!("models/xor-f32.tnet");
const MIXED: &[u8] = include_bytes!("models/mixed.tnet");
const POOL: &[u8] = include_bytes!("models/pool.tnet");

/// What is wrong, or that it is a model and can be evaluated.
type Outcome = Result<(), ParseError>;

const fn head(offset: usize) -> Outcome {
    Err(ParseError::Header { offset: offset as u8 })
}

const fn layer(index: u16, offset: usize) -> Outcome {
    Err(ParseError::Layer { index, offset: offset as u8 })
}

/// A copy with other bytes in one place.
fn with(bytes: &[u8], at: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + value.len()].copy_from_slice(value);
    bytes
}

/// Reads it, and evaluates what can be read.
fn outcome(bytes: &[u8]) -> Outcome {
    let model = Model::parse(bytes)?;
    if model.is_float() {
        let (mut scratch, mut output) = (vec![0.0; model.scratch_len()], vec![0.0; model.output_len()]);
        model.run(&vec![0.5; model.input_len()], &mut scratch, &mut output).unwrap();
    } else {
        let (mut scratch, mut output) = (vec![0; model.scratch_len()], vec![0; model.output_len()]);
        model.run(&vec![5; model.input_len()], &mut scratch, &mut output).unwrap();
    }
    Ok(())
}

/// Tries values in a place of a file.
fn check<const N: usize>(what: &str, bytes: &[u8], at: usize, cases: &[([u8; N], Outcome)]) {
    assert_eq!(outcome(bytes), Ok(()));
    for (value, expected) in cases {
        assert_eq!(outcome(&with(bytes, at, value)), *expected, "{what} is {value:02x?}");
    }
}

const fn word(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

const fn float(value: f32) -> [u8; 4] {
    value.to_le_bytes()
}

/// Where a field of a layer's record stands.
const fn field(index: usize, offset: usize) -> usize {
    HEADER + index * RECORD + offset
}

/// Positive and normal (FORMAT.md, "Scales are positive and normal").
fn scales(refused: Outcome) -> [([u8; 4], Outcome); 11] {
    [
        (float(0.0), refused),
        (float(-0.0), refused),
        (float(1e-45), refused),
        (float(f32::MIN_POSITIVE.next_down()), refused),
        (float(f32::MIN_POSITIVE), Ok(())),
        (float(f32::MAX), Ok(())),
        (float(f32::INFINITY), refused),
        (float(f32::NEG_INFINITY), refused),
        (float(f32::NAN), refused),
        (float(-1.0), refused),
        (float(-1e-45), refused),
    ]
}

#[test]
fn fields_of_the_header() {
    let flags = head(header::FLAGS);
    check("flags", XOR, header::FLAGS, &[([0], Ok(())), ([1], Ok(())), ([2], flags), ([3], flags), ([0x80], flags)]);
    let element = head(header::ELEMENT);
    // The layers are of the other numbers.
    check("element", XOR, header::ELEMENT, &[([1], layer(0, record::WEIGHTS)), ([2], element), ([255], element)]);
    // An integer model has a scale.
    check("element", XOR_F32, header::ELEMENT, &[([0], head(header::SCALE)), ([2], element)]);
    let encoding = head(header::ENCODING);
    check("encoding", XOR, header::ENCODING, &[([0], Ok(())), ([1], Ok(())), ([2], encoding), ([255], encoding)]);
    let norm = head(header::UNIT_NORM);
    check("norm", XOR, header::UNIT_NORM, &[([1], Ok(())), ([2], Ok(())), ([3], Ok(())), ([4], norm), ([255], norm)]);
    check("scale", XOR, header::SCALE, &scales(head(header::SCALE)));
    // A model of floats has none, whatever stands there.
    check("scale", XOR_F32, header::SCALE, &[(float(f32::NAN), Ok(())), (float(-1.0), Ok(()))]);
    check("layers", XOR, header::LAYERS, &[(0u16.to_le_bytes(), head(header::LAYERS))]);
    // The first layer's outputs would be the model's; there is no third record, but labels.
    check(
        "layers",
        XOR,
        header::LAYERS,
        &[(1u16.to_le_bytes(), Ok(())), (3u16.to_le_bytes(), layer(2, record::WEIGHTS))],
    );
    check("layers", MIXED, header::LAYERS, &[(3u16.to_le_bytes(), head(header::OUTPUTS))]);
    let inputs = [word(0), word(1), word(3), word(u32::MAX)].map(|value| (value, head(header::SHAPE)));
    check("inputs", XOR, header::INPUTS, &inputs);
    let outputs = [word(0), word(1), word(3), word(u32::MAX)].map(|value| (value, head(header::OUTPUTS)));
    check("outputs", XOR, header::OUTPUTS, &outputs);
}

#[test]
fn dimensions_of_a_sample() {
    let shape = |a: u32, b: u32, c: u32| -> [u8; 12] { [a, b, c].map(u32::to_le_bytes).concat().try_into().unwrap() };
    let wrong = head(header::SHAPE);
    check(
        "shape",
        XOR,
        header::SHAPE,
        &[
            (shape(2, 1, 0), Ok(())),
            (shape(1, 2, 1), Ok(())),
            (shape(0, 0, 0), wrong),
            (shape(2, 0, 1), wrong),
            (shape(0, 2, 0), wrong),
            (shape(2, 2, 0), wrong),
            (shape(1, 1, 1), wrong),
            // Products that are 2 in 32 and in 64 bits.
            (shape(0x8000_0001, 2, 0), wrong),
            (shape(0x8000_0000, 0x8000_0000, 4), wrong),
        ],
    );
    // No inputs, and dimensions that say so.
    let mut none = with(XOR, header::SHAPE, &shape(0, 0, 0));
    none[header::INPUTS] = 0;
    assert_eq!(outcome(&none), layer(0, record::INPUTS), "other than the layer's");
    none[field(0, record::INPUTS)] = 0;
    assert_eq!(outcome(&none), layer(0, record::INPUTS));
}

#[test]
fn sections() {
    let length = XOR.len() as u32;
    let wrong = head(header::NORMALIZATION);
    // Two offsets and two scales take 16 bytes.
    check(
        "normalization",
        XOR,
        header::NORMALIZATION,
        &[
            (word(length - 16), Ok(())),
            (word(4), Ok(())),
            (word(length - 12), wrong),
            (word(length - 18), wrong),
            (word(length - 15), wrong),
            (word(length), wrong),
            (word(u32::MAX - 3), wrong),
        ],
    );
    for (what, at) in [("labels", header::LABELS), ("names", header::NAMES)] {
        let wrong = head(at);
        check(what, XOR, at, &[(word(length - 1), wrong), (word(length), wrong), (word(u32::MAX), wrong)]);
        let right = u32::from_le_bytes(*XOR[at..].first_chunk().unwrap()) as usize;
        // More of them than the file has, and a name that is no UTF-8.
        check(what, XOR, right, &[(u16::MAX.to_le_bytes(), wrong)]);
        check(what, XOR, right + 3, &[([0xff], wrong), ([b'x'], Ok(()))]);
    }
}

#[test]
fn fields_of_a_layer() {
    let of = |offset| layer(1, offset);
    let kind = of(record::KIND);
    check("kind", XOR, field(1, record::KIND), &[([0], kind), ([3], kind), ([255], kind)]);
    let weights = of(record::WEIGHTS);
    // Floats in a model of integers take more bytes than there are.
    check("weights", XOR, field(1, record::WEIGHTS), &[([0], weights), ([6], weights), ([255], weights)]);
    check("weights", XOR, field(1, record::WEIGHTS), &[([1], weights), ([2], of(record::PAYLOAD_LENGTH))]);
    let order = of(record::ORDER);
    check("order", XOR, field(1, record::ORDER), &[([3], order), ([255], order), ([2], of(record::PAYLOAD_LENGTH))]);
    // Only int8 and int4 weights have zero points.
    check("order", MIXED, field(2, record::ORDER), &[([2], layer(2, record::ORDER))]);
    check("order", XOR_F32, field(0, record::ORDER), &[([2], layer(0, record::ORDER))]);
    let function = of(record::FUNCTION);
    // What is known has a table, which is not there.
    let no_table = of(record::PAYLOAD_LENGTH);
    check("function", XOR, field(1, record::FUNCTION), &[([6], function), ([32], function), ([254], function)]);
    check("function", XOR, field(1, record::FUNCTION), &[([1], no_table), ([255], no_table)]);
    check("function", MIXED, field(1, record::FUNCTION), &[([255], Ok(())), ([0], layer(1, record::PAYLOAD_LENGTH))]);
    check("function", XOR_F32, field(0, record::FUNCTION), &[([2], Ok(())), ([255], layer(0, record::FUNCTION))]);
    check("scale", XOR, field(1, record::SCALE), &scales(of(record::SCALE)));
    check("pre scale", MIXED, field(1, record::PRE_SCALE), &scales(layer(1, record::PRE_SCALE)));
    check("scale", MIXED, field(1, record::SCALE), &scales(layer(1, record::SCALE)));
    // Without a table it is not used.
    check("pre scale", XOR, field(1, record::PRE_SCALE), &[(float(f32::NAN), Ok(()))]);
    let clamps = [([-128i8, 127], true), ([5, 5], true), ([127, 127], true), ([1, 0], false), ([127, -128], false)];
    let clamps = clamps.map(|(ends, fits)| (ends.map(i8::cast_unsigned), if fits { Ok(()) } else { of(record::LO) }));
    check("lo and hi", XOR, field(1, record::LO), &clamps);
}

/// The widths of neighbors are one number; none is 0.
#[test]
fn widths() {
    for index in 0..2 {
        let inputs = [0, 1, 3].map(|width| (word(width), layer(index, record::INPUTS)));
        check("inputs", XOR, field(index.into(), record::INPUTS), &inputs);
        let outputs = field(index.into(), record::OUTPUTS);
        check("outputs", XOR, outputs, &[(word(0), layer(index, record::OUTPUTS))]);
        // The payload has not so many.
        let longer = [1, 3, 0x7fff_ffff, 0x8000_0000, u32::MAX];
        let longer = longer.map(|width| (word(width), layer(index, record::PAYLOAD_LENGTH)));
        check("outputs", XOR, outputs, &longer);
        check("inputs", XOR, field(index.into(), record::INPUTS), &longer[2..]);
    }
}

#[test]
fn payloads() {
    let end = XOR.len() as u32;
    let (at, length) = (field(1, record::PAYLOAD), field(1, record::PAYLOAD_LENGTH));
    let (outside, longer) = (layer(1, record::PAYLOAD), layer(1, record::PAYLOAD_LENGTH));
    check("payload", XOR, at, &[(word(end), outside), (word(end & !15), outside), (word(0xffff_fff0), outside)]);
    check("payload", XOR, at, &[1, 2, 4, 8].map(|by| (word(0xb0 + by), outside)));
    // It is not that of another layer, nor a part of it, nor the header or the records.
    check("payload", XOR, at, &[0xb0, 0xc0, 0, 0x50, 0x70].map(|place| (word(place), outside)));
    let first = field(0, record::PAYLOAD);
    check("payload", XOR, first, &[0, 0x10, 0x70].map(|place| (word(place), layer(0, record::PAYLOAD))));
    // Between them anything may stand.
    let far = [XOR, &[0; 8], &XOR[0xd0..]].concat();
    let far = with(&with(&far, at, &word(0xf0)), header::LENGTH, &word(far.len() as u32));
    assert_eq!(outcome(&far), Ok(()), "a payload behind a gap");
    check(
        "length",
        XOR,
        length,
        &[(word(25), outside), (word(u32::MAX), outside), (word(23), longer), (word(0), longer)],
    );
    // Shorter by a part: the file ends in the last layer's payload.
    check("length", XOR, field(0, record::PAYLOAD_LENGTH), &[(word(25), layer(0, record::PAYLOAD_LENGTH))]);
}

/// Finite and not negative (FORMAT.md): then no sum is a NaN.
#[test]
fn factors() {
    let wrong = layer(1, record::PAYLOAD);
    // The last four bytes of the file.
    check(
        "factor",
        XOR,
        XOR.len() - 4,
        &[
            (float(0.0), Ok(())),
            (float(1e-45), Ok(())),
            (float(f32::MAX), Ok(())),
            (float(-0.0), wrong),
            (float(-0.5), wrong),
            (float(-1e-45), wrong),
            (float(f32::INFINITY), wrong),
            (float(f32::NEG_INFINITY), wrong),
            (float(f32::NAN), wrong),
            (float(-f32::NAN), wrong),
        ],
    );
}

#[test]
fn poolings() {
    let index = (0..2).find(|&index| POOL[field(index, record::KIND)] == 2).unwrap();
    let of = |offset| layer(index as u16, offset);
    let at = u32::from_le_bytes(*POOL[field(index, record::PAYLOAD)..].first_chunk().unwrap()) as usize;
    check("weights", POOL, field(index, record::WEIGHTS), &[([4], of(record::WEIGHTS)), ([2], of(record::WEIGHTS))]);
    check("weights", POOL, field(index, record::WEIGHTS), &[([1], of(record::WEIGHTS))]);
    check("order", POOL, field(index, record::ORDER), &[([1], of(record::ORDER)), ([2], of(record::ORDER))]);
    check("function", POOL, field(index, record::FUNCTION), &[([1], of(record::FUNCTION))]);
    check("scale", POOL, field(index, record::SCALE), &scales(of(record::SCALE)));
    let length = field(index, record::PAYLOAD_LENGTH);
    check("length", POOL, length, &[(word(15), of(record::PAYLOAD_LENGTH)), (word(17), of(record::PAYLOAD_LENGTH))]);
    // Windows leave the image, are none, or none is in them.
    for number in 1..8 {
        let huge = with(POOL, at + 2 * number, &u16::MAX.to_le_bytes());
        let found = outcome(&huge).unwrap_err();
        let expected = if number < 2 { of(record::INPUTS) } else { of(record::PAYLOAD) };
        assert_eq!(Err(found), expected, "number {number}");
    }
    for number in 4..8 {
        assert_eq!(outcome(&with(POOL, at + 2 * number, &[0, 0])), of(record::PAYLOAD), "number {number}");
    }
    assert_eq!(outcome(&with(POOL, at, &[0, 0])), of(record::PAYLOAD));
    // The largest window, and one more element than it has.
    let number = |bytes: &[u8], number: usize| u16::from_le_bytes(*bytes[at + 2 * number..].first_chunk().unwrap());
    let windows = [number(POOL, 4), number(POOL, 5)];
    for (size, expected) in [([255, 257], Ok(())), ([257, 255], Ok(())), ([256, 256], of(record::PAYLOAD))] {
        let image = [windows[0] * size[0], windows[1] * size[1]];
        let numbers: Vec<u8> = [image, [0, 0], windows, size].iter().flatten().flat_map(|n| n.to_le_bytes()).collect();
        let mut bytes = with(POOL, at, &numbers);
        let inputs = word(u32::from(image[0]) * u32::from(image[1]));
        bytes[field(index, record::INPUTS)..][..4].copy_from_slice(&inputs);
        bytes[header::INPUTS..][..4].copy_from_slice(&inputs);
        bytes[header::SHAPE..][..12].copy_from_slice(&[inputs, word(0), word(0)].concat());
        assert_eq!(outcome(&bytes), expected, "windows of {size:?}");
    }
}
