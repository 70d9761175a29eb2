"""LinearDecay: the learning rate falls along a straight line to a small fraction of the peak, then stays constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import check_number
from .base import StepSchedule
from .shapes import linear_decay

__all__ = ["LinearDecay"]


class LinearDecay(StepSchedule):
    """The rate falls along a straight line to ``final_fraction`` of the peak, and stays there.

    ``e_k = (1 - k/tau) e_0 + (k/tau) e_tau`` until step tau, then ``e_tau``.

    Args:
        peak: e_0, the first learning rate.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``.
        length: tau, in ``unit``. None (default): the whole schedule.
        final_fraction: e_tau / e_0, in [0, 1]. Default 0.01.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Goodfellow et al. 2016, *Deep Learning*, equation 8.14, with e_tau about 1 % of e_0. The same values as
    PyTorch's ``LinearLR`` from 1 to ``final_fraction``, and as Keras' ``PolynomialDecay``, whose end is a rate instead
    of a fraction.

    Example:
        >>> rates, _ = callbacks.LinearDecay(0.1, length=0.5).values(10)
        >>> [round(float(rate), 4) for rate in rates[[0, 1, 5, 9]]]
        [0.1, 0.0802, 0.001, 0.001]
    """

    gains_late = True

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        length: float | None = None,
        final_fraction: float = 0.01,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        self.length = self.optional_length("length", length)
        self.final_fraction = check_number("final_fraction", final_fraction, low=0, high=1)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        return linear_decay(
            np.arange(total_steps),
            peak=self.peak,
            length=self.in_steps(self.length, total_steps),
            final_fraction=self.final_fraction,
        )
