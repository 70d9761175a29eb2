"""WarmUpStableDecay: the learning rate rises, stays at its peak, and falls only at the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import check_choice, check_number
from .base import StepSchedule
from .shapes import FALLS, stable_decay

__all__ = ["WarmUpStableDecay"]


class WarmUpStableDecay(StepSchedule):
    """The rate rises to ``peak``, stays there, and falls to ``final_fraction`` of it at the end.

    Unlike a cosine, the stable part does not depend on the length of the training: one that is to last longer goes on
    from there, and only the decay, where most of the gain is, is done again.

    Args:
        peak: the learning rate of the stable part.
        total_steps: length of the schedule in steps; None (default): the whole ``fit``.
        decay: length of the fall, in ``unit``; of what is left after the warm-up if it is a fraction. None (default): a
            fifth.
        shape: of the fall: "sqrt" (default: 1 - sqrt(t), fast at first), "linear" or "cosine".
        final_fraction: last rate over peak, in [0, 1]. Default 0.
        warm_up: length of the rise, in ``unit``. Default 0.05.
        **options: ``unit``, ``per``, as in :class:`callbacks.StepSchedule`.

    Raises:
        InvalidArgument: for a value outside its range.
        ValueError: at the start of training, as for :class:`callbacks.StepSchedule`.

    Source: Hu et al. 2024 (MiniCPM), arXiv:2404.06395; the fall by 1 - sqrt: Hägele et al. 2024, arXiv:2405.18392.

    Example:
        >>> rates, _ = callbacks.WarmUpStableDecay(0.1, warm_up=0.2, decay=0.5, shape="linear").values(10)
        >>> [round(float(rate), 3) for rate in rates]
        [0.033, 0.067, 0.1, 0.1, 0.1, 0.1, 0.1, 0.075, 0.05, 0.025]
    """

    gains_late = True

    def __init__(
        self,
        peak: float,
        total_steps: int | None = None,
        *,
        decay: float | None = None,
        shape: str = "sqrt",
        final_fraction: float = 0.0,
        warm_up: float = 0.05,
        **options: Any,
    ):
        super().__init__(total_steps, warm_up=warm_up, **options)
        self.peak = check_number("peak", peak, above=0)
        self.decay = self.optional_length("decay", decay)
        self.shape = check_choice("shape", shape, tuple(FALLS))
        self.final_fraction = check_number("final_fraction", final_fraction, low=0, high=1)

    def rates(self, total_steps: int) -> np.ndarray:
        """The learning rate at every step, shape (total_steps,), without the warm-up."""
        return stable_decay(
            np.arange(total_steps),
            total_steps=total_steps,
            peak=self.peak,
            decay=self.in_steps(self.decay, total_steps, default=0.2),
            shape=self.shape,
            final_fraction=self.final_fraction,
        )
