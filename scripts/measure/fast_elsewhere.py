"""The training of the preset "fast" by PyTorch, in a process of its own; prints minutes and test accuracy.

Its network with a 3x3 convolution as stem (the default of ``recipes.resnet9``) in place of whitened patches, and its
optimizer, rates, batches, decay, label smoothing, moves and flips: what the same images allow by another library.

    python scripts/measure/fast_elsewhere.py arrays.npz --epochs 10 --widths 64 128 256
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import torch
from torch import nn

BATCH, PEAK, DECAY, SMOOTHING, MOVE, WARM_UP = 128, 0.15, 0.01, 0.18, 2, 0.25

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class LargestNinth(nn.Module):
    """A ninth of the largest value of each channel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.amax((2, 3)) / 9


def network(widths: list[int], stem: int = 64) -> nn.Module:
    """A stem, and for each width two convolutions, the first with max pooling."""
    layers: list[nn.Module] = []
    before = 3
    for filters, pools in [(stem, False), *((width, pools) for width in widths for pools in (True, False))]:
        convolution = nn.Conv2d(before, filters, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        layers += [convolution, *([nn.MaxPool2d(2)] if pools else []), nn.BatchNorm2d(filters), nn.GELU()]
        before = filters
    return nn.Sequential(*layers, LargestNinth(), nn.Linear(before, 10)).to(DEVICE, memory_format=torch.channels_last)


def moved(images: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    """Each image moved by whole pixels, mirrored beyond its edge, and some flipped."""
    count, _, side, _ = images.shape
    padded = nn.functional.pad(images, (MOVE,) * 4, mode="reflect")
    rows, columns = (torch.randint(0, 2 * MOVE + 1, (count, 1), device=DEVICE) for _ in range(2))
    places = torch.arange(side, device=DEVICE)
    rows, columns = (rows + places)[:, None, :, None], (columns + places)[:, None, None, :]
    index = torch.arange(count, device=DEVICE)[:, None, None, None]
    crops = padded[index, torch.arange(3, device=DEVICE)[None, :, None, None], rows, columns]
    return torch.where(flips[:, None, None, None], crops.flip(3), crops).contiguous(memory_format=torch.channels_last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("arrays", help="x_train, y_train, x_test and y_test; normalized images, channels last")
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    with np.load(options.arrays) as file:
        arrays = {name: torch.from_numpy(file[name]).to(DEVICE) for name in file.files}
    train, test = (arrays[f"x_{name}"].permute(0, 3, 1, 2).contiguous() for name in ("train", "test"))
    labels = arrays["y_train"]
    model, loss = network(options.widths), nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    optimizer = torch.optim.SGD(model.parameters(), lr=PEAK, momentum=0.9, nesterov=True)
    kernels = [weight for weight in model.parameters() if weight.ndim > 1]
    half = torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=options.precision != "float32")
    steps = len(train) // BATCH
    first = torch.rand(len(train), device=DEVICE) < 0.5
    start, step = time.perf_counter(), 0
    for epoch in range(options.epochs):
        model.train()
        for rows in torch.randperm(len(train), device=DEVICE)[: steps * BATCH].view(steps, BATCH):
            done = step / (steps * options.epochs)
            rate = PEAK * (0.2 + 0.8 * done / WARM_UP if done < WARM_UP else (1 - done) / (1 - WARM_UP))
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            with half:
                value = loss(model(moved(train[rows], first[rows] ^ (epoch % 2 == 1))), labels[rows])
            value.backward()
            optimizer.step()
            with torch.no_grad():
                for weight in kernels:
                    weight.mul_(1 - rate * DECAY)
            step += 1
    value.item()  # waits for the device
    minutes = (time.perf_counter() - start) / 60
    model.eval()
    with torch.no_grad(), half:
        right = sum(
            float((model(part).argmax(1) == answers).sum())
            for part, answers in zip(test.split(1000), arrays["y_test"].split(1000), strict=True)
        )
    print(json.dumps({"minutes": minutes, "accuracy": right / len(test)}))


if __name__ == "__main__":
    main()
