"""ConstantRate: a constant learning rate after a warm-up."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import check_number
from .base import StepSchedule

__all__ = ["ConstantRate"]


class ConstantRate(StepSchedule):
    """The rate stays at ``peak``. Use it with ``warm_up``; without one, the optimizer alone does the same.

    Args:
        peak: the learning rate.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``. Only a ``warm_up`` given as a
            fraction depends on it.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Goyal et al. 2017, arXiv:1706.02677, section 2.2, for the warm-up. PyTorch: ``LinearLR`` with an end factor
    of 1.

    Example:
        >>> rates, _ = callbacks.ConstantRate(0.1, warm_up=0.3).values(10)
        >>> [round(float(rate), 4) for rate in rates[:5]]
        [0.025, 0.05, 0.075, 0.1, 0.1]
    """

    part_of_peak = 0.25
    varies = False

    def __init__(self, peak: float, total_steps: int | None = None, **options: Any):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        return np.full(total_steps, self.peak)
