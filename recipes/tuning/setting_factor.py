"""Setting: a factor whose levels are values: the batch size, a field of a Recipe, or an option of a choice."""

from __future__ import annotations

import ast
import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...callbacks.checks import InvalidArgument, check_integer
from ..catalogue import UnknownName
from ..choice import is_named, join_names, name_of, named, options_of
from ..recipe import Recipe
from ..registration.named_losses import named_loss
from .factors import FACTORS, Factor

__all__ = ["BATCH_SIZE", "LOSS", "RATE", "Setting"]

RATE = "learning_rate"
BATCH_SIZE = "batch_size"
LOSS = "loss"

LITERALS = "a value that text can hold: a number, a string, a tuple, True, False or None"

CHOSEN = tuple(factor.field for factor in FACTORS.values())
"""The fields of a recipe that are choices."""

OPTIONS_OF = ("optimizer", "schedule", "initializer", "model")
"""The choices whose options have names such as "model.hidden", whatever is chosen."""


@dataclass(frozen=True)
class Setting(Factor):
    """A factor whose levels are values: the batch size, a field of a recipe, or an option of a choice.

    An option is named after its choice, "dropout.rate", or after the field, "model.hidden", whatever the model is.
    Levels are Python literals as text.

    Example:
        >>> Setting.named("model.hidden").text((300, 100))
        '(300, 100)'
    """

    @classmethod
    def named(cls, name: str) -> Setting:
        """The factor of this name.

        Raises:
            UnknownName: for anything else than :data:`BATCH_SIZE`, a field of a recipe, or an option.
        """
        fields = [field.name for field in dataclasses.fields(Recipe) if field.name not in CHOSEN]
        name = f"optimizer.{RATE}" if name == RATE else name  # the rate that is tuned has the short name
        chosen, dot, option = str(name).partition(".")
        known = chosen in OPTIONS_OF or any(chosen in (factor.catalogue or ()) for factor in FACTORS.values())
        if name not in (BATCH_SIZE, *fields) and not (dot and option.isidentifier() and known):
            options = 'an option, such as "model.hidden" or "dropout.rate"'
            raise UnknownName("factor", name, [*FACTORS, BATCH_SIZE, *fields, options])
        return cls(str(name), str(name), RATE if option == RATE else "" if dot else str(name))

    def value(self, level: str) -> Any:
        """The value of a level."""
        return ast.literal_eval(level)

    def check(self, level: str) -> None:
        """Raises ``InvalidArgument`` for a level that is not the text of a value."""
        try:
            text = _text(self.value(level))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            text = ""
        if text != level:
            raise InvalidArgument(self.name, level, LITERALS)

    def text(self, level: Any) -> str:
        """A value as text.

        Raises:
            InvalidArgument: for a value that text cannot hold, and for a batch size that is not an integer >= 1.
        """
        if self.name == BATCH_SIZE:
            return str(check_integer(BATCH_SIZE, level, low=1))
        level = named_loss(level) if self.name == LOSS else level
        plain = level.item() if isinstance(level, np.generic) else level
        text = _text(plain)
        try:
            self.check(text)
        except InvalidArgument:
            raise InvalidArgument(self.name, level, LITERALS) from None
        return text

    def of(self, base: Recipe) -> str:
        """The level of a recipe; "" if that is left to the choice, or to the data."""
        if self.name == BATCH_SIZE:
            return ""
        if "." not in self.name:
            return repr(getattr(base, self.name))
        option = self.name.partition(".")[2]
        for choice in self._choices(base):
            if option in options_of(choice):
                return repr(options_of(choice)[option])
        return repr(base.learning_rate) if option == RATE and base.learning_rate is not None else ""

    def applied(self, recipe: Recipe, level: str) -> Recipe:
        """The recipe with this level.

        Raises:
            InvalidArgument: for an option of a choice that the recipe has not, and for a value that it does not take.
        """
        if self.name == BATCH_SIZE:
            return recipe
        chosen, dot, option = self.name.partition(".")
        if dot:
            self._check_has(recipe)
        if self.field:  # one of the recipe, or its learning rate
            return dataclasses.replace(recipe, **{self.field: self.value(level)})

        def changed(choice: Any) -> Any:
            return named(name_of(choice), {**options_of(choice), option: self.value(level)})

        fields = {field: getattr(recipe, field) for field in OPTIONS_OF}
        changes: dict[str, Any] = {
            field: changed(choice) for field, choice in fields.items() if chosen in (field, name_of(choice))
        }
        changes["regularizer"] = tuple(
            changed(choice) if name_of(choice) == chosen else choice for choice in recipe.regularizer
        )
        return dataclasses.replace(recipe, **changes)

    def _choices(self, recipe: Recipe) -> list[Any]:
        """The choices of a recipe that the option belongs to."""
        chosen = self.name.partition(".")[0]
        fields = {field: getattr(recipe, field) for field in OPTIONS_OF}
        of_fields = [choice for field, choice in fields.items() if chosen in (field, name_of(choice))]
        return of_fields + [choice for choice in recipe.regularizer if name_of(choice) == chosen]

    def _check_has(self, recipe: Recipe) -> None:
        chosen, choices = self.name.partition(".")[0], self._choices(recipe)
        if not choices or not all(map(is_named, choices)):
            every = join_names([*(getattr(recipe, field) for field in OPTIONS_OF), *recipe.regularizer])
            why = f"{chosen!r} is an object" if choices else f"{chosen!r} is not among {every}"
            accepted = f"the option of a choice by name that every arm has; {why}"
            raise InvalidArgument("factors", self.name, accepted)


def _text(value: Any) -> str:
    return repr(tuple(value) if isinstance(value, list) else value)
