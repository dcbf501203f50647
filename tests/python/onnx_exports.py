"""Checks the models that tests/tests/onnx_export.rs left in target/onnx-exports: valid ONNX, any batch size, and the
outputs of the network within 1e-5 in onnxruntime. Run after the Rust tests; a missing folder is a failure."""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

TOLERANCE = 1e-5


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


def main() -> int:
    folder = pathlib.Path(__file__).parents[2] / "target" / "onnx-exports"
    models = sorted(path for path in folder.glob("*.onnx"))
    if len(models) < 40:
        print(f"error: {folder} holds {len(models)} models; run `cargo test --release --workspace` first", file=sys.stderr)
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
    print(f"{len(models) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
