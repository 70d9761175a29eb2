"""CosineRestarts: cosine annealing with warm restarts (SGDR)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import check_number
from .base import StepSchedule
from .shapes import cosine_restarts

__all__ = ["CosineRestarts"]


class CosineRestarts(StepSchedule):
    """A sequence of half cosine waves: the rate falls to nearly zero and jumps back to the peak, ever more rarely.

    A training should end at the end of a wave, where the rate is low. If you set ``first``, choose the length of the
    training accordingly: ``first * (1 + growth + growth^2 + ...)``.

    Args:
        peak: the learning rate at the beginning of each wave.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``.
        first: length of the first wave, in ``unit``. None (default): such that three waves fill the schedule,
            1 / (1 + growth + growth^2) of it, whatever the unit.
        growth: length of each wave over that of the one before, >= 1. Default 2.
        final_fraction: last rate of each wave over the peak, in [0, 1]. Default 0.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", arXiv:1608.03983. The
    same values as PyTorch's ``CosineAnnealingWarmRestarts``, whose growth (``T_mult``) is a whole number. Keras'
    ``CosineDecayRestarts`` can also lower the peak from wave to wave (``m_mul``).

    Example:
        >>> rates, _ = callbacks.CosineRestarts(0.1).values(14)
        >>> [round(float(rate), 4) for rate in rates[[0, 1, 2, 4, 6, 13]]]
        [0.1, 0.05, 0.1, 0.05, 0.1, 0.0038]
    """

    gains_late = True

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        first: float | None = None,
        growth: float = 2.0,
        final_fraction: float = 0.0,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        self.first = self.optional_length("first", first)
        self.growth = check_number("growth", growth, low=1)
        self.final_fraction = check_number("final_fraction", final_fraction, low=0, high=1)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        return cosine_restarts(
            np.arange(total_steps),
            peak=self.peak,
            first=self.in_steps(self.first, total_steps, default=1 / (1 + self.growth + self.growth**2)),
            growth=self.growth,
            final_fraction=self.final_fraction,
        )
