"""How fast PyTorch trains the networks of `cargo bench -p thumbnet-trainer`, as JSON in seconds: tensors in memory, eager and
with forward, loss and backward compiled by torch.compile (which needs a C++ compiler)."""

import json
import time

import torch

ROUNDS = 20


def best(measure):
    return min(measure() for _ in range(ROUNDS))


def network(sizes, activation):
    layers = []
    for inputs, units in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, units), activation()]
    return torch.nn.Sequential(*layers[:-1])


def trainer(compiled, sizes, activation, loss, x, y, batch):
    net = network(sizes, activation)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)

    def loss_of(x, y):
        return loss(net(x), y)

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def epoch(epochs):
        began = time.perf_counter()
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for start in range(0, len(x), batch):
                rows = order[start : start + batch]
                optimizer.zero_grad()
                loss_of(x[rows], y[rows]).backward()
                optimizer.step()
        return (time.perf_counter() - began) / epochs

    epoch(3)
    return epoch


def measured(compiled):
    results = {"a": {}}
    x, y = torch.rand(PART, 784) * (torch.rand(PART, 784) > 0.81), torch.randint(0, 10, (PART,))
    for threads in (1, 2):
        torch.set_num_threads(threads)
        torch.compiler.reset()  # What was compiled for another number of threads keeps it.
        epoch = trainer(compiled, [784, 392, 392, 10], torch.nn.ReLU, torch.nn.functional.cross_entropy, x, y, 32)
        results["a"][str(threads)] = best(lambda: epoch(1)) * 60000 / PART
    torch.set_num_threads(1)
    x, y = torch.rand(275, 2), torch.randint(0, 2, (275, 1)).float()
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    epoch = trainer(compiled, [2, 20, 1], torch.nn.Sigmoid, bce, x, y, 32)
    results["2-20-1"] = best(lambda: epoch(50))
    x, y = torch.rand(367, 13), torch.rand(367, 1)
    epoch = trainer(compiled, [13, 100, 1], torch.nn.ReLU, torch.nn.functional.mse_loss, x, y, 367)
    results["13-100-1"] = best(lambda: epoch(200))
    return results


torch.manual_seed(1)
PART = 6400
print(json.dumps({
    f"PyTorch {torch.__version__}, eager, fused Adam": measured(False),
    f"PyTorch {torch.__version__}, compiled, fused Adam": measured(True),
}))
