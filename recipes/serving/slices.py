"""slices_of: parts of the test examples by the values of a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument
from ..data.input_arrays import is_absent
from ..data.named_arrays import length
from ..data.spec import Spec
from .gate import by_users_names

__all__ = ["Slices", "slices_of"]

Slices = Sequence[str] | Mapping[str, Any]
"""Names of columns of the inputs, or name -> a value for each test example."""

FEWEST = 20
"""Values of fewer examples are no slice: they would say little, and make the others less certain."""

MOST = 20
"""Numbers of more values are cut at their quartiles; of strings this many values are slices, the commonest."""


def slices_of(slices: Slices, x: Any, spec: Spec) -> list[tuple[str, np.ndarray]]:
    """(what to call it, positions of its examples) of each slice.

    Args:
        slices: the columns.
        x: raw inputs: an array, or several by the model's names.
        spec: of the data.

    Raises:
        InvalidArgument: for unknown columns, those of images, texts and the like, and where no value has 20 examples.

    Example:
        >>> slices_of({"town": ["Ulm"] * 30 + ["Bonn"] * 4}, np.zeros((34, 2)), spec)[0][0]      # doctest: +SKIP
        "town 'Ulm'"
    """
    if isinstance(slices, str) or not isinstance(slices, (Mapping, Sequence)):
        raise InvalidArgument("slices", slices, "a list of names of columns, or a dictionary of values by name")
    columns = dict(slices) if isinstance(slices, Mapping) else _columns(slices, x, spec)
    parts: list[tuple[str, np.ndarray]] = []
    for name, column in columns.items():
        values = np.asarray(column)
        if values.shape != (length(x),):
            accepted = f"a value for each of {length(x)} test examples"
            raise InvalidArgument(f"slices[{name!r}]", f"an array of shape {values.shape}", accepted)
        named = [(f"{name} {value}", members) for value, members in _parts(values) if len(members) >= FEWEST]
        if not named:
            raise InvalidArgument("slices", name, f"columns with a value of at least {FEWEST} test examples")
        parts += named
    return parts


def _columns(names: Sequence[str], x: Any, spec: Spec) -> dict[str, Any]:
    by_name = by_users_names(x, spec) if spec.record or spec.feature_names else {}
    shapes = {feature.name: feature.shape for feature in spec.features} if spec.record else {}
    known = [name for name in by_name if not shapes.get(name) and _kind(name, spec) != "text"]
    for name in names:
        if name not in known:
            accepted = f"columns of the inputs: {', '.join(known)}" if known else "a dictionary of values by name"
            raise InvalidArgument("slices", name, accepted)
    return {name: np.asarray(by_name[name]) for name in names}


def _kind(name: str, spec: Spec) -> str:
    return next((feature.kind for feature in spec.features if feature.name == name), "number")


def _parts(values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """(value in words, positions) of the values of a column; of many numbers, of their quarters."""
    absent = np.array([bool(is_absent(value)) for value in values.tolist()])
    missing = [("missing", np.flatnonzero(absent))] if absent.any() else []
    places = np.flatnonzero(~absent)
    present = values[places]
    if present.dtype.kind in "fiu" and len(np.unique(present)) > MOST:
        cuts = np.unique(np.quantile(present, [0.25, 0.5, 0.75]))
        quarters = np.searchsorted(cuts, present, side="right")
        return [
            _quarter(present, places, quarters == k) for k in range(len(cuts) + 1) if (quarters == k).any()
        ] + missing
    texts = present if present.dtype.kind in "fiub" else np.array(list(map(str, present)), object)
    different, counts = np.unique(texts, return_counts=True)
    common = different[np.sort(np.argsort(-counts, kind="stable")[:MOST])]
    return [*((repr(value), places[texts == value]) for value in common.tolist()), *missing]


def _quarter(present: np.ndarray, places: np.ndarray, inside: np.ndarray) -> tuple[str, np.ndarray]:
    return f"from {present[inside].min():.6g} to {present[inside].max():.6g}", places[inside]
