"""InverseTimeDecay: the learning rate falls as 1/t."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import check_number
from .base import StepSchedule
from .shapes import inverse_time_decay

__all__ = ["InverseTimeDecay"]


class InverseTimeDecay(StepSchedule):
    """``peak / (1 + a t)``.

    Args:
        peak: the first learning rate.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``.
        rate: a, per ``unit`` (for "training": per whole schedule), > 0. None (default): 10 per whole schedule, whatever
            the unit, so that the schedule ends at an eleventh.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Robbins and Monro 1951 for the 1/t; Bottou 2012, "Stochastic gradient descent tricks", section 5.2. Keras'
    ``InverseTimeDecay`` is the same with ``decay_rate / decay_steps`` for a; so was ``SGD(decay=a)`` in Keras 2.

    Example:
        >>> rates, _ = callbacks.InverseTimeDecay(0.1, rate=1.0, unit="epochs").values(8, steps_per_epoch=2)
        >>> [round(float(rate), 4) for rate in rates[[0, 2, 6]]]
        [0.1, 0.05, 0.025]
    """

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        rate: float | None = None,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        self.rate = None if rate is None else check_number("rate", rate, above=0)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        per_step = 10.0 / total_steps if self.rate is None else self.rate / self.in_steps(1.0, total_steps)
        return inverse_time_decay(np.arange(total_steps), peak=self.peak, rate=per_step)
