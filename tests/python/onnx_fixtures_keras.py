"""Makes the models from Keras for the import tests, as onnx_fixtures.py does for the other makers, in a Python with tensorflow
and tf2onnx."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from tensorflow import keras

from onnx_fixtures import FOLDER, SAMPLES, save


def main() -> None:
    keras.utils.set_random_seed(5)
    rng = np.random.default_rng(5)
    x = rng.normal(size=(SAMPLES, 8)).astype(np.float32)
    image = rng.random((SAMPLES, 6, 6)).astype(np.float32)
    layers = keras.layers

    def export(name, model, data, opset=15):
        """Random biases and statistics, so that nothing is left out unseen."""
        for layer in model.layers:
            weights = [w if w.ndim > 1 else np.abs(rng.normal(size=w.shape)) * 0.3 + 0.1 for w in layer.get_weights()]
            layer.set_weights(weights)
        signature = [tf.TensorSpec([None, *data.shape[1:]], tf.float32, name="input")]
        function = tf.function(lambda inputs: model(inputs, training=False))
        proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=opset)
        onnx.save(proto, FOLDER / f"keras_{name}.onnx")
        save(f"keras_{name}", data)

    def mlp(activation, *extra, units=(12, 10), out=4, last=None):
        stack = [keras.Input((8,))]
        for unit in units:
            stack += [layers.Dense(unit, activation=None if extra else activation), *[make() for make in extra]]
            if extra and activation:
                stack.append(layers.Activation(activation))
        return keras.Sequential([*stack, layers.Dense(out, activation=last)])

    for activation in ("relu", "tanh", "sigmoid", "elu", "selu", "softplus", "softsign", "swish", "gelu", "relu6", "hard_sigmoid", "mish"):
        export(activation, mlp(activation, last="softmax"), x, opset=13 if activation == "elu" else 15)
    export("leaky_relu", mlp(None, lambda: layers.LeakyReLU(negative_slope=0.2)), x)
    export("prelu", mlp(None, layers.PReLU), x)
    export("batchnorm", mlp("relu", layers.BatchNormalization, lambda: layers.Dropout(0.3)), x)
    export("batchnorm_after", keras.Sequential([keras.Input((8,)), layers.Dense(10, "relu"), layers.BatchNormalization(), layers.Dense(3)]), x)
    export("flatten", keras.Sequential([keras.Input((6, 6)), layers.Flatten(), layers.Dense(12, "relu"), layers.Dense(10, "softmax")]), image)
    scaled = keras.Sequential([keras.Input((6, 6)), layers.Rescaling(1 / 0.5, offset=-1), layers.Flatten(), layers.Dense(12, "relu"), layers.Dense(10)])
    export("rescaling", scaled, image)


if __name__ == "__main__":
    for old in FOLDER.glob("keras_*"):
        old.unlink()
    main()
