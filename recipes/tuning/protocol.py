"""Protocol: which trainings a search consists of, and how they are judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer, check_number
from ..trainer import LARGEST_SEED
from .arms import DESIGNS
from .dunnett import LEVEL
from .option import option
from .pruning import PRUNING

__all__ = ["Protocol"]


@dataclass(frozen=True)
class Protocol:
    """How arms are compared: what :func:`recipes.search` takes under the same names, checked.

    Raises:
        InvalidArgument: naming the first argument that is out of its range.

    Example:
        >>> Protocol(trials=2, seeds=2).trainings(arms=4)
        16
        >>> Protocol(epochs=0)
        Traceback (most recent call last):
        callbacks.checks.InvalidArgument: epochs must be an integer >= 1. Received: epochs=0
    """

    design: str = option("crossed", '"crossed": all combinations; or "one_at_a_time".')
    epochs: int = option(10, "Passes over the training data.")
    trials: int = option(4, "Settings of learning rate and strength tried for each arm.")
    seeds: int = option(3, "Fresh seeds for the best setting of each arm.")
    seed: int = option(0, "The same seed gives the same numbers.")
    prune: str = option("none", 'Stop settings that do worse than others early: "none", "asha" or "median".')
    widen: bool = option(False, "Try more rates beyond a range at whose end the best one lies.")
    confidence: float | None = option(None, "Of the intervals. Default: 0.95.")
    budget: int | None = option(None, "The most trainings to run.", setting=False)
    retry_failed: bool = option(False, "Run again what failed when this search was run before.", setting=False)

    def __post_init__(self) -> None:
        check_choice("design", self.design, DESIGNS)
        self._set("epochs", check_integer("epochs", self.epochs, low=1))
        self._set("trials", check_integer("trials", self.trials, low=1))
        self._set("seeds", check_integer("seeds", self.seeds, low=1))
        self._set("seed", check_integer("seed", self.seed, low=0, high=LARGEST_SEED - self.seeds))
        check_choice("prune", self.prune, tuple(PRUNING))
        self._set("widen", check_bool("widen", self.widen))
        self._set("retry_failed", check_bool("retry_failed", self.retry_failed))
        if self.confidence is not None:
            self._set("confidence", check_number("confidence", self.confidence, above=0, below=1))
            if self.seeds < 2:
                accepted = ">= 2 where a confidence is asked for: one seed has no spread"
                raise InvalidArgument("seeds", self.seeds, accepted)
        if self.budget is not None:
            self._set("budget", check_integer("budget", self.budget, low=1))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def level(self) -> float:
        """The confidence of the intervals, also where none is asked for."""
        return 1.0 - LEVEL if self.confidence is None else self.confidence

    @property
    def one_by_one(self) -> bool:
        """Whether the tuning trials of an arm follow one another, each knowing those before, as pruning needs."""
        return self.prune != "none"

    @property
    def more_trials(self) -> int:
        """How many trials an arm gets in addition where its range is widened."""
        return max(1, self.trials // 2)

    def trainings(self, arms: int) -> int:
        """The most trainings that so many arms can take."""
        return arms * (self.trials + (self.more_trials if self.widen else 0) + self.seeds)

    def check_budget(self, arms: int) -> None:
        """Raises ``InvalidArgument`` where so many arms may take more trainings than the budget allows."""
        needed = self.trainings(arms)
        if self.budget is not None and needed > self.budget:
            more = ", and as many as half again where a range is widened" if self.widen else ""
            accepted = f">= {needed}: {arms} arms, each with {self.trials} trials and {self.seeds} seeds{more}"
            raise InvalidArgument("budget", self.budget, accepted)

    def to_settings(self) -> dict[str, Any]:
        """What makes it another search if it differs, by name, as JSON values."""
        return {name: getattr(self, name) for name in setting_names()} | {"confidence": self.level}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Protocol:
        """The protocol of a search by its ``settings.json``.

        Args:
            settings: with the names that :meth:`to_settings` writes, and others.

        Raises:
            InvalidArgument: naming one that is out of its range.
        """
        values = {name: settings[name] for name in setting_names()}
        if values["seeds"] == 1:
            values["confidence"] = None  # of no interval
        return cls(**values)


def setting_names() -> list[str]:
    """The fields that ``settings.json`` holds."""
    return [field.name for field in dataclasses.fields(Protocol) if field.metadata["setting"]]
