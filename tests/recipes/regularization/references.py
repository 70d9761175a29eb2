"""The regularizers' cases and formulas. A new regularizer gets its Case here, and is tested in every model."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from recipes.regularization import REGULARIZERS


@dataclass(frozen=True)
class Case:
    """One regularizer: the name of its entry, and how it is tried."""

    name: str
    options: dict = field(default_factory=dict)  # strong enough to be seen in a training of a few steps
    off: dict | None = None  # options at which it does nothing, to the bit
    unfit: tuple[str, ...] = ()  # data that it refuses: "table", "regression"
    mixes: bool = False  # it makes examples of several ones, as only one regularizer of a recipe can
    averages: bool = False  # the model gets averages of the weights, of which there can be one
    alike: bool = False  # it acts where another one does, so that most of its tests are thorough ones
    convolutions: bool = False  # a model of convolutions is another case than one of dense layers
    penalties: tuple["Penalty", ...] = ()

    def choice(self):
        return {"name": self.name, **self.options}

    def build(self, **options):
        return REGULARIZERS.build(self.name, **options)


@dataclass(frozen=True)
class Penalty:
    """What is added to the loss at these options, in float64 NumPy: for one kernel w, with its gradient, or for h."""

    options: dict
    value: Callable[[np.ndarray], float]
    gradient: Callable[[np.ndarray], np.ndarray] | None = None  # None: of h, a hidden layer's outputs for a batch


L1 = Penalty({"strength": 0.375}, lambda w: 0.375 * np.abs(w).sum(), lambda w: 0.375 * np.sign(w))
L2 = Penalty({"strength": 0.375}, lambda w: 0.375 / 2 * (w**2).sum(), lambda w: 0.375 * w)
ELASTIC_NET = Penalty(
    {"l1": 0.375, "l2": 0.5},  # Keras keeps strengths in single precision
    lambda w: 0.375 * np.abs(w).sum() + 0.5 / 2 * (w**2).sum(),
    lambda w: 0.375 * np.sign(w) + 0.5 * w,
)

ACTIVITY_L1 = Penalty({"strength": 0.375}, lambda h: 0.375 * np.abs(h).sum() / len(h))

CASES = [
    Case("l1", {"strength": 0.01}, alike=True, penalties=(L1,)),
    Case("l2", {"strength": 0.01}, penalties=(L2,)),
    Case("elastic_net", {"l1": 0.01, "l2": 0.01}, alike=True, penalties=(ELASTIC_NET,)),
    Case("activity_l1", {"strength": 0.01}, off={"strength": 0.0}, convolutions=True, penalties=(ACTIVITY_L1,)),
    Case("weight_decay", {"strength": 0.1}, off={"strength": 0.0}, alike=True),
    Case("max_norm", {"limit": 0.5}, alike=True),
    Case("dropout", {"rate": 0.3, "input_rate": 0.1}, off={"rate": 0.0}, convolutions=True),
    Case("alpha_dropout", {"rate": 0.3}, off={"rate": 0.0}, convolutions=True),
    Case("input_noise", off={"stddev": 0.0}, alike=True),
    Case("hidden_noise", {"stddev": 0.3}, off={"stddev": 0.0}, alike=True),
    Case("weight_noise", off={"stddev": 0.0}),
    Case("adversarial", off={"epsilon": 0.0}, mixes=True),
    Case("augmentation", unfit=("table", "regression"), convolutions=True),
    Case("rand_augment", {"operations": 1}, unfit=("table", "regression"), alike=True),
    Case("aug_mix", {"chains": 2}, unfit=("table", "regression"), alike=True),
    Case("label_smoothing", off={"epsilon": 0.0}, unfit=("regression",)),
    Case("early_stopping"),
    Case("ema", {"decay": 0.5}, averages=True, alike=True),
    Case("swa", {"start": 0.0}, averages=True, alike=True),
    Case("mixup", mixes=True),
    Case("cutmix", unfit=("table", "regression"), mixes=True, alike=True),
    Case("sam", off={"rho": 0.0}),
]
BY_NAME = {case.name: case for case in CASES}
