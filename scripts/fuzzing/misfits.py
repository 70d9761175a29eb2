"""MISFITS: values of a right type, for some argument, that do not fit the other arguments or belong elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

import callbacks
import recipes

if TYPE_CHECKING:
    from .world import World

__all__ = ["MISFITS"]

MISFITS: dict[str, Callable[[World], Any]] = {
    # --- data
    "data of images": lambda world: world.images,
    "data of texts": lambda world: world.texts,
    "data of columns": lambda world: world.record,
    "data of two targets": lambda world: world.numbers_run.data,
    "spec of images": lambda world: world.images.spec,
    "(x, y) of images": lambda world: world.images.arrays("train"),
    "(x, y) of texts": lambda world: world.texts.arrays("train"),
    "batches of images": lambda world: world.images.train,
    "columns": lambda world: world.record.arrays("train")[0],
    "another width": lambda world: world.x[:, :2],
    "the inputs": lambda world: world.x,
    "fewer rows": lambda world: world.x[:5],
    # --- models
    "model of images": lambda world: world.image_model(),
    "model that is not compiled": lambda _: keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]),
    "model that is not built": lambda _: keras.Sequential([keras.layers.Dense(1)]),
    "model of two inputs": lambda _: _of_two_inputs(),
    # --- choices and results
    "recipe of images": lambda _: recipes.Recipe(model="cnn"),
    "run of two targets": lambda world: world.numbers_run,
    "comparison": lambda world: world.comparison,
    "saved run": lambda world: world.saved,
    "exported model": lambda world: world.exported,
    "directory of a search": lambda world: str(world.comparison.directory),
    "callback": lambda _: keras.callbacks.EarlyStopping(),
    "schedule": lambda _: callbacks.OneCycle(0.1),
    "optimizer": lambda _: keras.optimizers.SGD(),
    "regularizer": lambda _: recipes.Dropout(0.1),
    "layer": lambda _: keras.layers.Dense(2),
}
"""Name -> a function of a World."""


def _of_two_inputs() -> keras.Model:
    first, second = keras.Input((3,), name="first"), keras.Input((2,), name="second")
    model = keras.Model([first, second], keras.layers.Dense(1)(keras.layers.concatenate([first, second])))
    model.compile("sgd", "mse")
    return model
