"""Writes torch.npz, which test_pytorch.py reads: trajectories of PyTorch's optimizers where the algorithms coincide.

At a constant rate; eps is that of each case. Where PyTorch places eps elsewhere (Adam, NAdam: after the correction of
the square; Adamax: inside the maximum; RMSprop: outside the root) it is made too small to matter in float64.
Run it where PyTorch is installed: python tests/recipes/optimizers/golden/make_torch.py
"""

# Made with PyTorch 2.13.0 (CPU), in float64.

from pathlib import Path

import numpy as np
import torch

STEPS = 30
TINY = 1e-30
optim = torch.optim
CASES = {  # name: PyTorch's class, its arguments
    "momentum": (optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "momentum light": (optim.SGD, {"lr": 0.03, "momentum": 0.5}),
    "nesterov": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "nesterov heavy": (optim.SGD, {"lr": 0.003, "momentum": 0.99, "nesterov": True}),
    "dampened": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    "outside": (optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "outside nesterov": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "outside dampened": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    "sgd": (optim.SGD, {"lr": 0.1}),
    "adagrad": (optim.Adagrad, {"lr": 0.1, "eps": 1e-3}),
    "adagrad initial": (optim.Adagrad, {"lr": 0.1, "eps": 1e-3, "initial_accumulator_value": 0.5}),
    "adadelta": (optim.Adadelta, {"lr": 1.0, "rho": 0.95, "eps": 1e-3}),
    "rmsprop": (optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": TINY}),
    "rmsprop momentum": (optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": TINY, "momentum": 0.8}),
    "adam": (optim.Adam, {"lr": 0.01, "betas": (0.9, 0.99), "eps": TINY}),
    "adamw": (optim.AdamW, {"lr": 0.01, "betas": (0.9, 0.99), "eps": TINY, "weight_decay": 0.1}),
    "adafactor": (optim.Adafactor, {"lr": 0.01}),
    "amsgrad": (optim.Adam, {"lr": 0.01, "betas": (0.9, 0.5), "eps": TINY, "amsgrad": True}),
    "adamax": (optim.Adamax, {"lr": 0.01, "betas": (0.9, 0.99), "eps": TINY}),
    "nadam": (optim.NAdam, {"lr": 0.01, "betas": (0.9, 0.99), "eps": TINY, "momentum_decay": 1.0}),
    "nadam paper": (optim.NAdam, {"lr": 0.01, "betas": (0.9, 0.99), "eps": TINY, "momentum_decay": 0.004}),
    "radam": (optim.RAdam, {"lr": 0.01, "betas": (0.9, 0.9), "eps": TINY}),
}
OUTSIDE = ("outside", "outside nesterov", "outside dampened")


MATRICES = {
    "adafactor matrix": (optim.Adafactor, {"lr": 0.01}),
    "muon matrix": (optim.Muon, {"lr": 0.01, "weight_decay": 0.0, "adjust_lr_fn": "match_rms_adamw"}),
}
"""Of a matrix. PyTorch's Muon computes the orthogonal step in bfloat16."""


def main():
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=6), generator.normal(size=(STEPS, 6))
    rates = 0.1 * generator.uniform(0.2, 2.0, STEPS)
    arrays = {"start": start, "gradients": gradients, "rates": rates}
    matrix, matrices = generator.normal(size=(6, 4)), generator.normal(size=(STEPS, 6, 4))
    arrays |= {"matrix": matrix, "matrices": matrices}
    for name, (kind, arguments) in {**CASES, **MATRICES}.items():
        start, gradients = (
            arrays[key] for key in (("matrix", "matrices") if name in MATRICES else ("start", "gradients"))
        )
        weight = torch.nn.Parameter(torch.tensor(start))
        optimizer = kind([weight], **arguments)
        path = []
        for k, gradient in enumerate(gradients):
            if name in OUTSIDE:  # PyTorch's convention, so it can be compared at changing rates too
                optimizer.param_groups[0]["lr"] = rates[k]
            # PyTorch does not dampen the first gradient.
            weight.grad = torch.tensor(gradient * (1 - arguments.get("dampening", 0) if k == 0 else 1))
            optimizer.step()
            path.append(weight.detach().numpy().copy())
        arrays[name] = np.array(path)
    np.savez_compressed(Path(__file__).with_name("torch.npz"), **arrays)


if __name__ == "__main__":
    main()
