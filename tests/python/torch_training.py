"""What PyTorch and scikit-learn compute, as a fixture for the trainer: python torch_training.py > ../fixtures/torch_training.json

Ten steps each of the network of torch_steps.py with another optimizer, a cut of the gradients, a penalty, a batch normalization, a
learned slope, rounded outputs, smoothed labels or weights; values and derivatives of every activation and loss; metrics; scalers;
how weights begin; and how the rate falls by schedule and on a plateau.
"""

import json
import sys

import numpy as np
import sklearn
import sklearn.metrics
import sklearn.preprocessing
import torch
from torch.nn import functional as F

from torch_steps import SAMPLES, SIZES, STEPS, batch, pattern


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al. 2023."""

    def __init__(self, parameters, lr, betas, weight_decay):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta_1, beta_2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                update = torch.sign(beta_1 * m + (1 - beta_1) * p.grad)
                p -= group["lr"] * (update + group["weight_decay"] * p)
                m.mul_(beta_2).add_(p.grad, alpha=1 - beta_2)


# Some of the outputs are beyond it.
RANGE = 0.7


def grid(low, high):
    """Scale and zero point of the integers -128..127 that cover a range."""
    scale = np.float32(high - low) / np.float32(255)
    return float(scale), int(np.clip(np.round(-128 - low / scale), -128, 127))


class Rounded(torch.nn.Module):
    """An activation whose outputs are rounded as the chip's, in a range that follows the sums': the average of their extremes
    in the batches before, moving as PyTorch's MovingAverageMinMaxObserver. Before the first batch nothing is rounded."""

    # What the sums are limited to and the outputs' scale and zero point, where they are fixed.
    FIXED = {torch.sigmoid: (8.0, 1 / 256, -128), torch.tanh: (4.0, 1 / 128, 0)}
    # These the chip has without a table.
    CLAMPS = [F.relu6]

    def __init__(self, function):
        super().__init__()
        self.function, self.ends = function, None

    def forward(self, z):
        if not self.training:
            return self.function(z)
        batch = np.array([min(z.min().item(), 0), max(z.max().item(), 0)], np.float32)
        before, self.ends = self.ends, batch
        if before is None:
            return self.function(z)
        self.ends = np.float32(0.99) * before + (np.float32(1) - np.float32(0.99)) * batch
        if self.function in self.CLAMPS:
            low, high = self.function(torch.tensor(before)).tolist()
            return torch.fake_quantize_per_tensor_affine(self.function(z), *grid(low, high), -128, 127)
        limit, *outputs = self.FIXED.get(self.function, (np.inf,))
        sums = grid(max(before[0], -limit), min(before[1], limit))
        if not outputs:
            y = self.function((torch.arange(-128.0, 128.0) - sums[1]) * sums[0])
            outputs = grid(min(y.min().item(), 0), max(y.max().item(), 0))
        rounded = torch.fake_quantize_per_tensor_affine(z, *sums, -128, 127)
        return torch.fake_quantize_per_tensor_affine(self.function(rounded), *outputs, -128, 127)


class Net(torch.nn.Module):
    """6-8-5-3 with ReLU (or PReLU), tanh and logits, or other activations whose outputs are rounded; a batch normalization
    before the first activation on demand."""

    def __init__(self, normalize=False, slope=False, rounded=False, all_rounded=()):
        super().__init__()
        self.all_rounded = torch.nn.ModuleList(Rounded(function) for function in all_rounded)
        self.linears = torch.nn.ModuleList()
        for index, (inputs, units) in enumerate(zip(SIZES, SIZES[1:])):
            linear = torch.nn.Linear(inputs, units)
            linear.weight.data = pattern(inputs * units, 29 + index, 101).reshape(inputs, units).T.contiguous()
            linear.bias.data = pattern(units, 17, 31)
            self.linears.append(linear)
        self.norm = torch.nn.BatchNorm1d(SIZES[1], eps=1e-3, momentum=None) if normalize else None
        self.mean, self.variance = torch.zeros(SIZES[1]), torch.ones(SIZES[1])
        self.slope = torch.nn.PReLU() if slope else None
        self.range = torch.nn.Parameter(torch.tensor([RANGE])) if rounded else None

    def forward(self, x):
        z = self.linears[0](x)
        if self.norm and self.training:
            # Keras' averages: of the variance as the batch is normalized with, where PyTorch takes the unbiased one.
            self.mean = 0.9 * self.mean + 0.1 * z.mean(0).detach()
            self.variance = 0.9 * self.variance + 0.1 * z.var(0, unbiased=False).detach()
            z = self.norm(z)
        elif self.norm:
            z = F.batch_norm(z, self.mean, self.variance, self.norm.weight, self.norm.bias, False, 0.0, 1e-3)
        first = self.slope(z) if self.slope else torch.relu(z)
        if self.range is not None:
            first = torch._fake_quantize_learnable_per_tensor_affine(z, self.range / 255, torch.zeros(1), 0, 255, 1.0)
            # Afterwards the ReLU is only cut.
            first = first if self.training else torch.minimum(torch.relu(z), self.range)
        if self.all_rounded:
            first = self.all_rounded[0](z)
        z = self.linears[1](first)
        second = self.all_rounded[1](z) if self.all_rounded else torch.tanh(z)
        self.outputs = [first, second]
        return self.linears[2](second)


def run(make=lambda p: torch.optim.Adam(p, lr=0.01), penalty=None, clip=None, loss_of=None, **kind):
    net = Net(**kind)
    optimizer = make(net.parameters())
    losses = []
    for step in range(STEPS):
        x, classes = batch(step)
        logits = net(x)
        loss = loss_of(logits, classes) if loss_of else F.cross_entropy(logits, classes)
        losses.append(loss.item())
        if penalty:
            loss = loss + penalty(net, logits)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            clip(list(net.parameters()))
        optimizer.step()
    net.eval()
    parameters = [t for linear in net.linears for t in (linear.weight.data.t().flatten().tolist(), linear.bias.data.tolist())]
    return {"losses": losses, "logits": net(batch(0)[0]).flatten().tolist(), "parameters": None if net.norm else parameters}


def regularize(net, logits):
    l1, l2 = lambda x: x.abs().sum(), lambda x: (x * x).sum()
    first, second, third = net.linears
    outputs = torch.softmax(logits, 1)
    return (
        0.01 * l1(first.weight) + 0.02 * l2(first.weight) + 0.03 * l2(second.weight) + 0.01 * l1(second.bias)
        + 0.02 * l2(third.bias) + (0.03 * l2(net.outputs[0]) + 0.02 * l1(net.outputs[1]) + 0.05 * l2(outputs)) / SAMPLES
    )


CLASS_WEIGHTS, SAMPLE_WEIGHTS = [0.5, 2.0, 1.25], [((k * 7) % 5) / 4 for k in range(SAMPLES)]


def weighted(logits, classes):
    """Keras' mean: over the samples, not over the sum of the weights."""
    losses = F.cross_entropy(logits, classes, reduction="none")
    return (losses * torch.tensor(CLASS_WEIGHTS)[classes] * torch.tensor(SAMPLE_WEIGHTS)).mean()


O = torch.optim
steps = {
    "rmsprop": run(lambda p: O.RMSprop(p, lr=0.01, alpha=0.9)),
    "rmsprop_momentum": run(lambda p: O.RMSprop(p, lr=0.005, alpha=0.95, momentum=0.8)),
    "adagrad": run(lambda p: O.Adagrad(p, lr=0.05, eps=1e-8)),
    "nadam": run(lambda p: O.NAdam(p, lr=0.01)),
    "lion": run(lambda p: Lion(p, lr=0.003, betas=(0.9, 0.99), weight_decay=0.1)),
    "clip_norm": run(clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.05)),
    "clip_norm_sgd": run(lambda p: O.SGD(p, lr=0.5), clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.3)),
    "clip_value": run(lambda p: O.SGD(p, lr=0.5), clip=lambda p: torch.nn.utils.clip_grad_value_(p, 0.02)),
    "regularizers": run(lambda p: O.SGD(p, lr=0.1), penalty=regularize),
    "normalization": run(lambda p: O.SGD(p, lr=0.05, momentum=0.9), normalize=True),
    "normalization_clipped": run(lambda p: O.SGD(p, lr=0.5), clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.2), normalize=True),
    "slope": run(slope=True),
    "slope_clipped": run(lambda p: O.SGD(p, lr=0.5), clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.3), slope=True),
    "rounded": run(lambda p: O.SGD(p, lr=0.2), rounded=True),
    "rounded_clipped": run(clip=lambda p: torch.nn.utils.clip_grad_norm_(p, 0.3), rounded=True),
    **{f"rounded_{first.__name__}_{second.__name__}": run(lambda p: O.SGD(p, lr=0.2), all_rounded=(first, second))
       for first, second in [(torch.sigmoid, torch.tanh), (F.relu6, F.silu), (F.gelu, F.elu)]},
    "label_smoothing": run(loss_of=lambda z, t: F.cross_entropy(z, t, label_smoothing=0.1)),
    "weights": run(loss_of=weighted),
}

POINTS = [-7.0, -3.5, -2.5, -1.25, -0.5, -0.125, 0.125, 0.5, 0.75, 1.5, 2.75, 3.5, 6.5, 9.0]


def derivative(function, x):
    x = torch.tensor(x, requires_grad=True)
    y = function(x)
    y.sum().backward()
    return {"y": y.detach().tolist(), "dy": x.grad.tolist()}


ACTIVATIONS = {
    "linear": lambda x: x * 1, "relu": F.relu, "relu6": F.relu6, "leaky_relu": lambda x: F.leaky_relu(x, 0.2), "elu": F.elu,
    "prelu": lambda x: F.prelu(x, torch.tensor([0.25])), "selu": F.selu, "celu": F.celu, "gelu": F.gelu, "silu": F.silu,
    "mish": F.mish, "sigmoid": torch.sigmoid, "hard_sigmoid": F.hardsigmoid, "hard_swish": F.hardswish, "tanh": torch.tanh,
    "softplus": F.softplus, "softsign": F.softsign,
    # The straight-through estimator: back as hardtanh.
    "sign": lambda x: F.hardtanh(x) + (torch.sign(x) - F.hardtanh(x)).detach(),
}

Z, T = [[0.6, -0.9, 1.4, 0.1]], [[0.25, 0.5, -0.75, 2.0]]
P, CLASS = [[0.2, 0.5, 0.25, 0.05]], [2]
logs = lambda z: F.log_softmax(z, 1)
LOSSES = {
    "mean_squared_error": lambda z: F.mse_loss(z, torch.tensor(T)),
    "mean_absolute_error": lambda z: F.l1_loss(z, torch.tensor(T)),
    "huber": lambda z: F.huber_loss(z, torch.tensor(T), delta=0.75),
    "log_cosh": lambda z: torch.log(torch.cosh(z - torch.tensor(T))).mean(),
    "hinge": lambda z: torch.clamp(1 - torch.tensor([[1.0, 1.0, -1.0, -1.0]]) * z, min=0).mean(),
    "binary_crossentropy": lambda z: F.binary_cross_entropy_with_logits(z, torch.tensor(P)),
    "categorical_crossentropy": lambda z: F.cross_entropy(z, torch.tensor(P)),
    "sparse_categorical_crossentropy": lambda z: F.cross_entropy(z, torch.tensor(CLASS)),
    "smoothed": lambda z: F.cross_entropy(z, torch.tensor(CLASS), label_smoothing=0.2),
    "kl_divergence": lambda z: F.kl_div(logs(z), torch.tensor(P), reduction="batchmean"),
}

CLASSES = [0, 1, 2, 2, 1, 0, 2, 1, 2, 2, 0, 1]
SCORES = torch.softmax(pattern(36, 37, 127).reshape(12, 3) * 3, 1)
BINARY, BINARY_SCORES = [0, 1, 1, 0, 1, 0, 0, 1, 1, 0], [0.1, 0.4, 0.8, 0.4, 0.9, 0.6, 0.2, 0.6, 0.4, 0.05]
M = sklearn.metrics
predicted = SCORES.argmax(1).tolist()
macro = dict(average="macro", zero_division=0)
metrics = {
    "scores": SCORES.flatten().tolist(), "classes": CLASSES,
    "accuracy": M.accuracy_score(CLASSES, predicted),
    "top_2": M.top_k_accuracy_score(CLASSES, SCORES.numpy(), k=2),
    "precision": M.precision_score(CLASSES, predicted, **macro), "recall": M.recall_score(CLASSES, predicted, **macro),
    "f1": M.f1_score(CLASSES, predicted, **macro),
    "auc": M.roc_auc_score(CLASSES, (SCORES.double() / SCORES.double().sum(1, keepdim=True)).numpy(), multi_class="ovr"),
    "binary": BINARY, "binary_scores": BINARY_SCORES,
    "binary_precision": M.precision_score(BINARY, [int(s > 0.5) for s in BINARY_SCORES]),
    "binary_recall": M.recall_score(BINARY, [int(s > 0.5) for s in BINARY_SCORES]),
    "binary_f1": M.f1_score(BINARY, [int(s > 0.5) for s in BINARY_SCORES]),
    "binary_auc": M.roc_auc_score(BINARY, BINARY_SCORES),
}

# Far from 0, small, constant and plain.
FEATURES = pattern(36, 41, 113).reshape(12, 3).double().numpy() * [100, 1e-3, 0] + [1000, 0, 5]
FEATURES = np.hstack([FEATURES, pattern(12, 5, 31).reshape(12, 1).numpy()]).astype(np.float32).astype(float)
standard, least = (s.fit(FEATURES) for s in (sklearn.preprocessing.StandardScaler(), sklearn.preprocessing.MinMaxScaler()))
scalers = {
    "features": FEATURES.tolist(), "mean": standard.mean_.tolist(), "deviation": standard.scale_.tolist(),
    # The range that is divided by: 1 where it is 0.
    "least": least.data_min_.tolist(), "range": (1 / least.scale_).tolist(),
}

# Columns of different spread: R2 is one minus the ratio of all the squares, not the mean over the columns.
MET = (pattern(24, 37, 127).reshape(12, 2) * torch.tensor([1.0, 4.0])).tolist()
GUESSED = (torch.tensor(MET) + pattern(24, 29, 61).reshape(12, 2) / 2).tolist()
regression = {
    "targets": MET, "outputs": GUESSED,
    "mse": M.mean_squared_error(MET, GUESSED), "mae": M.mean_absolute_error(MET, GUESSED),
    "r2": M.r2_score(MET, GUESSED, multioutput="variance_weighted"),
}

optimizer = O.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
plateau = O.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0, min_lr=0.1)
watched, rates = [1.0, 0.9, 0.9, 0.95, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8], []
for loss in watched:
    plateau.step(loss)
    rates.append(optimizer.param_groups[0]["lr"])

# A hundred steps, ten to an epoch: in steps, as PyTorch counts them.
WARMUP, FLOOR = 20, 0.1


def cosine(optimizer):
    """A rise that ends one step before the fall begins, so that the full rate is met twice."""
    rise = S.LinearLR(optimizer, start_factor=1 / WARMUP, end_factor=1.0, total_iters=WARMUP - 1)
    return S.SequentialLR(optimizer, [rise, S.CosineAnnealingLR(optimizer, T_max=100 - WARMUP, eta_min=FLOOR)], [WARMUP])


S = O.lr_scheduler
schedules = {}
for name, make in {
    "step": lambda optimizer: S.StepLR(optimizer, step_size=30, gamma=0.5),
    "exponential": lambda optimizer: S.ExponentialLR(optimizer, gamma=0.9 ** (1 / 10)),
    "cosine": lambda optimizer: S.CosineAnnealingLR(optimizer, T_max=100),
    "cosine_warmup": cosine,
}.items():
    optimizer = O.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule, schedules[name] = make(optimizer), []
    for step in range(100):
        schedules[name].append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()

# Of 200 x 300 drawn weights the standard deviation and the largest absolute value; of a normal distribution, which has no
# largest, only the first. Where Keras truncates and PyTorch does not, the deviation is the same.
N = torch.nn.init
INITIALIZERS = {
    "uniform": lambda w: N.uniform_(w, -0.3, 0.3), "normal": lambda w: N.normal_(w, std=0.3),
    "truncated_normal": lambda w: N.trunc_normal_(w, std=0.3, a=-0.6, b=0.6), "ones": N.ones_,
    "glorot_uniform": N.xavier_uniform_, "glorot_normal": N.xavier_normal_,
    "he_uniform": lambda w: N.kaiming_uniform_(w, nonlinearity="relu"),
    "he_normal": lambda w: N.kaiming_normal_(w, nonlinearity="relu"),
    "lecun_uniform": lambda w: N.kaiming_uniform_(w, nonlinearity="linear"),
    "lecun_normal": lambda w: N.kaiming_normal_(w, nonlinearity="linear"),
    "fan_in_uniform": lambda w: N.kaiming_uniform_(w, a=5**0.5),
    "orthogonal": N.orthogonal_,
}
initializers = {}
for name, draw in INITIALIZERS.items():
    torch.manual_seed(1)
    w = draw(torch.empty(200, 300))
    bounded = "uniform" in name or name in ("truncated_normal", "ones")
    initializers[name] = {"deviation": w.std(unbiased=False).item(), "largest": w.abs().max().item() if bounded else None}

json.dump({
    "torch": torch.__version__, "sklearn": sklearn.__version__, "steps": steps,
    "class_weights": CLASS_WEIGHTS, "sample_weights": SAMPLE_WEIGHTS,
    "points": POINTS, "activations": {name: derivative(f, POINTS) for name, f in ACTIVATIONS.items()},
    "z": Z[0], "values": T[0], "distribution": P[0], "class": CLASS[0],
    "losses": {name: derivative(f, Z) for name, f in LOSSES.items()},
    "metrics": metrics, "plateau": {"losses": watched, "rates": rates},
    "schedules": schedules, "scalers": scalers, "regression": regression,
    "initializers": initializers,
}, sys.stdout)
print()
