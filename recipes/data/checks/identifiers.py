"""Warnings of inputs that are called an id: one of each example, or one of several examples that belong together."""

from __future__ import annotations

import re

import numpy as np

from ....callbacks.warning import warn
from ..named_arrays import Inputs
from ..spec import Spec

__all__ = ["is_called_an_id", "warn_of_identifiers"]

FEWEST = 20
"""Minimum number of examples, and of different values of one that groups examples."""
MOST = 100_000
"""Maximum number of examples to look at."""
DIFFERENT, REPEATED = 0.99, 0.67
"""The share of values that are different: at least the first number where each example has its own, at most the second
where several have one."""
IDS = {"id", "ids", "uid", "uuid", "guid", "identifier"}
BEINGS = {"patient", "subject", "person", "customer", "client", "user", "household", "donor", "speaker", "animal"}
"""Last words of names of ids, and names of whom several examples may be of."""


def is_called_an_id(name: str) -> bool:
    """Whether the last word of a name is "id" or the like, or the name that of somebody.

    Example:
        >>> is_called_an_id("transaction_id"), is_called_an_id("PassengerId"), is_called_an_id("humid")
        (True, True, False)
    """
    words = [word.lower() for word in re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    return bool(words) and (words[-1] in IDS or (len(words) == 1 and words[0] in BEINGS))


def warn_of_identifiers(spec: Spec, x: Inputs, *, grouped: bool) -> None:
    """Warns of whole numbers and categories that are called an id, one line each.

    Where hardly two examples have the same, the column should be left out; where several have, it should keep them in
    one split, unless the splits are made by groups or times already.

    Args:
        spec: the Spec of the data.
        x: the training split.
        grouped: whether groups or times decide about the splits.

    Example:
        >>> warn_of_identifiers(spec, data.arrays("train")[0], grouped=False)        # doctest: +SKIP
    """
    for name, values in _called(spec, x):
        if len(values) < FEWEST or (values.dtype.kind == "f" and not _are_whole(values)):
            continue
        count = len(np.unique(values.astype(str) if values.dtype == object else values))
        if count >= DIFFERENT * len(values):
            if values.dtype.kind in "iuf" and float(values.max()) - float(values.min()) >= 2 * len(values):
                warn(
                    f"dataset {spec.name!r}: column {name!r} is called an id, and hardly two of its values are equal;"
                    f" if it says nothing else, leave it out: exclude=[{name!r}]"
                )
        elif FEWEST <= count <= REPEATED * len(values) and not grouped:
            warn(
                f"dataset {spec.name!r}: several examples share a value of column {name!r} ({count:,} in"
                f" {len(values):,}), and other splits may have it, too; groups={name!r} keeps them in one split and"
                " leaves the column out"
            )


def _called(spec: Spec, x: Inputs) -> list[tuple[str, np.ndarray]]:
    """The columns that are called ids, and their first values."""
    if isinstance(x, dict):
        kinds = {feature.name: feature.kind for feature in spec.features}
        names = [name for name in x if kinds.get(name) in ("number", "category") and is_called_an_id(name)]
        return [(name, np.asarray(x[name][:MOST])) for name in names]
    places = {name: place for place, name in enumerate(spec.feature_names) if is_called_an_id(name)}
    return [(name, np.asarray(x[:MOST])[:, place]) for name, place in places.items()]


def _are_whole(values: np.ndarray) -> bool:
    return bool((values == np.round(values)).all())  # and none is missing
