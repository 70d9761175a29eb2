"""AugMix: each training image mixed with what chains of operations make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument, check_integer, check_number
from ..catalogue import Entry, Range
from ..data.augmentation import check_images, pipeline_function
from ..data.policies.aug_mix import AugMix as Policy
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.dataset import Data
    from ..data.spec import Spec

__all__ = ["ENTRIES", "AugMix"]


class AugMix(Regularizer):
    """Trains on images mixed with chains of one to three operations on themselves, in the input pipeline.

    Where a model will see blurred, noisy or foggy images: its operations are none of these, and yet it withstands them
    better. It affects training only, and follows the changes of "augmentation". The paper's Jensen-Shannon loss, which
    takes two such mixtures of each image and thrice the time, is not part of it.

    Keras' layer of the name is not used: it draws the operations once, when the pipeline is traced, for all images of
    the training, and turns and moves in one direction only.

    Args:
        strength: the largest severity as a share of 10, in (0, 1]; how far an operation goes is uniform up to it.
            Default 0.3, the paper's 3 for CIFAR-10.
        chains: >= 1; the paper's width. Default 3.

    Raises:
        InvalidArgument: for a value outside its range, and for data other than images.

    Source: Hendrycks et al. 2020, arXiv:1912.02781, and the authors' program.

    Example:
        >>> recipes.Recipe(regularizer={"name": "aug_mix", "chains": 2})   # doctest: +SKIP
        >>> AugMix().to_choice()
        {'name': 'aug_mix', 'strength': 0.3, 'chains': 3}
    """

    name = "aug_mix"
    acts_outside_step = True
    augments_last = True

    def __init__(self, strength: float = 0.3, chains: int = 3):
        self.strength = check_number("strength", strength, above=0, high=1)
        self.chains = check_integer("chains", chains, low=1)

    def check(self, spec: Spec) -> None:
        """Raises for data other than images."""
        if spec.kind != "image":
            raise InvalidArgument("regularizer", self.name, f"one for {spec.kind} data, which {spec.name!r} is")

    def augment(self, data: Data) -> Callable[[Any, Any], Any]:
        """The function for the input pipeline: see :func:`recipes.data.augmentation.augmentation`."""
        check_images(data.spec)
        return pipeline_function(data, [Policy(self.strength, data, self.chains)], stream=2)


ENTRIES = (
    Entry(
        "aug_mix",
        AugMix,
        "Images mixed with chains of operations on themselves.",
        "Hendrycks et al. 2020",
        (Range("strength", 0.1, 0.9, 0.3),),
        when="Where a model must stand worse photographs than it was trained on. Not where accuracy on clean ones is "
        "all: then rand_augment or cutmix.",
    ),
)
