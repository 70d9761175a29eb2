"""Spec: what a model has to know about a dataset: shapes, task, names, and the training split's statistics."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from callbacks.checks import InvalidArgument, check_choice, check_integer, check_number

__all__ = ["Spec"]

KINDS = ("image", "tabular")
TASKS = ("binary", "multiclass", "regression")
INPUT_DTYPES = {"image": "uint8", "tabular": "float32"}


@dataclass(frozen=True)
class Spec:
    """The shapes, the task and the statistics of a dataset. Immutable, and as JSON it travels with a model.

    Args:
        name: the dataset's name.
        kind: ``"image"`` or ``"tabular"``.
        task: ``"binary"``, ``"multiclass"`` or ``"regression"``.
        input_shape: the shape of one example: (height, width, channels) for images, (features,) for tables.
        input_dtype: ``"uint8"`` for images (0..255, as TFDS gives them), ``"float32"`` for tables.
        outputs: how many numbers the model puts out: 1 for binary and regression, the number of classes for multiclass.
        class_names: one per class (two for binary); empty for regression.
        feature_names: one per column of a table, or empty if the columns have no names; empty for images.
        input_mean, input_variance: population mean and variance over the training split only, in raw units: one per
            channel for images, one per column for tables. A variance is never 0: for a constant input it is stored as
            1.0, so that normalizing maps the constant to 0.
        target_mean, target_variance: the same of the target; None unless the task is regression.
        input_max: the largest value of the training images, > 0 and <= 255: what is white. None for tables.

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
    input_shape: tuple[int, ...]
    input_dtype: str
    outputs: int
    input_mean: tuple[float, ...]
    input_variance: tuple[float, ...]
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_mean: float | None = None
    target_variance: float | None = None
    input_max: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidArgument("name", self.name, "a string that is not empty")
        check_choice("kind", self.kind, KINDS)
        check_choice("task", self.task, TASKS)
        check_choice("input_dtype", self.input_dtype, (INPUT_DTYPES[self.kind],))
        self._check_shape()
        self._check_names()
        self._check_statistics()

    def _set(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)

    def _check_shape(self) -> None:
        rank = 3 if self.kind == "image" else 1
        accepted = f"{rank} positive whole numbers for kind {self.kind!r}"
        if not isinstance(self.input_shape, (tuple, list)) or len(self.input_shape) != rank:
            raise InvalidArgument("input_shape", self.input_shape, accepted)
        try:
            self._set("input_shape", tuple(check_integer("input_shape", size, low=1) for size in self.input_shape))
        except InvalidArgument:
            raise InvalidArgument("input_shape", self.input_shape, accepted) from None
        outputs = check_integer("outputs", self.outputs, low=1)
        if self.task == "multiclass" and outputs < 3:
            raise InvalidArgument("outputs", outputs, "the number of classes, 3 or more, for task 'multiclass'")
        if self.task != "multiclass" and outputs != 1:
            raise InvalidArgument("outputs", outputs, f"1 for task {self.task!r}")
        self._set("outputs", outputs)

    def _check_names(self) -> None:
        classes = {"binary": 2, "multiclass": self.outputs, "regression": 0}[self.task]
        self._set("class_names", _strings("class_names", self.class_names, (classes,)))
        columns = (0, self.input_shape[0]) if self.kind == "tabular" else (0,)
        self._set("feature_names", _strings("feature_names", self.feature_names, columns))

    def _check_statistics(self) -> None:
        size = self.input_shape[-1]
        self._set("input_mean", _floats("input_mean", self.input_mean, size))
        self._set("input_variance", _floats("input_variance", self.input_variance, size, positive=True))
        if self.input_max is not None:
            if self.kind != "image":
                raise InvalidArgument("input_max", self.input_max, f"None for kind {self.kind!r}")
            self._set("input_max", check_number("input_max", self.input_max, above=0, high=255))
        for name, positive in (("target_mean", False), ("target_variance", True)):
            value = getattr(self, name)
            if self.task == "regression":
                self._set(name, _floats(name, (value,), 1, positive=positive)[0])
            elif value is not None:
                raise InvalidArgument(name, value, f"None for task {self.task!r}")

    @property
    def metric(self) -> str:
        """What the task is judged by: ``"accuracy"``, or ``"root_mean_squared_error"`` for regression."""
        return "root_mean_squared_error" if self.task == "regression" else "accuracy"

    @property
    def direction(self) -> str:
        """Whether more (``"max"``) or less (``"min"``) of :attr:`metric` is better."""
        return "min" if self.task == "regression" else "max"

    def to_config(self) -> dict[str, Any]:
        """The fields as plain Python values (lists, strings, numbers, None), ready for ``json.dumps``."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Spec:
        """The Spec that :meth:`to_config` described, exactly.

        Raises:
            InvalidArgument: if fields are missing, unknown or wrong.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(config, dict) or set(config) - set(known):
            raise InvalidArgument("config", config, "a dict with no other keys than " + ", ".join(known))
        try:
            return cls(**config)
        except TypeError as error:
            raise InvalidArgument("config", config, f"a complete description of a Spec ({error})") from None


def _strings(name: str, value: Any, lengths: tuple[int, ...]) -> tuple[str, ...]:
    accepted = " or ".join(str(length) for length in dict.fromkeys(lengths)) + " strings, all different"
    if not isinstance(value, (tuple, list)) or not all(isinstance(item, str) for item in value):
        raise InvalidArgument(name, value, accepted)
    if len(value) not in lengths or len(set(value)) != len(value):
        raise InvalidArgument(name, value, accepted)
    return tuple(value)


def _floats(name: str, value: Any, length: int, positive: bool = False) -> tuple[float, ...]:
    accepted = f"{length} finite number{'s' if length != 1 else ''}" + (" > 0" if positive else "")
    if not isinstance(value, (tuple, list)) or len(value) != length:
        raise InvalidArgument(name, value, accepted)
    for item in value:
        number = isinstance(item, (int, float)) and not isinstance(item, bool)
        if not number or not math.isfinite(item) or (positive and item <= 0):
            raise InvalidArgument(name, value, accepted)
    return tuple(float(item) for item in value)
