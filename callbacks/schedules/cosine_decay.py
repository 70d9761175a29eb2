"""CosineDecay: the learning rate falls along half a cosine wave."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import check_number
from .base import StepSchedule
from .shapes import cosine_decay

__all__ = ["CosineDecay"]


class CosineDecay(StepSchedule):
    """The rate falls along half a cosine wave from the peak to ``final_fraction`` of it, and stays there.

    ``e_T + (e_0 - e_T) (1 + cos(pi t/T)) / 2`` until step T.

    Args:
        peak: e_0, the first learning rate.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``.
        length: T, in ``unit``. None (default): the whole schedule.
        final_fraction: e_T / e_0, in [0, 1]. Default 0.
        **options: ``unit``, ``per`` and ``warm_up``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983, equation 5. The same values as Keras' ``CosineDecay``,
    which calls the fraction ``alpha``, and as PyTorch's ``CosineAnnealingLR`` up to step T, where PyTorch's rate rises
    again.

    Example:
        >>> rates, _ = callbacks.CosineDecay(0.1, warm_up=0.2).values(10)
        >>> [round(float(rate), 4) for rate in rates[[0, 1, 2, 6, 9]]]
        [0.0333, 0.0667, 0.1, 0.05, 0.0038]
    """

    gains_late = True

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        length: float | None = None,
        final_fraction: float = 0.0,
        **options: Any,
    ):
        super().__init__(total_steps, **options)
        self.peak = check_number("peak", peak, above=0)
        self.length = self.optional_length("length", length)
        self.final_fraction = check_number("final_fraction", final_fraction, low=0, high=1)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        return cosine_decay(
            np.arange(total_steps),
            peak=self.peak,
            length=self.in_steps(self.length, total_steps),
            final_fraction=self.final_fraction,
        )
