"""Augmentation: random changes to the training images that keep their labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument, check_number
from ..catalogue import Entry, Range
from ..data.augmentation import TRANSFORMATIONS, augmentation
from .base import Regularizer

if TYPE_CHECKING:
    from ..data.dataset import Data
    from ..data.spec import Spec

__all__ = ["ENTRIES", "Augmentation"]


class Augmentation(Regularizer):
    """Trains on randomly changed images, different in every epoch, in the input pipeline after the cache.

    It affects training only: not validation, not the test, not the exported model. :func:`recipes.fit` applies it; in
    your own script, train on ``data.batches("train", augment=recipe.augment(data))``.

    Args:
        transformations: names, in the order in which they act, or a mapping from names to strengths; None (default) for
            those that suit the data: see :func:`recipes.data.augmentation.preset`.
        strength: factor on the usual strengths, > 0. Default 1.

    Raises:
        InvalidArgument: for an unknown name or a strength that is not positive; when used on data other than images.

    Source: LeCun et al. 1998; Krizhevsky et al. 2012.

    Example:
        >>> mild = {"name": "augmentation", "transformations": {"translation": 0.05, "noise": 0.02}}
        >>> recipes.Recipe(regularizer=mild)      # doctest: +SKIP
    """

    name = "augmentation"
    acts_outside_step = True

    def __init__(self, transformations: Sequence[str] | Mapping[str, float] | None = None, strength: float = 1.0):
        if transformations is not None:
            if isinstance(transformations, str) or not isinstance(transformations, (Sequence, Mapping)):
                accepted = "a list of names, or a mapping of names to strengths"
                raise InvalidArgument("transformations", transformations, accepted)
            for name in transformations:
                TRANSFORMATIONS[name]
            if isinstance(transformations, Mapping):
                transformations = {name: check_number(name, value, above=0) for name, value in transformations.items()}
            else:
                transformations = tuple(transformations)
        self.transformations = transformations
        self.strength = check_number("strength", strength, above=0)

    def check(self, spec: Spec) -> None:
        """Raises for data other than images."""
        if spec.kind != "image":
            raise InvalidArgument("regularizer", self.name, f"one for {spec.kind} data, which {spec.name!r} is")

    def augment(self, data: Data) -> Callable[[Any, Any], Any]:
        """The function for the input pipeline: see :func:`recipes.data.augmentation.augmentation`."""
        return augmentation(data, self.transformations, strength=self.strength)


ENTRIES = (
    Entry(
        "augmentation",
        Augmentation,
        "Random changes to the training images that keep their labels.",
        "Krizhevsky et al. 2012",
        (Range("strength", 0.25, 2.0, 1.0),),
        when="For images, first of all when they are few. Leave out what changes the label: digits are not flipped.",
    ),
)
