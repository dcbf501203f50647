"""Writes ONNX's official node tests of the operators that we evaluate to target/onnx-node-tests: for each a model and its
inputs and outputs as TensorProto messages. The `onnx` package makes them (its wheels no longer ship the files); the Rust test
`cargo test --release -p thumbnet-tests --test onnx_node -- --ignored` runs them. Then runs each in onnxruntime and lists those that
fail there, with the reason: they show where the two disagree, and that ours is measured by ONNX, not by onnxruntime.

With onnx 1.23.2 and onnxruntime 1.32.0, 8 of 238 fail in onnxruntime, none for its numbers: it has no DequantizeLinear (3 tests) and
QuantizeLinear (3 tests) of opset 28 yet, and runs Swish in models of opset 24 but of none newer (2 tests)."""

import pathlib
import shutil

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

OPERATORS = """Gemm MatMul Add Sub Mul Div Neg Abs Sqrt Exp Pow Erf Sum Min Max Relu LeakyRelu PRelu Elu Selu Celu Gelu
Sigmoid HardSigmoid HardSwish Swish Mish Tanh Softplus Softsign ThresholdedRelu Clip Softmax LogSoftmax BatchNormalization
Dropout Identity Flatten Reshape Squeeze Unsqueeze Transpose Concat Constant Cast ArgMax Where Greater QuantizeLinear
DequantizeLinear DynamicQuantizeLinear QLinearMatMul MatMulInteger
Scaler Normalizer ArrayFeatureExtractor ZipMap LinearClassifier LinearRegressor Binarizer LabelEncoder""".split()
TYPES = {np.dtype(t) for t in ("float32", "int64", "int32", "uint8", "int8", "bool")}


def wanted(case) -> bool:
    """Tests of one of our operators in inference, in the element types of networks."""
    nodes = case.model.graph.node
    if any(node.op_type not in OPERATORS for node in nodes) or not nodes:
        return False
    if any(attribute.name == "training_mode" and attribute.i for node in nodes for attribute in node.attribute):
        return False
    if any(node.op_type == "Dropout" and len(node.input) > 2 and node.input[2] for node in nodes):
        return False
    for inputs, outputs in case.data_sets:
        for value in [*inputs, *outputs]:
            if not isinstance(value, (np.ndarray, np.generic)):
                return False
            array = np.asarray(value)
            if array.dtype not in TYPES and not (array.dtype.kind in "OU" and nodes[0].op_type == "LabelEncoder"):
                return False
    # The wheel's four-bit and eight-bit float types come as other numpy types, but their casts take or give f32.
    allowed = {1, 2, 3, 6, 7, 8, 9}
    types = {v.type.tensor_type.elem_type for v in [*case.model.graph.input, *case.model.graph.output]}
    return types <= allowed


def main() -> None:
    folder = pathlib.Path(__file__).parents[2] / "target" / "onnx-node-tests"
    shutil.rmtree(folder, ignore_errors=True)
    count = 0
    for case in collect_testcases():
        if case.model is None or not wanted(case):
            continue
        for number, (inputs, outputs) in enumerate(case.data_sets):
            place = folder / (case.name if number == 0 else f"{case.name}_{number}")
            place.mkdir(parents=True)
            onnx.save(case.model, place / "model.onnx")
            for kind, values in (("input", inputs), ("output", outputs)):
                for index, value in enumerate(values):
                    tensor = numpy_helper.from_array(np.asarray(value))
                    (place / f"{kind}_{index}.pb").write_bytes(tensor.SerializeToString())
            count += 1
    print(f"{count} node tests in {folder}")
    onnxruntime.set_default_logger_severity(4)
    failed = [(place.name, reason) for place in sorted(folder.iterdir()) if (reason := fails_in_onnxruntime(place))]
    print(f"{len(failed)} of them fail in onnxruntime {onnxruntime.__version__}{':' if failed else ''}")
    for name, reason in failed:
        print(f"  {name}: {reason}")


def tensor(path: pathlib.Path) -> np.ndarray:
    return numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes()))


def fails_in_onnxruntime(place: pathlib.Path) -> str | None:
    """Why a test fails in onnxruntime, by ONNX's own bounds (1e-3 relative, 1e-7 absolute), or nothing."""
    try:
        session = onnxruntime.InferenceSession(place / "model.onnx", providers=["CPUExecutionProvider"])
        inputs = {given.name: tensor(path) for k, given in enumerate(session.get_inputs()) if (path := place / f"input_{k}.pb").exists()}
        for k, value in enumerate(session.run(None, inputs)):
            expected, value = tensor(place / f"output_{k}.pb"), np.asarray(value)
            if expected.dtype.kind == "f":
                np.testing.assert_allclose(value, expected, rtol=1e-3, atol=1e-7)
            else:
                np.testing.assert_array_equal(value, expected)
    except Exception as error:  # every kind of failure is a line of the list
        return " ".join(str(error).split())[:160]
    return None


if __name__ == "__main__":
    main()
