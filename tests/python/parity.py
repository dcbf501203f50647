"""Holds models/mnist against onnxruntime on all 10,000 test images: the float model's outputs within 1e-5, the integers of
the int8 model in integer operators (QGemm) equal to those that the runtime gives for model.tnet, and in QDQ form, which describes them in
real numbers, all but 1 in 100,000. Another model's folder may be given as the argument."""

import gzip
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

from tolerances import tolerance

ROOT = pathlib.Path(__file__).parents[2]
TOLERANCE = tolerance("NETWORK")


def test_images() -> np.ndarray:
    """The 10,000 images, one row each, as bytes."""
    data = gzip.decompress((ROOT / "trainer/data/mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(data, np.uint8, offset=16).reshape(10_000, 784)


def predict(model: pathlib.Path, images: pathlib.Path, *options: str) -> np.ndarray:
    """What `thumbnet predict` writes for the images."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.npy"
        command = [ROOT / "target/release/thumbnet", "--quiet", "predict", model, images, *options, "--out", out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return np.load(out)


def integers(path: pathlib.Path, x: np.ndarray) -> np.ndarray:
    """The integers before the last DequantizeLinear, from onnxruntime's fused kernels; those of integer operators are 128 more."""
    model = onnx.load(path)
    (last,) = [node for node in model.graph.node if node.name == "output/dequantize"]
    operators = any(node.op_type == "QGemm" for node in model.graph.node)
    if not operators:  # the checker does not know QGemm
        onnx.checker.check_model(model, full_check=True)
    kind = onnx.TensorProto.UINT8 if operators else onnx.TensorProto.INT8
    model.graph.output.append(onnx.helper.make_tensor_value_info(last.input[0], kind, None))
    options = onnxruntime.SessionOptions()
    # Without this, onnxruntime's int8 kernels saturate their 16-bit sums on processors without VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    found = session.run([last.input[0]], {session.get_inputs()[0].name: x})[0]
    return (found.astype(np.int16) - 128).astype(np.int8) if operators else found


def main() -> int:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "models/mnist"
    images = test_images()
    real = (images / np.float32(255)).astype(np.float32)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "images.npy"
        np.save(file, images)
        ours_float, ours_integers = predict(folder / "model.onnx", file), predict(folder / "model.tnet", file, "--raw")
    onnx.checker.check_model(str(folder / "model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    theirs_float = session.run(None, {session.get_inputs()[0].name: real})[0]
    worst = float(np.max(np.abs(theirs_float - ours_float)))
    print(f"float: largest difference of {theirs_float.size} outputs {worst:.2e}, tolerance {TOLERANCE:.0e}")
    failed += not worst < TOLERANCE
    with tempfile.TemporaryDirectory() as scratch:
        operators = pathlib.Path(scratch) / "operators.onnx"
        command = [ROOT / "target/release/thumbnet", "--quiet", "convert", folder / "model-int8.onnx", operators]
        subprocess.run([*command, "--form", "qoperator"], check=True, stdout=subprocess.DEVNULL)
        for form, path in [("QDQ", folder / "model-int8.onnx"), ("QOperator", operators)]:
            theirs = integers(path, real)
            different = int(np.sum(theirs != ours_integers))
            print(f"{form}: {different} of {theirs.size} integers differ")
            failed += different * 100_000 > theirs.size if form == "QDQ" else different > 0
    print(f"{3 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
