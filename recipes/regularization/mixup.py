"""MixUp: each batch is mixed with itself in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ...callbacks import MixUp as Callback
from ...callbacks.checks import InvalidArgument, check_number
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry, Range
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "MixUp"]


class MixUp(Regularizer):
    """Trains on mixtures of two examples, with the mixture of their losses: see :class:`callbacks.MixUp`.

    For images and tables of numbers, for classes and for regression. With label smoothing it is redundant.

    Args:
        alpha: of the distribution Beta(alpha, alpha) of the shares, > 0. Default 0.2.

    Raises:
        InvalidArgument: for an alpha that is not positive, and for inputs that cannot be mixed.

    Source: Zhang et al. 2018, arXiv:1710.09412.

    Example:
        >>> recipes.Recipe(regularizer={"name": "mixup", "alpha": 0.4})   # doctest: +SKIP
    """

    name = "mixup"
    acts_in_step = True
    needs_one_gradient = True
    mixes_examples = True

    def __init__(self, alpha: float = 0.2):
        self.alpha = check_number("alpha", alpha, above=0)

    def check(self, spec: Spec) -> None:
        """Raises for inputs that cannot be mixed."""
        if not spec.movable:
            raise InvalidArgument("regularizer", self.name, f"one for {spec.kind} data, which {spec.name!r} is")

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """The callback of the same name."""
        return [Callback(self.alpha)]


ENTRIES = (
    Entry(
        "mixup",
        MixUp,
        "Mixtures of two examples, with the mixture of their losses.",
        "Zhang et al. 2018",
        (Range("alpha", 0.05, 1.0, 0.2),),
        when="For images and tables with thousands of examples and a training accuracy near 100 %. Not "
        "where a mixture of two inputs stands for nothing, as with coded categories.",
    ),
)
