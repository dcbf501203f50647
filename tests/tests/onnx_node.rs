//! ONNX's official node tests of the operators that we evaluate. `tests/python/onnx_node_tests.py` writes them to
//! `target/onnx-node-tests`; without them this test fails, so it is only run when asked for (tests/run.sh asks).

use std::fs;
use std::path::Path;
use thumbnet_tests::tolerance;
use thumbnet_trainer::onnx::{ElementType, Graph, Tensor};

/// The relative and absolute tolerance of a float.
const RELATIVE: f64 = tolerance::OPERATOR as f64;
const ABSOLUTE: f64 = tolerance::OPERATOR_ABSOLUTE as f64;

fn tensor(path: &Path) -> Option<Tensor> {
    let bytes = fs::read(path).ok()?;
    Some(Tensor::from_message(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// What is wrong with an output, if anything.
fn compare(expected: &Tensor, found: &Tensor) -> Result<(), String> {
    if expected.type_name() != found.type_name() || expected.shape() != found.shape() {
        return Err(format!(
            "{} {:?} instead of {} {:?}",
            found.type_name(),
            found.shape(),
            expected.type_name(),
            expected.shape()
        ));
    }
    let (Some(a), Some(b)) = (expected.to_f64(), found.to_f64()) else {
        return if expected == found { Ok(()) } else { Err(format!("{found:?} instead of {expected:?}")) };
    };
    let float = matches!(expected.element_type(), ElementType::F32 | ElementType::F64);
    for (a, b) in a.iter().zip(&b) {
        let close = a == b || (a.is_nan() && b.is_nan()) || (float && (a - b).abs() <= RELATIVE * a.abs() + ABSOLUTE);
        if !close {
            return Err(format!("{b} instead of {a}"));
        }
    }
    Ok(())
}

fn run(folder: &Path) -> Result<(), String> {
    let graph = Graph::open(&folder.join("model.onnx")).map_err(|error| error.to_string())?;
    let mut inputs = Vec::new();
    for (index, input) in graph.inputs.iter().enumerate() {
        let Some(value) = tensor(&folder.join(format!("input_{index}.pb"))) else { break };
        inputs.push((input.name.as_str(), value));
    }
    let values = graph.evaluate(&inputs).map_err(|error| error.to_string())?;
    for (index, name) in graph.outputs.iter().enumerate() {
        let Some(expected) = tensor(&folder.join(format!("output_{index}.pb"))) else { break };
        compare(&expected, values.get(name).ok_or_else(|| format!("no output {name}"))?)
            .map_err(|error| format!("output {name}: {error}"))?;
    }
    Ok(())
}

#[test]
#[ignore = "needs target/onnx-node-tests, which tests/python/onnx_node_tests.py writes"]
fn the_official_node_tests_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/onnx-node-tests");
    let mut cases: Vec<_> =
        fs::read_dir(&folder).expect("the node tests").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    assert!(cases.len() >= 228, "only {} node tests in {}", cases.len(), folder.display());
    let failures: Vec<String> =
        cases.iter().filter_map(|case| run(case).err().map(|error| format!("{}: {error}", case.display()))).collect();
    println!("{} node tests, {} failures", cases.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
