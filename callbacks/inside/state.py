"""The state of a training: every variable that is reachable from its model, and all random states.

What the callbacks remember is the third part; see :mod:`callbacks.resume.callback_state`.
"""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np

from .optimizer_values import trained_variables
from .random_state import random_state, set_random_state
from .reachable import Reachable, storage

__all__ = ["check_visible", "set_training_state", "training_state"]


def check_visible(model: keras.Model) -> None:
    """Builds the optimizer of a compiled model, and raises if part of the training's state could not be kept.

    Raises:
        ValueError: for a model that is not built, another optimizer that is neither built nor can be made again from
            its configuration, or a Python iterator among the attributes.
    """
    found = Reachable(model)
    for layer in found.layers.values():
        if not layer.built and type(layer).build not in (keras.Layer.build, keras.Model.build):
            raise ValueError(
                "The model must be built before its state can be kept: give it an Input, or call it once. "
                f"Received: {'model' if layer is model else f'model={model.name!r} with layer'}={layer.name!r}"
            )
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
    for route, other in found.optimizers.items():
        if not other.built:
            try:
                type(other).from_config(other.get_config())
            except Exception as error:  # whatever the configuration of a stranger's class does
                raise ValueError(
                    f"An optimizer must be built, or have a get_config() from which it can be made again, before its "
                    f"state can be kept ({error}): call optimizer.build(variables). Received: model{route}={other!r}"
                ) from None
    if found.unseen:
        raise ValueError(
            "The state of a training cannot be kept where the model holds an iterator, whose position cannot be read. "
            f"Received: {', '.join(f'model{route}' for route in found.unseen)}"
        )


def training_state(model: keras.Model) -> dict[str, Any]:
    """Everything that training changes, as plain values and arrays that :class:`callbacks.Resume` can write.

    That is all of :class:`Reachable`, and the random states of Python, NumPy and Keras. No part of it: numbers in plain
    attributes, what only closures refer to, and the seed that TensorFlow's own random operations draw from.

    Args:
        model: built and compiled; see :func:`check_visible`.

    Raises:
        ValueError: as :func:`check_visible`.

    Example:
        >>> before = training_state(model)   # doctest: +SKIP
        >>> model.fit(...)
        >>> set_training_state(model, before)
    """
    check_visible(model)
    found = Reachable(model)
    routes = {id(each): route for route, variable in found.variables.items() for each in (variable, storage(variable))}
    return {
        "variables": {route: np.array(variable.numpy()) for route, variable in found.variables.items()},
        "metrics": list(found.metrics),
        "optimizers": {
            route: [routes[id(each)] for each in trained_variables(optimizer)] if optimizer.built else None
            for route, optimizer in found.optimizers.items()
        },
        "generators": {route: _generator_state(each) for route, each in found.generators.items()},
        "random": random_state(),
    }


def set_training_state(model: keras.Model, state: dict[str, Any]) -> None:
    """Puts back what :func:`training_state` returned for this model, or for one that the same program has made.

    An optimizer that was built then is built now; one that was not is set to what a new one has. So are metrics.

    Raises:
        ValueError: for a variable that was not there then, or is not there now, and belongs to neither.
    """
    found = Reachable(model)
    for route, trained in state["optimizers"].items():
        optimizer = found.optimizers.get(route)
        if trained is not None and optimizer is not None and not optimizer.built:
            optimizer.build([found.variables[each] for each in trained])
    found = Reachable(model)
    unknown = {id(variable): route for route, variable in found.variables.items() if route not in state["variables"]}
    _assign(found, state)
    for route, optimizer in found.optimizers.items():
        if optimizer.built and state["optimizers"].get(route) is None:
            unknown = {key: each for key, each in unknown.items() if key not in set(map(id, optimizer.variables))}
            _set_as_new(optimizer)
            _assign(found, state)  # it had some variables before it was built
    for key, route in list(unknown.items()):
        if route in found.metrics:
            found.metrics[route].reset_state()
            del unknown[key]
    missing = [route for route in state["variables"] if route not in {*found.variables, *state["metrics"]}]
    if unknown or missing:
        routes = ", ".join(f"model{route}" for route in [*unknown.values(), *missing])
        raise ValueError(f"The model must have the variables that it had when its state was kept. Received: {routes}")
    for route, value in state["generators"].items():
        if route in found.generators:
            _set_generator_state(found.generators[route], value)
    set_random_state(state["random"])


def _assign(found: Reachable, state: dict[str, Any]) -> None:
    for route, variable in found.variables.items():
        if route in state["variables"]:
            variable.assign(state["variables"][route])


def _set_as_new(optimizer: keras.Optimizer) -> None:
    """Sets an optimizer to what a new one with its configuration has after it is built."""
    new = type(optimizer).from_config(optimizer.get_config())
    new.build(trained_variables(optimizer))
    for variable, start in zip(optimizer.variables, new.variables, strict=True):
        variable.assign(start)


def _generator_state(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return generator.getstate()
    return generator.bit_generator.state if isinstance(generator, np.random.Generator) else generator.get_state()


def _set_generator_state(generator: Any, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate(state)
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    else:
        generator.set_state(state)
