"""RandAugment: operations drawn for each training image, with a strength in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument, check_integer, check_number
from ..catalogue import Entry, Range
from ..data.augmentation import check_images, pipeline_function
from ..data.policies.rand_augment import RandAugment as Policy
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.dataset import Data
    from ..data.spec import Spec

__all__ = ["ENTRIES", "RandAugment"]


class RandAugment(Regularizer):
    """Trains on images that each went through operations drawn from 14, in the input pipeline after the cache.

    Identity, shear and translation along each side, rotation, brightness, color, contrast, sharpness, posterize,
    solarize, auto contrast and equalize, each as likely, as Pillow has them; what a move leaves empty has the pixels of
    the edge. For photographs and many epochs; a short training, or one of digits, rarely gains. It affects training
    only, and follows the changes of "augmentation": ``"augmentation+rand_augment"`` flips and moves first, as the paper
    does.

    Keras' layer of the name is not used: it draws the operations once for a batch, turns in one direction by up to half
    a circle, and posterizes less where it is stronger.

    Args:
        strength: the magnitude as a share of the largest, in (0, 1]: the paper's M / 30. Default 0.3, its M = 9.
        operations: for each image, >= 1; the paper's N. Default 2. An image can get one of them twice.

    Raises:
        InvalidArgument: for a value outside its range, and for data other than images.

    Source: Cubuk et al. 2019, arXiv:1909.13719, with the ranges of torchvision's RandAugment.

    Example:
        >>> recipes.Recipe(regularizer={"name": "rand_augment", "strength": 0.2})   # doctest: +SKIP
        >>> RandAugment().to_choice()
        {'name': 'rand_augment', 'strength': 0.3, 'operations': 2}
    """

    name = "rand_augment"
    acts_outside_step = True
    augments_last = True

    def __init__(self, strength: float = 0.3, operations: int = 2):
        self.strength = check_number("strength", strength, above=0, high=1)
        self.operations = check_integer("operations", operations, low=1)

    def check(self, spec: Spec) -> None:
        """Raises for data other than images."""
        if spec.kind != "image":
            raise InvalidArgument("regularizer", self.name, f"one for {spec.kind} data, which {spec.name!r} is")

    def augment(self, data: Data) -> Callable[[Any, Any], Any]:
        """The function for the input pipeline: see :func:`recipes.data.augmentation.augmentation`."""
        check_images(data.spec)
        return pipeline_function(data, [Policy(self.strength, data, self.operations)], stream=1)


ENTRIES = (
    Entry(
        "rand_augment",
        RandAugment,
        "Two operations drawn for each image, with a strength in common.",
        "Cubuk et al. 2019",
        (Range("strength", 0.1, 0.9, 0.3),),
        when="For photographs and trainings of tens of epochs, tuned by its strength alone. Not for a few epochs, in "
        "which images so changed are learned too slowly.",
    ),
)
