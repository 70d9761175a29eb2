"""Arm: one thing that is compared, an optimizer with a regularizer, and the numbers that are tuned for it alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callbacks.checks import InvalidArgument
from recipes.catalogue import Range
from recipes.optimizers import OPTIMIZERS
from recipes.recipe import Recipe
from recipes.regularization import REGULARIZERS

__all__ = ["DEFAULT_OPTIMIZERS", "DEFAULT_REGULARIZERS", "Arm", "cross", "default_arm"]

DEFAULT_OPTIMIZERS = ("momentum", "nesterov", "rmsprop", "adam", "nadam")
DEFAULT_REGULARIZERS = ("none", "l2", "dropout", "early_stopping", "l2+dropout")


@dataclass(frozen=True)
class Arm:
    """An optimizer with a regularizer (or several, joined by "+"), by name.

    Example:
        >>> arm = Arm("adam", "l2+dropout")
        >>> arm.name, [each.name for each in arm.hyperparameters]
        ('adam+l2+dropout', ['learning_rate', 'l2.strength', 'dropout.rate'])
    """

    optimizer: str
    regularizer: str

    def __post_init__(self) -> None:
        OPTIMIZERS[self.optimizer]
        if not isinstance(self.regularizer, str):
            raise InvalidArgument("regularizer", self.regularizer, 'a name, or several joined by "+"')
        Recipe(regularization=self.regularizer)

    @property
    def name(self) -> str:
        """The two names joined by "+"."""
        return f"{self.optimizer}+{self.regularizer}"

    @property
    def hyperparameters(self) -> list[Range]:
        """What is tuned for this arm: its learning rate first, then the strengths, named "regularizer.option"."""
        ranges = [each for each in OPTIMIZERS[self.optimizer].hyperparameters if each.name == "learning_rate"]
        for part in self._parts():
            for each in REGULARIZERS[part].hyperparameters:
                ranges.append(dataclasses.replace(each, name=f"{part}.{each.name}"))
        return ranges

    def recipe(self, base: Recipe, values: Mapping[str, float]) -> Recipe:
        """``base`` with this arm's optimizer and regularizers, at these values of its hyperparameters.

        1cycle is for those whose step is scheduled; an optimizer that finds its own gets a constant factor.
        """
        choices = []
        for part in self._parts():
            options = {
                key.split(".", 1)[1]: value
                for key, value in values.items()
                if key.split(".", 1)[0] == part and "." in key
            }
            choices.append({"name": part, **options})
        return dataclasses.replace(
            base,
            optimizer=self.optimizer,
            regularization=tuple(choices),
            learning_rate=values["learning_rate"],
            schedule="auto" if base.schedule == "one_cycle" else base.schedule,
        )

    def _parts(self) -> list[str]:
        return [] if self.regularizer == "none" else [part.strip() for part in self.regularizer.split("+")]


def cross(optimizers: Sequence[str], regularizers: Sequence[str]) -> list[Arm]:
    """Every optimizer with every regularizer, in the order given.

    Raises:
        InvalidArgument: for an empty list, a name given twice or an unknown one.
    """
    for name, values in (("optimizers", optimizers), ("regularizers", regularizers)):
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            raise InvalidArgument(name, values, "a list of at least one name")
        if len(set(map(str, values))) != len(values):
            raise InvalidArgument(name, list(values), "a list without repetitions")
    return [Arm(optimizer, regularizer) for regularizer in regularizers for optimizer in optimizers]


def default_arm(arms: Sequence[Arm], base: Recipe) -> Arm:
    """The arm that the others are compared with: the base recipe's, as far as it is among them, else the first."""

    def pick(names: list[str], wanted: str) -> str:
        return wanted if wanted in names else names[0]

    return Arm(
        pick([arm.optimizer for arm in arms], base.optimizer_name),
        pick([arm.regularizer for arm in arms], base.regularization_name),
    )
