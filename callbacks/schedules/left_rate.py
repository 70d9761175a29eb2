"""The rate that a schedule leaves behind when it ends: a warning where the next ``fit`` would train with it."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import keras

from ..inside.callback_list import sets_learning_rate
from ..inside.fit_end import before_next_fit
from ..inside.model_optimizers import optimizers_of
from ..inside.optimizer_values import get_learning_rate
from ..warning import warn

__all__ = ["warn_of_left_rate"]

TINY = 0.01
"""A rate below this fraction of the schedule's highest was the end of a descent: nobody would train on with it."""


def warn_of_left_rate(model: keras.Model, optimizer: keras.Optimizer, who: str, before: float, highest: float) -> None:
    """Warns at the next ``fit`` of a model if it trains at the tiny rate that a schedule has left.

    Args:
        model, optimizer: what was trained; they are referenced weakly.
        who: the name of the schedule.
        before: the rate before the schedule.
        highest: the schedule's highest rate.
    """
    left, reference = get_learning_rate(optimizer), weakref.ref(optimizer)
    if not left < TINY * highest:
        return

    def check(model: keras.Model, callbacks: Sequence[keras.callbacks.Callback]) -> bool:
        if not any(optimizer is reference() for optimizer in optimizers_of(model).values()):
            return True
        if any(map(sets_learning_rate, callbacks)):
            return False
        if get_learning_rate(reference()) == left:
            text = (
                f"this fit trains at a learning rate of {left:.2g}, where {who} has left it; it was {before:.2g} before"
            )
            remedy = f"set the optimizer's learning_rate, or use {who}(..., restore_rate=True)"
            warn(f"{text}: {remedy}")
        return True

    before_next_fit(model, check)
