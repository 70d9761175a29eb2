"""The only place that reads or writes an optimizer's live values: learning rate, momentum, error on NaN.

Keras compiles most hyperparameters into the training step: assigning them later has no effect and gives no error.
Optimizers can have these attributes:

- ``live_hyperparameters = ("momentum",)``: its momentum can change during training. Only those are written here.
- ``raises_on_nan``: whether it raises at a gradient that is NaN; ``nan_gradient``: the layer where that happened.
- ``finds_its_own_step = True``: it finds the length of its step itself.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ..checks import InvalidArgument, check_number

__all__ = [
    "averages_of",
    "check_settable",
    "check_takes_a_rate",
    "get_learning_rate",
    "get_momentum",
    "has_live_momentum",
    "leaves",
    "nan_gradient",
    "raise_on_nan",
    "raises_on_nan",
    "range_test_divisor",
    "rate_source",
    "set_learning_rate",
    "set_momentum",
    "spares_from_decay",
    "trained_variables",
]


def leaves(optimizer: Any) -> list[Any]:
    """The optimizers that update weights: those inside a wrapper for loss scaling or for several optimizers.

    Example:
        >>> leaves(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()))  # doctest: +ELLIPSIS
        [<keras.src.optimizers.sgd.SGD object at ...>]
    """
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:
        return leaves(inner)
    members = getattr(optimizer, "optimizers", None)
    if members is not None:
        return [leaf for member in members for leaf in leaves(member)]
    return [optimizer]


def check_settable(optimizer: Any, who: str) -> None:
    """Raises if the learning rate is a schedule object or a function, which would override what ``who`` assigns.

    Args:
        optimizer: a Keras optimizer, wrapped or not.
        who: the name of the callback, for the message.

    Raises:
        ValueError: if the rate is not a number, or the optimizer has none inside yet.
    """
    optimizers = leaves(optimizer)
    if not optimizers:  # Keras' MultiOptimizer over a function makes its optimizers only when it is built
        raise ValueError(
            f"{who} finds no optimizer inside this one yet: call optimizer.build(model.trainable_variables) first. "
            f"Received: optimizer={type(optimizer).__name__}"
        )
    for leaf in optimizers:
        rate = rate_source(leaf)
        if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) or not isinstance(rate, keras.Variable):
            raise ValueError(
                f"{who} sets the learning rate at every step, so the optimizer must be made with a number. "
                f"Received: learning_rate={rate!r}"
            )


def rate_source(optimizer: Any) -> Any:
    """Where an optimizer's learning rate comes from: a ``keras.Variable``, a ``LearningRateSchedule`` or a function.

    Only a variable can be set. For an optimizer that wraps several, call it on each of the :func:`leaves`; one that
    wraps another has the rate of that.

    Example:
        >>> isinstance(rate_source(keras.optimizers.SGD(0.1)), keras.Variable)
        True
    """
    inner = getattr(optimizer, "inner_optimizer", None)
    return getattr(optimizer, "_learning_rate", None) if inner is None else rate_source(inner)


def spares_from_decay(optimizer: Any) -> bool:
    """Whether ``exclude_from_weight_decay`` was called on a Keras optimizer, whose configuration does not say so.

    Example:
        >>> optimizer = keras.optimizers.AdamW()
        >>> optimizer.exclude_from_weight_decay(var_names=["bias"])
        >>> spares_from_decay(optimizer), spares_from_decay(keras.optimizers.AdamW())
        (True, False)
    """
    names = ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")
    return any(getattr(optimizer, name, None) for name in names)


def trained_variables(optimizer: Any) -> list[Any]:
    """The variables that an optimizer was built to update; none before it is built.

    Example:
        >>> optimizer, weight = keras.optimizers.SGD(), keras.Variable(1.0)
        >>> optimizer.build([weight])
        >>> trained_variables(optimizer) == [weight], trained_variables(keras.optimizers.SGD())
        (True, [])
    """
    return list(getattr(optimizer, "_trainable_variables", []))


def averages_of(optimizer: Any) -> list[tuple[Any, Any]]:
    """The trained variables with their exponential moving averages; none without ``use_ema``, or before it is built.

    Example:
        >>> optimizer, weight = keras.optimizers.SGD(use_ema=True), keras.Variable(1.0)
        >>> optimizer.build([weight])
        >>> [variable is weight for variable, _ in averages_of(optimizer)]
        [True]
    """
    averages = getattr(optimizer, "_model_variables_moving_average", None) or []
    pairs = zip(trained_variables(optimizer), averages, strict=False)
    return [(variable, average) for variable, average in pairs if average is not None]


def check_takes_a_rate(optimizer: Any) -> None:
    """Raises if an optimizer inside ``optimizer`` finds the length of its step itself, as a line search does.

    Raises:
        InvalidArgument: because there is no learning rate to search for.
    """
    for leaf in leaves(optimizer):
        if getattr(leaf, "finds_its_own_step", False):
            raise InvalidArgument(
                "optimizer", leaf.name, "one that needs a learning rate: this one finds its step itself"
            )


def get_learning_rate(optimizer: Any) -> float:
    """The current learning rate as a float; with several optimizers, that of the first."""
    return float(np.asarray(leaves(optimizer)[0].learning_rate))


def set_learning_rate(optimizer: Any, value: float) -> None:
    """Sets the learning rate of every optimizer inside ``optimizer``, from the next step on."""
    for leaf in leaves(optimizer):
        leaf.learning_rate = value


def has_live_momentum(optimizer: Any) -> bool:
    """Whether the momentum of every optimizer inside ``optimizer`` can change during training."""
    return all("momentum" in getattr(leaf, "live_hyperparameters", ()) for leaf in leaves(optimizer))


def range_test_divisor(optimizer: Any) -> float:
    """The rate at which the loss of a range test starts to rise, divided by this, is a good peak for a training.

    - 4 if the size of an update is proportional to that of the gradient (SGD, momentum).
    - 10 if it is not (Adam, RMSProp, ...): such steps survive rates far above the best.
    - 2 for AdaGrad and Adadelta, whose steps in a short test differ from those of a training at the same rate:
      AdaGrad's shrink from step to step, and Adadelta's are still finding their unit. Another optimizer of this kind
      has a class attribute ``range_test_divisor``.

    Of optimizers from outside Keras, those with a live momentum and no ``beta_2`` or ``rho`` count as SGD.

    Example:
        >>> range_test_divisor(keras.optimizers.Adam())
        10.0
    """
    leaf = leaves(optimizer)[0]
    divisor = getattr(leaf, "range_test_divisor", None)
    if divisor is not None:
        return float(divisor)
    if isinstance(leaf, (keras.optimizers.Adagrad, keras.optimizers.Adadelta)):
        return 2.0
    plain = has_live_momentum(leaf) and not hasattr(leaf, "beta_2") and not hasattr(leaf, "rho")
    return 4.0 if isinstance(leaf, keras.optimizers.SGD) or plain else 10.0


def get_momentum(optimizer: Any) -> float:
    """The current momentum as a float; with several optimizers, that of the first."""
    return float(np.asarray(leaves(optimizer)[0].momentum))


def set_momentum(optimizer: Any, value: float) -> None:
    """Sets the momentum of every optimizer inside ``optimizer``, from the next step on.

    Raises:
        ValueError: if one of them would silently ignore it. The message names an optimizer that does not.
    """
    check_number("momentum", value, low=0, below=1)
    for leaf in leaves(optimizer):
        if not has_live_momentum(leaf):
            raise ValueError(
                f"{type(leaf).__name__} keeps the momentum it was compiled with; use recipes.optimizers.Momentum, "
                f"whose momentum can change during training. Received: momentum={value}"
            )
        leaf.momentum = value


def raises_on_nan(optimizer: Any) -> bool:
    """Whether an optimizer inside ``optimizer`` raises at a gradient that is NaN or infinite."""
    return any(getattr(leaf, "raises_on_nan", False) for leaf in leaves(optimizer))


def raise_on_nan(optimizer: Any, value: bool) -> None:
    """Sets whether the optimizers inside ``optimizer`` raise at a gradient that is NaN or infinite, if they can."""
    for leaf in leaves(optimizer):
        if hasattr(leaf, "raises_on_nan"):
            leaf.raises_on_nan = value


def nan_gradient(optimizer: Any) -> str | None:
    """The layer whose gradient was the first to be NaN or infinite since :func:`raise_on_nan`; None if unknown."""
    layers = (getattr(leaf, "nan_gradient", None) for leaf in leaves(optimizer))
    return next((layer for layer in layers if layer), None)
