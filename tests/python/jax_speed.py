"""How fast JAX trains the networks of `cargo bench -p thumbnet-trainer`, as JSON in seconds: many steps in one compiled loop
(`lax.scan` over the batches), arrays in memory, on as many threads as there are cores."""

import json
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

ROUNDS = 20


def best(measure):
    return min(measure() for _ in range(ROUNDS))


def forward(parameters, activation, x):
    *hidden, (w, b) = parameters
    for weights, bias in hidden:
        x = activation(x @ weights + bias)
    return x @ w + b


def adam(parameters, gradients, state, rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    step, m, v = state
    step = step + 1
    m = jax.tree.map(lambda m, g: beta_1 * m + (1 - beta_1) * g, m, gradients)
    v = jax.tree.map(lambda v, g: beta_2 * v + (1 - beta_2) * g * g, v, gradients)
    first, second = 1 - beta_1**step, 1 - beta_2**step
    change = lambda p, m, v: p - rate * (m / first) / (jnp.sqrt(v / second) + epsilon)
    return jax.tree.map(change, parameters, m, v), (step, m, v)


def trainer(sizes, activation, loss, x, y, batch):
    random = np.random.default_rng(1)
    layers = zip(sizes, sizes[1:])
    parameters = [(jnp.asarray(random.normal(0, n**-0.5, (n, k)), jnp.float32), jnp.zeros(k)) for n, k in layers]
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    gradient = jax.grad(lambda parameters, x, y: loss(forward(parameters, activation, x), y))

    @partial(jax.jit, donate_argnums=0)
    def loop(state, batches):
        def step(state, rows):
            parameters, optimizer = state
            return list(adam(parameters, gradient(parameters, x[rows], y[rows]), optimizer)), None

        return jax.lax.scan(step, state, batches)[0]

    whole = len(x) // batch * batch
    state = [parameters, (jnp.zeros(()), zeros(), zeros())]

    def run(epochs):
        """The seconds of an epoch; those of the first call hold the compilation."""
        nonlocal state
        began = time.perf_counter()
        orders = np.stack([random.permutation(len(x)) for _ in range(epochs)])
        if whole == len(x):
            state = loop(state, orders.reshape(-1, batch))
        else:
            # The last batch of an epoch is smaller, as in the other trainings: a loop of its own.
            for order in orders:
                state = loop(state, order[:whole].reshape(-1, batch))
                state = loop(state, order[whole:].reshape(1, -1))
        jax.block_until_ready(state)
        return (time.perf_counter() - began) / epochs

    return run


def cross_entropy(z, classes):
    return -jnp.take_along_axis(jax.nn.log_softmax(z), classes[:, None], 1).mean()


def binary_cross_entropy(z, targets):
    return (jax.nn.softplus(z) - targets * z).mean()


random = np.random.default_rng(1)
PART = 6400
real = lambda *shape: jnp.asarray(random.random(shape), jnp.float32)
x = real(PART, 784) * (random.random((PART, 784)) > 0.81)
epoch = trainer([784, 392, 392, 10], jax.nn.relu, cross_entropy, x, jnp.asarray(random.integers(0, 10, PART)), 32)
results = {"a": {"2": best(lambda: epoch(1)) * 60000 / PART}}
targets = jnp.asarray(random.integers(0, 2, (275, 1)), jnp.float32)
epoch = trainer([2, 20, 1], jax.nn.sigmoid, binary_cross_entropy, real(275, 2), targets, 32)
results["2-20-1"] = best(lambda: epoch(50))
epoch = trainer([13, 100, 1], jax.nn.relu, lambda z, y: ((z - y) ** 2).mean(), real(367, 13), real(367, 1), 367)
results["13-100-1"] = best(lambda: epoch(200))
print(json.dumps({f"JAX {jax.__version__}, many steps in one compiled loop": results}))
