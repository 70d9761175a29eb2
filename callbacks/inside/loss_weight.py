"""LossWeight: the weight of a compiled model's only loss, as a variable."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras

__all__ = ["LossWeight", "constant_weight", "live_weight"]


class LossWeight:
    """The weight by which a compiled model multiplies its only loss, a constant of the step, as a variable.

    Args:
        model: compiled with one loss and ``loss_weights=[weight]``.

    Attributes:
        value: the weight.
        variable: holds it within :meth:`live`.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse", loss_weights=[3.0])
        >>> weight = LossWeight(model)
        >>> weight.value = 5.0
        >>> one = keras.ops.ones((2, 1))
        >>> with weight.live():
        ...     float(model.compute_loss(one, one, model(one)))
        5.0
    """

    def __init__(self, model: keras.Model):
        self._loss: Any = model._compile_loss
        (weight,) = self._loss._user_loss_weights
        self.value = float(weight)
        self.variable = keras.Variable(self.value, trainable=False, dtype="float32", autocast=False, name="loss_weight")

    @staticmethod
    def of(model: keras.Model) -> LossWeight | None:
        """That of a model, or None if it has none, or several."""
        weights = getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None)
        single = isinstance(weights, list) and len(weights) == 1 and isinstance(weights[0], float)
        return LossWeight(model) if single else None

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """A context in which the model's loss has the variable for its weight."""
        self.variable.assign(self.value)
        self._set(self.variable)
        try:
            yield
        finally:
            self._set(self.value)

    def _set(self, weight: Any) -> None:
        _set_weight(self._loss, weight)


def live_weight(model: keras.Model) -> float | None:
    """The weight of a model's only loss if it is a variable now, else None."""
    weights: Any = getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None)
    single = isinstance(weights, list) and len(weights) == 1 and isinstance(weights[0], keras.Variable)
    return float(weights[0]) if single else None


@contextlib.contextmanager
def constant_weight(model: keras.Model, weight: float | None) -> Iterator[None]:
    """A context in which the weight of a model's only loss is a constant: TensorFlow multiplies constants by each other
    first, which may differ in the last bit.

    Args:
        model: compiled.
        weight: of :func:`live_weight`; None for a model whose weight is no variable.
    """
    if weight is None:
        yield
        return
    loss: Any = model._compile_loss
    (variable,) = loss._user_loss_weights
    _set_weight(loss, weight)
    try:
        yield
    finally:
        _set_weight(loss, variable)


def _set_weight(loss: Any, weight: Any) -> None:
    loss._user_loss_weights = [weight]
    if loss._flat_losses:  # it has been called
        loss._flat_losses = [one._replace(loss_weights=weight) for one in loss._flat_losses]
