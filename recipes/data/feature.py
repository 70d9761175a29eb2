"""Feature: the kind, shape, type and training statistics of one input, as a model needs them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_number
from .strings.date_strings import PARTS
from .strings.tokens import NGRAMS

__all__ = ["FEATURE_KINDS", "MISSING", "Feature", "finite"]

FEATURE_KINDS = ("number", "category", "date", "text", "vector", "sequence", "image")
MISSING = "nan"
"""``Feature.missing`` when NaN stands for a missing value; JSON has no NaN."""

RANKS = {"number": 0, "category": 0, "date": 0, "text": 0, "vector": 1, "sequence": 2, "image": 3}
MEASURED = ("number", "date", "vector", "sequence", "image")
SCALARS = ("number", "date")


@dataclass(frozen=True)
class Feature:
    """One input of a record, a text or a sequence. Immutable, and saved in a model's Spec as JSON.

    Args:
        name: the user's name; a nested feature's name begins with its parents' names, joined by ".".
        kind: ``"number"`` (integers, floats or booleans), ``"category"`` (strings or integers of a small set),
            ``"date"`` (strings of dates or times), ``"text"`` (strings of words), ``"vector"``, ``"sequence"`` (of
            vectors) or ``"image"``.
        shape: shape of one example: () for numbers, categories and texts, (size,) for vectors, (steps, size) for
            sequences, with steps None where their number varies, (height, width, channels) for images.
        dtype: type of the raw values as stored, e.g. ``"float32"``, ``"int64"``, ``"bool"``, ``"string"``.
        mean, variance: statistics over the training split only, without missing values and padding, in raw units: one
            for a number or a date (in days since 1970), one per position for vectors and sequences, one per channel for
            images; () for categories and texts. A variance is never 0.
        median, spread: the same for numbers, dates and vectors: see
            :func:`~recipes.data.statistics.spread.median_and_spread`; () for other kinds, and if unknown.
        vocabulary: the values of a category or the words of a text, most frequent in training first; () for other
            kinds.
        missing: the value that stands for a missing number or date: ``"nan"``, or a number; None if none is missing.
            For strings, ``"nan"`` is any string without a number or a date.
        format: how to read strings: of a number, its decimal mark, "." or ","; of a date, its format as for
            ``datetime.strptime``. "" for other values.
        parts: of a date that vary in training: "month", "weekday", "hour".
        ngrams: the character n-grams of a text, each 2 to 4 characters with " " for a separator, most frequent first
            (see :mod:`recipes.data.strings.tokens`); () for other kinds, or to use none.
        idf: the inverse document frequencies of the words and then of the n-grams, > 0, as scikit-learn computes them:
            ``log((1 + texts) / (1 + texts with it)) + 1``; () for 1 each.
        length: the number of words that a model reads of a text, >= 1; the most steps of a sequence in training.
        padding: the value of steps after a sequence's end, no real step consisting of it; None without padding.
        high: the largest value of an image in training; None for other kinds.
        low: the smallest; None if unknown, as in descriptions of before 0.2.
        input: the model's name for a record's feature. "" lets the Spec choose one by
            :class:`recipes.data.names.Names`. None in descriptions of before 0.2, where ``name`` was the model's.
        resized: whether the images vary in size and the model itself resizes them to ``shape``.

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
    median: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    ngrams: tuple[str, ...] = ()
    idf: tuple[float, ...] = ()
    format: str = ""
    parts: tuple[str, ...] = ()
    resized: bool = False
    low: float | None = None

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
        columns = size if self.median and self.kind in (*SCALARS, "vector") else 0
        object.__setattr__(self, "median", finite("median", self.median, columns or 0))
        object.__setattr__(self, "spread", finite("spread", self.spread, columns or 0, positive=True))
        object.__setattr__(self, "vocabulary", _vocabulary(self.vocabulary, self.kind))
        object.__setattr__(self, "ngrams", _ngrams(self.ngrams, self.kind))
        weighted = len(self.vocabulary) + len(self.ngrams) if self.kind == "text" and self.idf else 0
        object.__setattr__(self, "idf", finite("idf", self.idf, weighted, positive=True))
        if check_bool("resized", self.resized) and self.kind != "image":
            raise InvalidArgument("resized", self.resized, f"False for kind {self.kind!r}")
        self._check_format()
        if self.missing is not None:
            if self.kind not in SCALARS:
                raise InvalidArgument("missing", self.missing, f"None for kind {self.kind!r}")
            if self.missing != MISSING:
                check_number("missing", self.missing, double=True)
        for name, kinds in (
            ("length", ("text", "sequence")),
            ("padding", ("sequence",)),
            ("high", ("image",)),
            ("low", ("image",)),
        ):
            value = getattr(self, name)
            if value is not None:
                if self.kind not in kinds:
                    raise InvalidArgument(name, value, f"None for kind {self.kind!r}")
                if name == "length":
                    check_integer(name, value, low=1)
                else:
                    object.__setattr__(self, name, check_number(name, value, double=True))

    def _check_format(self) -> None:
        written = self.kind == "date" or (self.kind == "number" and self.dtype == "string")
        if not isinstance(self.format, str) or bool(self.format) != written:
            accepted = "the format of a date, or the decimal mark of a number that is a string; empty for other kinds"
            raise InvalidArgument("format", self.format, accepted)
        if not isinstance(self.parts, (tuple, list)) or (self.parts and self.kind != "date"):
            raise InvalidArgument("parts", self.parts, "parts of a date, in a list")
        for part in self.parts:
            check_choice("parts", part, PARTS)
        object.__setattr__(self, "parts", tuple(self.parts))

    @property
    def key(self) -> str:
        """The model's name for it."""
        return self.input or self.name

    def to_config(self) -> dict[str, Any]:
        """The fields as plain Python values, ready for ``json.dumps``."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Feature:
        """The Feature with this :meth:`to_config`.

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
    """``value`` as a tuple of ``length`` finite floats; whole numbers that a float would round stay as they are.

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
    return tuple(float(item) if float(item) == item else item for item in value)


def _vocabulary(values: Any, kind: str) -> tuple[Any, ...]:
    if not isinstance(values, (tuple, list)) or len(set(values)) != len(values):
        raise InvalidArgument("vocabulary", values, "values that are all different")
    if values and kind not in ("category", "text"):
        raise InvalidArgument("vocabulary", values, f"empty for kind {kind!r}")
    if len({type(value) for value in values}) > 1 or not all(isinstance(value, (str, int)) for value in values):
        raise InvalidArgument("vocabulary", values, "all strings, or all integers")
    return tuple(values)


def _ngrams(values: Any, kind: str) -> tuple[str, ...]:
    if not isinstance(values, (tuple, list)) or len(set(values)) != len(values):
        raise InvalidArgument("ngrams", values, "strings that are all different")
    if values and kind != "text":
        raise InvalidArgument("ngrams", values, f"empty for kind {kind!r}")
    for value in values:
        if not isinstance(value, str) or len(value) not in NGRAMS:
            raise InvalidArgument("ngrams", value, f"strings of {NGRAMS[0]} to {NGRAMS[-1]} characters")
    return tuple(values)
