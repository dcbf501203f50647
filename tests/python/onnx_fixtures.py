"""Makes the foreign models that the import tests read, in tests/fixtures/onnx: NAME.onnx, and NAME.npz with an input, the
output that onnxruntime gives, and for quantized models its integers. The models are committed; run this again (in a Python with torch,
onnxscript, scikit-learn, skl2onnx, onnx and onnxruntime; models from Keras need tensorflow and tf2onnx, see
onnx_fixtures_keras.py) to make them anew."""

import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parents[1] / "fixtures" / "onnx"
SAMPLES = 24


def session(model: bytes | str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Without this, int8 kernels saturate their 16-bit sums on processors without VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def last_integers(model: onnx.ModelProto) -> str | None:
    """The name of the integers that the last DequantizeLinear on the way to the output takes."""
    producers = {output: node for node in model.graph.node for output in node.output}
    constants = {tensor.name for tensor in model.graph.initializer}
    name = model.graph.output[-1].name
    while name in producers:
        node = producers[name]
        if node.op_type == "DequantizeLinear":
            before = producers.get(node.input[0])
            if before is not None and before.op_type == "QLinearSoftmax":
                return before.input[0]
            softmax = producers.get(before.input[0]) if before is not None and before.op_type == "QuantizeLinear" else None
            if softmax is None or softmax.op_type != "Softmax":
                return node.input[0]
            name = softmax.input[0]
            continue
        if node.op_type not in ("Softmax", "Identity", "Reshape"):
            return None
        name = next(i for i in node.input if i and i not in constants)
    return None


def save(name: str, x: np.ndarray, output: str | None = None) -> None:
    """Runs the saved model on `x` and writes the truth beside it; a model that onnxruntime has no kernel for is dropped."""
    path = FOLDER / f"{name}.onnx"
    try:
        run = session(str(path))
    except Exception as error:  # its exceptions have no common class but this
        print(f"{name}: onnxruntime: {str(error)[:160]}")
        path.unlink()
        return
    source = run.get_inputs()[0].name
    shape = run.get_inputs()[0].shape
    # A sample alone has no batch dimension, and is run alone.
    alone = len(shape) == 1 and isinstance(shape[0], int)
    fixed = 1 if alone else shape[0] if shape else None
    chosen = output or float_output(run)
    if isinstance(fixed, int) and fixed != len(x):
        results = np.concatenate([np.atleast_2d(run.run([chosen], {source: x[i] if alone else x[i : i + fixed]})[0]) for i in range(0, len(x), fixed)])
    else:
        results = run.run([chosen], {source: x})[0]
    if isinstance(results, list):  # ZipMap
        results = np.array([list(row.values()) for row in results], np.float32)
    truth = {"input": x.reshape(len(x), -1).astype(np.float32), "output": np.asarray(results, np.float32).reshape(len(x), -1)}
    integers = last_integers(onnx.load(path))
    if integers:
        whole = onnx.load(path)
        whole.graph.output.append(helper.make_empty_tensor_value_info(integers))
        value = session(whole.SerializeToString()).run([integers], {source: x})[0]
        shift = 128 if value.dtype == np.uint8 else 0
        truth["integers"] = (value.astype(np.int16) - shift).astype(np.int8).reshape(len(x), -1)
    np.savez(FOLDER / f"{name}.npz", **truth)


def float_output(run: onnxruntime.InferenceSession) -> str:
    """The output with the numbers: the last that is no label."""
    return run.get_outputs()[-1].name


# PyTorch ------------------------------------------------------------------------------------------------------------------


def torch_models() -> None:
    import torch
    from torch import nn

    torch.manual_seed(1)
    rng = np.random.default_rng(1)

    def mlp(*sizes, activation=nn.ReLU, last=None, bias=True, norm=False, dropout=0.0):
        layers = []
        for index, (a, b) in enumerate(zip(sizes, sizes[1:])):
            layers.append(nn.Linear(a, b, bias=bias))
            if index + 2 < len(sizes):
                if norm:
                    layers.append(nn.BatchNorm1d(b))
                layers.append(activation())
                if dropout:
                    layers.append(nn.Dropout(dropout))
        if last:
            layers.append(last)
        model = nn.Sequential(*layers)
        with torch.no_grad():
            for module in model.modules():
                if isinstance(module, nn.BatchNorm1d):
                    module.running_mean.uniform_(-1, 1)
                    module.running_var.uniform_(0.5, 2)
                    module.weight.uniform_(-1.5, 1.5)
                    module.bias.uniform_(-1, 1)
        return model.eval()

    class View(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(36, 20), nn.Linear(20, 5)

        def forward(self, x):
            return self.second(torch.relu(self.first(x.view(x.size(0), -1))))

    class Functional(nn.Module):
        """The forms that people write by hand."""

        def __init__(self):
            super().__init__()
            self.first, self.second, self.third = nn.Linear(9, 12), nn.Linear(12, 12), nn.Linear(12, 3)

        def forward(self, x):
            x = (x - 0.5) / 0.25
            x = self.first(x)
            x = x * torch.sigmoid(x)
            x = torch.clamp(self.second(x), 0, 6)
            return torch.softmax(self.third(x) * 2.0, dim=-1)

    hidden = {
        "relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.1), "elu": lambda: nn.ELU(0.8), "selu": nn.SELU, "celu": lambda: nn.CELU(1.2),
        "gelu": nn.GELU, "gelu_tanh": lambda: nn.GELU("tanh"), "silu": nn.SiLU, "mish": nn.Mish, "hardswish": nn.Hardswish,
        "hardsigmoid": nn.Hardsigmoid, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softplus": nn.Softplus, "softsign": nn.Softsign,
        "relu6": nn.ReLU6, "hardtanh": nn.Hardtanh, "prelu": nn.PReLU, "prelu_channels": lambda: nn.PReLU(12), "logsigmoid_free": nn.Tanhshrink,
    }
    hidden.pop("logsigmoid_free")

    def legacy(name, model, x, opset=17, **options):
        torch.onnx.export(model, torch.from_numpy(x[:1]), FOLDER / f"{name}.onnx", opset_version=opset, dynamo=False,
                          input_names=["input"], dynamic_axes={"input": {0: "batch"}}, **options)
        save(name, x)

    def dynamo(name, model, x, opset=None, external=True, **options):
        batch = torch.export.Dim("batch")
        torch.onnx.export(model, (torch.from_numpy(x[:2]),), FOLDER / f"{name}.onnx", dynamo=True, opset_version=opset, external_data=external,
                          dynamic_shapes=({0: batch},), verbose=False, **options)
        save(name, x)

    x8 = rng.normal(size=(SAMPLES, 8)).astype(np.float32)
    for index, (kind, activation) in enumerate(hidden.items()):
        model = mlp(8, 12, 12, 4, activation=activation)
        if "channels" in kind:
            with torch.no_grad():
                [m.weight.uniform_(-0.3, 0.6) for m in model.modules() if isinstance(m, nn.PReLU)]
        legacy(f"torch_legacy_{kind}", model, x8, opset=[17, 9, 11, 13, 15][index % 5] if kind not in ("celu", "mish", "hardswish", "gelu") else 17)
        dynamo(f"torch_{kind}", model, x8, external=index % 4 == 0)
    image = rng.random((SAMPLES, 1, 6, 6)).astype(np.float32)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(36, 16), nn.ReLU(), nn.Linear(16, 10), nn.LogSoftmax(1)).eval()
    legacy("torch_legacy_image_log_softmax", flat, image)
    dynamo("torch_image_log_softmax", flat, image)
    legacy("torch_legacy_view", View().eval(), image, opset=11)
    dynamo("torch_view", View().eval(), image)
    x9 = rng.random((SAMPLES, 9)).astype(np.float32)
    legacy("torch_legacy_by_hand", Functional().eval(), x9, opset=14)
    dynamo("torch_by_hand", Functional().eval(), x9)
    deep = mlp(10, *[12] * 11, 3, activation=nn.Tanh, last=nn.Softmax(-1))
    x10 = rng.normal(size=(SAMPLES, 10)).astype(np.float32)
    legacy("torch_legacy_deep", deep, x10, opset=12)
    dynamo("torch_deep", deep, x10)
    normed = mlp(10, 20, 14, 4, norm=True, dropout=0.3)
    legacy("torch_legacy_batchnorm", normed, x10)
    legacy("torch_legacy_batchnorm_unfolded", normed, x10, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE)
    dynamo("torch_batchnorm", normed, x10, optimize=False)
    legacy("torch_legacy_single", mlp(10, 3, bias=False), x10, opset=9)
    dynamo("torch_no_bias", mlp(10, 15, 3, bias=False, activation=nn.Sigmoid), x10)
    dynamo("torch_binary", mlp(10, 8, 1, last=nn.Sigmoid()), x10)
    first_norm = nn.Sequential(nn.BatchNorm1d(10), nn.Linear(10, 6), nn.SiLU(), nn.Linear(6, 2)).eval()
    with torch.no_grad():
        first_norm[0].running_mean.uniform_(-1, 1)
        first_norm[0].running_var.uniform_(0.5, 2)
    dynamo("torch_input_batchnorm", first_norm, x10, optimize=False)
    half = mlp(10, 16, 4).half()
    torch.onnx.export(half, torch.from_numpy(x10[:1]).half(), FOLDER / "torch_legacy_f16.onnx", dynamo=False, input_names=["input"],
                      dynamic_axes={"input": {0: "batch"}})
    save("torch_legacy_f16", x10.astype(np.float16))
    double = mlp(10, 16, 4, activation=nn.Tanh).double()
    torch.onnx.export(double, torch.from_numpy(x10[:1]).double(), FOLDER / "torch_legacy_f64.onnx", dynamo=False, input_names=["input"],
                      dynamic_axes={"input": {0: "batch"}})
    save("torch_legacy_f64", x10.astype(np.float64))
    fixed = mlp(10, 16, 4)
    torch.onnx.export(fixed, torch.from_numpy(x10[:1]), FOLDER / "torch_legacy_fixed_batch.onnx", dynamo=False, input_names=["input"])
    save("torch_legacy_fixed_batch", x10)


# scikit-learn -------------------------------------------------------------------------------------------------------------


def sklearn_models() -> None:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler, StandardScaler

    warnings.filterwarnings("ignore")
    rng = np.random.default_rng(2)
    x = (rng.normal(size=(200, 6)) * [1, 5, 0.2, 30, 2, 1] + [0, 3, -1, 100, 4, 0]).astype(np.float32)
    z = (x - x.mean(0)) / x.std(0)
    score = z @ rng.normal(size=(6, 4))
    binary, many = (score[:, 0] > 0).astype(int), score.argmax(1)
    words = np.array(["ant", "bee", "cat", "dog"])[many]
    labels = (score > 0).astype(int)
    values, pair = score[:, 0] + 0.1 * score[:, 1], score[:, :2]
    small = {"hidden_layer_sizes": (9, 7), "max_iter": 60, "random_state": 0}

    def export(name, model, data, target, options=None, opset=None, output=None):
        model.fit(data, target)
        # A converter's options name the step that they are for.
        last = model.steps[-1][1] if hasattr(model, "steps") else model
        options = {id(last): options} if options else None
        proto = to_onnx(model, data[:1].astype(np.float32), options=options, target_opset=opset)
        onnx.save(proto, FOLDER / f"{name}.onnx")
        save(name, data[:SAMPLES].astype(np.float32), output)

    bare = {"zipmap": False}
    export("sklearn_binary", MLPClassifier(**small), z, binary, bare)
    export("sklearn_binary_zipmap", MLPClassifier(**small), z, binary)
    export("sklearn_multi", MLPClassifier(activation="tanh", **small), z, many, bare)
    export("sklearn_multi_zipmap", MLPClassifier(activation="logistic", **small), z, many)
    export("sklearn_words", MLPClassifier(**small), z, words, bare)
    export("sklearn_words_zipmap", MLPClassifier(**small), z, words)
    export("sklearn_multilabel", MLPClassifier(**small), z, labels, bare)
    export("sklearn_identity", MLPClassifier(activation="identity", **small), z, many, bare, opset=12)
    export("sklearn_regressor", MLPRegressor(**small), z, values)
    export("sklearn_regressor_tanh", MLPRegressor(activation="tanh", **small), z, values, opset=11)
    export("sklearn_regressor_pair", MLPRegressor(**small), z, pair)
    for kind, scaler in (("standard", StandardScaler()), ("standard_no_mean", StandardScaler(with_mean=False)), ("minmax", MinMaxScaler((-1, 1))),
                         ("minmax_clip", MinMaxScaler(clip=True)), ("maxabs", MaxAbsScaler()), ("robust", RobustScaler())):
        export(f"sklearn_{kind}_classifier", make_pipeline(scaler, MLPClassifier(**small)), x, many, bare)
    export("sklearn_standard_zipmap", make_pipeline(StandardScaler(), MLPClassifier(**small)), x, words, None, opset={"": 15, "ai.onnx.ml": 1})
    export("sklearn_standard_regressor", make_pipeline(StandardScaler(), MLPRegressor(**small)), x, values)
    for norm in ("l1", "l2", "max"):
        export(f"sklearn_normalizer_{norm}", make_pipeline(Normalizer(norm), MLPClassifier(**small)), np.abs(x), many, bare)
    export("sklearn_standard_normalizer", make_pipeline(StandardScaler(), Normalizer(), MLPClassifier(**small)), x, binary, bare)
    export("sklearn_logistic", LogisticRegression(), z, many, bare)
    export("sklearn_logistic_binary", LogisticRegression(), z, binary, bare)
    export("sklearn_linear", LinearRegression(), z, pair)


# onnxruntime's quantizers ---------------------------------------------------------------------------------------------------


def quantized_models() -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

    rng = np.random.default_rng(3)
    work = FOLDER / "float.onnx"

    def network(activation, sizes, gemm=True, softmax=False):
        nodes, constants, value = [], [], "input"
        for index, (a, b) in enumerate(zip(sizes, sizes[1:])):
            weights = (rng.normal(size=(b, a) if gemm else (a, b)) / np.sqrt(a)).astype(np.float32)
            bias = (rng.normal(size=b) * 0.3).astype(np.float32)
            constants += [numpy_helper.from_array(weights, f"w{index}"), numpy_helper.from_array(bias, f"b{index}")]
            if gemm:
                nodes.append(helper.make_node("Gemm", [value, f"w{index}", f"b{index}"], [f"s{index}"], f"fc{index}", transB=1))
            else:
                nodes.append(helper.make_node("MatMul", [value, f"w{index}"], [f"p{index}"], f"fc{index}"))
                nodes.append(helper.make_node("Add", [f"p{index}", f"b{index}"], [f"s{index}"], f"add{index}"))
            value = f"s{index}"
            if index + 2 < len(sizes) and activation:
                nodes.append(helper.make_node(activation, [value], [f"a{index}"], f"act{index}"))
                value = f"a{index}"
        if softmax:
            nodes.append(helper.make_node("Softmax", [value], ["probabilities"], "softmax", axis=-1))
            value = "probabilities"
        graph = helper.make_graph(
            nodes, "mlp", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", sizes[0]])],
            [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["batch", sizes[-1]])], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, work)

    class Reader(CalibrationDataReader):
        def __init__(self, data):
            self.data = iter([{"input": data[i : i + 32]} for i in range(0, len(data), 32)])

        def get_next(self):
            return next(self.data, None)

    sizes = (12, 20, 16, 5)
    data = rng.normal(size=(256, 12)).astype(np.float32)
    x = data[:SAMPLES]
    types = {"s8": QuantType.QInt8, "u8": QuantType.QUInt8}
    for form in (QuantFormat.QDQ, QuantFormat.QOperator):
        for gemm in (True, False):
            for activations in ("s8", "u8"):
                for channel in (True, False):
                    for weights in ("s8", "u8"):
                        # A QOperator needs signed weights with signed activations; per-channel weights are signed.
                        if weights == "u8" and (channel or activations == "s8"):
                            continue
                        network("Relu", sizes, gemm, softmax=gemm and activations == "u8")
                        name = f"ort_{form.name.lower()}_{'gemm' if gemm else 'matmul'}_a{activations}_w{weights}{'_channel' if channel else ''}"
                        quantize_static(work, FOLDER / f"{name}.onnx", Reader(data), quant_format=form, per_channel=channel,
                                        activation_type=types[activations], weight_type=types[weights],
                                        extra_options={"ActivationSymmetric": False, "WeightSymmetric": weights == "s8"})
                        save(name, x)
    for activation in ("Sigmoid", "Tanh", "LeakyRelu"):
        for form in (QuantFormat.QDQ, QuantFormat.QOperator):
            if activation == "Tanh" and form == QuantFormat.QOperator:
                continue
            network(activation, sizes)
            name = f"ort_{form.name.lower()}_{activation.lower()}"
            quantize_static(work, FOLDER / f"{name}.onnx", Reader(data), quant_format=form, per_channel=form == QuantFormat.QDQ,
                            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
            save(name, x)
    network("Relu", sizes)
    quantize_static(work, FOLDER / "ort_qdq_reduce_range.onnx", Reader(data), quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=True,
                    activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, extra_options={"ActivationSymmetric": True})
    save("ort_qdq_reduce_range", x)
    for weights in ("s8", "u8"):
        for gemm in (True, False):
            network("Relu", sizes, gemm)
            name = f"ort_dynamic_{'gemm' if gemm else 'matmul'}_w{weights}"
            quantize_dynamic(work, FOLDER / f"{name}.onnx", weight_type=types[weights])
            save(name, x)
    work.unlink()


# By hand --------------------------------------------------------------------------------------------------------------------


def hand_made() -> None:
    """The rarer forms: old opsets, other layouts, odd constants."""
    rng = np.random.default_rng(4)

    def build(name, nodes, constants, features, outputs, opset=13, ir=8, domains=(), functions=(), inputs_too=False, x=None, elements=TensorProto.FLOAT,
              shape=None, any_shape=False):
        shape = None if any_shape else shape or ["n", features]
        inputs = [helper.make_tensor_value_info("x", elements, shape)]
        tensors = [numpy_helper.from_array(value, key) if isinstance(value, np.ndarray) else value for key, value in constants.items()]
        if inputs_too:
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in tensors]
        graph = helper.make_graph(nodes, name, inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None if shape is None or len(shape) == 1 else ["n", outputs])], tensors)
        imports = [helper.make_opsetid(d, v) for d, v in (*domains, ("", opset))]
        onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=ir, functions=functions), FOLDER / f"{name}.onnx")
        save(name, rng.normal(size=(SAMPLES, features)).astype(np.float32) if x is None else x)

    def normal(*shape):
        return (rng.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32)

    node = helper.make_node
    w, b, v = normal(5, 7), normal(7), normal(7, 3)
    # onnxruntime begins at opset 7, so the same network is run in opset 7 and then written in opset 6.
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("Add", ["a", "b"], ["c"]), node("Relu", ["c"], ["d"]), node("MatMul", ["d", "v"], ["e"]),
             node("Softmax", ["e"], ["y"])]
    build("hand_opset6_broadcast", nodes, {"w": w, "b": b, "v": v}, 5, 3, opset=7, ir=3, inputs_too=True)
    old = onnx.load(FOLDER / "hand_opset6_broadcast.onnx")
    old.opset_import[0].version = 6
    old.graph.node[1].attribute.extend([helper.make_attribute("broadcast", 1), helper.make_attribute("axis", 1)])
    onnx.save(old, FOLDER / "hand_opset6_broadcast.onnx")
    build("hand_ir3_gemm", [node("Gemm", ["x", "w", "b"], ["a"]), node("Tanh", ["a"], ["c"]), node("Gemm", ["c", "v", "z"], ["y"], alpha=0.5, beta=2.0)],
          {"w": w, "b": b, "v": v, "z": normal(3)}, 5, 3, opset=9, ir=3, inputs_too=True)
    build("hand_add_first", [node("MatMul", ["x", "w"], ["a"]), node("Add", ["b", "a"], ["c"]), node("Relu", ["c"], ["d"]), node("MatMul", ["d", "v"], ["y"])],
          {"w": w, "b": b.reshape(1, 7), "v": v}, 5, 3)
    build("hand_weights_left",
          [node("Transpose", ["x"], ["t"], perm=[1, 0]), node("MatMul", ["w", "t"], ["a"]), node("Add", ["a", "b"], ["c"]), node("Relu", ["c"], ["d"]),
           node("Gemm", ["d", "v"], ["y"], transA=1)],
          {"w": np.ascontiguousarray(w.T), "b": b.reshape(7, 1), "v": v}, 5, 3)
    build("hand_scalar_bias_alpha", [node("Gemm", ["x", "w", "b"], ["y"], alpha=0.3, beta=-2.0, transB=1)],
          {"w": np.ascontiguousarray(v.T), "b": np.array(0.4, np.float32)}, 7, 3)
    build("hand_constant_nodes",
          [node("Constant", [], ["w"], value=numpy_helper.from_array(w)), node("Constant", [], ["six"], value_float=6.0),
           node("Constant", [], ["zero"], value_float=0.0), node("MatMul", ["x", "w"], ["a"]), node("Max", ["a", "zero"], ["c"]), node("Min", ["c", "six"], ["d"]),
           node("Constant", [], ["v"], value=numpy_helper.from_array(v)), node("MatMul", ["d", "v"], ["y"])],
          {}, 5, 3)
    square = normal(6, 6)
    build("hand_shared_weights", [node("MatMul", ["x", "w"], ["a"]), node("Relu", ["a"], ["c"]), node("MatMul", ["c", "w"], ["d"]), node("Transpose", ["w"], ["t"]),
                                  node("Elu", ["d"], ["e"], alpha=0.5), node("MatMul", ["e", "t"], ["y"])], {"w": square}, 6, 6)
    for kind, to, dtype in (("f16", TensorProto.FLOAT16, np.float16), ("f64", TensorProto.DOUBLE, np.float64)):
        build(f"hand_{kind}_weights_cast", [node("Cast", ["w"], ["wf"], to=TensorProto.FLOAT), node("MatMul", ["x", "wf"], ["a"]), node("Sigmoid", ["a"], ["y"])],
              {"w": w.astype(dtype)}, 5, 7)
    bf16 = helper.make_tensor("w", TensorProto.BFLOAT16, w.shape, w.flatten().tolist())
    build("hand_bf16_weights_cast", [node("Cast", ["w"], ["wf"], to=TensorProto.FLOAT), node("MatMul", ["x", "wf"], ["a"]), node("Softplus", ["a"], ["y"])],
          {"w": bf16}, 5, 7)
    typed = helper.make_tensor("w", TensorProto.FLOAT, w.shape, w.flatten().tolist())
    build("hand_float_data", [node("MatMul", ["x", "w"], ["a"]), node("Softsign", ["a"], ["y"])], {"w": typed}, 5, 7)
    build("hand_scaler_domains",
          [node("Scaler", ["x"], ["s"], domain="ai.onnx.ml", offset=[1.0, 2.0, 3.0, 0.5, 0.25], scale=[0.5, 2.0, 1.0, 4.0, 0.1]),
           node("Gemm", ["s", "w", "b"], ["a"]), node("Relu", ["a"], ["c"]), node("Gemm", ["c", "v"], ["y"])],
          {"w": w, "b": b, "v": v}, 5, 3, domains=[("ai.onnx.ml", 2)])
    build("hand_sub_div_features",
          [node("Sub", ["x", "mean"], ["s"]), node("Div", ["s", "std"], ["t"]), node("Gemm", ["t", "w", "b"], ["a"]), node("HardSwish", ["a"], ["c"]),
           node("Gemm", ["c", "v"], ["y"])],
          {"w": w, "b": b, "v": v, "mean": normal(5), "std": np.abs(normal(5)) + 0.5}, 5, 3, opset=14)
    build("hand_output_scaled", [node("Gemm", ["x", "w", "b"], ["a"]), node("Tanh", ["a"], ["c"]), node("Mul", ["c", "k"], ["d"]), node("Add", ["d", "o"], ["y"])],
          {"w": w, "b": b, "k": np.abs(normal(7)) + 1, "o": normal(7)}, 5, 7)
    build("hand_batchnorm_after_relu",
          [node("Gemm", ["x", "w", "b"], ["a"]), node("Relu", ["a"], ["c"]), node("BatchNormalization", ["c", "g", "h", "m", "q"], ["d"], epsilon=1e-3),
           node("Gemm", ["d", "v"], ["y"])],
          {"w": w, "b": b, "v": v, "g": normal(7), "h": normal(7), "m": normal(7), "q": np.abs(normal(7)) + 0.5}, 5, 3)
    build("hand_no_op_shapes",
          [node("Identity", ["x"], ["i"]), node("Unsqueeze", ["i", "one"], ["u"]), node("Squeeze", ["u", "one"], ["s"]), node("Reshape", ["s", "shape"], ["r"]),
           node("Cast", ["r"], ["f"], to=TensorProto.FLOAT), node("Dropout", ["f"], ["d"]), node("Gemm", ["d", "w"], ["a"]), node("Flatten", ["a"], ["y"])],
          {"w": w, "one": np.array([1], np.int64), "shape": np.array([-1, 5], np.int64)}, 5, 7)
    build("hand_nhwc_transpose",
          [node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), node("Flatten", ["t"], ["f"]), node("Gemm", ["f", "w"], ["a"]), node("Relu", ["a"], ["y"])],
          {"w": normal(24, 5)}, 24, 5, shape=["n", 3, 4, 2], x=rng.normal(size=(SAMPLES, 3, 4, 2)).astype(np.float32))
    build("hand_uint8_pixels",
          [node("Cast", ["x"], ["f"], to=TensorProto.FLOAT), node("Div", ["f", "k"], ["s"]), node("Gemm", ["s", "w", "b"], ["a"]), node("Relu", ["a"], ["y"])],
          {"k": np.array(255, np.float32), "w": w, "b": b}, 5, 7, elements=TensorProto.UINT8, x=rng.integers(0, 256, (SAMPLES, 5)).astype(np.uint8))
    one = helper.make_opsetid("", 18)
    silu = helper.make_function("local", "Silu", ["a"], ["c"], [node("Sigmoid", ["a"], ["s"]), node("Mul", ["a", "s"], ["c"])], [one])
    build("hand_local_function", [node("Gemm", ["x", "w", "b"], ["h"]), node("Silu", ["h"], ["k"], domain="local"), node("Gemm", ["k", "v"], ["y"])],
          {"w": w, "b": b, "v": v}, 5, 3, opset=18, domains=[("local", 1)], functions=[silu])
    for opset in (20, 24):
        nodes = [node("Gemm", ["x", "w", "b"], ["a"]), node("Gelu", ["a"], ["g"], approximate="tanh")]
        nodes += [node("Mish", ["g"], ["m"])] if opset == 20 else [node("Swish", ["g"], ["m"], alpha=1.5)]
        try:
            build(f"hand_opset{opset}_functions", [*nodes, node("Gemm", ["m", "v"], ["y"])], {"w": w, "b": b, "v": v}, 5, 3, opset=opset, ir=10)
        except Exception as error:
            print(f"hand_opset{opset}_functions: onnxruntime: {str(error)[:100]}")
            (FOLDER / f"hand_opset{opset}_functions.onnx").unlink()

    def qdq(name, weights, scale, zero, axis, act=np.int8, opset=13, wtype=None):
        """Input and output quantized, one layer between."""
        outputs = weights.shape[0]
        constants = {"xs": np.array(0.02, np.float32), "xz": np.array(3 if act == np.int8 else 130, act), "ys": np.array(0.05, np.float32),
                     "yz": np.array(-7 if act == np.int8 else 121, act), "ws": scale, "wz": zero,
                     "b": rng.integers(-3000, 3000, outputs).astype(np.int32), "bs": (np.float32(0.02) * scale * np.ones(outputs, np.float32)).astype(np.float32)}
        constants["w"] = weights if wtype is None else helper.make_tensor("w", wtype, weights.shape, weights.flatten().tolist())
        if wtype is not None:
            constants["wz"] = helper.make_tensor("wz", wtype, zero.shape, zero.flatten().tolist())
        spread = {"axis": axis} if scale.size > 1 else {}
        build(name,
              [node("QuantizeLinear", ["x", "xs", "xz"], ["q"]), node("DequantizeLinear", ["q", "xs", "xz"], ["d"]),
               node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], **spread), node("DequantizeLinear", ["b", "bs"], ["bd"], axis=0),
               node("Gemm", ["d", "wd", "bd"], ["g"], transB=1), node("QuantizeLinear", ["g", "ys", "yz"], ["yq"]),
               node("DequantizeLinear", ["yq", "ys", "yz"], ["y"])],
              constants, weights.shape[1], outputs, opset=opset, ir=10 if opset > 19 else 8)

    full = rng.integers(-128, 128, (6, 40)).astype(np.int8)
    full[:, :4] = -128
    scales = (rng.random(6) * 0.003 + 0.001).astype(np.float32)
    qdq("hand_qdq_minus_128", full, scales, np.zeros(6, np.int8), 0)
    qdq("hand_qdq_weight_zero_points", full, scales, rng.integers(-90, 90, 6).astype(np.int8), 0)
    qdq("hand_qdq_uint8_weights", (full.astype(np.int16) + 128).astype(np.uint8), np.array(0.002, np.float32), np.array(77, np.uint8), 0, act=np.uint8)
    small = rng.integers(-8, 8, (6, 40)).astype(np.int8)
    qdq("hand_qdq_int4", small, scales, np.zeros(6, np.int8), 0, opset=21, wtype=TensorProto.INT4)
    # The newest opset that onnx 1.23 knows.
    build("hand_opset28", [node("Gemm", ["x", "w", "b"], ["a"]), node("Gelu", ["a"], ["g"], approximate="tanh"), node("Gemm", ["g", "v"], ["h"]), node("Mish", ["h"], ["y"])],
          {"w": w, "b": b, "v": v}, 5, 3, opset=28, ir=10)
    # The newest format of files, and every way to say (or not to say) how many samples there are.
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("Add", ["a", "b"], ["c"]), node("Relu", ["c"], ["d"]), node("MatMul", ["d", "v"], ["e"]),
             node("Softmax", ["e"], ["y"], axis=-1)]
    shapes = {"ir14": ["n", 5], "batch_4": [4, 5], "batch_unnamed": [None, 5], "no_batch": [5], "all_open": ["n", "m"], "no_shape": None}
    for kind, shape in shapes.items():
        build(f"hand_{kind}", nodes, {"w": w, "b": b, "v": v}, 5, 3, opset=28, ir=14, shape=shape, any_shape=shape is None)

    # QGemm and QLinearMatMul as onnxruntime has them (uint8 values only, where 16-bit sums must not saturate), with asymmetric
    # weights of any size, and QGemm's alpha.
    def operator(name, op, wtype, **attributes):
        least, most = (-128, 128) if wtype == np.int8 else (0, 256)
        constants = {"xs": np.array(0.03, np.float32), "xz": np.array(130, np.uint8), "w": rng.integers(least, most, (12, 7)).astype(wtype),
                     "ws": np.array(0.01, np.float32), "wz": np.array(5 if wtype == np.int8 else 120, wtype), "ys": np.array(0.1, np.float32),
                     "yz": np.array(4, np.uint8), "b": rng.integers(-999, 999, 7).astype(np.int32)}
        gemm = op == "QGemm"
        inputs = ["q", "xs", "xz", "w", "ws", "wz", *(["b"] if gemm else []), "ys", "yz"]
        domain = {"domain": "com.microsoft"} if gemm else {}
        build(name, [node("QuantizeLinear", ["x", "xs", "xz"], ["q"]), node(op, inputs, ["k"], **domain, **attributes), node("DequantizeLinear", ["k", "ys", "yz"], ["y"])],
              constants, 12, 7, domains=[("com.microsoft", 1)] if gemm else [])

    for kind, op in (("qgemm", "QGemm"), ("qlinear_matmul", "QLinearMatMul")):
        for wtype in (np.int8, np.uint8):
            operator(f"hand_{kind}_{wtype.__name__}", op, wtype)
    operator("hand_qgemm_alpha", "QGemm", np.int8, alpha=0.5)
    # Some of the input's features, in another order, before the quantization.
    weights = rng.integers(-128, 128, (3, 4)).astype(np.int8)
    build("hand_qdq_chosen_features",
          [node("Gather", ["x", "places"], ["c"], axis=1), node("QuantizeLinear", ["c", "xs", "xz"], ["q"]), node("DequantizeLinear", ["q", "xs", "xz"], ["d"]),
           node("DequantizeLinear", ["w", "ws"], ["wd"]), node("MatMul", ["d", "wd"], ["m"]), node("QuantizeLinear", ["m", "ys", "xz"], ["k"]),
           node("DequantizeLinear", ["k", "ys", "xz"], ["y"])],
          {"places": np.array([6, 1, 3], np.int64), "xs": np.array(0.021, np.float32), "xz": np.array(3, np.int8), "w": weights,
           "ws": np.array(0.013, np.float32), "ys": np.array(0.037, np.float32)}, 8, 4)


# What is refused -------------------------------------------------------------------------------------------------------------


def refused_models() -> None:
    """Models that are no MLP, or break a rule; tests/tests/onnx/refused.rs says what is said of each."""
    folder = FOLDER.parent / "onnx-refused"
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(6)

    def build(name, nodes, constants, shape=("n", 5), inputs=("x",), opset=21, domains=(), functions=()):
        values = [helper.make_tensor_value_info(key, TensorProto.FLOAT, list(shape)) for key in inputs]
        tensors = [numpy_helper.from_array(value, key) if isinstance(value, np.ndarray) else value for key, value in constants.items()]
        graph = helper.make_graph(nodes, name, values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], tensors)
        imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, v) for d, v in domains)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=10, functions=functions)
        onnx.save(model, folder / f"{name}.onnx")
        return model

    def normal(*size):
        return rng.normal(size=size).astype(np.float32)

    node = helper.make_node
    w = normal(5, 5)
    build("conv", [node("Conv", ["x", "w"], ["y"], name="conv1")], {"w": normal(2, 1, 3, 3)}, shape=("n", 1, 6, 6))
    build("skip_connection", [node("MatMul", ["x", "w"], ["a"], name="fc1"), node("Relu", ["a"], ["b"]), node("Add", ["b", "x"], ["y"], name="residual")], {"w": w})
    build("two_inputs", [node("Add", ["x", "z"], ["y"])], {}, inputs=("x", "z"))
    build("layer_norm", [node("LayerNormalization", ["x", "s"], ["a"], name="norm"), node("MatMul", ["a", "w"], ["y"])], {"s": normal(5), "w": w})
    build("attention", [node("MatMul", ["x", "w"], ["a"]), node("Transpose", ["a"], ["t"], perm=[1, 0]), node("MatMul", ["a", "t"], ["y"], name="scores")], {"w": w})
    build("no_weights", [node("Relu", ["x"], ["y"])], {})
    build("unknown_function", [node("MatMul", ["x", "w"], ["a"]), node("Floor", ["a"], ["b"]), node("MatMul", ["b", "w"], ["y"], name="fc2")], {"w": w})
    build("norm_in_the_middle", [node("MatMul", ["x", "w"], ["a"]), node("LpNormalization", ["a"], ["b"], name="unit", axis=-1, p=2), node("MatMul", ["b", "w"], ["y"])], {"w": w})
    build("int16",
          [node("QuantizeLinear", ["x", "s", "z"], ["q"], name="quantize16"), node("DequantizeLinear", ["q", "s", "z"], ["d"]), node("MatMul", ["d", "w"], ["y"])],
          {"s": np.array(0.01, np.float32), "z": np.array(0, np.int16), "w": w})
    build("trees", [node("TreeEnsembleRegressor", ["x"], ["y"], name="trees", domain="ai.onnx.ml", n_targets=1)], {}, domains=[("ai.onnx.ml", 3)])
    build("missing_value", [node("MatMul", ["nowhere", "w"], ["y"], name="fc1")], {"w": w})
    model = build("outside", [node("MatMul", ["x", "w"], ["y"])], {"w": w})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    (folder / "outside.onnx").write_bytes(model.SerializeToString())
    tensor.external_data[0].value = "absent.data"
    (folder / "absent.onnx").write_bytes(model.SerializeToString())
    build("recurrent", [node("LSTM", ["x", "w", "w"], ["y"], name="lstm1", hidden_size=5)], {"w": w})
    build("einsum", [node("Einsum", ["w", "x"], ["y"], name="product", equation="ij,nj->ni")], {"w": w})
    build("batch_mixed", [node("Reshape", ["x", "s"], ["r"], name="reshape1"), node("MatMul", ["r", "v"], ["y"])],
          {"s": np.array([1, -1], np.int64), "v": normal(20, 2)}, shape=(4, 5))
    build("bias", [node("Gemm", ["x", "w", "b"], ["y"], name="fc1")], {"w": w, "b": normal(3)})
    build("inputs_and_weights", [node("MatMul", ["x", "w"], ["y"], name="fc1")], {"w": normal(7, 2)})

    # Quantized, but not so that integers could be taken.
    def qdq(name, weights, scale, opset=21, zero=None, **attributes):
        more = {} if zero is None else {"wz": zero}
        build(name,
              [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["d"]),
               node("DequantizeLinear", ["w", "ws", *more], ["v"], name="weights1", **attributes), node("MatMul", ["d", "v"], ["m"], name="fc1"),
               node("QuantizeLinear", ["m", "s", "z"], ["k"]), node("DequantizeLinear", ["k", "s", "z"], ["y"])],
              {"s": np.array(0.02, np.float32), "z": np.array(0, np.int8), "w": weights, "ws": scale, **more}, shape=("n", 8), opset=opset)

    qdq("int16_weights", rng.integers(-3000, 3000, (8, 7)).astype(np.int16), np.array(0.001, np.float32))
    qdq("int4_blocks", helper.make_tensor("w", TensorProto.INT4, (8, 7), rng.integers(-8, 8, 56).tolist()), np.full((2, 7), 0.02, np.float32), axis=0, block_size=4)
    qdq("scales_by_input", rng.integers(-99, 99, (8, 7)).astype(np.int8), np.full(8, 0.02, np.float32), axis=0)
    integers = {"s": np.array(0.017, np.float32), "ws": np.array(0.01, np.float32), "z": np.array(0, np.uint8), "w": rng.integers(-99, 99, (5, 5)).astype(np.int8), "wz": np.array(0, np.int8)}
    operands = ["q", "s", "z", "w", "ws", "wz", "", "s", "z"]
    for kind, attributes in (("alpha", {"alpha": 0.3}), ("columns", {"transA": 1})):
        build(f"qgemm_{kind}",
              [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("QGemm", operands, ["k"], name="fc1", domain="com.microsoft", **attributes),
               node("DequantizeLinear", ["k", "s", "z"], ["y"])], integers, domains=[("com.microsoft", 1)])
    build("weights_not_constant", [node("MatMul", ["x", "w"], ["a"]), node("Transpose", ["a"], ["t"]), node("Gemm", ["t", "a"], ["y"], name="fc2")], {"w": w})

    # A few bytes that ask for much.
    wide = {"s": np.array([1 << 20, 1], np.int64)}
    build("bomb_identity", [node("Relu", ["x"], ["a"]), node("ConstantOfShape", ["s"], ["w"]), node("MatMul", ["a", "w"], ["y"], name="fc1")], wide, shape=("n", 1 << 20))
    build("bomb_gather",
          [node("Gather", ["x", "i"], ["a"], axis=1), node("ConstantOfShape", ["s"], ["w"]), node("MatMul", ["a", "w"], ["y"], name="fc1")],
          {"i": np.array([0], np.int64), "s": np.array([1, 100_000], np.int64)}, shape=("n", 1 << 24))
    build("bomb_fill", [*(node("ConstantOfShape", ["s"], [f"w{k}"], f"fill{k}") for k in range(16)), node("Identity", ["x"], ["y"])], {"s": np.array([1 << 22], np.int64)})
    build("bomb_outer_product", [node("ConstantOfShape", ["s"], ["w"]), node("ConstantOfShape", ["t"], ["v"]), node("MatMul", ["w", "v"], ["p"], name="outer"), node("MatMul", ["x", "p"], ["y"])],
          {"s": np.array([1 << 16, 1], np.int64), "t": np.array([1, 1 << 16], np.int64)}, shape=("n", 1 << 16))
    chain = [node("MatMul", ["x", "w"], ["a0"])]
    chain += [node(("Tanh", "Sigmoid")[k % 2], [f"a{k}"], [f"a{k + 1}"]) for k in range(40)]
    build("bomb_chain", [*chain, node("Mul", ["a40", "nine"], ["m"]), node("Floor", ["m"], ["f"]), node("MatMul", ["f", "w"], ["y"], name="fc2")],
          {"w": w, "nine": np.array(9.3, np.float32)})
    build("bomb_additions",
          [node("ConstantOfShape", ["s"], ["c"]), *(node("Add", ["x" if k == 0 else f"a{k}", "c"], [f"a{k + 1}"], f"add{k}") for k in range(1000)),
           node("MatMul", ["a1000", "c"], ["y"])],
          {"s": np.array([1 << 16], np.int64)}, shape=("n", 1 << 16))
    imports = [helper.make_opsetid("", 21), helper.make_opsetid("l", 1)]
    calls = [helper.make_function("l", f"f{k}", ["a"], ["b0"], [node(f"f{k + 1}", ["a"], [f"b{i}"], domain="l") for i in range(10)], imports) for k in range(14)]
    calls.append(helper.make_function("l", "f14", ["a"], ["b0"], [], imports))
    build("bomb_functions", [node("f0", ["x"], ["y"], domain="l")], {}, domains=[("l", 1)], functions=calls)
    body = [node("Constant", [], ["c"], value=numpy_helper.from_array(np.zeros(4096, np.float32))), node("Identity", ["a"], ["b0"])]
    calls = [helper.make_function("l", f"f{k}", ["a"], ["b0"], [node(f"f{k + 1}", ["a"], [f"b{i}"], domain="l") for i in range(10)], imports) for k in range(4)]
    calls.append(helper.make_function("l", "f4", ["a"], ["b0"], body, imports))
    build("bomb_function_constants", [node("f0", ["x"], ["y"], domain="l")], {}, domains=[("l", 1)], functions=calls)
    print(f"{len(list(folder.iterdir()))} refused models")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts = {"torch": torch_models, "sklearn": sklearn_models, "ort": quantized_models, "hand": hand_made, "refused": refused_models}
    for part in sys.argv[1:] or parts:
        for old in FOLDER.glob(f"{part}_*"):
            old.unlink()
        parts[part]()
    files = list(FOLDER.iterdir())
    size = sum(file.stat().st_size for file in files)
    print(f"{len(list(FOLDER.glob('*.onnx')))} models, {size:,} bytes in {FOLDER}")


if __name__ == "__main__":
    main()
