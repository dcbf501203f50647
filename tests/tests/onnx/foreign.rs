//! Models that other tools exported (tests/python/onnx_fixtures.py made them): every one is evaluated, imported and compared
//! with what onnxruntime gives, real numbers within 1e-5, integers exactly, through the .tnet and the runtime.

use crate::runtime::integers;
use ndarray::{Array2, ArrayD};
use std::path::{Path, PathBuf};
use thumbnet_tests::tolerance;
use thumbnet_trainer::dataset::Features;
use thumbnet_trainer::nn::{Encoding, Input};
use thumbnet_trainer::onnx::{ElementType, Graph, GraphInput, Imported, Tensor, import};
use thumbnet_trainer::quantize::{IntegerActivation, Options, QuantizedDense, post_training};
use thumbnet_trainer::{target, tnet};

/// What onnxruntime gives for a model.
struct Truth {
    input: Array2<f32>,
    output: Array2<f32>,
    integers: Option<Array2<i8>>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx")
}

fn truth(path: &Path) -> Truth {
    let file = std::fs::File::open(path.with_extension("npz")).expect("a truth beside the model");
    let mut archive = ndarray_npy::NpzReader::new(file).expect("an archive");
    Truth {
        input: archive.by_name("input").expect("inputs"),
        output: archive.by_name("output").expect("outputs"),
        integers: archive.by_name("integers").ok(),
    }
}

/// The models of one maker, by the beginning of their names.
fn models(maker: &str) -> Vec<(String, PathBuf, Truth)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(fixtures())
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    let named = paths.into_iter().map(|path| (name(&path), path)).filter(|(name, _)| name.starts_with(maker));
    named.map(|(name, path)| (name, path.clone(), truth(&path))).collect()
}

/// The tolerance of real outputs, relative to the larger of the value and 1. Half precision has 11 bits.
fn tolerance(name: &str) -> f32 {
    if name.ends_with("_f16") { tolerance::NETWORK_F16 } else { tolerance::NETWORK }
}

fn difference(a: &Array2<f32>, b: &Array2<f32>) -> f32 {
    if a.dim() != b.dim() {
        return f32::INFINITY;
    }
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / a.abs().max(b.abs()).max(1.0)).fold(0.0, f32::max)
}

/// The integers that become a softmax whose probabilities are rounded again, by name.
fn rounded_softmax(graph: &Graph) -> Option<&str> {
    let maker = |name: &String| graph.nodes.iter().find(|node| node.outputs.contains(name));
    let rounding = graph.nodes.iter().rfind(|node| node.op == "QuantizeLinear")?;
    let softmax = maker(&rounding.inputs[0]).filter(|node| node.op == "Softmax")?;
    let real = maker(&softmax.inputs[0]).filter(|node| node.op == "DequantizeLinear")?;
    Some(&real.inputs[0])
}

/// The samples in the shape and type that a graph takes.
fn tensor(input: &GraphInput, x: &Array2<f32>) -> Tensor {
    let open = [None, None];
    let mut shape: Vec<usize> =
        input.shape.as_deref().unwrap_or(&open).iter().map(|dim| dim.unwrap_or(x.ncols())).collect();
    if shape.len() > 1 {
        shape[0] = x.nrows();
    }
    let x = ArrayD::from_shape_vec(shape, x.iter().copied().collect()).expect("the input's shape");
    match input.element_type {
        2 => Tensor::of_type(x.mapv(f64::from), ElementType::U8),
        11 => Tensor::of_type(x.mapv(f64::from), ElementType::F64),
        _ => x.into(),
    }
}

/// The graph's numbers (not its labels) as our evaluator gives them.
fn evaluated(graph: &Graph, truth: &Truth) -> Result<Array2<f32>, String> {
    let input = &graph.inputs[0];
    let fixed = match input.shape.as_deref() {
        Some([_]) => 1,
        shape => shape.and_then(|shape| shape[0]).unwrap_or(truth.input.nrows()),
    };
    let mut rows = Vec::new();
    for chunk in truth.input.axis_chunks_iter(ndarray::Axis(0), fixed) {
        let outputs = graph.run(tensor(input, &chunk.to_owned())).map_err(|error| error.to_string())?;
        let last = outputs.last().and_then(Tensor::to_f32).ok_or("the last output holds texts")?;
        rows.extend(last.iter().copied());
    }
    let columns = rows.len() / truth.input.nrows();
    Array2::from_shape_vec((truth.input.nrows(), columns), rows).map_err(|error| error.to_string())
}

/// Two columns `1 - p` and `p` for one column `p`, where the truth has them.
fn like_truth(y: Array2<f32>, truth: &Truth) -> Array2<f32> {
    if y.ncols() != 1 || truth.output.ncols() != 2 {
        return y;
    }
    Array2::from_shape_fn((y.nrows(), 2), |(i, j)| if j == 0 { 1.0 - y[[i, 0]] } else { y[[i, 0]] })
}

/// Real inputs as the network takes them: of pixels, `pixel / 255`.
fn real(input: &Input, x: &Array2<f32>) -> Array2<f32> {
    if input.encoding == Encoding::Pixel { x.mapv(|v| v / 255.0) } else { x.clone() }
}

/// Checks one model; returns whether it was one of integers.
fn check(name: &str, path: &Path, truth: &Truth) -> Result<bool, String> {
    let graph = Graph::open(path).map_err(|error| error.to_string())?;
    let off = difference(&evaluated(&graph, truth)?, &truth.output);
    let rounded = rounded_softmax(&graph);
    if off > rounded.map_or(tolerance(name), |_| tolerance::ROUNDED_SOFTMAX) {
        return Err(format!("evaluator: {off}"));
    }
    if let (Some(logits), Some(expected)) = (rounded, &truth.integers) {
        let values = graph.evaluate(&[(&graph.inputs[0].name, tensor(&graph.inputs[0], &truth.input))]);
        let logits = &values.map_err(|error| error.to_string())?[logits];
        let shift = if logits.element_type() == ElementType::U8 { 128 } else { 0 };
        if logits.to_i64().ok_or("texts")?.iter().map(|q| q - shift).ne(expected.iter().map(|&q| i64::from(q))) {
            return Err("evaluator: the integers before the softmax differ".to_owned());
        }
    }
    let imported = import(&graph).map_err(|error| format!("import: {error}"))?;
    match imported {
        Imported::Float(network) => {
            let y = like_truth(network.forward(real(&network.input, &truth.input).view()), truth);
            let off = difference(&y, &truth.output);
            // Dynamic quantization rounds the activations by each batch's own range, which a network of real numbers does not.
            let tolerance = if name.starts_with("ort_dynamic") { tolerance::NETWORK_DYNAMIC } else { tolerance(name) };
            if off > tolerance {
                return Err(format!("import: {off}"));
            }
            Ok(false)
        }
        Imported::Quantized(network) => {
            let bytes = tnet::write(&network).map_err(|error| format!("tnet: {error}"))?;
            let found = integers(&bytes, &real(&network.input, &truth.input));
            let expected = truth.integers.as_ref().ok_or("integers where onnxruntime has none")?;
            let different = expected.iter().zip(&found).filter(|(a, b)| a != b).count();
            if different > 0 || expected.dim() != found.dim() {
                return Err(format!("{different} of {} integers differ", expected.len()));
            }
            Ok(true)
        }
    }
}

fn check_all(maker: &str, least: usize) {
    let models = models(maker);
    assert!(models.len() >= least, "only {} models of {maker}", models.len());
    let mut failures = Vec::new();
    let mut of_integers = 0;
    for (name, path, truth) in &models {
        match check(name, path, truth) {
            Ok(integers) => of_integers += usize::from(integers),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    println!("{maker}: {} models, {of_integers} of integers, {} failures", models.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn models_from_pytorch() {
    check_all("torch_", 50);
}

#[test]
fn models_from_scikit_learn() {
    check_all("sklearn_", 25);
}

#[test]
fn models_from_onnxruntimes_quantizers() {
    check_all("ort_", 20);
}

#[test]
fn models_from_keras() {
    check_all("keras_", 15);
}

#[test]
fn models_made_by_hand() {
    check_all("hand_", 25);
}

/// Models of each kind of weights and activations: asymmetric and unsigned weights, weights of -128, int4, scales by output
/// and by tensor, tables of 256 entries, int8 and uint8 values.
const ON_THE_CHIP: [&str; 12] = [
    "hand_qdq_int4",
    "hand_qdq_minus_128",
    "hand_qdq_uint8_weights",
    "hand_qdq_weight_zero_points",
    "hand_qgemm_alpha",
    "hand_qgemm_uint8",
    "hand_qlinear_matmul_int8",
    "ort_qdq_gemm_as8_ws8_channel",
    "ort_qdq_matmul_au8_wu8",
    "ort_qdq_tanh",
    "ort_qoperator_gemm_au8_wu8",
    "ort_qoperator_leakyrelu",
];

#[test]
fn foreign_integers_are_the_same_on_the_emulated_chip() {
    let mut kinds = [0; 2];
    for name in ON_THE_CHIP {
        let path = fixtures().join(format!("{name}.onnx"));
        let truth = truth(&path);
        let graph = Graph::open(&path).expect("a graph");
        let Ok(Imported::Quantized(network)) = import(&graph) else { panic!("{name} is one of integers") };
        kinds[0] += network.layers.iter().filter(|layer| !layer.weight_zero_points.is_empty()).count();
        let table = |layer: &&QuantizedDense| matches!(layer.activation, IntegerActivation::Table { .. });
        kinds[1] += network.layers.iter().filter(table).count();
        let bytes = tnet::write(&network).expect("a .tnet");
        let features = Features::Real(real(&network.input, &truth.input));
        let inputs = target::samples(&bytes, &features).expect("inputs that fit");
        let expected = truth.integers.expect("integers");
        // A core with the DSP extension, one without, and the smallest.
        for machine in ["qemu", "qemu:m3", "qemu:m0"] {
            let mut chip = target::open(machine, &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            let outputs = chip.evaluate(&inputs).unwrap_or_else(|error| panic!("{name}: {error}")).outputs;
            let found = Array2::from_shape_vec(expected.dim(), outputs.iter().map(|&byte| byte as i8).collect());
            assert_eq!(found.expect("as many outputs"), expected, "{name} on {machine}");
        }
    }
    assert!(kinds[0] >= 4 && kinds[1] >= 3, "weights with zero points and tables: {kinds:?}");
}

/// The weights of a graph's integer products, less their zero points, inputs x outputs, in the graph's order.
fn integer_products(graph: &Graph) -> Vec<Array2<i64>> {
    let constant = |name: &String| graph.constants[name].to_i64().expect("numbers");
    let products = graph.nodes.iter().filter(|node| node.op == "MatMulInteger");
    products
        .map(|node| {
            let weights: Array2<i64> = constant(&node.inputs[1]).into_dimensionality().expect("inputs x outputs");
            let zero_points = constant(&node.inputs[3]);
            let zero_points = zero_points.broadcast(weights.raw_dim()).expect("one, or one per output");
            &weights - &zero_points
        })
        .collect()
}

#[test]
fn weights_of_a_dynamic_quantization_keep_their_values() {
    let models = models("ort_dynamic");
    assert!(models.len() >= 4, "only {} models", models.len());
    for (name, path, truth) in models {
        let graph = Graph::open(&path).expect("a graph");
        let Ok(Imported::Float(network)) = import(&graph) else {
            panic!("{name} is imported with its activations real")
        };
        let quantized = post_training(&network, truth.input.view(), &Options::default()).expect("a quantized network");
        let expected = integer_products(&graph);
        assert_eq!(quantized.layers.len(), expected.len(), "{name}");
        for (layer, expected) in quantized.layers.iter().zip(expected) {
            for (j, unit) in expected.columns().into_iter().enumerate() {
                let zero_point = i64::from(layer.weight_zero_points.get(j).copied().unwrap_or(0));
                let row = &layer.weights[j * layer.inputs..][..layer.inputs];
                let found: Vec<i64> = row.iter().map(|&w| i64::from(w) - zero_point).collect();
                // A unit of small integers is stored as a multiple of them, with a smaller step.
                let steps = |row: &[i64]| row.iter().map(|w| w.abs()).max().unwrap_or(0).max(1);
                let (ours, theirs) = (steps(&found), steps(&unit.to_vec()));
                assert!(
                    found.iter().zip(unit).all(|(a, b)| a * theirs == b * ours),
                    "{name}, {}, unit {j}",
                    layer.name
                );
            }
        }
    }
}
