"""ExponentialDecay: the learning rate falls by the same factor in every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import InvalidArgument, check_number
from .base import StepSchedule
from .shapes import exponential_decay

__all__ = ["ExponentialDecay"]


class ExponentialDecay(StepSchedule):
    """``peak * 0.1^(t/s)`` or, equivalently with a = ln(10)/s, ``peak * exp(-a t)``. Give s or a, not both.

    Args:
        peak: the first learning rate.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``.
        tenfold: s, the time in which the rate falls to a tenth, in ``unit``. Default, if ``rate`` is None too: half of
            the schedule, whatever the unit, so that the schedule ends at a hundredth.
        rate: a, per ``unit`` (for "training": per whole schedule), > 0. Default None: use ``tenfold``.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Géron 2019, chapter 11, "exponential scheduling". Keras' ``ExponentialDecay`` is the same with
    ``decay_steps`` for s and 0.1 as ``decay_rate``; PyTorch's ``ExponentialLR`` multiplies by its ``gamma``, exp(-a),
    whenever its ``step`` is called.

    Example:
        >>> rates, _ = callbacks.ExponentialDecay(0.1, tenfold=4, unit="steps").values(9)
        >>> [round(float(rate), 4) for rate in rates[[0, 2, 4, 8]]]
        [0.1, 0.0316, 0.01, 0.001]
    """

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        tenfold: float | None = None,
        rate: float | None = None,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        if tenfold is not None and rate is not None:
            raise InvalidArgument("rate", rate, "None if tenfold is given")
        self.tenfold = self.optional_length("tenfold", tenfold)
        self.rate = None if rate is None else check_number("rate", rate, above=0)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        steps = np.arange(total_steps)
        if self.rate is not None:
            return exponential_decay(steps, peak=self.peak, rate=self.rate / self.in_steps(1.0, total_steps))
        return exponential_decay(steps, peak=self.peak, tenfold=self.in_steps(self.tenfold, total_steps, default=0.5))
