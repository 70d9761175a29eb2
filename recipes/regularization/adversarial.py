"""Adversarial: training on every batch together with its adversarial examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ...callbacks.adversarial_training import AdversarialTraining
from ...callbacks.checks import InvalidArgument, check_number
from ...callbacks.schedules.base import StepSchedule
from ..catalogue import Entry, Range
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["ENTRIES", "Adversarial"]


class Adversarial(Regularizer):
    """Trains on ``(1 - share) J(x) + share J(x + epsilon sign(dJ/dx))``: see :class:`callbacks.AdversarialTraining`.

    Args:
        epsilon: size of the perturbation, >= 0. For images a fraction of their range (up to the largest value of the
            training images, or 255 if that is unknown); for tables in standard deviations of each feature. Default 0.1.
        share: weight of the adversarial half, in [0, 1]. Default 0.5.

    Raises:
        InvalidArgument: for a value outside its range.

    Source: Goodfellow et al. 2015, arXiv:1412.6572.

    Example:
        >>> recipes.Recipe(regularizer={"name": "adversarial", "epsilon": 0.05})   # doctest: +SKIP
    """

    name = "adversarial"
    acts_in_step = mixes_examples = True

    def __init__(self, epsilon: float = 0.1, share: float = 0.5):
        self.epsilon = check_number("epsilon", epsilon, low=0)
        self.share = check_number("share", share, low=0, high=1)

    def check(self, spec: Spec) -> None:
        """Raises for inputs that cannot be moved along a gradient: texts, records, padded sequences."""
        if not spec.movable:
            accepted = f"one for {spec.kind} data: adversarial examples are made of images and tables of numbers"
            raise InvalidArgument("regularizer", self.name, accepted)

    def callbacks(
        self,
        *,
        epochs: int,
        schedule: StepSchedule | None,
        spec: Spec | None = None,
        validation_examples: int | None = None,
    ) -> list[keras.callbacks.Callback]:
        """AdversarialTraining, or nothing if epsilon or share is 0."""
        if not self.epsilon or not self.share:
            return []
        return [AdversarialTraining(self.epsilon, self.share, scale=(spec and spec.input_max) or "auto")]


ENTRIES = (
    Entry(
        "adversarial",
        Adversarial,
        "Half of the loss is that of examples moved by epsilon in the direction that raises it.",
        "Goodfellow et al. 2015",
        (Range("epsilon", 0.005, 0.2, 0.1),),
        when="Where inputs may be tampered with, and for images with few labels: better than none in all "
        "four cases measured here. Not where time is short: an epoch takes more than twice as long.",
    ),
)
