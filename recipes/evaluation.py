"""evaluate and predict: what a model scores and answers on a split, by compiled functions if some are ready."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import keras

from .data.batching import in_order
from .model_inputs import inputs_for
from .quiet import without_retracing_warnings

if TYPE_CHECKING:
    from .data import Data

__all__ = ["Evaluator", "evaluate", "evaluated_by", "predict"]


class Evaluator(Protocol):
    """Compiled functions of a model: as Keras' methods, for a split of tensors (x, y, weights or None)."""

    def evaluate(self, split: Any, size: int) -> dict[str, Any]:
        """Loss and metrics, in batches of this size."""

    def predict(self, split: Any, size: int) -> list[Any]:
        """What the model returns for each batch of this size."""


_ready: weakref.WeakKeyDictionary[keras.Model, Evaluator] = weakref.WeakKeyDictionary()


@contextlib.contextmanager
def evaluated_by(model: keras.Model, evaluator: Evaluator) -> Iterator[None]:
    """A context in which :func:`evaluate` and :func:`predict` use these functions for a model."""
    _ready[model] = evaluator
    try:
        yield
    finally:
        _ready.pop(model, None)


@without_retracing_warnings()
def evaluate(model: keras.Model, data: Data, split: str, *, weighted: bool = True) -> dict[str, Any]:
    """Loss and metrics of a compiled model on all examples of a split, by name.

    Args:
        model: the model.
        data: its data.
        split: "train", "validation" or "test".
        weighted: whether the data's sample weights count, if there are any. Default True.

    Example:
        >>> evaluate(run.model, data, "validation")                                   # doctest: +SKIP
        {'accuracy': 0.97, 'loss': 0.11}
    """
    evaluator, (x, y, weights) = _ready.get(model), data.tensors(split)
    if evaluator is not None and weighted:
        return evaluator.evaluate((x, y, weights), data.evaluation_batch_size)
    batches = in_order(x, y, data.evaluation_batch_size, weights if weighted else None)
    return model.evaluate(batches, verbose=0, return_dict=True)


@without_retracing_warnings()
def predict(model: keras.Model, data: Data, split: str) -> list[Any]:
    """What a model returns for each batch of a split, in the order of its examples."""
    evaluator = _ready.get(model)
    if evaluator is None:
        batches = in_order(*data.on_device(split), data.evaluation_batch_size)
        return [model.predict_on_batch(inputs_for(model, x)) for x, _ in batches]
    return evaluator.predict(data.tensors(split), data.evaluation_batch_size)
