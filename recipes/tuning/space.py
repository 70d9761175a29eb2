"""The search space: the settings to try for an arm, spread evenly over its ranges, and the space for KerasTuner."""

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
"""A best learning rate within this fraction of its (log) range from an end is suspect: the range may be too narrow."""

BEYOND = 10.0
"""The factor by which a range of learning rates is widened."""

DIMENSIONS = 16
"""Dimensions of the Sobol sequence: more than an arm has hyperparameters."""


def settings(arm: Arm, trials: int, seed: int) -> list[dict[str, float]]:
    """Settings of an arm's hyperparameters, from a scrambled Sobol sequence over their ranges.

    Every arm gets the same points of the unit cube, mapped to its own ranges (on a log scale where a range has one), so
    no arm is luckier than another.

    Args:
        arm: the arm to tune.
        trials: the number of settings, >= 1.
        seed: of the scrambling, >= 0.

    Returns:
        A list of dicts, name -> value.

    Source: Sobol 1967; Bergstra and Bengio 2012 on why not a grid.

    Example:
        >>> arm = Arm("adam", "none")
        >>> [round(values["learning_rate"], 4) for values in settings(arm, 2, seed=0)]      # doctest: +SKIP
    """
    check_integer("trials", trials, low=1)
    check_integer("seed", seed, low=0)
    return _at_points(arm.hyperparameters, 0, trials, seed)


def settings_beyond(arm: Arm, learning_rate: float, trials: int, more: int, seed: int) -> list[dict[str, float]]:
    """Settings in the decade beyond the end of the arm's range of learning rates that is nearer to ``learning_rate``.

    They are the next points of the sequence; all other hyperparameters are as in :func:`settings`.

    Args:
        arm: the arm to tune.
        learning_rate: the best rate so far, near an end of the arm's range.
        trials: the number of settings tried before.
        more: the number of settings to add, >= 1.
        seed: of the scrambling.
    """
    rate, *others = arm.hyperparameters
    low = abs(math.log(learning_rate / rate.low)) < abs(math.log(learning_rate / rate.high))
    start, end = (rate.low / BEYOND, rate.low) if low else (rate.high, rate.high * BEYOND)
    return _at_points([dataclasses.replace(rate, low=start, high=end), *others], trials, trials + more, seed)


def _at_points(ranges: Sequence[Range], start: int, end: int, seed: int) -> list[dict[str, float]]:
    """The values at the points ``start`` to ``end`` (exclusive) of the sequence."""
    return [
        {parameter.name: parameter.at(float(fraction)) for parameter, fraction in zip(ranges, point, strict=False)}
        for point in _points(max(DIMENSIONS, len(ranges)), end, seed)[start:]
    ]


@functools.lru_cache(maxsize=8)
def _points(dimensions: int, count: int, seed: int) -> np.ndarray:
    """Points of the unit cube. Their dimension does not depend on the arm, since the scrambling depends on it."""
    from scipy.stats import qmc

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The balance properties", UserWarning)  # for counts other than powers of two
        return qmc.Sobol(dimensions, scramble=True, rng=seed).random(count)


def at_edge(arm: Arm, learning_rate: float) -> bool:
    """Whether a learning rate lies so near an end of the searched range that the best may lie outside.

    A rate beyond the arm's range comes from a range that was widened by a decade on that side.
    """
    rates = arm.hyperparameters[0]
    low = rates.low / BEYOND if learning_rate < rates.low else rates.low
    high = rates.high * BEYOND if learning_rate > rates.high else rates.high
    searched = dataclasses.replace(rates, low=low, high=high)
    return not searched.at(EDGE) <= learning_rate <= searched.at(1.0 - EDGE)


def key_of(optimizer: str, name: str) -> str:
    """The name of an arm's hyperparameter in KerasTuner, where each optimizer has its own learning rate."""
    return f"{optimizer}.{name}" if name == "learning_rate" else name


def declare(hp: Any, arms: Sequence[Arm]) -> Any:
    """Adds the whole space to KerasTuner's ``HyperParameters``; an arm's values are active only for its choices.

    Args:
        hp: a ``keras_tuner.HyperParameters``.
        arms: the arms to compare.

    Returns:
        ``hp``, with a choice per compared factor and, in conditional scopes, "adam.learning_rate", "l2.strength", ...
    """
    levels = {name: list(dict.fromkeys(arm.choices[name] for arm in arms)) for name in arms[0].choices}
    for name, names in levels.items():
        hp.Choice(name, names)
    for optimizer in levels["optimizer"]:
        rate = Arm(optimizer, "none").hyperparameters[0]
        with hp.conditional_scope("optimizer", [optimizer]):
            hp.Float(key_of(optimizer, rate.name), rate.low, rate.high, sampling="log")
    strengths = {strength.name: strength for arm in arms for strength in arm.hyperparameters[1:]}
    for name, strength in strengths.items():
        tuned = [arm for arm in arms if name in [parameter.name for parameter in arm.hyperparameters]]
        with hp.conditional_scope("regularizer", list(dict.fromkeys(arm.regularizer for arm in tuned))):
            hp.Float(name, strength.low, strength.high, sampling="log" if strength.log else "linear")
    return hp


def arm_at(hp: Any) -> tuple[Arm, dict[str, float]]:
    """The arm and the values of its hyperparameters in KerasTuner's ``HyperParameters``."""
    arm = Arm(**{name: hp.values[name] for name in FACTORS if name in hp.values})
    names = [parameter.name for parameter in arm.hyperparameters]
    return arm, {name: hp.values[key_of(arm.optimizer, name)] for name in names}
