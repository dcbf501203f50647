"""Checks the models that tests/tests/onnx/export.rs left in target/onnx-exports: valid ONNX, any batch size, and the
outputs of the network within 1e-5 in onnxruntime; of those in integers, every integer. Run after the Rust tests; a missing folder
is a failure."""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

from tolerances import tolerance

TOLERANCE = tolerance("NETWORK")


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


def check_integers(path: pathlib.Path, truth: str) -> tuple[int, int]:
    """How many output integers of a quantized model differ between onnxruntime and the runtime, and how many there are."""
    model = onnx.load(path)
    if truth == path.stem:  # the checker does not know QGemm
        onnx.checker.check_model(model, full_check=True)
    (last,) = [node for node in model.graph.node if node.name == "output/dequantize"]
    model.graph.output.append(onnx.helper.make_tensor_value_info(last.input[0], onnx.TensorProto.INT8 if truth == path.stem else onnx.TensorProto.UINT8, None))
    options = onnxruntime.SessionOptions()
    # Without this, onnxruntime's int8 kernels saturate their 16-bit sums on processors without VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = np.load(path.with_name(truth + ".input.npy"))
    expected = np.load(path.with_name(truth + ".output.npy"))
    integers = session.run([last.input[0]], {session.get_inputs()[0].name: x})[0]
    if integers.dtype == np.uint8:
        integers = (integers.astype(np.int16) - 128).astype(np.int8)
    return int(np.sum(integers != expected)), expected.size


def main() -> int:
    folder = pathlib.Path(__file__).parents[2] / "target" / "onnx-exports"
    models = sorted(path for path in folder.glob("*.onnx") if path.suffixes == [".onnx"])
    quantized = sorted(folder.glob("*.qdq.onnx"))
    operators = sorted(folder.glob("*.qoperator.onnx"))
    if len(models) < 40 or len(quantized) < 40 or len(operators) < 240:
        print(f"error: {folder} holds {len(models)}, {len(quantized)} and {len(operators)} models; run `cargo test --release --workspace` first", file=sys.stderr)
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
    for form, paths in [("QDQ", quantized), ("QOperator", operators)]:
        different = count = 0
        for path in paths:
            here, of = check_integers(path, path.stem.replace(".qoperator", ".qdq"))
            different, count, failed = different + here, count + of, failed + (here > 0)
            if here:
                print(f"{path.name}: {here} of {of} integers differ", file=sys.stderr)
        print(f"{form}: {different} of {count} integers of {len(paths)} networks differ")
    print(f"{len(models) + len(quantized) + len(operators) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
