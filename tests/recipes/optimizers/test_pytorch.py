"""Trajectories of PyTorch's optimizers, where the algorithms coincide."""

from pathlib import Path

import keras
import numpy as np
import pytest

from recipes.optimizers import (
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adafactor,
    AdaGrad,
    Adam,
    AdaMax,
    Momentum,
    Muon,
    Nadam,
    RAdam,
    RMSProp,
)

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
    "adamw": lambda: OPTIMIZERS.build(
        "adamw", learning_rate=0.01, beta_2=0.99, epsilon=TINY, weight_decay=0.1, decay="all"
    ),
    "adafactor": lambda: Adafactor(0.01),
    "amsgrad": lambda: Adam(0.01, beta_2=0.5, epsilon=TINY, amsgrad=True),
    "adamax": lambda: AdaMax(0.01, beta_2=0.99, epsilon=TINY),
    "nadam": lambda: Nadam(0.01, beta_2=0.99, epsilon=TINY),
    "nadam paper": lambda: Nadam(0.01, beta_2=0.99, epsilon=TINY, momentum_decay=0.004),
    "radam": lambda: RAdam(0.01, beta_2=0.9, epsilon=TINY),
}


MATRICES = {"adafactor matrix": lambda: Adafactor(0.01), "muon matrix": lambda: Muon(0.01)}


def test_every_trajectory_is_looked_at():
    assert {*OURS, *MATRICES, "start", "gradients", "rates", "matrix", "matrices"} == set(GOLDEN)


@pytest.mark.parametrize("name", OURS)
def test_it_is_that_of_pytorch(name, apply):
    optimizer = OURS[name]()

    def before(k):
        if name.startswith("outside"):
            optimizer.learning_rate = GOLDEN["rates"][k]

    path = apply(optimizer, GOLDEN["start"], GOLDEN["gradients"], before=before)
    np.testing.assert_allclose(path, GOLDEN[name], rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", MATRICES)
def test_of_a_matrix_too(name):
    hidden, last = (keras.Variable(GOLDEN["matrix"], dtype="float32", name="kernel") for _ in range(2))
    optimizer = MATRICES[name]()
    optimizer.build([hidden, last])
    path = []
    for gradient in GOLDEN["matrices"].astype("float32"):
        optimizer.apply([gradient, gradient], [hidden, last])
        path.append(hidden.numpy())
    tolerance = 3e-2 if "muon" in name else 1e-5  # PyTorch's Muon computes in bfloat16
    scale = np.abs(GOLDEN[name] - GOLDEN["matrix"]).max()
    np.testing.assert_allclose(path, GOLDEN[name], atol=tolerance * scale)
