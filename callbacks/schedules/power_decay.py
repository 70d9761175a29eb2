"""PowerDecay: the learning rate falls as a power of time, fast at first and then ever more slowly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import check_number
from .base import StepSchedule
from .shapes import power_decay

__all__ = ["PowerDecay"]


class PowerDecay(StepSchedule):
    """``peak / (1 + t/s)^c``: a factor of 2^c lower after s, of 3^c after 2s, and so on.

    Args:
        peak: the first learning rate.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``.
        scale: s, in ``unit``. None (default): a fifth of the schedule, whatever the unit.
        exponent: c, > 0. Default 1.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Géron 2019, chapter 11, "power scheduling". With c = 1 it is :class:`callbacks.InverseTimeDecay` with a rate
    of 1/s. Keras' ``PolynomialDecay`` differs: its power applies to the remaining time.

    Example:
        >>> rates, _ = callbacks.PowerDecay(0.1, scale=0.5).values(10)
        >>> [round(float(rate), 4) for rate in rates[[0, 5, 9]]]
        [0.1, 0.05, 0.0357]
    """

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        scale: float | None = None,
        exponent: float = 1.0,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        self.scale = self.optional_length("scale", scale)
        self.exponent = check_number("exponent", exponent, above=0)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        scale = self.in_steps(self.scale, total_steps, default=0.2)
        return power_decay(np.arange(total_steps), peak=self.peak, scale=scale, exponent=self.exponent)
