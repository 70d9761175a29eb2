"""The settings that are tried for each arm: the same budget, spread evenly over each arm's own ranges."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from callbacks.checks import check_integer
from recipes.tuning.arms import Arm

__all__ = ["at_edge", "declare", "settings"]

EDGE = 0.1
"""A best learning rate within this share of its (log) range from either end is suspect: the range may be too narrow."""

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
    from scipy.stats import qmc

    check_integer("trials", trials, low=1)
    check_integer("seed", seed, low=0)
    ranges = arm.hyperparameters
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The balance properties", UserWarning)  # of counts that are no power of two
        # The scrambling depends on the number of dimensions: always as many, of which an arm takes the first ones.
        points = qmc.Sobol(max(DIMENSIONS, len(ranges)), scramble=True, rng=seed).random(trials)[:, : len(ranges)]
    return [
        {each.name: each.at(float(fraction)) for each, fraction in zip(ranges, point, strict=True)} for point in points
    ]


def at_edge(arm: Arm, learning_rate: float) -> bool:
    """Whether a learning rate lies so near an end of the arm's range that the best may lie outside."""
    each = arm.hyperparameters[0]
    return not each.at(EDGE) <= learning_rate <= each.at(1.0 - EDGE)


def declare(hp, arms: Sequence[Arm]):
    """Adds the whole space to KerasTuner's ``HyperParameters``: an arm's values exist only under its names.

    Args:
        hp: a ``keras_tuner.HyperParameters``.
        arms: what is compared.

    Returns:
        ``hp``, with "optimizer" and "regularizer" and, in conditional scopes, "adam.learning_rate", "l2.strength", ...
    """
    optimizers = list(dict.fromkeys(arm.optimizer for arm in arms))
    regularizers = list(dict.fromkeys(arm.regularizer for arm in arms))
    hp.Choice("optimizer", optimizers)
    hp.Choice("regularizer", regularizers)
    for optimizer in optimizers:
        rate = Arm(optimizer, "none").hyperparameters[0]
        with hp.conditional_scope("optimizer", [optimizer]):
            hp.Float(f"{optimizer}.learning_rate", rate.low, rate.high, sampling="log")
    strengths = {each.name: each for arm in arms for each in arm.hyperparameters[1:]}
    for name, each in strengths.items():
        users = [r for r in regularizers if name in [h.name for h in Arm(optimizers[0], r).hyperparameters]]
        with hp.conditional_scope("regularizer", users):
            hp.Float(name, each.low, each.high, sampling="log" if each.log else "linear")
    return hp
