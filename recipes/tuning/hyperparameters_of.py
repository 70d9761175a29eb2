"""hyperparameters_of: what a function that takes KerasTuner's HyperParameters tunes, as ranges and grids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..catalogue import Range
from ..registration.hyperparameters import HP, is_number
from .ranges import Grid

__all__ = ["hyperparameters_of"]

TRIES = 12
"""How often the function is called with other values, to find hyperparameters that only some values need."""

MOST = 64
"""An integer of more values is a range, whose values are rounded."""


def hyperparameters_of(build: Callable[..., Any], **options: Any) -> list[Range | Grid]:
    """The hyperparameters that a function asks for, with the range of each.

    Args:
        build: takes ``hp``, a ``keras_tuner.HyperParameters``. It is called several times.
        **options: what else it takes.

    Returns:
        In the order in which they are asked for. Of choices among other values than numbers a grid of positions.

    Raises:
        InvalidArgument: for one of another kind.

    Example:
        >>> [(p.name, p.values) for p in hyperparameters_of(lambda hp: hp.Choice("units", [8, 16]))]
        [('units', (8.0, 16.0))]
    """
    import keras_tuner

    hp, random, known = keras_tuner.HyperParameters(), np.random.default_rng(0), -1
    for _ in range(TRIES):
        build(**{HP: hp}, **options)
        if len(hp.space) == known == 0:
            break
        known = len(hp.space)
        hp.values = {parameter.name: parameter.random_sample(int(random.integers(2**31))) for parameter in hp.space}
    found = {parameter.name: parameter for parameter in hp.space}
    return [tunable for parameter in found.values() if (tunable := _tunable(parameter)) is not None]


def _tunable(parameter: Any) -> Range | Grid | None:
    """A hyperparameter of KerasTuner as a range or a grid; None if it is fixed."""
    kind, config = type(parameter).__name__, parameter.get_config()
    default = parameter.default
    if kind == "Fixed":
        return None
    if kind == "Boolean":
        return Grid(parameter.name, (0.0, 1.0), float(default))
    if kind == "Choice":
        values = list(parameter.values)
        if not all(map(is_number, values)):
            return _grid(parameter.name, list(range(len(values))), values.index(default))
        return _grid(parameter.name, values, default)
    if kind not in ("Int", "Float"):
        accepted = "made of Int, Float, Choice, Boolean and Fixed"
        raise InvalidArgument("hp", f"{kind} {parameter.name!r}", accepted)
    low, high, step, log = config["min_value"], config["max_value"], config.get("step"), config["sampling"] == "log"
    if kind == "Int" and not log and (high - low) // (step or 1) < MOST:
        return _grid(parameter.name, list(range(low, high + 1, step or 1)), default)
    if kind == "Float" and step and not log and (high - low) / step < MOST:
        return _grid(parameter.name, np.arange(low, high + step / 2, step).round(12).tolist(), default)
    return None if low == high else Range(parameter.name, float(low), float(high), float(default), log=log)


def _grid(name: str, values: list[Any], default: Any) -> Grid | None:
    return Grid(name, tuple(map(float, values)), float(default)) if len(values) > 1 else None
