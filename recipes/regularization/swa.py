"""SWA: the mean of the weights at the ends of the last epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ...callbacks import StochasticWeightAveraging
from ...callbacks.checks import check_number
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry, Range
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "SWA"]


class SWA(Regularizer):
    """Stochastic weight averaging, as :class:`callbacks.StochasticWeightAveraging`, for optimizers without an average.

    It needs a rate that stays high: use ``schedule="constant"`` or ``"cosine_restarts"``. Under 1cycle, whose rate ends
    near zero, the last epochs are nearly the same, and there is little to average.

    Args:
        start: from which fraction of the training on the ends of epochs are averaged, in [0, 1). Default 0.75.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Izmailov et al. 2018, arXiv:1803.05407.

    Example:
        >>> recipes.Recipe(schedule="constant", regularizer="swa")   # doctest: +SKIP
    """

    name = "swa"
    averages_weights = True

    def __init__(self, start: float = 0.75):
        self.start = check_number("start", start, low=0, below=1)

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """The callback of that name."""
        return [StochasticWeightAveraging(self.start)]


ENTRIES = (
    Entry(
        "swa",
        SWA,
        "The mean of the weights at the ends of the last epochs.",
        "Izmailov et al. 2018",
        (Range("start", 0.5, 0.9, 0.75, log=False),),
        when="For the last quarter of a long training at a constant or cyclic rate. Not under 1cycle, "
        "whose last epochs differ too little to average.",
    ),
)
