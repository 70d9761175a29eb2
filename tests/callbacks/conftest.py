"""The list of all callbacks, and small models and data, shared by the tests of callbacks/."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import callbacks
from recipes.callback_names import CALLBACKS
from recipes.optimizers import Momentum
from recipes.schedules import SCHEDULES

STEPS = 10  # batches in an epoch of the data below


class Ramp(callbacks.StepSchedule):
    """The smallest schedule that a user could write."""

    def rates(self, total_steps):
        return 0.01 * (1.0 + np.arange(total_steps))


def still_batch_norm():
    """Batch norm whose averages stay where they are, so that only a callback changes them."""
    return (keras.layers.BatchNormalization(momentum=1.0),)


@dataclass(frozen=True)
class Case:
    """One callback for the battery in test_battery.py."""

    name: str
    make: Callable[[], keras.callbacks.Callback]
    schedule: bool = False  # sets the rate at every step and needs to know the length of an epoch
    sets_rate: bool = False  # refuses an optimizer whose rate is a schedule object
    every_batch: bool = False  # refuses steps_per_execution > 1
    known_size: bool = False  # needs to know the length of an epoch; so does every schedule
    layers: Callable[[], tuple] = tuple  # that the model must have before its last one


OPTIONS = {  # where the defaults of a schedule in the catalogue would not do in the battery
    "constant": {"warm_up": 0.25},  # without options it needs no callback
    "performance": {"monitor": "loss", "warm_up": 0.25},  # there is no validation
}


def _scheduled(name):
    return Case(name, lambda: SCHEDULES.build(name, peak=0.1, **OPTIONS.get(name, {})), schedule=True, sets_rate=True)


ARGUMENTS = {  # what a callback in the catalogue cannot do without, and small numbers for small data
    "lr_finder": lambda: {"low": 1e-4, "high": 1.0, "steps": 15},
    "gradient_monitor": lambda: {"every": 3},
    "several_validations": lambda: {"validation_data": (np.eye(3), np.ones(3)), "times": 2},
    "recalibrate_batch_norm": lambda: {"data": np.eye(3)},
    "weight_noise": lambda: {"seed": 3},
    "mixup": lambda: {"seed": 3},
    "micro_batches": lambda: {"parts": 2},
    "live_plot": lambda: {"file": Path(tempfile.mkdtemp(), "curves.svg"), "every": 3},
    "resume": lambda: {"directory": tempfile.mkdtemp()},
}
TRAITS = {
    "lr_finder": {"sets_rate": True, "every_batch": True},
    "several_validations": {"known_size": True},
    "recalibrate_batch_norm": {"layers": still_batch_norm},
}


def _other(name):
    return Case(name, lambda: CALLBACKS.build(name, **ARGUMENTS.get(name, dict)()), **TRAITS.get(name, {}))


CASES = [  # what is in the catalogues is here already
    *map(_scheduled, SCHEDULES),
    *(
        _other(name) for name in CALLBACKS if name not in ("averaged_weights", "cutmix")
    ),  # those need such an optimizer, or images
    Case("one_cycle_short", lambda: callbacks.OneCycle(0.1, 15, momentum=None, shape="linear"), True, True),
    Case("step_schedule", Ramp, schedule=True, sets_rate=True),
]


ALIKE = (
    *("linear", "power", "exponential", "inverse_time", "step", "constant"),
    *("cosine", "cosine_warm_up", "warm_up_stable_decay", "cosine_restarts", "one_cycle_short", "step_schedule"),
)
"""Thin shells over the same base class as "one_cycle"."""


def _named(cases):
    marks = dict.fromkeys(ALIKE, pytest.mark.thorough)
    return [pytest.param(case, id=case.name, marks=marks.get(case.name, ())) for case in cases]


@pytest.fixture(scope="session")
def all_cases():
    """The list itself."""
    return CASES


@pytest.fixture(params=_named(CASES))
def case(request):
    """Every callback."""
    return request.param


@pytest.fixture(params=_named(case for case in CASES if case.schedule))
def schedule_case(request):
    """Every callback that sets the rate from the position in the training."""
    return request.param


@pytest.fixture(params=_named(case for case in CASES if case.sets_rate))
def rate_case(request):
    """Every callback that sets the rate."""
    return request.param


@pytest.fixture(params=_named(case for case in CASES if not case.every_batch))
def free_case(request):
    """Every callback that accepts any steps_per_execution."""
    return request.param


@pytest.fixture(scope="session")
def arrays():
    """A regression of 10 batches of 4: (x, y)."""
    generator = np.random.default_rng(7)
    x = generator.normal(size=(4 * STEPS, 3)).astype("float32")
    y = (x @ [[1.0], [-2.0], [0.5]] + 0.1 * generator.normal(size=(len(x), 1))).astype("float32")
    return x, y


@pytest.fixture(scope="session")
def dataset(arrays):
    """The same as a tf.data.Dataset of known length."""
    return tf.data.Dataset.from_tensor_slices(arrays).batch(4)


@pytest.fixture(scope="session")
def make_linear_model():
    """``make_linear_model(optimizer)``: a linear model, always from the same weights, compiled."""

    def make(optimizer=None, *, layers=(), seed=0, **options):
        kernel = keras.initializers.RandomNormal(seed=seed)
        layer = keras.layers.Dense(1, use_bias=False, kernel_initializer=kernel, name="linear")
        model = keras.Sequential([keras.Input((3,)), *layers, layer])
        model.compile(Momentum(0.01) if optimizer is None else optimizer, "mse", **options)
        return model

    return make


@pytest.fixture
def make_model(make_linear_model):
    """The same, under the name by which tests ask for it; test_battery.py adds the layers that a callback needs."""
    return make_linear_model


@pytest.fixture(scope="session")
def run(dataset):
    """``run(model, callback)``: fits 3 epochs and returns the History's dictionary."""

    def fit(model, *used, epochs=3, data=None, **options):
        return model.fit(
            data or dataset, epochs=epochs, verbose=0, shuffle=False, callbacks=list(used), **options
        ).history

    return fit


@pytest.fixture(scope="session")
def baseline(make_linear_model, run):
    """``baseline(case, epochs)``: History and weights of a fit with this callback, batch by batch; cached."""
    known = {}

    def fitted(case, epochs):
        if (case.name, epochs) not in known:
            model = make_linear_model(layers=case.layers())
            known[case.name, epochs] = (
                run(model, case.make(), epochs=epochs),
                [w.tobytes() for w in model.get_weights()],
            )
        return known[case.name, epochs]

    return fitted


@pytest.fixture(scope="session")
def recorder():
    """``recorder(...)``: a Momentum whose ``seen`` holds the rate and the momentum with which each update was made."""

    class Recorder(Momentum):
        def build(self, variables):
            if self.built:
                return
            super().build(variables)
            self.seen = self.add_variable((200, 2), name="seen")

        def update_step(self, gradient, variable, learning_rate):
            row = ops.one_hot(self.iterations, 200)[:, None]
            pair = ops.stack([ops.cast(learning_rate, "float32"), ops.cast(self.momentum, "float32")])
            self.assign_add(self.seen, row * pair)
            super().update_step(gradient, variable, learning_rate)

        def recorded(self):
            return self.seen.numpy()[: int(self.iterations)]

    return Recorder
