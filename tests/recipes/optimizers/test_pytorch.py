"""Trajectories of PyTorch's optimizers, where the algorithms coincide."""

from pathlib import Path

import numpy as np
import pytest

from recipes.optimizers import SGD, Adadelta, AdaGrad, Adam, AdaMax, Momentum, Nadam, RAdam, RMSProp

GOLDEN = np.load(Path(__file__).with_name("golden") / "torch.npz")
TINY = 1e-30
OURS = {  # as golden/make_torch.py has them
    "momentum": lambda: Momentum(0.1),
    "momentum light": lambda: Momentum(0.03, 0.5),
    "nesterov": lambda: Momentum(0.1, nesterov=True),
    "nesterov heavy": lambda: Momentum(0.003, 0.99, nesterov=True),
    "dampened": lambda: Momentum(0.1, dampening=0.4),
    "outside": lambda: Momentum(0.1, rate_inside=False),
    "outside nesterov": lambda: Momentum(0.1, nesterov=True, rate_inside=False),
    "outside dampened": lambda: Momentum(0.1, dampening=0.4, rate_inside=False),
    "sgd": lambda: SGD(0.1),
    "adagrad": lambda: AdaGrad(0.1, epsilon=1e-3),
    "adagrad initial": lambda: AdaGrad(0.1, initial=0.5, epsilon=1e-3),
    "adadelta": lambda: Adadelta(1.0, rho=0.95, epsilon=1e-3),
    "rmsprop": lambda: RMSProp(0.01, epsilon=TINY),
    "rmsprop momentum": lambda: RMSProp(0.01, momentum=0.8, epsilon=TINY),
    "adam": lambda: Adam(0.01, beta_2=0.99, epsilon=TINY),
    "amsgrad": lambda: Adam(0.01, beta_2=0.5, epsilon=TINY, amsgrad=True),
    "adamax": lambda: AdaMax(0.01, beta_2=0.99, epsilon=TINY),
    "nadam": lambda: Nadam(0.01, beta_2=0.99, epsilon=TINY),
    "nadam paper": lambda: Nadam(0.01, beta_2=0.99, epsilon=TINY, momentum_decay=0.004),
    "radam": lambda: RAdam(0.01, beta_2=0.9, epsilon=TINY),
}


def test_every_trajectory_is_looked_at():
    assert {*OURS, "start", "gradients", "rates"} == set(GOLDEN)


@pytest.mark.parametrize("name", OURS)
def test_it_is_that_of_pytorch(name, apply):
    optimizer = OURS[name]()

    def before(k):
        if name.startswith("outside"):
            optimizer.learning_rate = GOLDEN["rates"][k]

    path = apply(optimizer, GOLDEN["start"], GOLDEN["gradients"], before=before)
    np.testing.assert_allclose(path, GOLDEN[name], rtol=2e-5, atol=2e-6)
