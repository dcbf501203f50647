"""How fast PyTorch trains the networks of `cargo bench -p thumbnet-trainer`, as JSON in seconds: eager, tensors in memory."""

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


def trainer(sizes, activation, loss, x, y, batch):
    net = network(sizes, activation)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)

    def epoch(epochs):
        began = time.perf_counter()
        for _ in range(epochs):
            order = torch.randperm(len(x))
            for start in range(0, len(x), batch):
                rows = order[start : start + batch]
                optimizer.zero_grad()
                loss(net(x[rows]), y[rows]).backward()
                optimizer.step()
        return (time.perf_counter() - began) / epochs

    epoch(1)
    return epoch


torch.manual_seed(1)
results = {"version": torch.__version__, "a": {}}
PART = 6400
x, y = torch.rand(PART, 784) * (torch.rand(PART, 784) > 0.81), torch.randint(0, 10, (PART,))
for threads in (1, 2):
    torch.set_num_threads(threads)
    epoch = trainer([784, 392, 392, 10], torch.nn.ReLU, torch.nn.functional.cross_entropy, x, y, 32)
    results["a"][str(threads)] = best(lambda: epoch(1)) * 60000 / PART
torch.set_num_threads(1)
x, y = torch.rand(275, 2), torch.randint(0, 2, (275, 1)).float()
bce = torch.nn.functional.binary_cross_entropy_with_logits
epoch = trainer([2, 20, 1], torch.nn.Sigmoid, bce, x, y, 32)
results["2-20-1"] = best(lambda: epoch(50))
x, y = torch.rand(392, 13), torch.rand(392, 1)
epoch = trainer([13, 100, 1], torch.nn.ReLU, torch.nn.functional.mse_loss, x, y, 392)
results["13-100-1"] = best(lambda: epoch(200))
print(json.dumps(results))
