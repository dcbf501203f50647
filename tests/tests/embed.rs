//! A model inside somebody's own program in C gives the runtime's integers.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use thumbnet_tests::network;
use thumbnet_trainer::embed::{self, CSource};
use thumbnet_trainer::nn::AveragePool;
use thumbnet_trainer::quantize::{IntegerActivation, Quantization, QuantizedSequential};
use thumbnet_trainer::{target, tnet};

const SAMPLES: usize = 1000;

/// Reads samples from standard input and writes their outputs.
const MAIN: &str = r#"
#include <stdio.h>
#include "model.h"

int main(void)
{
    static int8_t input[MODEL_INPUTS], scratch[MODEL_SCRATCH], output[MODEL_OUTPUTS];
    while (fread(input, 1, sizeof input, stdin) == sizeof input) {
        model_evaluate(input, scratch, output);
        fwrite(output, 1, sizeof output, stdout);
    }
    return 0;
}
"#;

const FLAGS: [&str; 6] = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2"];

fn write(folder: &Path, c: &CSource) {
    std::fs::write(folder.join("model.h"), &c.header).expect("a file");
    std::fs::write(folder.join("model.c"), &c.source).expect("a file");
    std::fs::write(folder.join("main.c"), MAIN).expect("a file");
}

fn compile(folder: &Path, compiler: &str, arguments: &[&str]) {
    let run = Command::new(compiler).args(FLAGS).args(arguments).current_dir(folder).output();
    let run = run.unwrap_or_else(|error| panic!("{compiler} cannot be started: {error}; install it"));
    assert!(run.status.success(), "{compiler}: {}", String::from_utf8_lossy(&run.stderr));
}

fn compare(network: &QuantizedSequential) {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &embed::c_source(network, "model").expect("C"));
    compile(folder.path(), "cc", &["main.c", "model.c", "-o", "model"]);
    compile(folder.path(), "arm-none-eabi-gcc", &["-mcpu=cortex-m4", "-mthumb", "-c", "model.c", "-o", "model.o"]);

    let mut random = ChaCha8Rng::seed_from_u64(11);
    let inputs: Vec<u8> = (0..SAMPLES * network.input.features()).map(|_| random.random()).collect();
    let program = folder.path().join("model");
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let sent = inputs.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&sent));
    let outputs = child.wait_with_output().expect("it ends").stdout;
    writer.join().expect("a thread").expect("it reads all samples");

    let model = tnet::write(network).expect("a network that can be written");
    let expected = target::open("host", &model).and_then(|mut host| host.evaluate(&inputs)).expect("outputs");
    assert_eq!(outputs.len(), expected.outputs.len());
    assert_eq!(outputs, expected.outputs);
    assert!(outputs.iter().any(|&y| y != outputs[0]));
}

#[test]
fn c_gives_the_runtimes_integers_on_1000_inputs() {
    compare(&network::random(&[196, 31, 18, 10], 12));
    compare(&network::random(&[9, 4], 13));
}

#[test]
fn c_pools_as_the_runtime_does() {
    for (image, crop, size) in [([28, 28], [24, 24], [2, 2]), ([9, 8], [6, 8], [3, 2]), ([6, 6], [4, 4], [1, 1])] {
        let pool = AveragePool::centered(image, crop, size).expect("windows that fit");
        compare(&network::pooled(pool, &[pool.len(), 12, 7, 5], 15));
        compare(&network::pooled(pool, &[pool.len(), 3], 16));
    }
}

#[test]
fn c_knows_tables_and_weights_with_zero_points() {
    let mut network = network::random(&[40, 17, 9, 3], 14);
    let pre = Quantization { scale: network.layers[0].output.scale, zero_point: 3 };
    let table = (0..256).map(|q| ((q * q) % 251 - 125) as i8).collect();
    network.layers[0].activation = IntegerActivation::Table { pre, function: None, table };
    network.layers[1].activation = IntegerActivation::Clamp { lo: -40, hi: 90 };
    network.layers[2].weight_zero_points = vec![-100, 0, 77];
    compare(&network);
}

#[test]
fn a_name_that_is_no_identifier_is_mended_or_refused() {
    let network = network::random(&[3, 2], 15);
    assert_eq!(embed::c_source(&network, "My net-2").expect("a name").name, "my_net_2");
    assert!(embed::c_source(&network, "7").is_err());
}
