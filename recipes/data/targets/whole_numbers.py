"""Whole numbers as targets: whether they are labels of classes or quantities, where no task is passed."""

from __future__ import annotations

import numpy as np

from ....callbacks.warning import warn

__all__ = ["FEW", "are_labels", "warn_of_flags", "warn_of_quantities", "warn_of_scale", "warn_of_unlabelled"]

FEW = 20
"""So many different whole numbers are labels of classes, whatever their values, if each occurs at least twice."""


def are_labels(y: np.ndarray, *, single: bool = False) -> bool:
    """Whether whole numbers are labels of classes rather than quantities.

    They are if they are all of 0..k-1 or 1..k, and each occurs at least twice or there are at most :data:`FEW`; or if
    there are at most :data:`FEW`, whatever their values, and each occurs at least twice. Prices, counts and identifiers
    have more values, with gaps between them, or some that occur once. Nor are numbers of which most occur once.

    Args:
        y: shape (n,), integers.
        single: whether classes of a single example are expected, so that some numbers may occur once. Default False.

    Example:
        >>> are_labels(np.array([1, 2, 2, 2])), are_labels(np.arange(300) % 100), are_labels(np.arange(300) * 1000)
        (True, True, False)
    """
    values, counts = np.unique(y, return_counts=True)
    if not len(values):
        return True
    first, last = int(values[0]), int(values[-1])
    numbered = first in (0, 1) and last - first == len(values) - 1
    several = single or bool(counts.min() > 1)
    if len(values) > FEW:
        return numbered and several
    return several or len(values) <= 2 or (numbered and 2 * len(values) <= len(y))


def warn_of_quantities(argument: str, y: np.ndarray) -> None:
    """Warns that whole numbers were taken as quantities, and says how to say otherwise."""
    values = np.unique(y)
    warn(
        f"{argument} has {len(values):,} different whole numbers, from {values[0]:,} to {values[-1]:,}: this is a"
        " regression; pass task='multiclass' if they are classes, or task='regression' to confirm",
    )


def warn_of_flags(argument: str) -> None:
    """Warns that floats that are all 0 or 1 were taken as quantities, and says how to say otherwise."""
    warn(
        f"{argument} has only the floats 0.0 and 1.0: this is a regression; pass task='binary' if they are classes, or"
        " task='regression' to confirm",
    )


def warn_of_scale(argument: str, y: np.ndarray) -> None:
    """Warns that the few whole numbers that a dataset declares as numbers were taken as quantities."""
    values = np.unique(y)
    if len(values) <= FEW:
        warn(
            f"{argument} has {len(values)} different whole numbers, from {values[0]:,} to {values[-1]:,}, which it does"
            " not declare as classes: this is a regression; pass task='multiclass' if they are classes, or"
            " task='regression' to confirm"
        )


def warn_of_unlabelled(argument: str, values: np.ndarray, count: int) -> None:
    """Warns of a class -1 beside 0..k-1, at least three, which often stands for examples without a label.

    Args:
        argument: name of the targets.
        values: the sorted labels of training.
        count: how often -1 is among them.

    Example:
        >>> warn_of_unlabelled("y", np.array([-1, 0, 1]), 9)  # signs
    """
    if len(values) > 3 and values[0] == -1 and (values == np.arange(-1, len(values) - 1)).all():
        warn(
            f"{argument} has {count:,} times the label -1 beside 0..{values[-1]:,}: it is a class like the others;"
            " leave these examples out if they have no label"
        )
