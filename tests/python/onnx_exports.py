"""Checks the models that tests/tests/onnx/export.rs left in target/onnx-exports: valid ONNX, any batch size, and the
outputs of the network within 1e-5 in onnxruntime. Of the integer networks of tests/tests/onnx/quantized.rs, 200 of them random, every
integer is the runtime's: in integer operators (QOperator) without exception, in QDQ form but for random networks with a layer that
onnxruntime leaves to a Gemm of floats, which it does where the function behind it takes its sums twice (Mish is x * tanh(softplus(x))).
Run after the Rust tests; a missing folder is a failure."""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

from integers import integers
from tolerances import tolerance

TOLERANCE = tolerance("NETWORK")
RANDOM_NETWORKS = 200
FUSED = 90  # of them at least, in QDQ form


def check(path: pathlib.Path) -> float:
    """The largest difference between onnxruntime and the network, relative to the larger of the value and 1."""
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    assert isinstance(source.shape[0], str), f"{path.name}: the batch dimension is fixed: {source.shape}"
    x = np.load(path.with_name(path.stem + ".input.npy"))
    expected = np.load(path.with_name(path.stem + ".output.npy"))
    (y,) = session.run(None, {source.name: x})
    (one,) = session.run(None, {source.name: x[:1]})
    assert one.shape == (1, expected.shape[1]), f"{path.name}: one sample gives {one.shape}"
    worst = np.max(np.abs(y - expected) / np.maximum(np.maximum(np.abs(y), np.abs(expected)), 1))
    return float(worst)


def check_integers(path: pathlib.Path) -> tuple[int, int, bool]:
    """How many output integers of a quantized model differ between onnxruntime and the runtime, how many there are, and whether
    onnxruntime has computed all sums in integers."""
    name = path.name.split(".")[0]
    expected = np.load(path.with_name(f"{name}.qdq.output.npy"))
    found, fused = integers(path, np.load(path.with_name(f"{name}.qdq.input.npy")))
    assert found.shape == expected.shape, f"{path.name}: {found.shape} instead of {expected.shape}"
    return int(np.sum(found != expected)), expected.size, fused


def main() -> int:
    folder = pathlib.Path(__file__).parents[2] / "target" / "onnx-exports"
    models = sorted(path for path in folder.glob("*.onnx") if path.suffixes == [".onnx"])
    forms = {form: sorted(folder.glob(f"*.{form}.onnx")) for form in ("qoperator", "qdq")}
    random = [sum(path.name.startswith("random_") for path in paths) for paths in forms.values()]
    if len(models) < 40 or any(len(paths) < RANDOM_NETWORKS + 40 for paths in forms.values()) or min(random) < RANDOM_NETWORKS:
        print(f"error: {folder} holds {len(models)} models and {random} random networks; run `cargo test --release --workspace` first", file=sys.stderr)
        return 1
    failed = 0
    worst_of_all = 0.0
    for path in models:
        worst = check(path)
        worst_of_all = max(worst_of_all, worst)
        if not worst < TOLERANCE:
            print(f"{path.name}: differs by {worst:.2e}", file=sys.stderr)
            failed += 1
    print(f"largest difference {worst_of_all:.2e}, tolerance {TOLERANCE:.0e}")
    checked = len(models)
    for form, paths in forms.items():
        different = count = in_floats = 0
        for path in paths:
            here, of, fused = check_integers(path)
            if form == "qdq" and path.name.startswith("random_") and not fused:
                in_floats += 1
                continue
            different, count = different + here, count + of
            if here:
                print(f"{path.name}: {here} of {of} integers differ", file=sys.stderr)
                failed += 1
        print(f"{form}: {different} of {count} integers of {len(paths) - in_floats} networks differ; {in_floats} more have sums of floats")
        checked += len(paths) - in_floats
        if RANDOM_NETWORKS - in_floats < FUSED:
            print(f"error: {form}: fewer than {FUSED} random networks were compared", file=sys.stderr)
            failed += 1
    print(f"{checked - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
