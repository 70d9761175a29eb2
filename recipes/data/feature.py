"""Feature: what a model has to know about one input of a record: its kind, shape, type and training statistics."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from ...callbacks.checks import InvalidArgument, check_choice, check_integer, check_number

__all__ = ["FEATURE_KINDS", "MISSING", "Feature", "finite"]

FEATURE_KINDS = ("number", "category", "text", "vector", "sequence", "image")
MISSING = "nan"
"""How a Feature says that NaN stands for a missing value: JSON has no NaN."""

RANKS = {"number": 0, "category": 0, "text": 0, "vector": 1, "sequence": 2, "image": 3}
MEASURED = ("number", "vector", "sequence", "image")


@dataclass(frozen=True)
class Feature:
    """One input of a record. Immutable; as part of a Spec it travels with a model as JSON.

    Args:
        name: what the user calls it; that of a nested record has its parents before it, joined by ".".
        kind: ``"number"`` (integers, floats or booleans), ``"category"`` (strings or integers of a small set),
            ``"text"`` (strings of words), ``"vector"``, ``"sequence"`` (of vectors) or ``"image"``.
        shape: of one example: () for numbers, categories and texts, (size,) for vectors, (steps, size) for sequences,
            with steps None where their length varies, (height, width, channels) for images.
        dtype: of the raw values as they are stored, e.g. ``"float32"``, ``"int64"``, ``"bool"``, ``"string"``.
        mean, variance: over the training split only, without missing values and padding, in raw units: one number for
            a number, one a position for vectors and sequences, one a channel for images; () for categories and texts.
            A variance is never 0.
        vocabulary: of a category its values, of a text its words, most frequent in training first; () for the rest.
        missing: the value that stands for a missing number: ``"nan"``, or a number; None where none are missing.
        length: of a text, how many words a model reads, >= 1; of a sequence, the most steps in training.
        padding: what fills up sequences after their end: a number that no real value equals; None if none is needed.
        high: of an image, the largest value in training; None for the rest.
        input: of a record's feature, what the model calls it: see :class:`recipes.data.names.Names`, by which a Spec
            names those that have no name yet (""). None in descriptions of before 0.2: there ``name`` was the model's.

    Raises:
        InvalidArgument: for a field that has the wrong type or contradicts another; it names the field.

    Example:
        >>> age = Feature("age", "number", dtype="float32", mean=(29.9,), variance=(207.0,), missing=-1.0)
        >>> Feature.from_config(age.to_config()) == age
        True
    """

    name: str
    kind: str
    shape: tuple[int | None, ...] = ()
    dtype: str = "float32"
    mean: tuple[float, ...] = ()
    variance: tuple[float, ...] = ()
    vocabulary: tuple[str, ...] | tuple[int, ...] = ()
    missing: float | str | None = None
    length: int | None = None
    padding: float | None = None
    high: float | None = None
    input: str | None = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidArgument("name", self.name, "a string that is not empty")
        if self.input is not None and not isinstance(self.input, str):
            raise InvalidArgument("input", self.input, "a string, or None")
        check_choice("kind", self.kind, FEATURE_KINDS)
        if not isinstance(self.shape, (tuple, list)) or len(self.shape) != RANKS[self.kind]:
            raise InvalidArgument("shape", self.shape, f"{RANKS[self.kind]} sizes for kind {self.kind!r}")
        free = self.kind in ("sequence", "image")
        for size in self.shape:
            if not (free and size is None):
                check_integer("shape", size, low=1)
        object.__setattr__(self, "shape", tuple(self.shape))
        size = (self.shape[-1] if self.shape else 1) if self.kind in MEASURED else 0
        object.__setattr__(self, "mean", finite("mean", self.mean, size or 0))
        object.__setattr__(self, "variance", finite("variance", self.variance, size or 0, positive=True))
        object.__setattr__(self, "vocabulary", _vocabulary(self.vocabulary, self.kind))
        if self.missing is not None:
            if self.kind != "number":
                raise InvalidArgument("missing", self.missing, f"None for kind {self.kind!r}")
            if self.missing != MISSING:
                check_number("missing", self.missing)
        for name, kinds in (("length", ("text", "sequence")), ("padding", ("sequence",)), ("high", ("image",))):
            value = getattr(self, name)
            if value is not None:
                if self.kind not in kinds:
                    raise InvalidArgument(name, value, f"None for kind {self.kind!r}")
                if name == "length":
                    check_integer(name, value, low=1)
                else:
                    object.__setattr__(self, name, check_number(name, value))

    @property
    def key(self) -> str:
        """What the model calls it."""
        return self.input or self.name

    def to_config(self) -> dict[str, Any]:
        """The fields as plain Python values, ready for ``json.dumps``."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Feature:
        """The Feature that :meth:`to_config` described, exactly.

        Raises:
            InvalidArgument: if fields are missing, unknown or wrong.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(config, dict) or set(config) - set(known) or not {"name", "kind"} <= set(config):
            raise InvalidArgument("features", config, "a dict with name and kind, and no other keys than those known")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in config.items()
        }
        return cls(**{"input": None, **values})


def finite(name: str, value: Any, length: int, positive: bool = False) -> tuple[float, ...]:
    """``value`` as a tuple of so many finite floats.

    Raises:
        InvalidArgument: for anything else.
    """
    accepted = f"{length} finite number{'s' if length != 1 else ''}" + (" > 0" if positive else "")
    if not isinstance(value, (tuple, list)) or len(value) != length:
        raise InvalidArgument(name, value, accepted)
    for item in value:
        number = isinstance(item, (int, float)) and not isinstance(item, bool)
        if not number or not math.isfinite(item) or (positive and item <= 0):
            raise InvalidArgument(name, value, accepted)
    return tuple(float(item) for item in value)


def _vocabulary(values: Any, kind: str) -> tuple[Any, ...]:
    if not isinstance(values, (tuple, list)) or len(set(values)) != len(values):
        raise InvalidArgument("vocabulary", values, "values that are all different")
    if values and kind not in ("category", "text"):
        raise InvalidArgument("vocabulary", values, f"empty for kind {kind!r}")
    if len({type(value) for value in values}) > 1 or not all(isinstance(value, (str, int)) for value in values):
        raise InvalidArgument("vocabulary", values, "all strings, or all integers")
    return tuple(values)
