"""warn_of_rounding: columns and targets whose values a floating-point type does not keep apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....callbacks.warning import warn
from ..named_arrays import Inputs
from ..spec import Spec
from .scaling import Scaling

__all__ = ["warn_of_rounding"]

VISIBLE = 0.01
"""The share of a column's scale from which on the distance of neighbouring numbers counts."""

DIGITS = {"float32": 24, "float64": 53}
"""Bits of the significand: whole numbers up to this power of 2 are exact."""

ROWS = 10_000
"""Maximum number of rows that are searched for fractions."""

LOST = "subtract a constant, or pass a wider type if the values come from one"
KEPT = "the model takes them as float64; give Keras' predict a tf.data.Dataset, as it rounds NumPy arrays to float32"
TARGETS = "targets, predictions, loss and metrics are in float64"


def warn_of_rounding(spec: Spec, x: Inputs, y: np.ndarray) -> None:
    """Warns of columns and targets whose values do not stay apart in float32, and says what becomes of them.

    Args:
        spec: the Spec of the data.
        x, y: the training split; the columns of x by the user's names.

    Example:
        >>> warn_of_rounding(spec, *data.arrays("train"))        # doctest: +SKIP
    """
    for every, kept in ((_inputs(spec, x), KEPT), (_targets(spec, y), TARGETS)):
        columns = [column for column in every if column.dtype in DIGITS and column.merges("float32")]
        lost = [column for column in columns if column.merges(column.precision)]
        if lost:
            _warn(spec.name, lost, lost[0].precision, LOST)
        if len(lost) < len(columns):
            _warn(spec.name, [column for column in columns if column not in lost], "float32", kept)


@dataclass(frozen=True, eq=False)
class _Column:
    """A column: what messages call it, its centre and scale, its type and its values in training."""

    label: str
    centre: float
    scale: float
    dtype: str
    values: Any

    @property
    def precision(self) -> str:
        """The type that the values came from: float32 for float64 ones that float32 holds, as TFDS stores them."""
        values = np.asarray(self.values[:ROWS], np.float64)
        with np.errstate(over="ignore"):
            return "float32" if np.array_equal(values, values.astype(np.float32), equal_nan=True) else self.dtype

    def merges(self, dtype: str) -> bool:
        """Whether values that matter become equal in this floating-point type."""
        if spacing(self.centre, dtype) <= VISIBLE * self.scale:
            return False
        if abs(self.centre) >= 2.0 ** DIGITS[dtype]:
            return True
        values = np.asarray(self.values[:ROWS], np.float64)
        return bool((values[~np.isnan(values)] % 1 != 0).any())


def spacing(value: float, dtype: str) -> float:
    """The distance of neighbouring numbers of a floating-point type near ``value``.

    Example:
        >>> spacing(1.7e9, "float32")
        128.0
    """
    return float(np.spacing(np.abs(np.dtype(dtype).type(value))))


def _inputs(spec: Spec, x: Inputs) -> list[_Column]:
    """The columns of numbers: of a table, or of a record's or a sequence's features."""
    if spec.kind == "image":
        return []
    if not spec.record and not spec.features:
        scaling = Scaling.of(spec.input_mean, spec.input_variance, spec.input_median, spec.input_spread)
        labels = [f"column {name!r}" for name in spec.feature_names or range(spec.input_shape[0])]
        return list(_of_array(labels, scaling, x))
    columns: list[_Column] = []
    for feature in spec.features:
        if feature.kind in ("number", "vector", "sequence") and feature.dtype != "string":
            scaling = Scaling.of(feature.mean, feature.variance, feature.median, feature.spread)
            label = f"column {feature.name!r}" if spec.record else "the inputs"
            labels = [label] if not feature.shape else [f"{label}[{place}]" for place in range(len(scaling.scale))]
            columns += _of_array(labels, scaling, x[feature.name] if spec.record else x)
    return columns


def _targets(spec: Spec, y: np.ndarray) -> list[_Column]:
    if spec.task != "regression":
        return []
    labels = ["the target"] if y.ndim == 1 else [f"target {number}" for number in range(y.shape[1])]
    mean, variance = (np.atleast_1d(statistic).tolist() for statistic in (spec.target_mean, spec.target_variance))
    return list(_of_array(labels, Scaling.of(mean, variance), y))


def _of_array(labels: Sequence[str], scaling: Scaling, values: Any) -> Iterator[_Column]:
    for place, (label, centre, scale) in enumerate(zip(labels, scaling.centre, scaling.scale, strict=True)):
        column = values[:ROWS].reshape(len(values[:ROWS]), -1, len(labels))[..., place]
        yield _Column(label, centre, scale, values.dtype.name, column)


def _warn(name: str, columns: Sequence[_Column], dtype: str, remedy: str) -> None:
    first = columns[0]
    shown = ", ".join(column.label for column in columns[:3])
    more = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
    apart = f"{spacing(first.centre, dtype):.3g} apart near {first.centre:.4g}"
    of = f"{first.label}: " if len(columns) > 1 else ""
    warn(
        f"dataset {name!r}: {dtype} does not keep the values of {shown}{more} apart ({of}its numbers are {apart}, where"
        f" the values differ by about {first.scale:.3g}); {remedy}",
    )
