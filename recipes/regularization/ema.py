"""EMA: an exponential moving average of the weights, which is validated and exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from ...callbacks import AveragedWeights
from ...callbacks.checks import check_number
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry, Range
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["EMA", "ENTRIES"]


class EMA(Regularizer):
    """An exponential moving average a of the weights w, of any optimizer: ``a <- decay a + (1 - decay) w`` each step.

    Validation, early stopping, checkpoints and the export have a, with statistics of batch normalization that belong to
    it; the steps go on from w: see :class:`callbacks.AveragedWeights`. With the optimizers of this package a's memory
    grows with the training, ``min(decay, (1 + t) / (10 + t))`` at step t, so that the initial weights do not stay in
    the average of a short one; with Keras' own the decay is constant. Optimizers that find their own step or average
    the weights, and Lookahead, refuse it.

    Args:
        decay: in (0, 1). Default 0.999: the average reaches back about 1000 steps.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Polyak and Juditsky 1992; the growing memory is that of TensorFlow's ``ExponentialMovingAverage``.

    Example:
        >>> recipes.Recipe(optimizer="adam", regularizer={"name": "ema", "decay": 0.99})   # doctest: +SKIP
    """

    name = "ema"
    averages_weights = True

    def __init__(self, decay: float = 0.999):
        self.decay = check_number("decay", decay, above=0, below=1)

    def optimizer_options(self) -> dict[str, Any]:
        """``use_ema`` and ``ema_momentum``."""
        return {"use_ema": True, "ema_momentum": self.decay}

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """The callback that gives the average to validation and to the trained model."""
        return [AveragedWeights()]


ENTRIES = (
    Entry(
        "ema",
        EMA,
        "An exponential moving average of the weights is validated and exported.",
        "Polyak and Juditsky 1992",
        (Range("decay", 0.9, 0.9999, 0.999),),
        when="For constant or slowly falling rates, whose last weights are noisy. Not in trainings of "
        "fewer steps than a few times 1 / (1 - decay), which it remembers.",
    ),
)
