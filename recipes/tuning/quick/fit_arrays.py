"""FitArrays: the arguments of Keras' ``fit`` as tensors, which are made once for all trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ....callbacks.checks import check_integer
from ....callbacks.fit_data import FitData
from ...data.batching import in_order, shuffled
from ...data.named_arrays import Inputs, apply
from ...whole_epochs.arrays import EpochArrays

__all__ = ["FitArguments", "FitArrays", "arguments_by_name"]

FIT = ("x", "y", "batch_size", "epochs", "verbose")
"""The first positional arguments of Keras' ``fit``."""

BATCH = 32
"""The default batch size of Keras' ``fit``."""

EVALUATION_BATCH = 256
"""The least batch size of an evaluation."""

EVALUATION_NUMBERS = 2**16
"""Numbers per batch of an evaluation, so that small examples come in larger batches."""


class FitArrays(EpochArrays):
    """The arguments of a training on arrays."""

    def pipelines(self) -> dict[str, Any]:
        """Arguments of Keras' ``fit``. One iterator serves all epochs: creating one takes as long as ten steps."""
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
            "steps_per_epoch": self.steps,
            "verbose": self.verbose,
            "shuffle": False,
        }
        if self.validation is not None:
            x, y, _ = self.validation
            arguments["validation_data"] = in_order(x, y, self.evaluation_batch_size)
        return arguments


class FitArguments:
    """Arguments of ``fit`` as :class:`FitArrays`; an array that is passed again is not copied again."""

    def __init__(self) -> None:
        self._arrays: list[Any] = []
        self._tensors: dict[int, Any] = {}

    def check(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Raises for data on which no trial, or only the first one, can be trained.

        Args:
            args, kwargs: the arguments of a call of ``fit``.

        Raises:
            InvalidArgument: for inputs and targets of different length or none, masked values, data of an unknown
                kind, a generator, which can be read only once, and a batch size below 1.
        """
        arguments = arguments_by_name(args, kwargs)
        size = check_integer("batch_size", _or_default(arguments.get("batch_size")), low=1)
        weights = {name: arguments.get(name) for name in ("y", "sample_weight", "class_weight")}
        steps = arguments.get("steps_per_epoch")
        data = FitData(arguments.get("x"), **weights, batch_size=size, argument="x", targets=False)
        if data.kind == "iterator" or steps is None:
            data.check_passes()
        if arguments.get("validation_data") is not None:
            validation = FitData(arguments["validation_data"], batch_size=size, argument="validation_data")
            if validation.kind == "iterator" or arguments.get("validation_steps") is None:
                validation.check_passes()

    def arrays(self, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int) -> FitArrays | None:
        """The arguments of a call of ``fit``; None if some data is not an array or an argument is not supported.

        Args:
            args, kwargs: the arguments of the call.
            seed: of the order of the examples, unless ``shuffle`` is False.
        """
        arguments = arguments_by_name(args, kwargs)
        validation = arguments.get("validation_data")
        splits = [(arguments.get("x"), arguments.get("y"))]
        if validation is not None:
            if not isinstance(validation, (tuple, list)) or len(validation) != 2:
                return None
            splits.append(tuple(validation))
        if len(args) > len(FIT) or not set(arguments) <= {*FIT, "validation_data", "shuffle", "initial_epoch"}:
            return None
        if not all(_is_plain(x, y) for x, y in splits):
            return None
        (x, y), *held_out = [(self._tensor(x), self._tensor(y)) for x, y in splits]
        size = _or_default(arguments.get("batch_size"))
        return FitArrays(
            x=x,
            y=y,
            validation=(*held_out[0], None) if held_out else None,
            batch_size=size,
            evaluation_batch_size=_evaluation_batch_size(x, size),
            seed=seed if arguments.get("shuffle", True) else None,
            first_epoch=arguments.get("initial_epoch", 0),
            epochs=arguments.get("epochs", 1),
            verbose=arguments.get("verbose", "auto"),
        )

    def _tensor(self, array: Any) -> Any:
        """An array, or several by name, as tensors on the CPU; floats in Keras' ``floatx``."""
        if id(array) not in self._tensors:
            self._arrays.append(array)  # a reference, so that its id is not reused
            with tf.device("CPU:0"):
                self._tensors[id(array)] = apply(_to_tensor, array)
        return self._tensors[id(array)]


def arguments_by_name(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call of ``fit`` by their names."""
    return {**dict(zip(FIT, args, strict=False)), **kwargs}


def _evaluation_batch_size(x: Inputs, size: int) -> int:
    first = next(iter(x.values())) if isinstance(x, dict) else x
    numbers = max(math.prod(first.shape[1:]), 1)
    return max(EVALUATION_BATCH, size, EVALUATION_NUMBERS // numbers)


def _or_default(batch_size: Any) -> Any:
    return BATCH if batch_size is None else batch_size


def _to_tensor(array: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(array)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


def _is_plain(x: Any, y: Any) -> bool:
    """Whether ``x`` is an array of numbers, or several by name, and ``y`` an array of numbers."""
    arrays = [*(x.values() if isinstance(x, dict) else [x]), y]
    return all(isinstance(array, (np.ndarray, tf.Tensor)) and array.dtype != object for array in arrays)
