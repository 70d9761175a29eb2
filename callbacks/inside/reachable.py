"""Reachable: all objects with state that a model refers to."""

from __future__ import annotations

import io
import operator
import random
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

__all__ = ["Reachable", "storage"]

PLAIN = {type(None), bool, int, float, complex, str, bytes, type, np.ndarray}

KERAS = (
    keras.Layer,
    keras.Metric,
    keras.Loss,
    keras.Optimizer,
    keras.Regularizer,
    keras.constraints.Constraint,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.random.SeedGenerator,
)
"""Keras objects whose attributes may hold state."""

STATELESS = {*sys.stdlib_module_names, "keras", "tensorflow", "numpy"}
"""Packages whose other objects hold no state, or none of the model's: data, files, functions."""

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)

DEPTH = 3
"""How many of the user's own objects are searched one inside the other, below a Keras object."""


class Reachable:
    """All objects with state that can be reached from a model through attributes, lists and dictionaries.

    Attributes:
        variables: route -> Keras variable or ``tf.Variable``, each once. A route such as
            ``.generator_optimizer._variables[2]`` is the same in every process that runs the same program.
        layers, optimizers: route -> layer, optimizer: the model's own, others among attributes, and those inside them.
        metrics: route of a variable that belongs to a metric -> the metric.
        generators: route -> random generator of NumPy or Python.
        unseen: routes of objects whose state cannot be read.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
        >>> model.compile(keras.optimizers.SGD())
        >>> sorted(variable.path.split("/")[-1] for variable in Reachable(model).variables.values())
        ['count', 'iteration', 'kernel', 'learning_rate', 'total']
    """

    def __init__(self, model: keras.Model):
        self.variables: dict[str, Any] = {}
        self.layers: dict[str, keras.Layer] = {}
        self.optimizers: dict[str, keras.Optimizer] = {}
        self.generators: dict[str, Any] = {}
        self.unseen: list[str] = []
        self.metrics: dict[str, keras.Metric] = {}
        self._known: set[int] = set()
        self._visit("", model, None, 0)

    def outermost_optimizers(self) -> dict[str, keras.Optimizer]:
        """The optimizers that are not inside another one, by their routes without the leading dot."""
        return {
            route.removeprefix("."): optimizer
            for route, optimizer in self.optimizers.items()
            if not any(route.startswith((f"{outer}.", f"{outer}[")) for outer in self.optimizers)
        }

    def _visit(self, route: str, value: Any, metric: keras.Metric | None, depth: int) -> None:
        if type(value) in PLAIN or id(value) in self._known:
            return
        custom = False
        if isinstance(value, (keras.Variable, *_tensorflow("Variable"))):
            self._known |= {id(value), id(storage(value))}
            self.variables[route] = value
            if metric is not None:
                self.metrics[route] = metric
            return
        if isinstance(value, GENERATORS):
            self.generators[route] = value
            return
        random_generator: Any = _tensorflow("random.Generator")
        if isinstance(value, random_generator):
            self._visit(f"{route}.state", value.state, metric, depth)
            return
        if not isinstance(value, (*KERAS, Mapping, list, tuple, set)):
            # Open files are iterators too; those of Keras belong to the running fit.
            if isinstance(value, Iterator) and not isinstance(value, io.IOBase) and _package(value) != "keras":
                self.unseen.append(route)
            custom = _is_custom(value)
            if not custom or depth == DEPTH:
                return
        self._known.add(id(value))
        if isinstance(value, keras.Optimizer):
            self.optimizers[route] = value
        elif isinstance(value, keras.Layer):
            self.layers[route] = value
        elif isinstance(value, keras.Metric):
            metric = value
        depth = depth + 1 if custom else 0 if isinstance(value, KERAS) else depth
        for name, child in _children(value):
            self._visit(route + name, child, metric, depth)


def _children(value: Any) -> list[tuple[str, Any]]:
    """The objects inside an object, with the code that gets them from it: ".name", "[0]" or "['key']"."""
    if isinstance(value, (list, tuple, set)):
        return [(f"[{index}]", child) for index, child in enumerate(value)]
    items = [(f"[{key!r}]", child) for key, child in value.items()] if isinstance(value, Mapping) else []
    if not isinstance(value, dict):  # TensorFlow lists the attributes again in "_self_..."
        items += [(f".{name}", child) for name, child in vars(value).items() if not name.startswith("_self_")]
    return items


def _is_custom(value: Any) -> bool:
    """Whether an object is of the user's own class, or a mere container for attributes."""
    custom = _package(value) not in STATELESS or isinstance(value, types.SimpleNamespace)
    return custom and hasattr(value, "__dict__") and not isinstance(value, type)


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _tensorflow(name: str) -> tuple[type, ...]:
    """A class of TensorFlow as a tuple, which is empty if TensorFlow is not imported."""
    tensorflow = sys.modules.get("tensorflow")
    return () if tensorflow is None else (operator.attrgetter(name)(tensorflow),)


def storage(variable: Any) -> Any:
    """The backend's variable inside a Keras variable; any other variable itself."""
    return variable.value if isinstance(variable, keras.Variable) else variable
