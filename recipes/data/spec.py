"""Spec: the shapes, task, names and training statistics of a dataset, as a model needs them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_number, check_text
from ..metric import metric_of
from .feature import Feature, finite
from .names import Names

__all__ = ["SMALL_IMAGE", "Spec"]

KINDS = ("image", "tabular", "text", "sequence", "mixed")
SMALL_IMAGE = 16
"""Below this many pixels per side, convolutions have little to detect: such an image is a table of numbers."""

TASKS = ("binary", "multiclass", "multilabel", "regression")
RECORD = "record"
"""The ``input_dtype`` of inputs that are several arrays by name."""
INPUT_DTYPES = {
    "image": ("uint8", "uint16", "float32"),
    "tabular": ("float32", "float64", "int64", RECORD),
    "text": ("string",),
    "sequence": ("float32", "float64"),
    "mixed": (RECORD,),
}
RANKS = {"image": 3, "tabular": 1, "text": 0, "sequence": 2}


@dataclass(frozen=True)
class Spec:
    """The shapes, task and statistics of a dataset. Immutable, and saved with a model as JSON.

    Args:
        name: the dataset's name.
        kind: ``"image"``, ``"tabular"``, ``"text"``, ``"sequence"``, or ``"mixed"`` for records of more than numbers,
            categories and vectors.
        task: ``"binary"``, ``"multiclass"``, ``"multilabel"`` (any number of classes at once) or ``"regression"``.
        input_shape: the shape of one example: (height, width, channels) for images, (features,) for tables, () for
            texts, (steps, size) for sequences, with steps None where their number varies; () for records, whose shapes
            are in ``features``.
        input_dtype: ``"uint8"`` (0..255, as TFDS gives them), ``"uint16"`` or ``"float32"`` for images, ``"float32"``
            for tables of numbers and sequences, or ``"float64"`` where float32 does not keep the values of a column
            apart, or ``"int64"`` for a table where float64 does not; ``"string"`` for texts, ``"record"`` for several
            arrays by name.
        outputs: number of outputs of the model: 1 for binary, the number of classes for multiclass and multilabel, the
            number of targets for regression.
        class_names: one per class (two for binary), all different; empty for regression.
        feature_names: one per column of a table, all different; empty for unnamed columns and for other kinds.
        input_mean, input_variance: population mean and variance over the training split only, in raw units: one per
            channel for images, one per column for tables, one per position for sequences; () for texts and records. The
            variance of a constant input is stored as 1.0, never 0, so that normalization maps the constant to 0.
        input_median, input_spread: of the columns of a table: see
            :func:`recipes.data.statistics.spread.median_and_spread`; () for other kinds, and if unknown.
        input_missing: positions of the columns of a table in which NaN stands for a missing value; () for other kinds.
        target_mean, target_variance: population mean and variance of the target in training, a tuple for several
            targets; None unless the task is regression.
        input_max: the largest value in the training images, i.e. white: > 0, <= 255 for uint8, <= 65535 for uint16.
            None for other kinds.
        input_min: the smallest; None if unknown, as in descriptions of before 0.2.
        features: one :class:`~recipes.data.feature.Feature` per input for records, in order; a single one for texts and
            sequences; empty for images and tables of numbers.
        class_shares: the share of the training examples that each class has, or, for multilabel, that have each label;
            one per class name. () for regression, or if unknown. Specs that differ in it alone are equal: a model for
            one fits the other.
        examples: the number of training examples; 0 if unknown. It makes no difference either.
        resized: whether the images vary in size and the model itself resizes them to ``input_shape``.

    Raises:
        InvalidArgument: for a field that has the wrong type or contradicts another; it names the field.

    Example:
        >>> spec = Spec("shapes", "tabular", "binary", (2,), "float32", 1, input_mean=(0.0, 1.0),
        ...             input_variance=(1.0, 4.0), class_names=("round", "square"))
        >>> spec.metric, spec.direction
        ('accuracy', 'max')
        >>> Spec.from_config(spec.to_config()) == spec
        True
    """

    name: str
    kind: str
    task: str
    input_shape: tuple[Any, ...]
    input_dtype: str
    outputs: int
    input_mean: tuple[float, ...] = ()
    input_variance: tuple[float, ...] = ()
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_mean: Any = None
    target_variance: Any = None
    input_max: float | None = None
    features: tuple[Feature, ...] = ()
    resized: bool = False
    class_shares: tuple[float, ...] = field(default=(), compare=False)
    examples: int = field(default=0, compare=False)
    input_median: tuple[float, ...] = ()
    input_spread: tuple[float, ...] = ()
    input_min: float | None = None
    input_missing: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidArgument("name", self.name, "a string that is not empty")
        check_text("name", self.name)
        check_choice("kind", self.kind, KINDS)
        check_choice("task", self.task, TASKS)
        check_choice("input_dtype", self.input_dtype, INPUT_DTYPES[self.kind])
        self._check_features()
        self._check_shape()
        self._check_names()
        self._check_statistics()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_features(self) -> None:
        passed = self.features
        if not isinstance(passed, (tuple, list)) or not all(isinstance(item, (Feature, dict)) for item in passed):
            raise InvalidArgument("features", passed, "recipes.data.Feature objects")
        self._set(
            "features", tuple(item if isinstance(item, Feature) else Feature.from_config(item) for item in passed)
        )
        if self.record:
            if not self.features:
                raise InvalidArgument("features", self.features, "at least one for records")
            inner = self.names.inner
            self._set(
                "features",
                tuple(
                    feature if feature.input is None else replace(feature, input=inner[feature.name])
                    for feature in self.features
                ),
            )
        elif self.kind in ("text", "sequence"):
            if [feature.kind for feature in self.features] != [self.kind]:
                raise InvalidArgument("features", self.features, f"one of kind {self.kind!r}")
            self._set("input_shape", self.features[0].shape)
            self._set("input_mean", self.features[0].mean)
            self._set("input_variance", self.features[0].variance)
        elif self.features:
            raise InvalidArgument("features", self.features, f"empty for kind {self.kind!r} of {self.input_dtype}")
        self._set("resized", check_bool("resized", self.resized))
        if self.resized and self.kind != "image":
            raise InvalidArgument("resized", self.resized, f"False for kind {self.kind!r}")

    def _check_shape(self) -> None:
        rank = 0 if self.record else RANKS[self.kind]
        accepted = f"{rank} positive whole numbers for kind {self.kind!r}"
        if not isinstance(self.input_shape, (tuple, list)) or len(self.input_shape) != rank:
            raise InvalidArgument("input_shape", self.input_shape, accepted)
        if self.kind != "sequence":
            try:
                self._set("input_shape", tuple(check_integer("input_shape", size, low=1) for size in self.input_shape))
            except InvalidArgument:
                raise InvalidArgument("input_shape", self.input_shape, accepted) from None
        outputs = check_integer("outputs", self.outputs, low=1)
        if self.task == "multiclass" and outputs < 3:
            raise InvalidArgument("outputs", outputs, "the number of classes, 3 or more, for task 'multiclass'")
        if self.task == "binary" and outputs != 1:
            raise InvalidArgument("outputs", outputs, "1 for task 'binary'")
        self._set("outputs", outputs)

    def _check_names(self) -> None:
        classes = {"binary": 2, "regression": 0}.get(self.task, self.outputs)
        self._set("class_names", _strings("class_names", self.class_names, (classes,)))
        columns = (0, self.input_shape[0]) if self.kind == "tabular" and not self.record else (0,)
        self._set("feature_names", _strings("feature_names", self.feature_names, columns))

    def _check_statistics(self) -> None:
        size = self.input_shape[-1] if self.input_shape else 0
        self._set("input_mean", finite("input_mean", self.input_mean, size or 0))
        self._set("input_variance", finite("input_variance", self.input_variance, size or 0, positive=True))
        self._set("examples", check_integer("examples", self.examples, low=0))
        if self.class_shares:
            shares = finite("class_shares", self.class_shares, len(self.class_names))
            self._set("class_shares", tuple(check_number("class_shares", share, low=0, high=1) for share in shares))
        columns = size if self.input_median and self.kind == "tabular" else 0
        self._set("input_median", finite("input_median", self.input_median, columns))
        self._set("input_spread", finite("input_spread", self.input_spread, columns, positive=True))
        self._set("input_missing", self._checked_missing())
        if self.input_max is not None:
            if self.kind != "image":
                raise InvalidArgument("input_max", self.input_max, f"None for kind {self.kind!r}")
            limit = {"uint8": 255.0, "uint16": 65535.0}.get(self.input_dtype)
            self._set("input_max", check_number("input_max", self.input_max, above=0, high=limit, double=True))
        if self.input_min is not None:
            if self.kind != "image":
                raise InvalidArgument("input_min", self.input_min, f"None for kind {self.kind!r}")
            self._set("input_min", check_number("input_min", self.input_min, double=True))
        for name, positive in (("target_mean", False), ("target_variance", True)):
            value = getattr(self, name)
            if self.task == "regression":
                values = finite(name, (value,) if self.outputs == 1 else value, self.outputs, positive=positive)
                self._set(name, values[0] if self.outputs == 1 else values)
            elif value is not None:
                raise InvalidArgument(name, value, f"None for task {self.task!r}")

    def _checked_missing(self) -> tuple[int, ...]:
        accepted = "positions of columns of a table of floating-point numbers, ascending"
        if not isinstance(self.input_missing, (tuple, list)):
            raise InvalidArgument("input_missing", self.input_missing, accepted)
        columns = self.input_shape[0] if self.kind == "tabular" and self.input_dtype in ("float32", "float64") else 0
        places = tuple(check_integer("input_missing", place, low=0) for place in self.input_missing)
        if places != tuple(sorted(set(places))) or any(place >= columns for place in places):
            raise InvalidArgument("input_missing", self.input_missing, accepted)
        return places

    @property
    def record(self) -> bool:
        """Whether examples are several inputs by name, so that x is a dictionary of arrays."""
        return self.input_dtype == RECORD

    @cached_property
    def names(self) -> Names:
        """The names of a record's features or a table's columns: the user's and the model's."""
        if not self.record:
            return Names(self.feature_names, argument="feature_names")
        known = {feature.name: feature.key for feature in self.features if feature.input != ""}
        loose = any(feature.input is None for feature in self.features)
        return Names([feature.name for feature in self.features], known, loose=loose, argument="features")

    @property
    def movable(self) -> bool:
        """Whether the inputs are one array of numbers that can be perturbed: no texts, records, padding or gaps."""
        return not (self.record or self.input_missing) and all(
            feature.kind == "sequence" and feature.padding is None for feature in self.features
        )

    @property
    def metric(self) -> str:
        """The metric of the task: ``"accuracy"``, or ``"root_mean_squared_error"`` for regression.

        For multilabel, accuracy is the share of correct labels over all examples and classes.
        """
        return metric_of(self.task).name

    @property
    def direction(self) -> str:
        """Whether a higher (``"max"``) or lower (``"min"``) :attr:`metric` is better."""
        return metric_of(self.task).direction

    def to_config(self) -> dict[str, Any]:
        """The fields as plain Python values (lists, strings, numbers, None), ready for ``json.dumps``."""
        config = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {**config, "features": [feature.to_config() for feature in self.features]}

    @classmethod
    @checked
    def from_config(cls, config: dict[str, Any]) -> Spec:
        """The Spec with this :meth:`to_config`.

        Raises:
            InvalidArgument: if fields are missing, unknown or wrong.
        """
        known = [entry.name for entry in fields(cls)]
        if not isinstance(config, dict) or set(config) - set(known):
            raise InvalidArgument("config", config, "a dict with no other keys than " + ", ".join(known))
        try:
            values: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in config.items()
            }
            return cls(**values)
        except TypeError as error:
            raise InvalidArgument("config", config, f"a complete description of a Spec ({error})") from None


def _strings(name: str, value: Any, lengths: tuple[int, ...]) -> tuple[str, ...]:
    accepted = " or ".join(str(length) for length in dict.fromkeys(lengths)) + " strings, all different"
    if not isinstance(value, (tuple, list)) or not all(isinstance(item, str) for item in value):
        raise InvalidArgument(name, value, accepted)
    if len(value) not in lengths or len(set(value)) != len(value):
        raise InvalidArgument(name, value, accepted)
    return tuple(check_text(name, text) for text in value)
