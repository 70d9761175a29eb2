"""WeightNoise: Gaussian noise on the kernels during each training step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ...callbacks import WeightNoise as Callback
from ...callbacks.checks import check_number
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry, Range
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "WeightNoise"]


class WeightNoise(Regularizer):
    """Gaussian noise on the kernels during each training step, removed afterwards: see :class:`callbacks.WeightNoise`.

    Args:
        stddev: standard deviation, >= 0, as a fraction of the root mean square of each kernel. Default 0.1.

    Raises:
        InvalidArgument: for a negative value.

    Source: Jim et al. 1996; Graves 2011; Goodfellow et al. 2016, section 7.5.

    Example:
        >>> recipes.Recipe(regularizer={"name": "weight_noise", "stddev": 0.2})   # doctest: +SKIP
    """

    name = "weight_noise"
    acts_in_step = True
    needs_one_gradient = True

    def __init__(self, stddev: float = 0.1):
        self.stddev = check_number("stddev", stddev, low=0)

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """The callback of the same name, or nothing at 0."""
        return [Callback(self.stddev)] if self.stddev else []


ENTRIES = (
    Entry(
        "weight_noise",
        WeightNoise,
        "Gaussian noise on the kernels during each training step.",
        "Jim et al. 1996",
        (Range("stddev", 0.01, 0.5, 0.1),),
        when="For recurrent networks and small MLPs; ahead of none with an MLP and 1,000 images of MNIST "
        "here. Not for large networks: each step draws a number for each weight.",
    ),
)
