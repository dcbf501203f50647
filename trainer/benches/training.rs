//! Training speed beside its bounds: `cargo bench -p thumbnet-trainer`. With `THUMBNET_PYTHON=PATH`, a Python that has torch
//! or jax, PyTorch (eager and compiled) and JAX train the same networks in the same run, one after the other. What the rows mean stands in trainer/PERFORMANCE.md. With the
//! name of a network, such as `cargo bench -p thumbnet-trainer -- 13-100-1`, only that is trained.

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::process::Command;
use std::time::Instant;
use thumbnet_trainer::dataset::{Dataset, Features, Options, load};
use thumbnet_trainer::nn::{Activation, Sequential};
use thumbnet_trainer::train::{Fit, Recipe, Silent};

/// Every measurement is the best of so many: other work on the machine only ever makes it slower.
const ROUNDS: usize = 20;
/// Samples of a measured part of an epoch of MNIST.
const PART: usize = 6_400;
const EPOCH: f64 = 60_000.0;

fn main() {
    // `cargo test` runs benchmarks, too, to see that they work: one short round.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    match std::env::args().skip(1).find(|argument| !argument.starts_with('-')).as_deref() {
        Some("784-392-392-10") => drop(network_a(rounds)),
        Some(name) => drop(small(name, 10 * rounds)),
        None => all(rounds),
    }
}

fn all(rounds: usize) {
    let large = network_a(rounds);
    println!();
    let small = ["2-20-1", "13-100-1"].map(|name| (name, small(name, rounds)));

    let Some(python) = std::env::var_os("THUMBNET_PYTHON") else { return };
    for (module, script) in [("torch", "torch_speed.py"), ("jax", "jax_speed.py")] {
        let has =
            Command::new(&python).args(["-c", &format!("import {module}")]).output().expect("THUMBNET_PYTHON starts");
        if !has.status.success() {
            println!("\nTHUMBNET_PYTHON has no {module}; `pip install {module}` there to have it in the comparison");
            continue;
        }
        let script = format!("{}/../tests/python/{script}", env!("CARGO_MANIFEST_DIR"));
        let output = Command::new(&python).arg(script).output().expect("THUMBNET_PYTHON starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let peers: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        for (peer, times) in peers.as_object().expect("an object") {
            println!("\n{peer}, in memory:");
            for (threads, ours) in ["1", "2"].into_iter().zip(large) {
                if let Some(seconds) = times["a"][threads].as_f64() {
                    println!("  network A, {threads} thread(s): {seconds:.3}, {:.2} times ours", seconds / ours);
                }
            }
            for (name, ours) in small {
                let seconds = times[name].as_f64().expect("a number");
                println!("  {name}: {:.1} microseconds, {:.1} times ours", seconds * 1e6, seconds / ours);
            }
        }
    }
}

/// Trains network A, and gives the seconds of an epoch of one thread and of two.
fn network_a(rounds: usize) -> [f64; 2] {
    let peak = peak(rounds);
    let stream = stream(rounds);
    println!(
        "one core: {:.1} GFLOP/s in fused multiply-adds, {stream:.1} GB/s read and written over 5.6 MB",
        peak / 1e9
    );

    let mnist = load("mnist", &Options::default()).expect("bundled").train.head(PART);
    let (net, recipe) = network("mnist", &mnist);
    let floor = floor(&net, peak, stream);
    let dense = dense_twin(&mnist);
    println!(
        "\nnetwork A, batch 32, Adam: seconds an epoch of 60,000 (dense floor on one core {floor:.2}, on two {:.2})",
        floor / 2.0
    );
    let mut tanh = net.clone();
    for layer in tanh.dense_layers_mut().take(2) {
        layer.activation = Activation::Tanh;
    }
    let mut ours = [0.0; 2];
    for threads in [1, 2] {
        let scale = EPOCH / PART as f64;
        let sparse = scale * best(rounds, || seconds(&recipe, &net, &mnist, 32, 1, threads));
        let full = scale * best(rounds, || seconds(&recipe, &tanh, &dense, 32, 1, threads));
        ours[threads - 1] = sparse;
        println!(
            "  {threads} thread(s): {sparse:.3} ({:.2} of the floor); {full:.3} ({:.2}) where no input is 0",
            sparse * threads as f64 / floor,
            full * threads as f64 / floor
        );
    }
    let (plain, augmented) = augmented(rounds.div_ceil(4), &mnist);
    println!(
        "  as mnist-best, 2 threads: {plain:.3}; {augmented:.3} ({:.2} times that) with augmentation",
        augmented / plain
    );
    let gemm = ndarray_products(rounds);
    println!("  the same products by ndarray's GEMM, one thread, nothing else: {:.3}", gemm * EPOCH / 32.0);
    ours
}

/// Trains one of the tutorial's small networks, and gives the seconds of an epoch.
fn small(name: &str, rounds: usize) -> f64 {
    let (data, full) = match name {
        "2-20-1" => ("quality", false),
        "13-100-1" => ("boston", true),
        _ => panic!("{name}: the networks are 784-392-392-10, 2-20-1 and 13-100-1"),
    };
    let data = load(data, &Options::default()).expect("bundled").train;
    let (net, recipe) = network(&data.name, &data);
    let batch = if full { data.samples() } else { 32 };
    let seconds = best(rounds, || seconds(&recipe, &net, &data, batch, 200, 1) / 200.0);
    println!("{name}, {} samples, batches of {batch}: {:.1} microseconds an epoch", data.samples(), seconds * 1e6);
    seconds
}

/// The seconds of an epoch of 60,000 of the recipe mnist-best, without its augmentation and with it.
fn augmented(rounds: usize, data: &Dataset) -> (f64, f64) {
    let (net, recipe) = network("mnist-best", data);
    // The first epoch makes its own images, too, and the last none for another.
    let seconds = |augmented: bool| {
        let mut fit = Fit { epochs: 4, seed: 1, threads: 2, ..recipe.fit(data).expect("built in") };
        fit.augmentation = fit.augmentation.filter(|_| augmented);
        let history = fit.run(&mut net.clone(), data, None, None, &Silent).expect("trains");
        history.records[1..3].iter().map(|record| record.seconds).fold(f64::INFINITY, f64::min)
    };
    let scale = EPOCH / data.samples() as f64;
    // In turns, so that both see the machine as it is.
    (0..rounds).fold((f64::INFINITY, f64::INFINITY), |(plain, changed), _| {
        (plain.min(scale * seconds(false)), changed.min(scale * seconds(true)))
    })
}

fn best(rounds: usize, mut measure: impl FnMut() -> f64) -> f64 {
    (0..rounds).map(|_| measure()).fold(f64::INFINITY, f64::min)
}

fn network(name: &str, data: &Dataset) -> (Sequential, Recipe) {
    let recipe = Recipe::load(name).expect("built in");
    (recipe.network(data).expect("fits"), recipe)
}

/// The seconds of `epochs` epochs, without the setting up.
fn seconds(recipe: &Recipe, net: &Sequential, data: &Dataset, batch_size: usize, epochs: usize, threads: usize) -> f64 {
    let fit = Fit { epochs, batch_size, seed: 1, threads, ..recipe.fit(data).expect("built in") };
    let history = fit.run(&mut net.clone(), data, None, None, &Silent).expect("trains");
    history.records.iter().map(|record| record.seconds).sum()
}

/// The same targets with inputs of which none is 0.
fn dense_twin(data: &Dataset) -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let features =
        Array2::from_shape_simple_fn((data.samples(), data.features.width()), || random.random::<f32>() - 0.5);
    Dataset { features: Features::Real(features), ..data.clone() }
}

/// The products at the peak and Adam at the stream's pace, in seconds an epoch on one core: nothing dense can be faster.
fn floor(net: &Sequential, peak: f64, stream: f64) -> f64 {
    let macs = net.macs() as f64;
    let first = net.dense_layers().next().expect("a layer").macs() as f64;
    let products = 2.0 * (3.0 * macs - first) * EPOCH / peak;
    products + net.parameters() as f64 * 24.0 * EPOCH / 32.0 / (stream * 1e9)
}

/// Floating-point operations a second of one core, in chains of fused multiply-adds that stay in registers.
fn peak(rounds: usize) -> f64 {
    const STEPS: usize = 2_000_000;
    let seconds = best(20 * rounds, || {
        let began = Instant::now();
        std::hint::black_box(chains(std::hint::black_box(STEPS)));
        began.elapsed().as_secs_f64()
    });
    (STEPS * CHAINS * 16) as f64 / seconds
}

/// Enough chains to hide the latency, few enough for the registers.
const CHAINS: usize = 12;

#[cfg(target_arch = "x86_64")]
fn chains(steps: usize) -> f32 {
    use std::arch::x86_64::{_mm256_cvtss_f32, _mm256_fmadd_ps, _mm256_set1_ps};
    #[target_feature(enable = "avx2,fma")]
    fn fused(steps: usize) -> f32 {
        let [a, b] = std::hint::black_box([0.999_999, 1e-6]).map(|value| _mm256_set1_ps(value));
        let mut sums = std::hint::black_box([_mm256_set1_ps(1.0); CHAINS]);
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, a, b);
            }
        }
        std::hint::black_box(sums).into_iter().map(|sum| _mm256_cvtss_f32(sum)).sum()
    }
    assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"), "the bound is that of AVX2 and FMA");
    // SAFETY: both features have just been detected.
    unsafe { fused(steps) }
}

#[cfg(not(target_arch = "x86_64"))]
fn chains(steps: usize) -> f32 {
    let mut sums = std::hint::black_box([[1.0f32; 8]; CHAINS]);
    let [a, b] = std::hint::black_box([0.999_999, 1e-6]);
    for _ in 0..steps {
        for sum in sums.as_flattened_mut() {
            *sum = sum.mul_add(a, b);
        }
    }
    sums.as_flattened().iter().sum()
}

/// Gigabytes a second, read and written, of one core over as much memory as network A's parameters and moments take.
fn stream(rounds: usize) -> f64 {
    let mut memory = vec![1.0f32; 3 * 465_706];
    let seconds = best(rounds.max(3), || {
        let began = Instant::now();
        for _ in 0..10 {
            for x in &mut memory {
                *x = *x * 0.999 + 0.001;
            }
            std::hint::black_box(&mut memory);
        }
        began.elapsed().as_secs_f64()
    });
    (10 * memory.len() * 8) as f64 / seconds / 1e9
}

/// The eight products of a step of network A by ndarray, in seconds a step.
fn ndarray_products(rounds: usize) -> f64 {
    let random = |rows, columns| Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 7 + j * 13) % 17) as f32 / 17.0);
    let layers: Vec<_> = [(784, 392), (392, 392), (392, 10)]
        .map(|(inputs, units)| (random(32, inputs), random(inputs, units), random(32, units)))
        .into();
    best(rounds, || {
        let began = Instant::now();
        for _ in 0..100 {
            for (index, (x, w, delta)) in layers.iter().enumerate() {
                std::hint::black_box(x.dot(w));
                std::hint::black_box(x.t().dot(delta));
                if index > 0 {
                    std::hint::black_box(delta.dot(&w.t()));
                }
            }
        }
        began.elapsed().as_secs_f64() / 100.0
    })
}
