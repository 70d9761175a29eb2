"""FitArrays: the arguments of Keras' ``fit``, where they are arrays of numbers, as tensors made once for all trials."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...callbacks.checks import check_integer
from ...callbacks.fit_data import FitData
from ..data.batching import in_order, shuffled
from ..data.named_arrays import Inputs, apply

__all__ = ["FitArguments", "FitArrays"]

FIT = ("x", "y", "batch_size", "epochs", "verbose")
"""The first arguments of Keras' ``fit``."""

BATCH = 32
"""Of Keras' ``fit`` where none is given."""

EVALUATION_BATCH = 256
"""Examples at a time where nothing is learned, at least."""

EVALUATION_NUMBERS = 2**16
"""Numbers at a time where nothing is learned, so that small examples come in larger batches."""


@dataclasses.dataclass
class FitArrays:
    """What a training is on, and how long.

    Attributes:
        x: shape (n, ...): a tensor, or several by name.
        y: shape (n, ...).
        validation: (x, y) to evaluate on after each epoch; or None.
        batch_size: examples in a batch.
        seed: of the orders of the epochs; None for the order given.
        first_epoch, epochs: the numbers of the first epoch and of the one after the last.
        verbose: as for ``fit``.
    """

    x: Inputs
    y: tf.Tensor
    validation: tuple[Inputs, tf.Tensor] | None
    batch_size: int
    seed: int | None
    first_epoch: int
    epochs: int
    verbose: Any

    @property
    def examples(self) -> int:
        """How many there are to train on."""
        return int(self.y.shape[0])

    @property
    def evaluation_batch_size(self) -> int:
        """Examples in a batch of an evaluation."""
        x = self.x
        first = next(iter(x.values())) if isinstance(x, dict) else x
        numbers = max(math.prod(first.shape[1:]), 1)
        return max(EVALUATION_BATCH, self.batch_size, EVALUATION_NUMBERS // numbers)

    def pipelines(self) -> dict[str, Any]:
        """The same for Keras' ``fit``. One iterator lasts for all epochs: making one takes as long as ten steps."""
        size, epochs = self.batch_size, self.epochs - self.first_epoch
        if self.seed is None:
            batches = in_order(self.x, self.y, size).repeat()
        else:
            batches = shuffled(
                self.x,
                self.y,
                size,
                self.seed,
                first_epoch=self.first_epoch,
                epochs=epochs,
                drop_remainder=False,
            )
        arguments = {
            "x": batches,
            "epochs": self.epochs,
            "initial_epoch": self.first_epoch,
            "steps_per_epoch": math.ceil(self.examples / size),
            "verbose": self.verbose,
            "shuffle": False,
        }
        if self.validation is not None:
            arguments["validation_data"] = in_order(*self.validation, self.evaluation_batch_size)
        return arguments


class FitArguments:
    """Arguments of ``fit`` as :class:`FitArrays`; an array that is given again is not copied again."""

    def __init__(self) -> None:
        self._given: list[Any] = []
        self._tensors: dict[int, Any] = {}

    def check(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Raises for data on which no trial, or only the first one, could be trained.

        Args:
            args, kwargs: of a call of ``fit``.

        Raises:
            InvalidArgument: for inputs and targets of different length or none, masked values, data of an unknown
                kind, a generator, which can be read only once, and a batch size below 1.
        """
        given = {**dict(zip(FIT, args, strict=False)), **kwargs}
        size = check_integer("batch_size", _or_default(given.get("batch_size")), low=1)
        weights = {name: given.get(name) for name in ("y", "sample_weight", "class_weight")}
        steps = given.get("steps_per_epoch")
        data = FitData(given.get("x"), **weights, batch_size=size, argument="x", targets=False)
        if data.kind == "iterator" or steps is None:
            data.check_passes()
        if given.get("validation_data") is not None:
            validation = FitData(given["validation_data"], batch_size=size, argument="validation_data")
            if validation.kind == "iterator" or given.get("validation_steps") is None:
                validation.check_passes()

    def arrays(self, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int) -> FitArrays | None:
        """The arguments of a call of ``fit``; None where something is not an array, or is special.

        Args:
            args, kwargs: of the call.
            seed: of the order of the examples, unless they are not to be shuffled.
        """
        given = {**dict(zip(FIT, args, strict=False)), **kwargs}
        validation = given.get("validation_data")
        splits = [(given.get("x"), given.get("y"))]
        if validation is not None:
            if not isinstance(validation, (tuple, list)) or len(validation) != 2:
                return None
            splits.append(tuple(validation))
        if len(args) > len(FIT) or not set(given) <= {*FIT, "validation_data", "shuffle", "initial_epoch"}:
            return None
        if not all(_is_plain(x, y) for x, y in splits):
            return None
        (x, y), *others = [(self._tensor(x), self._tensor(y)) for x, y in splits]
        return FitArrays(
            x=x,
            y=y,
            validation=others[0] if others else None,
            batch_size=_or_default(given.get("batch_size")),
            seed=seed if given.get("shuffle", True) else None,
            first_epoch=given.get("initial_epoch", 0),
            epochs=given.get("epochs", 1),
            verbose=given.get("verbose", "auto"),
        )

    def _tensor(self, array: Any) -> Any:
        """An array on the device, floats as Keras has them; an array or several by name."""
        if id(array) not in self._tensors:
            self._given.append(array)  # so that its id stays its own
            with tf.device("CPU:0"):
                self._tensors[id(array)] = apply(_to_tensor, array)
        return self._tensors[id(array)]


def _or_default(batch_size: Any) -> Any:
    return BATCH if batch_size is None else batch_size


def _to_tensor(array: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(array)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


def _is_plain(x: Any, y: Any) -> bool:
    """Whether these are arrays of numbers: an array, or several by name, and an array."""
    arrays = [*(x.values() if isinstance(x, dict) else [x]), y]
    return all(isinstance(each, (np.ndarray, tf.Tensor)) and each.dtype != object for each in arrays)
