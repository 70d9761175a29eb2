"""Factors: the choices of a Recipe that can be compared, with the names that they can take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..activations import ACTIVATIONS
from ..catalogue import Catalogue, UnknownName
from ..choice import AUTO, NONE, join_names, name_of, options_of, split_names, text_of
from ..class_weights import BALANCED, EFFECTIVE
from ..initializers import INITIALIZERS
from ..models import MODELS
from ..normalizations import NORMALIZATIONS
from ..optimizers import OPTIMIZERS
from ..recipe import Recipe
from ..registration.named_choices import named_choice
from ..regularization import REGULARIZERS
from ..schedules import SCHEDULES

__all__ = ["FACTORS", "Factor"]


@dataclass(frozen=True)
class Factor:
    """A field of a recipe that can be compared.

    Args:
        name: as in tables and in an arm, "optimizer".
        plural: the argument of :func:`recipes.search`, "optimizers".
        field: the field of the Recipe.
        catalogue: the names that it can take; regularizers can be joined by "+".
        others: names that it can take besides those of the catalogue.
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
        """Raises ``InvalidArgument``, with the nearest name, for a level that this factor cannot take."""
        if not isinstance(level, str):
            raise InvalidArgument(self.name, level, "a name")
        for part in self.parts(level):
            if name_of(part) not in self.names or (options_of(part) and self.catalogue is None):
                raise UnknownName(self.name, part, self.names)

    def text(self, level: Any) -> str:
        """A level as text: a name, or a name with options, from a text, a mapping or, for regularizers, a sequence.

        Classes, functions and objects get a name: see :func:`recipes.register`.

        Raises:
            InvalidArgument: for anything else.

        Example:
            >>> FACTORS["optimizer"].text({"name": "adam", "beta_2": 0.95})
            'adam(beta_2=0.95)'
        """
        several = self.name == "regularizer"
        if isinstance(level, str):
            return "+".join(map(text_of, split_names(level))) or NONE if several else text_of(level)
        if isinstance(level, Mapping) and isinstance(level.get("name"), str):
            return text_of(level)
        if several and isinstance(level, Sequence) and level:
            return "+".join(map(self.text, level))
        if self.catalogue is None or level is None or isinstance(level, (bool, int, float, Mapping, Sequence)):
            raise InvalidArgument(self.name, level, "a name, or a name with options")
        return text_of(named_choice(self.catalogue, level))

    def parts(self, level: str) -> list[str]:
        """The names that a level joins, in alphabetical order: their order makes no difference."""
        return sorted(split_names(level)) if self.name == "regularizer" else [level]

    def of(self, base: Recipe) -> str:
        """The level of a recipe: without data that of "auto" regularizers is the one that suits any data.

        Class weights by label are "given", which cannot be a level.
        """
        if self.name == "class_weight" and isinstance(base.class_weight, Mapping):
            return "given"
        if self.name == "regularizer":
            return join_names(base.regularizers())
        return name_of(getattr(base, self.field))


FACTORS = {
    factor.name: factor
    for factor in (
        Factor("optimizer", "optimizers", "optimizer", OPTIMIZERS),
        Factor("regularizer", "regularizers", "regularizer", REGULARIZERS, (NONE,)),
        Factor("schedule", "schedules", "schedule", SCHEDULES),
        Factor("initializer", "initializers", "initializer", INITIALIZERS, (AUTO,)),
        Factor("activation", "activations", "activation", ACTIVATIONS),
        Factor("normalization", "normalizations", "normalization", None, (AUTO, *NORMALIZATIONS, NONE)),
        Factor("model", "models", "model", MODELS),
        Factor("class_weight", "class_weights", "class_weight", None, (NONE, BALANCED, EFFECTIVE)),
    )
}
"""The choices by name, in the order in which an arm's name lists them. Settings follow."""
