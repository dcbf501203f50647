"""The output integers of an integer network in onnxruntime."""

import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime


def integers(path: pathlib.Path, x: np.ndarray) -> tuple[np.ndarray, bool]:
    """The integers before the last DequantizeLinear, as int8, and whether onnxruntime has made every Gemm one of integers.

    They are told from the real numbers that DequantizeLinear gives. As an output of their own they would change what is measured:
    onnxruntime then leaves the last layer of a QDQ model to a Gemm of floats. For the same reason a softmax behind them is taken away."""
    model = onnx.load(path)
    if not any(node.domain == "com.microsoft" for node in model.graph.node):  # the checker does not know QGemm
        onnx.checker.check_model(model, full_check=True)
    (last,) = [node for node in model.graph.node if node.name == "output/dequantize"]
    for node in [node for node in model.graph.node if last.output[0] in node.input]:
        model.graph.node.remove(node)
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info(last.output[0], onnx.TensorProto.FLOAT, None))
    constants = {constant.name: onnx.numpy_helper.to_array(constant) for constant in model.graph.initializer}
    scale, zero_point = (constants[name] for name in last.input[1:])
    options = onnxruntime.SessionOptions()
    # Without this, onnxruntime's int8 kernels saturate their 16-bit sums on processors without VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 3  # or it warns that the optimized model is one for this processor
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/optimized.onnx"
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        fused = all(node.op_type != "Gemm" for node in onnx.load(options.optimized_model_filepath).graph.node)
    (real,) = session.run(None, {session.get_inputs()[0].name: x})
    steps = np.rint(real / scale)
    assert np.array_equal(steps * scale, real), f"{path.name}: outputs that are no steps of {scale}"
    signed = steps.astype(np.int16) + zero_point - (128 if zero_point.dtype == np.uint8 else 0)
    return signed.astype(np.int8), fused
