"""regularizers_for: the default regularizers for the data."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..choice import name_of
from ..data.spec import SMALL_IMAGE

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["regularizers_for"]

ALWAYS: tuple[Any, ...] = ("early_stopping",)

OF_TABLES: tuple[Any, ...] = (
    "early_stopping",
    {"name": "dropout", "rate": 0.3},
    {"name": "weight_decay", "strength": 0.05},
)
"""Most tables have few rows. Dropout lowers the loss most; with decay a network is rarely worse than a linear model."""

OF_SMALL_IMAGES: tuple[Any, ...] = ("early_stopping", {"name": "dropout", "rate": 0.3})

OF_TEXTS: tuple[Any, ...] = ("early_stopping", {"name": "weight_decay", "strength": 0.01})
"""The default model of texts is linear in many columns; without decay it learns rare words by heart."""


def regularizers_for(
    spec: Spec | None = None, *, noise: bool = True, without: Collection[str] = (), alpha: bool = False
) -> tuple[Any, ...]:
    """The regularizers that suit the data: what "if needed" means in the default setup.

    Early stopping always; with tables, dropout and weight decay too; with images of less than 16 pixels a side,
    dropout; with texts, weight decay.

    Args:
        spec: of the data; None (default) if unknown.
        noise: whether the optimizer can follow a loss with random noise, and decay weights. Default True.
        without: names of regularizers that something else replaces. Default none.
        alpha: whether dropout has to keep mean and variance, as under SELU. Default False.

    Returns:
        Choices of the catalogue of regularizers.

    Example:
        >>> regularizers_for()
        ('early_stopping',)
    """
    chosen = ALWAYS
    if noise and spec is not None:
        small = OF_SMALL_IMAGES if spec.kind == "image" and min(spec.input_shape[:2]) < SMALL_IMAGE else ALWAYS
        chosen = {"tabular": OF_TABLES, "text": OF_TEXTS}.get(spec.kind, small)
    chosen = tuple(choice for choice in chosen if name_of(choice) not in without)
    return tuple("alpha_dropout" if alpha and name_of(choice) == "dropout" else choice for choice in chosen)
