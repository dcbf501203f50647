//! The kernels of every emulated core: their integers are the host's, and they take no more instructions, cycles, memory and code than
//! `tests/counts.csv`, `code.csv` and `reading.csv` say. After a change for the better, `THUMBNET_BLESS=1` writes these tables anew.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;
use std::ptr;
use std::sync::LazyLock;
use thumbnet::{Model, Order};
use thumbnet_tests::bare::{Program, Scratch, lean_models};
use thumbnet_tests::counts::{self, Row, floats, with_weights};
use thumbnet_tests::{image, reading, ties};
use thumbnet_trainer::quantize::WeightType;
use thumbnet_trainer::target::{self, Machine};
use thumbnet_trainer::tnet::{self, FloatType};

/// The cores whose programs differ: an M7 runs the M4's.
const CORES: [&str; 4] = ["m0", "m3", "m4", "m33"];

/// The most bytes of stack that an evaluation of integers takes.
const STACK: u64 = 512;

/// As [`STACK`], of an M0's program with the kernels of all integers.
const ALL_ON_M0: u64 = 520;

/// [`CORES`], and what else runs other kernels: a Cortex-M33 without the DSP extension, and the assembly of a Cortex-M4 without an FPU.
fn machines() -> impl Iterator<Item = &'static Machine> {
    static M33_SCALAR: LazyLock<Machine> =
        LazyLock::new(|| Machine { backend: "scalar", ..*Machine::find("m33").unwrap() });
    static M4_SOFT: LazyLock<Machine> =
        LazyLock::new(|| Machine { triple: "thumbv7em-none-eabi", ..*Machine::find("m4").unwrap() });
    CORES.into_iter().map(|core| Machine::find(core).unwrap()).chain([&*M33_SCALAR, &*M4_SOFT])
}

/// How a test names a machine.
fn named(machine: &Machine) -> String {
    format!("{}, {}, {}", machine.short, machine.triple, machine.backend)
}

/// Inputs of every kind: none, all that there is, few, and any.
fn inputs(length: usize, random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut inputs = vec![0x80; length];
    inputs.extend(vec![0x7f; length]);
    inputs.extend((0..length).map(|_| if random.random_bool(0.2) { random.random() } else { 0x80 }));
    inputs.extend((0..length).map(|_| random.random::<u8>()));
    inputs
}

#[test]
fn every_core_gives_the_hosts_integers() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for seed in 0..4 {
        // Widths below, at and above the tiles of eight, four and two rows, and the turns of inputs.
        let mut widths: Vec<usize> = (0..10).map(|_| random.random_range(1..=40)).collect();
        widths[random.random_range(0..10)] = random.random_range(60..=150);
        let types: Vec<_> = widths
            .iter()
            .map(|_| {
                [WeightType::Int8, WeightType::Int8, WeightType::Int4, WeightType::Int2][random.random_range(0..4)]
            })
            .collect();
        let model = tnet::write(&with_weights(&widths, |index| types[index], seed)).unwrap();
        let inputs = inputs(widths[0], &mut random);
        let host = target::open("host", &model).unwrap().evaluate(&inputs).unwrap();
        for core in CORES {
            let mut chip = target::open(&format!("qemu:{core}"), &model).unwrap_or_else(|error| panic!("{error}"));
            let outputs: Vec<u8> =
                inputs.chunks(widths[0]).flat_map(|input| chip.evaluate(input).unwrap().outputs).collect();
            assert_eq!(outputs, host.outputs, "{core}, widths {widths:?}, weights {types:?}");
        }
    }
}

/// Weights that no exporter would write, and the least memory: what FORMAT.md defines holds then too, with little stack.
#[test]
fn every_core_gives_the_hosts_integers_for_any_bytes() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for (name, weight_type) in [("int8", WeightType::Int8), ("int4", WeightType::Int4), ("int2", WeightType::Int2)] {
        for seed in 0..3 {
            // More than one block of the inputs after which 2-bit weights are added up, and gaps of zeros in between.
            let widths = [random.random_range(70..=200), random.random_range(9..=40), 13];
            let mut model = tnet::write(&with_weights(&widths, |_| weight_type, seed)).unwrap();
            let parsed = Model::parse(&model).unwrap();
            let start = model.as_ptr().addr();
            let weights = (0..2).filter_map(|index| parsed.layer(index)).map(|layer| layer.weights().as_ptr_range());
            let places: Vec<_> = weights.map(|range| range.start.addr() - start..range.end.addr() - start).collect();
            for byte in places.into_iter().flatten() {
                let any: u8 = random.random();
                // An even row of 2-bit weights is refused where it has the digit 3.
                let threes = if weight_type == WeightType::Int2 { any & any >> 1 & 0x11 } else { 0 };
                model[byte] = any & !threes;
            }
            let mut samples = inputs(widths[0], &mut random);
            for sample in samples.chunks_mut(widths[0]) {
                let gap = random.random_range(0..sample.len());
                sample[gap..].iter_mut().take(random.random_range(0..100)).for_each(|x| *x = 0x80);
            }
            let model_of = Model::parse(&model).unwrap();
            let mut expected = Vec::new();
            for sample in samples.chunks(widths[0]) {
                let input: Vec<i8> = sample.iter().map(|&x| x.cast_signed()).collect();
                let mut output = [0; 13];
                model_of.run(&input, &mut vec![0; model_of.scratch_len()], &mut output).unwrap();
                expected.extend(output.map(i8::cast_unsigned));
            }
            for (machine, scratch) in
                machines().flat_map(|machine| [Scratch::All, Scratch::Least].map(|of| (machine, of)))
            {
                let core = named(machine);
                // Those that are not in the table have all kernels, as other tests build them.
                let kernels =
                    if ptr::eq(machine, Machine::find(machine.short).unwrap()) { name } else { "int8,int4,int2" };
                let program = Program::build("evaluate", machine, kernels).with(scratch);
                let printed = program.run(&model, &samples);
                let (outputs, stack) = printed.trim_end().rsplit_once('\n').unwrap();
                println!("{core}, {name}, {scratch:?}: {stack} bytes of stack");
                assert!(stack.parse::<u64>().unwrap() <= STACK, "{core}, {name}, {scratch:?}: {stack} bytes of stack");
                assert_eq!(numbers(outputs), expected, "{core}, {name}, {scratch:?}, widths {widths:?}");
            }
        }
    }
}

/// Bytes that a program has printed.
fn numbers(printed: &str) -> Vec<u8> {
    printed.split_whitespace().map(|word| u8::from_str_radix(word, 16).unwrap()).collect()
}

/// What `model!` leaves out for simple models and whole scratch must not be missed, wherever the scratch starts.
#[test]
fn every_core_gives_the_hosts_integers_of_statics() {
    let mut random = ChaCha8Rng::seed_from_u64(19);
    let samples = inputs(150, &mut random);
    let mut expected = Vec::new();
    let folder = lean_models();
    std::fs::create_dir_all(&folder).unwrap();
    let widths: [&[usize]; 4] = [&[37, 23, 9], &[150, 17, 41, 5], &[1, 1, 2], &[66, 34, 10, 8]];
    let types = [WeightType::Int8, WeightType::Int4, WeightType::Int2];
    let cases = types.into_iter().flat_map(|weight_type| widths.map(|widths| (widths, weight_type)));
    for (index, (widths, weight_type)) in cases.enumerate() {
        let model = tnet::write(&with_weights(widths, |_| weight_type, index as u64)).unwrap();
        let kinds = thumbnet::kinds(Box::leak(model.clone().into_boxed_slice()), false);
        assert_eq!(
            kinds,
            1 << 7 | Model::parse(&model).unwrap().layer(0).unwrap().weight_type().bit(),
            "not a lean program: {widths:?}, {weight_type:?}"
        );
        let file = folder.join(format!("{index}.tnet"));
        if std::fs::read(&file).ok().as_ref() != Some(&model) {
            std::fs::write(&file, &model).unwrap();
        }
        let samples = &samples[..samples.len() / widths[0] * widths[0]];
        expected.extend(target::open("host", &model).unwrap().evaluate(samples).unwrap().outputs);
    }
    for machine in machines() {
        let printed = Program::build("lean", machine, "").run(&samples, &[]);
        assert_eq!(numbers(&printed), expected, "{}", named(machine));
    }
}

/// Plain weights with zero points, tables, clamps and means of windows: what packed ReLU networks do not need.
#[test]
fn every_core_gives_the_hosts_integers_of_other_layers() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let models: [(&str, &[u8]); 3] = [
        ("mixed", include_bytes!("../../runtime/tests/models/mixed.tnet")),
        ("pool", include_bytes!("../../runtime/tests/models/pool.tnet")),
        ("mnist-1k", include_bytes!("../../models/mnist-1k/model.tnet")),
    ];
    for (name, model) in models {
        let length = Model::parse(model).unwrap().input_len();
        let inputs = inputs(length, &mut random);
        let host = target::open("host", model).unwrap().evaluate(&inputs).unwrap();
        for core in CORES {
            let mut chip = target::open(&format!("qemu:{core}"), model).unwrap_or_else(|error| panic!("{error}"));
            let outputs: Vec<u8> =
                inputs.chunks(length).flat_map(|input| chip.evaluate(input).unwrap().outputs).collect();
            assert_eq!(outputs, host.outputs, "{core}, {name}");
        }
    }
}

/// As [`STACK`] and [`ALL_ON_M0`] say, of what is not one type of packed weights: tables, zero points, means of windows, plain orders,
/// and types side by side, with all kernels of integers in the program.
#[test]
fn other_layers_take_as_little_stack() {
    let mut random = ChaCha8Rng::seed_from_u64(17);
    // What cannot be packed: a sum, with its bias, of more bits than an odd row, or the fourth of four, has.
    let plain = |weight_type, inputs| {
        let mut network = with_weights(&[inputs, 21, 5], |_| weight_type, 2);
        for layer in &mut network.layers {
            layer.bias[1] = if weight_type == WeightType::Int8 { 1 << 24 } else { 0 };
            layer.weights[..4 * layer.inputs].fill(match weight_type {
                WeightType::Int4 => 7,
                _ => 1,
            });
        }
        tnet::write(&network).unwrap()
    };
    let types = [WeightType::Int8, WeightType::Int4, WeightType::Int2];
    let models: [(&str, Vec<u8>); 7] = [
        ("mixed", include_bytes!("../../runtime/tests/models/mixed.tnet").to_vec()),
        ("pool", include_bytes!("../../runtime/tests/models/pool.tnet").to_vec()),
        ("mnist-1k", include_bytes!("../../models/mnist-1k/model.tnet").to_vec()),
        ("types", tnet::write(&with_weights(&[70, 41, 23, 19, 9], |index| types[index % 3], 2)).unwrap()),
        ("plain int8", plain(WeightType::Int8, 70)),
        ("plain int4", plain(WeightType::Int4, 301)),
        ("plain int2", plain(WeightType::Int2, 521)),
    ];
    for (name, model) in &models[4..] {
        assert_eq!(Model::parse(model).unwrap().layer(0).unwrap().order(), Order::Plain, "{name}");
    }
    for (core, scratch) in CORES.iter().flat_map(|core| [(core, Scratch::All), (core, Scratch::Least)]) {
        let program = Program::build("evaluate", Machine::find(core).unwrap(), "int8,int4,int2,pool").with(scratch);
        for (name, model) in &models {
            let samples = inputs(Model::parse(model).unwrap().input_len(), &mut random);
            let printed = program.run(model, &samples);
            let (outputs, stack) = printed.trim_end().rsplit_once('\n').unwrap();
            println!("{core}, {name}, {scratch:?}: {stack} bytes of stack");
            let most = if *core == "m0" { ALL_ON_M0 } else { STACK };
            assert!(stack.parse::<u64>().unwrap() <= most, "{core}, {name}, {scratch:?}: {stack} bytes of stack");
            let outputs = outputs.split_whitespace().map(|word| u8::from_str_radix(word, 16).unwrap());
            let host = target::open("host", model).unwrap().evaluate(&samples).unwrap().outputs;
            assert!(outputs.eq(host), "{core}, {name}, {scratch:?}: other outputs than the host's");
        }
    }
}

#[test]
fn floats_have_the_hosts_bits_with_and_without_an_fpu() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for widths in [&[40, 15, 9, 8][..], &[33, 23, 7, 2]] {
        for weights in [FloatType::F32, FloatType::F16] {
            let model = tnet::write_float(&floats(widths), weights).unwrap();
            let inputs: Vec<u8> =
                (0..2 * widths[0]).flat_map(|_| random.random_range(-1.0f32..1.0).to_le_bytes()).collect();
            let host = target::open("host", &model).unwrap().evaluate(&inputs).unwrap();
            for core in CORES {
                let mut chip = target::open(&format!("qemu:{core}"), &model).unwrap();
                let outputs: Vec<u8> =
                    inputs.chunks(4 * widths[0]).flat_map(|input| chip.evaluate(input).unwrap().outputs).collect();
                assert_eq!(outputs, host.outputs, "{core}, {widths:?}, {weights:?}");
            }
        }
    }
}

/// Every core rounds in its own way: with its FPU, in assembly or as the compiler has it, or in integers. What comes by chance in
/// other tests comes here in every row of a tile, and in the rows after the last tile: halves, saturation, and the ends of all ranges.
#[test]
fn every_core_rounds_as_it_should() {
    let mut random = ChaCha8Rng::seed_from_u64(13);
    // All pairs are skipped, and none is.
    let mut samples = vec![0x80; ties::INPUTS];
    samples.extend((0..ties::INPUTS).map(|_| random.random::<u8>()));
    let mut models = Vec::new();
    for weights in [
        (WeightType::Int8, Order::Packed),
        (WeightType::Int4, Order::Packed),
        (WeightType::Int2, Order::Packed),
        (WeightType::Int8, Order::Plain),
    ] {
        for (products, zero_points) in
            [(ties::halves(), &[0][..]), (ties::ends(), &[0, 127, -128]), (ties::vectors(), &[5])]
        {
            // Of packed int8 weights only the even rows have all of them.
            let rows =
                products.len().next_multiple_of(8) * if weights == (WeightType::Int8, Order::Packed) { 2 } else { 1 };
            models.extend(zero_points.iter().map(|&zero_point| ties::layer(weights, &products, 0, rows, zero_point)));
        }
        // What stands behind the last tile, at all of its places.
        for first in 0..ties::vectors().len() {
            models.push(ties::layer(weights, &ties::vectors(), first, 8 + 1 + first % 7, 127));
        }
    }
    let cases: Vec<_> = models
        .into_iter()
        .map(|(model, products)| {
            let zero_point = Model::parse(&model).unwrap().output_quantization().unwrap().zero_point;
            let row = |&product: &ties::Product| ties::definition(product, zero_point);
            let expected: Vec<i8> = products.iter().map(row).collect();
            let host = target::open("host", &model).unwrap().evaluate(&samples).unwrap().outputs;
            assert_eq!(host.len(), samples.len() / ties::INPUTS * expected.len());
            for outputs in host.chunks(expected.len()) {
                same(&products, &expected, outputs, "host");
            }
            (model, products, expected)
        })
        .collect();
    for machine in machines() {
        let name = named(machine);
        let program = Program::build("evaluate", machine, "int8,int4,int2");
        for (model, products, expected) in &cases {
            let printed = program.run(model, &samples);
            let outputs = printed.lines().next().unwrap().split_whitespace();
            let outputs: Vec<u8> = outputs.map(|word| u8::from_str_radix(word, 16).unwrap()).collect();
            assert_eq!(outputs.len(), samples.len() / ties::INPUTS * expected.len(), "{name}");
            for outputs in outputs.chunks(expected.len()) {
                same(products, expected, outputs, &name);
            }
        }
    }
}

/// Compares the outputs of rows with what their products should give.
fn same(products: &[ties::Product], expected: &[i8], outputs: &[u8], name: &str) {
    for (row, (expected, output)) in expected.iter().zip(outputs).enumerate() {
        let (sum, factor) = products[row];
        let output = output.cast_signed();
        assert_eq!(output, *expected, "{name}: {sum} * {factor:e} in row {row} of {}", products.len());
    }
}

/// What a program takes for all of its samples, and their outputs.
fn count(core: &str, weights: &str, scratch: Scratch, model: &[u8], samples: &[u8]) -> (String, u64) {
    let run = Program::build("evaluate", Machine::find(core).unwrap(), weights).with(scratch).trace(model, samples);
    (run.printed.lines().next().unwrap().to_owned(), run.instructions)
}

/// A scratch that several models share is too large for most. Whether zeros are worth skipping is decided by the inputs.
#[test]
fn more_scratch_makes_nothing_slower() {
    let model = counts::dense_model(&[200, 120, 60, 10]);
    let samples = inputs(200, &mut ChaCha8Rng::seed_from_u64(9));
    let of = |scratch| count("m4", "int8", scratch, &model, &samples);
    let ((outputs, exact), (same, more)) = (of(Scratch::All), of(Scratch::More));
    assert_eq!(outputs, same);
    assert!(more * 100 <= exact * 102, "{more} instructions with more scratch, {exact} with what is needed");
}

/// Layers of a few outputs make no use of more memory than their activations, and others are slower with one byte less than they
/// ask for, where it starts one byte behind a word.
#[test]
fn scratch_is_what_the_kernels_have_use_for() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for (weights, weight_type, few) in
        [("int8", WeightType::Int8, 7), ("int4", WeightType::Int4, 4), ("int2", WeightType::Int2, 0)]
    {
        // The scratch lies behind the input and the output. The largest need is the first layer's.
        let few = (few > 0).then(|| (vec![97 - few, few], false));
        let one_more = 1 + few.as_ref().map_or(0, |(widths, _)| widths[1]);
        let others = [(vec![97 - one_more, one_more], true), (vec![64, 17], true), (vec![72, 24, 9], true)];
        for (widths, has_use) in few.into_iter().chain(others) {
            let samples: Vec<u8> = (0..widths[0]).map(|_| random.random_range(1..=127)).collect();
            let model = tnet::write(&with_weights(&widths, |_| weight_type, 3)).unwrap();
            let parsed = Model::parse(&model).unwrap();
            for core in ["m0", "m3", "m4"] {
                let name = format!("{core}, {weights}, {widths:?}");
                let needed = parsed.scratch_len_on(Machine::find(core).unwrap().kernels());
                assert_eq!(needed > parsed.least_scratch_len(), has_use, "{name}");
                let of = |scratch| count(core, weights, scratch, &model, &samples);
                let ((first, exact), (second, more), (third, less)) =
                    (of(Scratch::All), of(Scratch::More), of(Scratch::Less));
                assert!(first == second && first == third, "{name}");
                let counts = format!("{exact} instructions, {more} with more, {less} with less");
                println!("{name}: {counts}");
                assert!(exact * 100 <= more * 102, "{name}: {counts}");
                let right = if has_use { less > exact } else { more * 100 <= exact * 101 };
                assert!(right, "{name}: {counts}");
            }
        }
    }
}

/// The images whose mean `counts.csv` has; the tables of PERFORMANCE.md have that of more.
const IMAGES: usize = 20;

/// Whether `counts.csv` has a row: without an FPU floats are the compiler's, of which the smaller network is enough. An M7 has only
/// other cycles than an M4, which networks A and B show.
fn is_counted(key: &str) -> bool {
    let floats = key.contains(",f32,") || key.contains(",f16,");
    if key.ends_with(",m7") {
        return key.starts_with("A,") || key.starts_with("B,");
    }
    let soft = key.ends_with(",m0") || key.ends_with(",m3");
    CORES.iter().any(|core| key.ends_with(core)) && !(floats && soft && key.starts_with("A,"))
}

/// The most bytes of stack.
fn stack_limit(row: &Row) -> u64 {
    match row.key[1].as_str() {
        "f32" | "f16" => 680,
        _ => STACK,
    }
}

/// What was promised of a row (network, weights, inputs, core): the most instructions, of A's on an M0 4 a product.
const PROMISES: [(&str, u64); 10] = [
    ("A,int8,any,m4", 440_000),
    ("A,int8,dense,m4", 440_000),
    ("B,int8,any,m4", 272_000),
    ("B,int8,dense,m4", 272_000),
    ("A,int8,mnist,m4", 300_000),
    ("A,int4,any,m4", 505_000),
    ("B,int4,any,m4", 330_000),
    ("A,int2,any,m4", 480_000),
    ("A,f32,any,m4", 560_000),
    ("A,int8,any,m0", 4 * 464_912),
];

/// The most cycles, estimated: 1.30 a product.
const CYCLES: [(&str, u64); 2] = [("A,int8,any,m4", 604_385), ("A,int8,dense,m4", 604_385)];

/// What was promised of network A's memory, in bytes: with all that the kernels of an M4 have use for, and the least.
const SCRATCH: [(&str, u64); 2] = [("A,int8,any,m4", 2_400), ("A,int8,least,m4", 800)];

/// A table that may not grow: the columns of its lines that are names, and those that are numbers.
struct Guard {
    file: &'static str,
    names: usize,
}

impl Guard {
    /// Compares with the file, or writes it anew.
    fn hold(&self, measured: &str) {
        let path = format!("{}/{}", env!("CARGO_MANIFEST_DIR"), self.file);
        println!("{measured}");
        if std::env::var_os("THUMBNET_BLESS").is_some() {
            std::fs::write(&path, measured).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            committed.lines().count(),
            measured.lines().count(),
            "{} has other rows than are measured",
            self.file
        );
        let columns: Vec<_> = measured.lines().next().unwrap().split(',').collect();
        assert_eq!(committed.lines().next(), measured.lines().next(), "{}", self.file);
        for (committed, measured) in committed.lines().zip(measured.lines()).skip(1) {
            let cells = [committed, measured].map(|line| line.split(',').collect::<Vec<_>>());
            let [committed, measured] = [&cells[0], &cells[1]];
            assert_eq!(committed[..self.names], measured[..self.names], "{}", self.file);
            for ((column, allowed), found) in columns.iter().zip(committed).zip(measured).skip(self.names) {
                let [allowed, found] = [allowed, found].map(|cell| cell.parse::<u64>().unwrap());
                let row = measured[..self.names].join(",");
                assert!(found * 100 <= allowed * 102, "{row}: {found} {column}, {allowed} in {}", self.file);
            }
        }
    }
}

#[test]
fn counts_do_not_grow() {
    let mut table = String::from("network,weights,inputs,core,instructions,cycles,stack,scratch\n");
    for row in counts::measure(IMAGES, is_counted) {
        let key = row.key.join(",");
        let Row { instructions, cycles: Some(cycles), stack, scratch, .. } = row else { panic!("{key}") };
        assert!(stack <= stack_limit(&row), "{key}: {stack} bytes of stack");
        let scratch = scratch as u64;
        let promised = [
            ("instructions", &PROMISES[..], instructions),
            ("cycles", &CYCLES, cycles),
            ("scratch", &SCRATCH, scratch),
        ];
        for (column, promises, found) in promised {
            let most = promises.iter().find(|promise| promise.0 == key).map_or(u64::MAX, |promise| promise.1);
            assert!(found <= most, "{key}: {found} {column}, {most} were promised");
        }
        writeln!(table, "{key},{instructions},{cycles},{stack},{scratch}").unwrap();
    }
    for key in PROMISES.iter().chain(&CYCLES).chain(&SCRATCH).map(|promise| promise.0) {
        assert!(table.contains(&format!("\n{key},")), "{key} was not measured");
    }
    Guard { file: "counts.csv", names: 4 }.hold(&table);
}

/// The bytes of flash of an evaluation for each type of weights and core. Two compilers build them: rustup's where it has the
/// target, else Debian's. Debian's 1.96 gives 11 % less to 1 % more than rustup's 1.95, so that the file is written by the latter, and
/// is a wide limit for the former. Of a Cortex-M33 the file has what Debian's gives.
#[test]
fn code_does_not_grow() {
    let mut table = String::from("weights,core,bytes\n");
    for (weights, sizes) in counts::code() {
        for (core, bytes) in image::CORES.iter().zip(sizes) {
            writeln!(table, "{weights},{},{bytes}", core.name.replace(',', "")).unwrap();
        }
    }
    Guard { file: "code.csv", names: 2 }.hold(&table);
}

/// The instructions that reading a model takes.
#[test]
fn reading_does_not_grow() {
    let mut table = String::from("model,call,core,instructions\n");
    for row in reading::measure() {
        for (core, instructions) in reading::CORES.iter().zip(row.instructions) {
            writeln!(table, "{},{},{core},{instructions}", row.model, row.call).unwrap();
        }
    }
    Guard { file: "reading.csv", names: 3 }.hold(&table);
}
