"""Writes sgd.npz, which test_momentum.py reads: trajectories of PyTorch's SGD with momentum, at a constant rate.

PyTorch keeps the rate outside the velocity; at a constant rate that is the same algorithm as Momentum here.
Run it where PyTorch is installed: python tests/recipes/optimizers/golden/make_sgd.py
"""

# Made with PyTorch 2.13.0 (CPU), in float64.

from pathlib import Path

import numpy as np
import torch

STEPS = 30
CASES = {  # rate, momentum, nesterov
    "classical": (0.1, 0.9, False),
    "nesterov": (0.1, 0.9, True),
    "classical_light": (0.03, 0.5, False),
    "nesterov_heavy": (0.003, 0.99, True),
}


def main():
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=6), generator.normal(size=(STEPS, 6))
    arrays = {"start": start, "gradients": gradients}
    for name, (rate, momentum, nesterov) in CASES.items():
        weight = torch.nn.Parameter(torch.tensor(start))
        optimizer = torch.optim.SGD([weight], lr=rate, momentum=momentum, nesterov=nesterov)
        path = []
        for gradient in gradients:
            weight.grad = torch.tensor(gradient)
            optimizer.step()
            path.append(weight.detach().numpy().copy())
        arrays[f"{name}/case"] = np.array((rate, momentum, nesterov), np.float64)
        arrays[f"{name}/path"] = np.array(path)
    np.savez_compressed(Path(__file__).with_name("sgd.npz"), **arrays)


if __name__ == "__main__":
    main()
