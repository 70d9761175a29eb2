"""Writes schedules.npz, which test_schedules.py reads: every step of PyTorch's schedules.

Run it where PyTorch is installed: python tests/callbacks/schedules/golden/make_schedules.py
"""

# Made with PyTorch 2.13.0 (CPU).

from pathlib import Path

import numpy as np
import torch
from torch.optim import lr_scheduler

PEAK = 0.3


def curve(make, steps, momentum=False):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK, momentum=0.9)
    schedule = make(optimizer)
    rows = []
    for step in range(steps):
        group = optimizer.param_groups[0]
        rows.append((group["lr"], group["momentum"]) if momentum else group["lr"])
        optimizer.step()
        if step < steps - 1:
            schedule.step()
    return np.array(rows, np.float64).T


def main():
    arrays = {
        "linear": curve(lambda o: lr_scheduler.LinearLR(o, 1.0, 0.01, total_iters=80), 100),
        "exponential": curve(lambda o: lr_scheduler.ExponentialLR(o, 0.97), 100),
        "step": curve(lambda o: lr_scheduler.StepLR(o, 15, 0.4), 100),
        "inverse_time": curve(lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.07 * t)), 100),
        "power": curve(lambda o: lr_scheduler.LambdaLR(o, lambda t: (1 + t / 20) ** -1.5), 100),
        "cosine": curve(lambda o: lr_scheduler.CosineAnnealingLR(o, 100, eta_min=0.1 * PEAK), 101),
        "restarts_equal": curve(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 15, 1), 100),
        "restarts_doubled": curve(
            lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 10, 2, eta_min=0.1 * PEAK), 200
        ),
        "restarts_tripled": curve(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7, 3), 100),
    }
    for phases in (2, 3):
        for shape, torch_name in (("cosine", "cos"), ("linear", "linear")):

            def one_cycle(optimizer, three_phase=phases == 3, shape=torch_name, steps=1000):
                return lr_scheduler.OneCycleLR(
                    optimizer, PEAK, total_steps=steps, anneal_strategy=shape, three_phase=three_phase
                )

            arrays[f"one_cycle_{phases}_{shape}"] = curve(one_cycle, 1000, momentum=True)
    for name, steps, start in (("half", 41, 0.5), ("early", 30, 0.1), ("odd", 337, 0.45)):  # three phases

        def three(optimizer, steps=steps, start=start):
            return lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=steps, pct_start=start, three_phase=True)

        arrays[f"three_{name}"] = curve(three, steps, momentum=True)
    np.savez_compressed(Path(__file__).with_name("schedules.npz"), **arrays)


if __name__ == "__main__":
    main()
