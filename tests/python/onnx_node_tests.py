"""Writes ONNX's official node tests of the operators that we evaluate to target/onnx-node-tests: for each a model and its
inputs and outputs as TensorProto messages. The `onnx` package makes them (its wheels no longer ship the files); the Rust test
`cargo test --release -p thumbnet-tests --test onnx_node -- --ignored` runs them."""

import pathlib
import shutil

import numpy as np
import onnx
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


if __name__ == "__main__":
    main()
