"""Ten steps of training in PyTorch, as a fixture for the trainer: python torch_steps.py > ../fixtures/torch_steps.json

A 6-8-5-3 network (ReLU, tanh, softmax cross-entropy) from weights and batches that are simple formulas, so that the fixture
holds only results: the loss and the logits before each step, and the logits of the first batch and all parameters after the tenth.
"""

import json
import sys

import torch

SIZES, SAMPLES, STEPS = [6, 8, 5, 3], 12, 10


def pattern(count, factor, modulus):
    """Numbers between -1 and 1 that float32 holds exactly."""
    return torch.tensor([((k * factor + 3) % modulus) / 64 - modulus / 128 for k in range(count)], dtype=torch.float32)


def network():
    layers = []
    for index, (inputs, units) in enumerate(zip(SIZES, SIZES[1:])):
        linear = torch.nn.Linear(inputs, units)
        # PyTorch keeps outputs x inputs.
        kernel = pattern(inputs * units, 29 + index, 101).reshape(inputs, units)
        linear.weight.data = kernel.T.contiguous()
        linear.bias.data = pattern(units, 17, 31)
        layers += [linear, [torch.nn.ReLU(), torch.nn.Tanh()][index] if index < 2 else torch.nn.Identity()]
    return torch.nn.Sequential(*layers)


def batch(step):
    # A fifth of the inputs is 0, as in images.
    x = pattern(SAMPLES * SIZES[0], 37 + step, 127).reshape(SAMPLES, SIZES[0])
    x[:, step % 5] = 0
    return x, torch.tensor([(k + step) % SIZES[-1] for k in range(SAMPLES)])


def run(make):
    net = network()
    optimizer = make(net.parameters())
    losses, logits = [], []
    for step in range(STEPS):
        x, classes = batch(step)
        z = net(x)
        loss = torch.nn.functional.cross_entropy(z, classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        logits.append(z.flatten().tolist())
    parameters = [p.data.t().flatten().tolist() for p in net.parameters()]
    return {
        "losses": losses,
        "step_logits": logits,
        "logits": net(batch(0)[0]).flatten().tolist(),
        "parameters": parameters,
    }


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
}

torch.set_num_threads(1)
if __name__ == "__main__":
    results = {name: run(make) for name, make in OPTIMIZERS.items()}
    scheduler_steps = []
    parameter = torch.nn.Parameter(torch.zeros(1))
    one_cycle = torch.optim.SGD([parameter], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(one_cycle, max_lr=1.0, total_steps=100, cycle_momentum=False)
    for _ in range(100):
        scheduler_steps.append(one_cycle.param_groups[0]["lr"])
        one_cycle.step()
        schedule.step() if len(scheduler_steps) < 100 else None
    json.dump({"torch": torch.__version__, "one_cycle": scheduler_steps, **results}, sys.stdout)
    print()
