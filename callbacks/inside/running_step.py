"""The training step that is running: its model and batch, for an optimizer that needs more than gradients.

Keras passes an optimizer only the gradients. ``keras.Model.train_step`` is wrapped to record its model and batch while
its Python code runs: at every step if the model runs eagerly, otherwise while TensorFlow traces the step. This covers
``fit`` and ``train_on_batch``, any ``steps_per_execution``, XLA, loaded models, and a custom ``train_step`` that calls
``super().train_step``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

import keras

from ..checks import InvalidArgument
from .optimizer_values import leaves
from .wrapping import wrap_once

__all__ = ["RunningStep", "left_alone", "running_step"]

E = TypeVar("E", bound=Exception)


def left_alone(error: E) -> E:
    """The error, to whose message Keras adds nothing: no arguments of the calls in which it was raised.

    Example:
        >>> raise left_alone(ValueError("in one line"))
        Traceback (most recent call last):
        ValueError: in one line
    """
    error._keras_call_info_injected = True  # type: ignore[attr-defined]
    return error


class RunningStep(NamedTuple):
    """A call of ``keras.Model.train_step``.

    Attributes:
        model: the model being trained.
        data: its batch: x, (x, y) or (x, y, sample_weight).
    """

    model: keras.Model
    data: Any


def running_step() -> RunningStep | None:
    """The call of ``keras.Model.train_step`` that is running in this thread (the innermost one), or None.

    Example:
        >>> class Look(keras.optimizers.SGD):
        ...     def apply(self, *args):
        ...         self.seen = running_step().model.name
        ...         return super().apply(*args)
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)], name="small")
        >>> model.compile(Look(), "mse")
        >>> _ = model.train_on_batch(keras.ops.ones((2, 1)), keras.ops.ones((2, 1)))
        >>> model.optimizer.seen, running_step()
        ('small', None)
    """
    return _running.get()


def _recorded(
    running: ContextVar[RunningStep | None],
    train_step: Callable[..., Any],
    model: keras.Model,
    *args: Any,
    **kwargs: Any,
) -> Any:
    for leaf in leaves(model.optimizer):
        if leaf is not model.optimizer and getattr(leaf, "finds_its_own_step", False):
            accepted = (
                f"{type(leaf).__name__} itself, by model.compile({type(leaf).__name__}(...), auto_scale_loss=False)"
            )
            raise InvalidArgument("optimizer", type(model.optimizer).__name__, accepted)
    token = running.set(RunningStep(model, kwargs.get("data", args[-1] if args else None)))
    try:
        return train_step(model, *args, **kwargs)
    finally:
        running.reset(token)


_running: ContextVar[RunningStep | None] = wrap_once(
    keras.Model, "train_step", ContextVar("running_step", default=None), _recorded
)
