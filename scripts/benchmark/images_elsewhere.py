"""The training of ``benchmark_cnn.py`` by PyTorch, in a process of its own; prints images a second and accuracy.

The same network, optimizer, batches and images, in PyTorch's quicker layout for convolutions (channels last), on a GPU
if there is one; in bfloat16 the forward pass runs under ``torch.autocast``, as PyTorch documents.

    python scripts/benchmark/images_elsewhere.py arrays.npz --precision bfloat16 --filters 64 128 256
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch
from torch import nn

BATCH, RATE = 128, 0.05

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def network(filters: list[int]) -> nn.Module:
    """Convolution, batch normalization, ELU and pooling for each number of filters, then the classes."""
    layers: list[nn.Module] = []
    for before, after in zip([3, *filters], filters, strict=False):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ELU(), nn.MaxPool2d(2)]
    side = 32 // 2 ** len(filters)
    layers += [nn.Flatten(), nn.Linear(filters[-1] * side * side, 10)]
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return nn.Sequential(*layers).to(DEVICE, memory_format=torch.channels_last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arrays", help="x_train, y_train, x_test and y_test; normalized images, channels last")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--filters", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    with np.load(options.arrays) as file:
        arrays = {name: torch.from_numpy(file[name]).to(DEVICE) for name in file.files}
    images = {
        name: arrays[f"x_{name}"].permute(0, 3, 1, 2).to(memory_format=torch.channels_last)
        for name in ("train", "test")
    }
    model, loss = network(options.filters), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, nesterov=True)
    half = torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=options.precision == "bfloat16")
    x, y, seconds = images["train"], arrays["y_train"], []
    steps = len(x) // BATCH
    for _ in range(options.epochs):
        model.train()
        start = time.perf_counter()
        for rows in torch.randperm(len(x), device=DEVICE)[: steps * BATCH].view(steps, BATCH):
            optimizer.zero_grad()
            with half:
                value = loss(model(x[rows]), y[rows])
            value.backward()
            optimizer.step()
        value.item()  # waits for the device
        seconds.append(time.perf_counter() - start)
    model.eval()
    with torch.no_grad(), half:
        right = sum(
            float((model(part).argmax(1) == labels).sum())
            for part, labels in zip(images["test"].split(1000), arrays["y_test"].split(1000), strict=True)
        )
    print(json.dumps({"images_per_second": steps * BATCH / min(seconds[1:]), "accuracy": right / len(images["test"])}))


if __name__ == "__main__":
    main()
