"""Factors: the fields of a Recipe that a comparison can be about, each with the names it can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...callbacks.checks import InvalidArgument
from ..activations import ACTIVATIONS
from ..catalogue import Catalogue, UnknownName
from ..choice import AUTO, NONE, name_of, split_names
from ..initializers import INITIALIZERS
from ..models import MODELS
from ..optimizers import OPTIMIZERS
from ..regularization import REGULARIZERS
from ..schedules import SCHEDULES

if TYPE_CHECKING:
    from ..recipe import Recipe

__all__ = ["FACTORS", "Factor", "check_levels"]


@dataclass(frozen=True)
class Factor:
    """What can be compared.

    Args:
        name: as in tables and in an arm, "optimizer".
        plural: the argument of :func:`recipes.search`, "optimizers".
        field: of the Recipe that it sets.
        catalogue: what it can be; of regularizers several can be joined by "+".
        others: more names that it can take.
    """

    name: str
    plural: str
    field: str
    catalogue: Catalogue | None = None
    others: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names that it can take."""
        return [*self.others, *(self.catalogue or ())]

    def check(self, level: str) -> None:
        """Raises ``InvalidArgument``, with the nearest name, for one that this factor cannot take."""
        if not isinstance(level, str):
            raise InvalidArgument(self.name, level, "a name")
        for part in self.parts(level):
            if part not in self.names:
                raise UnknownName(self.name, part, self.names)

    def parts(self, level: str) -> list[str]:
        """The names that a level joins, in alphabetical order: in any other order it is the same."""
        return sorted(split_names(level)) if self.name == "regularizer" else [level]

    def of(self, base: Recipe) -> str:
        """The name that a recipe has for it."""
        return base.regularizer_name if self.name == "regularizer" else name_of(getattr(base, self.field))


FACTORS = {
    factor.name: factor
    for factor in (
        Factor("optimizer", "optimizers", "optimizer", OPTIMIZERS),
        Factor("regularizer", "regularizers", "regularizer", REGULARIZERS, (NONE,)),
        Factor("schedule", "schedules", "schedule", SCHEDULES),
        Factor("initializer", "initializers", "initializer", INITIALIZERS, (AUTO,)),
        Factor("activation", "activations", "activation", ACTIVATIONS),
        Factor("normalization", "normalizations", "normalization", None, (AUTO, "batch", NONE)),
        Factor("model", "models", "model", MODELS),
    )
}
"""By name, in the order in which an arm's name has them."""


def check_levels(factor: Factor, levels: Sequence[str]) -> tuple[str, ...]:
    """The levels of a factor that are compared.

    Raises:
        InvalidArgument: for an empty list, a name given twice or an unknown one.
    """
    if not isinstance(levels, Sequence) or isinstance(levels, str) or not levels:
        raise InvalidArgument(factor.plural, levels, "a list of at least one name")
    for level in levels:
        factor.check(level)
    if len({tuple(factor.parts(level)) for level in levels}) != len(levels):
        raise InvalidArgument(factor.plural, list(levels), "a list without repetitions")
    return tuple(levels)
