//! Whatever bytes come, reading them gives an error or a model that can be evaluated, and never a panic.

#[path = "use_all/mod.rs"]
mod use_all;

use thumbnet::Model;
use use_all::use_all;

/// Models of int8 weights; of f32; of f16; of tables, int4, int2, zero points, normalization and names; of a pooling.
const MODELS: [&[u8]; 5] = [
    include_bytes!("models/xor.tnet"),
    include_bytes!("models/xor-f32.tnet"),
    include_bytes!("models/xor-f16.tnet"),
    include_bytes!("models/mixed.tnet"),
    include_bytes!("models/pool.tnet"),
];

#[test]
fn the_models_are_right() {
    for bytes in MODELS {
        let model = Model::parse(bytes).unwrap();
        model.verify_checksum().unwrap();
        use_all(&model);
    }
}

#[test]
fn every_truncation_is_an_error() {
    for bytes in MODELS {
        for end in 0..bytes.len() {
            let error = Model::parse(&bytes[..end]).unwrap_err();
            assert!(matches!(error, thumbnet::ParseError::Truncated { found, .. } if found == end), "{error}");
        }
    }
}

#[test]
fn what_follows_a_model_does_not_matter() {
    for bytes in MODELS {
        let longer = [bytes, &[0xff; 100]].concat();
        let model = Model::parse(&longer).unwrap();
        model.verify_checksum().unwrap();
        assert_eq!(model.bytes(), bytes);
    }
}

/// Every byte takes every value.
#[test]
fn every_corruption_is_an_error_or_a_model_with_a_wrong_checksum() {
    let mut models = 0;
    for bytes in MODELS {
        let mut bytes = bytes.to_vec();
        for at in 0..bytes.len() {
            let right = bytes[at];
            for wrong in (0..=u8::MAX).filter(|&wrong| wrong != right) {
                bytes[at] = wrong;
                if let Ok(model) = Model::parse(&bytes) {
                    model.verify_checksum().unwrap_err();
                    use_all(&model);
                    models += 1;
                }
            }
            bytes[at] = right;
        }
    }
    assert!(models > 100_000, "most corruptions of weights are still models, not {models}");
}

/// Sizes at the ends of what 32 bits hold, alone and in pairs, cannot be believed.
#[test]
fn lying_sizes_are_errors() {
    let fields = (0..56 + 4 * 32 - 4).step_by(4);
    for bytes in MODELS {
        for first in fields.clone() {
            for second in fields.clone() {
                for value in [0, 1, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff_u32] {
                    let mut bytes = bytes.to_vec();
                    bytes[first..first + 4].copy_from_slice(&value.to_le_bytes());
                    bytes[second..second + 4].copy_from_slice(&value.to_le_bytes());
                    if let Ok(model) = Model::parse(&bytes) {
                        use_all(&model);
                    }
                }
            }
        }
    }
}

#[test]
fn another_version_is_refused_by_name() {
    let mut bytes = MODELS[0].to_vec();
    bytes[4] = 2;
    let error = Model::parse(&bytes).unwrap_err();
    assert_eq!(error, thumbnet::ParseError::Version { found: 2, supported: 1 });
    assert_eq!(error.to_string(), "format version 2, but this reader knows version 1");
}

/// What the fuzzer found to differ (`tests/fuzz.sh model`) is tried again.
#[test]
fn the_fuzzers_corpus_is_errors_and_models() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/model");
    let mut models = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        if let Ok(model) = Model::parse(&std::fs::read(entry.unwrap().path()).unwrap()) {
            use_all(&model);
            models += 1;
        }
    }
    assert!(models > 20, "only {models} models");
}
