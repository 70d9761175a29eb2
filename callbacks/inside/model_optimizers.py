"""The optimizers that train a model: that of ``compile``, or those that a training step of its own uses."""

from __future__ import annotations

from typing import Any

import keras

from ..checks import InvalidArgument
from .optimizer_values import raise_on_nan
from .reachable import Reachable
from .step_hooks import has_own_step

__all__ = ["check_optimizer_name", "chosen_optimizer", "optimizers_of", "raise_on_nan_in"]


def optimizers_of(model: keras.Model) -> dict[str, keras.Optimizer]:
    """The optimizers that may train a model: name -> optimizer, without those inside another one.

    With Keras' ``train_step`` that is ``model.optimizer`` alone. A ``train_step`` of its own may use every optimizer
    that the model refers to. The names are those of its attributes: "optimizer", "critic_optimizer", ...

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> list(optimizers_of(model))
        ['optimizer']
    """
    if has_own_step(model):
        return Reachable(model).outermost_optimizers()
    return {} if model.optimizer is None else {"optimizer": model.optimizer}


def chosen_optimizer(model: keras.Model, name: str | None, who: str) -> keras.Optimizer:
    """The optimizer of this name, or the only one.

    Args:
        model: a compiled Keras model.
        name: as in :func:`optimizers_of`; None if there is only one.
        who: the name of the callback, for the message.

    Raises:
        InvalidArgument: for an unknown name; for None if there are several.
        ValueError: if there is none.
    """
    optimizers = optimizers_of(model)
    names = ", ".join(map(repr, optimizers))
    if not optimizers:
        raise ValueError(f"{who} needs a model that is compiled with an optimizer. Received: model={model.name!r}")
    if name is None and len(optimizers) == 1:
        return next(iter(optimizers.values()))
    if name is None:
        reason = f"for {who}, since the train_step of this model may use several optimizers"
        raise InvalidArgument("optimizer", name, f"one of {names} {reason}")
    if name not in optimizers:
        raise InvalidArgument("optimizer", name, f"one of {names}")
    return optimizers[name]


def check_optimizer_name(name: Any) -> str | None:
    """Returns the name of an optimizer, or None, or raises if it is neither.

    Raises:
        InvalidArgument: for an optimizer itself, which would not survive the copies that tuners make of callbacks.
    """
    if name is not None and not isinstance(name, str):
        raise InvalidArgument("optimizer", name, "None, or the name of the model's attribute: 'critic_optimizer', ...")
    return name


def raise_on_nan_in(model: keras.Model, value: bool) -> None:
    """Sets whether the model's optimizers raise at a gradient that is NaN or infinite, if they can."""
    for optimizer in optimizers_of(model).values():
        raise_on_nan(optimizer, value)
