"""The training of ``benchmark_fit.py`` by PyTorch or fastai, in a process of its own; prints seconds and accuracy.

The same network (784-300-100-10, batch normalization, ELU), optimizer (SGD, Nesterov momentum), 1cycle, batches and
validation after each epoch; the pixels are normalized beforehand. PyTorch: a plain loop over tensors in memory, on a
GPU if there is one, which is quicker there than its DataLoader. fastai: its Learner and ``fit_one_cycle``.

    python scripts/benchmark/fit_elsewhere.py torch arrays.npz --epochs 5 --seed 0
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
from typing import Any

import numpy as np
import torch
from torch import nn

BATCH, PEAK = 128, 0.3

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def network() -> nn.Module:
    """The network, with He initialization."""
    layers: list[nn.Module] = []
    for before, units in ((784, 300), (300, 100)):
        layers += [nn.Linear(before, units, bias=False), nn.BatchNorm1d(units), nn.ELU()]
    layers.append(nn.Linear(100, 10))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return nn.Sequential(*layers).to(DEVICE)


def by_torch(arrays: dict[str, torch.Tensor], epochs: int) -> nn.Module:
    """A plain loop."""
    x, y = arrays["x_train"], arrays["y_train"]
    model, loss = network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=PEAK, momentum=0.9, nesterov=True)
    steps = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=PEAK, total_steps=epochs * steps)
    for _ in range(epochs):
        model.train()
        order = torch.randperm(len(x), device=DEVICE)
        for rows in order[: steps * BATCH].view(steps, BATCH):
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()
        validated = accuracy(model, arrays["x_validation"], arrays["y_validation"])
        assert validated > 0.5, "the training failed"
    return model


def by_fastai(arrays: dict[str, torch.Tensor], epochs: int) -> nn.Module:
    """A Learner."""
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Learner
    from fastai.metrics import accuracy as measured
    from torch.utils.data import TensorDataset

    loaders = [
        DataLoader(
            TensorDataset(arrays[f"x_{split}"], arrays[f"y_{split}"]), bs=size, shuffle=shuffle, drop_last=shuffle
        )
        for split, size, shuffle in (("train", BATCH, True), ("validation", 1024, False))
    ]
    options: dict[str, Any] = {"loss_func": nn.CrossEntropyLoss(), "metrics": measured}

    def sgd(parameters: Any, **more: Any) -> Any:
        from fastai.optimizer import OptimWrapper

        return OptimWrapper(parameters, torch.optim.SGD, momentum=0.9, nesterov=True, **more)

    learner = Learner(DataLoaders(*loaders), network(), opt_func=sgd, **options)
    for name in ("progress", "schedule"):  # they add methods to Learner
        importlib.import_module(f"fastai.callback.{name}")
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(epochs, PEAK)
    return learner.model


def accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """The share of right answers."""
    model.eval()
    with torch.no_grad():
        right = [
            (model(part).argmax(1) == labels).sum() for part, labels in zip(x.split(1024), y.split(1024), strict=True)
        ]
    return float(sum(right)) / len(y)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", choices=["torch", "fastai"])
    parser.add_argument("arrays")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with np.load(options.arrays) as file:
        arrays = {name: torch.from_numpy(file[name]).to(DEVICE) for name in file.files}
    train = by_torch if options.library == "torch" else by_fastai
    for seed in (1000, options.seed):  # the first excludes what a process does only once
        torch.manual_seed(seed)
        start = time.perf_counter()
        model = train(arrays, 1 if seed == 1000 else options.epochs)
        accuracy(model, arrays["x_validation"][:1], arrays["y_validation"][:1])  # waits for the device
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "accuracy": accuracy(model, arrays["x_test"], arrays["y_test"])}))


if __name__ == "__main__":
    main()
