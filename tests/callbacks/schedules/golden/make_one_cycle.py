"""Writes one_cycle.npz, which test_schedules.py reads: every step of PyTorch's OneCycleLR, two phases.

Run it where PyTorch is installed: python tests/callbacks/schedules/golden/make_one_cycle.py
"""

# Made with PyTorch 2.13.0 (CPU).

from pathlib import Path

import numpy as np
import torch

CASES = {  # total_steps, peak, start_fraction, initial_divisor, final_divisor, momentum low, momentum high
    "default": (100, 0.1, 0.3, 25.0, 1e4, 0.85, 0.95),
    "odd": (337, 0.7, 0.25, 10.0, 1e3, 0.8, 0.9),
    "short": (7, 0.05, 0.3, 25.0, 1e4, 0.85, 0.95),
    "late": (50, 1.0, 0.95, 4.0, 10.0, 0.0, 0.99),
    "last": (10, 1.0, 0.96, 4.0, 10.0, 0.5, 0.9),
    "flat": (20, 0.3, 0.5, 1.0, 1.0, 0.9, 0.9),
}


def curves(shape, total_steps, peak, start_fraction, initial_divisor, final_divisor, low, high):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        peak,
        total_steps=total_steps,
        pct_start=start_fraction,
        anneal_strategy=shape,
        base_momentum=low,
        max_momentum=high,
        div_factor=initial_divisor,
        final_div_factor=final_divisor,
    )
    rows = []
    for step in range(total_steps):
        group = optimizer.param_groups[0]
        rows.append((group["lr"], group["momentum"]))
        optimizer.step()
        if step < total_steps - 1:
            schedule.step()
    return np.array(rows, np.float64).T


def main():
    arrays = {}
    for name, case in CASES.items():
        arrays[f"{name}/case"] = np.array(case, np.float64)
        for shape, torch_name in (("cosine", "cos"), ("linear", "linear")):
            arrays[f"{name}/{shape}"] = curves(torch_name, *case)
    np.savez_compressed(Path(__file__).with_name("one_cycle.npz"), **arrays)


if __name__ == "__main__":
    main()
