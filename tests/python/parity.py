"""Holds models/mnist against onnxruntime on all 10,000 test images: the float model's outputs within 1e-5, and every integer of the int8
model, in both of its forms (QOperator, which has one QGemm for each layer, and QDQ), equal to what the runtime gives for model.tnet.
Another model's folder may be given as the argument."""

import gzip
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

from integers import integers
from tolerances import tolerance

ROOT = pathlib.Path(__file__).parents[2]
TOLERANCE = tolerance("NETWORK")


def test_images() -> np.ndarray:
    """The 10,000 images, one row each, as bytes."""
    data = gzip.decompress((ROOT / "trainer/data/mnist/t10k-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(data, np.uint8, offset=16).reshape(10_000, 784)


def thumbnet(*arguments: object) -> None:
    """Runs the command."""
    subprocess.run([ROOT / "target/release/thumbnet", "--quiet", *arguments], check=True, stdout=subprocess.DEVNULL)


def predict(model: pathlib.Path, images: pathlib.Path, *options: str) -> np.ndarray:
    """What `thumbnet predict` writes for the images."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.npy"
        thumbnet("predict", model, images, *options, "--out", out)
        return np.load(out)


def main() -> int:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "models/mnist"
    images = test_images()
    real = (images / np.float32(255)).astype(np.float32)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        file = pathlib.Path(scratch) / "images.npy"
        np.save(file, images)
        ours_float, ours_integers = predict(folder / "model.onnx", file), predict(folder / "model.tnet", file, "--raw")
        operators = pathlib.Path(scratch) / "qoperator.onnx"
        thumbnet("convert", folder / "model-int8.onnx", operators, "--form", "qoperator")
        forms = {"QOperator": integers(operators, real), "QDQ": integers(folder / "model-int8.onnx", real)}
    onnx.checker.check_model(str(folder / "model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    theirs_float = session.run(None, {session.get_inputs()[0].name: real})[0]
    worst = float(np.max(np.abs(theirs_float - ours_float)))
    print(f"float: largest difference of {theirs_float.size} outputs {worst:.2e}, tolerance {TOLERANCE:.0e}")
    failed += not worst < TOLERANCE
    for form, (theirs, fused) in forms.items():
        different = int(np.sum(theirs != ours_integers))
        print(f"int8, {form}: {different} of {theirs.size} integers differ")
        failed += different > 0 or not fused
    print(f"{3 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
