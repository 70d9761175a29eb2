"""The state of a training: every variable reachable from its model, and all random states.

The callbacks' state is separate: see :mod:`callbacks.resume.callback_state`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from .layers import trained_weights
from .optimizer_values import trained_variables
from .random_state import random_state, set_random_state
from .reachable import Reachable, storage

__all__ = [
    "check_visible",
    "evaluation_state",
    "generator_state",
    "set_evaluation_state",
    "set_generator_state",
    "set_training_state",
    "training_state",
]


def check_visible(model: keras.Model) -> None:
    """Builds the optimizer of a compiled model, and raises if part of the training's state could not be saved.

    Raises:
        ValueError: for a model that is not built, another optimizer that is neither built nor can be made again from
            its configuration, or a Python iterator among the attributes.
    """
    reachable = Reachable(model)
    for layer in reachable.layers.values():
        if not layer.built and type(layer).build not in (keras.Layer.build, keras.Model.build):
            raise ValueError(
                "The model must be built before its state can be saved: give it an Input, or call it once. "
                f"Received: {'model' if layer is model else f'model={model.name!r} with layer'}={layer.name!r}"
            )
    main_optimizer = getattr(model, "optimizer", None)
    if main_optimizer is not None and not main_optimizer.built:
        main_optimizer.build(model.trainable_variables)
    for route, optimizer in reachable.optimizers.items():
        if not optimizer.built:
            try:
                type(optimizer).from_config(optimizer.get_config())
            except Exception as error:  # a user's class can raise anything
                raise ValueError(
                    f"An optimizer must be built, or have a get_config() from which it can be made again, before its "
                    f"state can be saved ({error}): call optimizer.build(variables). "
                    f"Received: model{route}={optimizer!r}"
                ) from None
    if reachable.unseen:
        raise ValueError(
            "The state of a training cannot be saved if the model holds an iterator, whose position cannot be read. "
            f"Received: {', '.join(f'model{route}' for route in reachable.unseen)}"
        )


def training_state(model: keras.Model) -> dict[str, Any]:
    """Everything that training changes, as plain values and arrays that :class:`callbacks.Resume` can save.

    That is all of :class:`Reachable`, and the random states of Python, NumPy and Keras. Left out are numbers in plain
    attributes, objects that only closures refer to, and the seed of TensorFlow's own random operations.

    Args:
        model: built and compiled; see :func:`check_visible`.

    Raises:
        ValueError: as for :func:`check_visible`.

    Example:
        >>> before = training_state(model)   # doctest: +SKIP
        >>> model.fit(...)
        >>> set_training_state(model, before)
    """
    check_visible(model)
    reachable = Reachable(model)
    routes = {id(variable): route for route, variable in reachable.variables.items()}
    routes |= {id(storage(variable)): route for route, variable in reachable.variables.items()}
    return {
        "variables": {route: _value(variable) for route, variable in reachable.variables.items()},
        "metrics": list(reachable.metrics),
        "optimizers": {
            route: [routes[id(variable)] for variable in trained_variables(optimizer)] if optimizer.built else None
            for route, optimizer in reachable.optimizers.items()
        },
        "generators": {route: generator_state(generator) for route, generator in reachable.generators.items()},
        "random": random_state(),
    }


def evaluation_state(model: keras.Model) -> list[tuple[Any, Any]]:
    """What an evaluation may change, such as metrics and the state of a stateful RNN: variables with their values.

    That is every reachable variable but the weights that can be trained, frozen ones too, and those of optimizers.

    Example:
        >>> before = evaluation_state(model)   # doctest: +SKIP
        >>> model.evaluate(x, y)
        >>> set_evaluation_state(before)
    """
    reachable = Reachable(model)
    untouched = {id(weight) for layer in reachable.layers.values() for weight in trained_weights(layer)}
    untouched |= {id(variable) for optimizer in reachable.optimizers.values() for variable in optimizer.variables}
    return [
        (variable, _value(variable))
        for variable in reachable.variables.values()
        if id(variable) not in untouched and id(storage(variable)) not in untouched
    ]


def set_evaluation_state(state: Sequence[tuple[Any, Any]]) -> None:
    """Restores what :func:`evaluation_state` returned."""
    for variable, value in state:
        _set_value(variable, value)


def set_training_state(model: keras.Model, state: dict[str, Any]) -> None:
    """Restores what :func:`training_state` returned for this model, or for the model of another run of the program.

    An optimizer that was built then is built now; one that was not gets the state of a new one. So do metrics.

    Raises:
        ValueError: for a variable that did not exist then, or does not now, and belongs to neither.
    """
    reachable = Reachable(model)
    for route, trained in state["optimizers"].items():
        optimizer = reachable.optimizers.get(route)
        if trained is not None and optimizer is not None and not optimizer.built:
            optimizer.build([reachable.variables[variable_route] for variable_route in trained])
    reachable = Reachable(model)
    variables = reachable.variables
    unknown = {id(variable): route for route, variable in variables.items() if route not in state["variables"]}
    _assign(reachable, state)
    for optimizer_route, optimizer in reachable.optimizers.items():
        if optimizer.built and state["optimizers"].get(optimizer_route) is None:
            unknown = {key: route for key, route in unknown.items() if key not in set(map(id, optimizer.variables))}
            _set_as_new(optimizer)
            _assign(reachable, state)  # it had some variables before it was built
    for key, route in list(unknown.items()):
        if route in reachable.metrics:
            reachable.metrics[route].reset_state()
            del unknown[key]
    missing = [route for route in state["variables"] if route not in {*variables, *state["metrics"]}]
    if unknown or missing:
        routes = ", ".join(f"model{route}" for route in [*unknown.values(), *missing])
        raise ValueError(f"The model must have the variables that it had when its state was saved. Received: {routes}")
    for route, value in state["generators"].items():
        if route in reachable.generators:
            set_generator_state(reachable.generators[route], value)
    set_random_state(state["random"])


def _assign(reachable: Reachable, state: dict[str, Any]) -> None:
    for route, variable in reachable.variables.items():
        if route in state["variables"]:
            _set_value(variable, state["variables"][route])


def _value(variable: Any) -> Any:
    """The value of a variable; a list of those of its copies, if it has several."""
    copies = [np.array(copy.numpy()) for copy in _copies(variable)]
    return copies[0] if len(copies) == 1 else copies


def _set_value(variable: Any, value: Any) -> None:
    if isinstance(value, list):
        for copy, part in zip(_copies(variable), value, strict=True):
            copy.assign(part)
    else:
        variable.assign(value)


def _copies(variable: Any) -> Sequence[Any]:
    """The variable of each replica, such as its own average in batch normalization; itself without a strategy."""
    copies = getattr(storage(variable), "values", None)
    return copies if isinstance(copies, (list, tuple)) else [variable]


def _set_as_new(optimizer: keras.Optimizer) -> None:
    """Gives an optimizer the state of a new one with the same configuration after it is built."""
    new = type(optimizer).from_config(optimizer.get_config())
    new.build(trained_variables(optimizer))
    for variable, start in zip(optimizer.variables, new.variables, strict=True):
        variable.assign(start)


def generator_state(generator: Any) -> Any:
    """The state of a random generator of NumPy or Python, as plain values and arrays."""
    if isinstance(generator, random.Random):
        return generator.getstate()
    return generator.bit_generator.state if isinstance(generator, np.random.Generator) else generator.get_state()


def set_generator_state(generator: Any, state: Any) -> None:
    """Restores what :func:`generator_state` returned."""
    if isinstance(generator, random.Random):
        generator.setstate(state)
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    else:
        generator.set_state(state)
