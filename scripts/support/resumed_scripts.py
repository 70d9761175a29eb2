"""Small trainings of several kinds for the measurements of Resume: the model, what ``fit`` gets, and the optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from recipes.optimizers import Momentum

__all__ = ["SCRIPTS", "Script"]

BATCH, STEPS = 10, 25
VALIDATION = 80


@dataclass
class Script:
    """A training: a compiled model, the arguments of ``fit`` and the name of the optimizer that a schedule drives."""

    model: keras.Model
    data: dict[str, Any]
    optimizer: str | None = None


def _arrays(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(5)
    x = generator.normal(size=(VALIDATION + BATCH * STEPS, *shape)).astype("float32")
    y = (x[..., :1] * x[..., 1:2] + 0.3 * generator.normal(size=(*x.shape[:-1], 1))).astype("float32")
    return x, y


def _fit_of(x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    return {
        "x": x[VALIDATION:],
        "y": y[VALIDATION:],
        "batch_size": BATCH,
        "validation_data": (x[:VALIDATION], y[:VALIDATION]),
    }


def _layers() -> list[keras.layers.Layer]:
    layers = keras.layers
    return [layers.Dense(16, "elu"), layers.BatchNormalization(), layers.Dropout(0.1), layers.Dense(1, dtype="float32")]


def _compiled(model: keras.Model, steps_per_execution: int, metrics: tuple[str, ...] = ("mae",)) -> keras.Model:
    optimizer = Momentum(0.01, nesterov=True)
    model.compile(optimizer, "mse", metrics=list(metrics) or None, steps_per_execution=steps_per_execution)
    return model


def arrays(steps_per_execution: int) -> Script:
    """Arrays that Keras shuffles."""
    model = keras.Sequential([keras.Input((6,)), *_layers()])
    return Script(_compiled(model, steps_per_execution), _fit_of(*_arrays(6)))


class Net(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.net = keras.Sequential([keras.Input((6,)), *_layers()])
        self.noise = keras.random.SeedGenerator(3)
        self.own_loss = keras.metrics.Mean("own_loss")
        self.built = True

    def call(self, x: Any, training: Any = None) -> Any:
        return self.net(x, training=training)


class OwnStep(Net):
    """It trains on noisy inputs, and on another loss than that of ``compile``."""

    def train_step(self, data: Any) -> dict[str, Any]:
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            noisy = x + 0.1 * keras.random.normal(tf.shape(x), seed=self.noise)
            loss = tf.reduce_mean(tf.abs(self(noisy, training=True) - y))
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.own_loss.update_state(loss)
        return {"own_loss": self.own_loss.result()}


def own_step(steps_per_execution: int) -> Script:
    """A ``train_step`` of its own, with random numbers."""
    return Script(_compiled(OwnStep(), steps_per_execution, ()), _fit_of(*_arrays(6)))


class Rivals(Net):
    """A network and a second one for its errors, in turn, each with an optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.rest = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)])
        self.net_optimizer, self.rest_optimizer = Momentum(0.01, nesterov=True), keras.optimizers.Adam(0.01)

    def train_step(self, data: Any) -> dict[str, Any]:
        import tensorflow as tf

        x, y = data
        for part, optimizer in ((self.net, self.net_optimizer), (self.rest, self.rest_optimizer)):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self.net(x, training=True) + self.rest(x) - y) ** 2)
            weights = part.trainable_variables
            optimizer.apply(tape.gradient(loss, weights), weights)
            self.own_loss.update_state(loss)
        return {"own_loss": self.own_loss.result()}


def two_optimizers(steps_per_execution: int) -> Script:
    """Two optimizers among the model's attributes; that of ``compile`` trains nothing."""
    model = _compiled(Rivals(), steps_per_execution, ())
    model.optimizer.build(model.trainable_variables)  # Resume builds it too: the states that are compared are the same
    return Script(model, _fit_of(*_arrays(6)), "net_optimizer")


class Batches(keras.utils.PyDataset):
    """Weighted batches, whose order Keras shuffles."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self) -> int:
        return STEPS

    def __getitem__(self, index: int) -> Any:
        rows = slice(BATCH * index, BATCH * (index + 1))
        return self.x[rows], self.y[rows], np.linspace(0.5, 2.0, BATCH, dtype="float32")


def py_dataset(steps_per_execution: int) -> Script:
    """A ``keras.utils.PyDataset`` with sample weights."""
    script = arrays(steps_per_execution)
    script.data["x"] = Batches(script.data["x"], script.data.pop("y"))
    del script.data["batch_size"]
    return script


def _endless(x: np.ndarray, y: np.ndarray) -> Iterator[Any]:
    while True:
        order = np.random.permutation(len(x))  # by the program's seed, as in many scripts
        for start in range(0, len(x), BATCH):
            yield x[order[start : start + BATCH]], y[order[start : start + BATCH]]


def generator(steps_per_execution: int) -> Script:
    """An endless generator that draws the order of each epoch."""
    script = arrays(steps_per_execution)
    script.data["x"] = _endless(script.data["x"], script.data.pop("y"))
    del script.data["batch_size"]
    script.data["steps_per_epoch"] = STEPS
    return script


def bfloat16(steps_per_execution: int) -> Script:
    """Layers that compute in bfloat16."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return arrays(steps_per_execution)
    finally:
        keras.config.set_dtype_policy(before)


def masks(steps_per_execution: int) -> Script:
    """Sequences of different lengths, an answer for each step."""
    x, y = _arrays(5, 6)
    x *= np.where(np.arange(5) < 1 + np.arange(len(x))[:, None] % 5, 1, 0)[..., None]
    model = keras.Sequential([keras.Input((5, 6)), keras.layers.Masking(), keras.layers.GRU(8, return_sequences=True)])
    for layer in _layers():
        model.add(layer)
    return Script(_compiled(model, steps_per_execution), _fit_of(x, y))


SCRIPTS: dict[str, Callable[[int], Script]] = {
    made.__name__: made for made in (arrays, own_step, two_optimizers, py_dataset, generator, bfloat16, masks)
}
"""Kind -> takes steps_per_execution, returns the training, the same each time that the seeds are set."""
