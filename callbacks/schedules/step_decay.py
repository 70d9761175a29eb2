"""StepDecay: the learning rate drops by a factor at regular intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import check_number
from .base import StepSchedule
from .shapes import step_decay

__all__ = ["StepDecay"]


class StepDecay(StepSchedule):
    """``peak * a^floor(t/N)``: the rate is multiplied by ``factor`` at regular intervals.

    Args:
        peak: the first learning rate.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``.
        every: N, in ``unit``. None (default): a third of the schedule, whatever the unit, so two drops.
        factor: a, in (0, 1). Default 0.1.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: He et al. 2015, arXiv:1512.03385, section 3.4, divide by 10 two or three times. The same values as PyTorch's
    ``StepLR``, whose ``step_size`` counts calls of its ``step``, and as Keras' ``ExponentialDecay`` with
    ``staircase=True``.

    Example:
        >>> schedule = callbacks.StepDecay(0.1, every=10, unit="epochs")
        >>> rates, _ = schedule.values(3000, steps_per_epoch=100)
        >>> [round(float(rate), 4) for rate in rates[[0, 999, 1000, 2999]]]
        [0.1, 0.1, 0.01, 0.001]
    """

    gains_late = True

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        every: float | None = None,
        factor: float = 0.1,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        self.every = self.optional_length("every", every)
        self.factor = check_number("factor", factor, above=0, below=1)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        every = self.in_steps(self.every, total_steps, default=1 / 3)
        return step_decay(np.arange(total_steps), peak=self.peak, every=every, factor=self.factor)
