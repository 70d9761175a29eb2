"""The settings that are tried for each arm: the same budget, spread evenly over each arm's own ranges."""

from __future__ import annotations

import dataclasses
import functools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import check_integer
from ..catalogue import Range
from .arms import Arm
from .factors import FACTORS

__all__ = ["arm_at", "at_edge", "declare", "key_of", "settings", "settings_beyond"]

EDGE = 0.1
"""A best learning rate within this share of its (log) range from either end is suspect: the range may be too narrow."""

BEYOND = 10.0
"""By what a range of learning rates is widened where that is asked for."""

DIMENSIONS = 16
"""More hyperparameters than an arm has."""


def settings(arm: Arm, trials: int, seed: int) -> list[dict[str, float]]:
    """``trials`` settings of an arm's hyperparameters, from a scrambled Sobol sequence over its ranges.

    Every arm gets the same points of the unit cube, mapped to its own ranges (log-scaled where the range says so), so
    none is luckier than another.

    Args:
        arm: what is tuned.
        trials: how many settings, >= 1.
        seed: of the scrambling, >= 0.

    Returns:
        A list of name -> value.

    Source: Sobol 1967; Bergstra and Bengio 2012 on why not a grid.

    Example:
        >>> [round(each["learning_rate"], 4) for each in settings(Arm("adam", "none"), 2, seed=0)]  # doctest: +SKIP
    """
    check_integer("trials", trials, low=1)
    check_integer("seed", seed, low=0)
    return _at_points(arm.hyperparameters, 0, trials, seed)


def settings_beyond(arm: Arm, learning_rate: float, trials: int, more: int, seed: int) -> list[dict[str, float]]:
    """``more`` settings past the end of the arm's range at which a learning rate lies: the next points of the sequence.

    The rates are those of the decade beyond the nearer end; all else is as in :func:`settings`.

    Args:
        arm: what is tuned.
        learning_rate: near an end of the arm's range.
        trials: settings tried before.
        more: how many to add, >= 1.
        seed: of the scrambling.
    """
    rate, *others = arm.hyperparameters
    low = abs(math.log(learning_rate / rate.low)) < abs(math.log(learning_rate / rate.high))
    start, end = (rate.low / BEYOND, rate.low) if low else (rate.high, rate.high * BEYOND)
    return _at_points([dataclasses.replace(rate, low=start, high=end), *others], trials, trials + more, seed)


def _at_points(ranges: Sequence[Range], start: int, end: int, seed: int) -> list[dict[str, float]]:
    """The values at these points of the sequence."""
    return [
        {each.name: each.at(float(fraction)) for each, fraction in zip(ranges, point, strict=False)}
        for point in _points(max(DIMENSIONS, len(ranges)), end, seed)[start:]
    ]


@functools.lru_cache(maxsize=8)
def _points(dimensions: int, count: int, seed: int) -> np.ndarray:
    """Points of the unit cube. The scrambling depends on their dimension: always the same, whatever an arm takes."""
    from scipy.stats import qmc

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The balance properties", UserWarning)  # of counts that are no power of two
        return qmc.Sobol(dimensions, scramble=True, rng=seed).random(count)


def at_edge(arm: Arm, learning_rate: float) -> bool:
    """Whether a learning rate lies so near an end of what was searched that the best may lie outside.

    A rate beyond the arm's range comes from a range that was widened by a decade on that side.
    """
    each = arm.hyperparameters[0]
    low = each.low / BEYOND if learning_rate < each.low else each.low
    high = each.high * BEYOND if learning_rate > each.high else each.high
    searched = dataclasses.replace(each, low=low, high=high)
    return not searched.at(EDGE) <= learning_rate <= searched.at(1.0 - EDGE)


def key_of(optimizer: str, name: str) -> str:
    """What KerasTuner calls a hyperparameter of an arm: each optimizer has a learning rate of its own."""
    return f"{optimizer}.{name}" if name == "learning_rate" else name


def declare(hp: Any, arms: Sequence[Arm]) -> Any:
    """Adds the whole space to KerasTuner's ``HyperParameters``: an arm's values exist only under its names.

    Args:
        hp: a ``keras_tuner.HyperParameters``.
        arms: what is compared.

    Returns:
        ``hp``, with a choice for each factor that is compared and, in conditional scopes, "adam.learning_rate",
        "l2.strength", ...
    """
    levels = {name: list(dict.fromkeys(arm.choices[name] for arm in arms)) for name in arms[0].choices}
    for name, names in levels.items():
        hp.Choice(name, names)
    for optimizer in levels["optimizer"]:
        rate = Arm(optimizer, "none").hyperparameters[0]
        with hp.conditional_scope("optimizer", [optimizer]):
            hp.Float(key_of(optimizer, rate.name), rate.low, rate.high, sampling="log")
    strengths = {each.name: each for arm in arms for each in arm.hyperparameters[1:]}
    for name, each in strengths.items():
        users = list(dict.fromkeys(a.regularizer for a in arms if name in [h.name for h in a.hyperparameters]))
        with hp.conditional_scope("regularizer", users):
            hp.Float(name, each.low, each.high, sampling="log" if each.log else "linear")
    return hp


def arm_at(hp: Any) -> tuple[Arm, dict[str, float]]:
    """The arm and the values of its hyperparameters that KerasTuner's ``HyperParameters`` stand at."""
    arm = Arm(**{name: hp.values[name] for name in FACTORS if name in hp.values})
    return arm, {each.name: hp.values[key_of(arm.optimizer, each.name)] for each in arm.hyperparameters}
