"""CutMix: a rectangle of each image is that of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ...callbacks import CutMix as Callback
from ...callbacks.checks import InvalidArgument, check_number
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry, Range
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "CutMix"]


class CutMix(Regularizer):
    """Trains on images with a rectangle of another one, and the mixture of their losses: see :class:`callbacks.CutMix`.

    Args:
        alpha: of the distribution Beta(alpha, alpha) of the shares, > 0. Default 1.0.

    Raises:
        InvalidArgument: for an alpha that is not positive, and for data other than images.

    Source: Yun et al. 2019, arXiv:1905.04899.

    Example:
        >>> recipes.Recipe(regularizer={"name": "cutmix", "alpha": 0.5})   # doctest: +SKIP
    """

    name = "cutmix"
    acts_in_step = True
    needs_one_gradient = True
    mixes_examples = True

    def __init__(self, alpha: float = 1.0):
        self.alpha = check_number("alpha", alpha, above=0)

    def check(self, spec: Spec) -> None:
        """Raises for data other than images."""
        if spec.kind != "image":
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
        "cutmix",
        CutMix,
        "Images with a rectangle of another one, with the mixture of their losses.",
        "Yun et al. 2019",
        (Range("alpha", 0.2, 2.0, 1.0),),
        when="For photographs that a network learns by heart. Not for small centred shapes such as "
        "digits, where the rectangle hides what tells them apart.",
    ),
)
