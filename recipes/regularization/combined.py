"""Several regularizers as one, where the parts of a recipe need one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .base import Regularizer

if TYPE_CHECKING:
    from ..data.dataset import Data

__all__ = ["combined_augmentation"]


def combined_augmentation(regularizers: Sequence[Regularizer], data: Data) -> Callable[[Any, Any], Any] | None:
    """The augmentations of all regularizers, one after another; None if none has one."""
    ordered = sorted(regularizers, key=lambda regularizer: regularizer.augments_last)
    augmentations = [regularizer.augment(data) for regularizer in ordered]
    steps = [augmentation for augmentation in augmentations if augmentation is not None]

    def augment(x: Any, seed: Any) -> Any:
        for step in steps:
            x = step(x, seed)
        return x

    return augment if steps else None
