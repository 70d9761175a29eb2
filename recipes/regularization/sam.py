"""SAM: sharpness-aware minimization, with any optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ...callbacks import SharpnessAware
from ...callbacks.checks import check_number
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry, Range
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "SAM"]


class SAM(Regularizer):
    """Each step takes its gradient where the loss is highest nearby: see :class:`callbacks.SharpnessAware`.

    A step takes twice as long. It combines with every optimizer that uses the step's gradient.

    Args:
        rho: distance in the space of all weights, >= 0. Default 0.05.

    Raises:
        InvalidArgument: for a negative value.

    Source: Foret et al. 2021, arXiv:2010.01412.

    Example:
        >>> recipes.Recipe(optimizer="adam", regularizer={"name": "sam", "rho": 0.1})   # doctest: +SKIP
    """

    name = "sam"
    acts_in_step = True
    needs_one_gradient = True

    def __init__(self, rho: float = 0.05):
        self.rho = check_number("rho", rho, low=0)

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """The callback of that name, or nothing at 0."""
        return [SharpnessAware(self.rho)] if self.rho else []


ENTRIES = (
    Entry(
        "sam",
        SAM,
        "Each step takes its gradient where the loss is highest nearby.",
        "Foret et al. 2021",
        (Range("rho", 0.01, 0.5, 0.05),),
        when="Where accuracy counts more than time. Not on a fixed budget: each step computes two "
        "gradients, the cost of twice as many epochs.",
    ),
)
