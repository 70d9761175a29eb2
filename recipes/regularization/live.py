"""LiveStrengths: all strengths of regularizers that can be changed in a compiled model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from .base import Regularizer
from .live_dropout import LiveDropout
from .live_penalties import LivePenalties

__all__ = ["LiveStrengths"]


class LiveStrengths:
    """The strength of L1 or L2 and the rate of dropout, changed in a compiled model without tracing anew.

    Args:
        model: made by a factory of this package with ``regularizers``, and not trained yet.
        regularizers: of its recipe.

    Example:
        >>> live = LiveStrengths(model, [L2(), Dropout()])                               # doctest: +SKIP
        >>> with live.at([L2(0.1), Dropout(0.5)]):
        ...     model.fit(...)
    """

    def __init__(self, model: keras.Model, regularizers: Sequence[Regularizer]):
        self._parts = (LivePenalties(model, regularizers), LiveDropout(model, regularizers))
        self.options = {name: option for part in self._parts for name, option in part.options.items()}

    @contextlib.contextmanager
    def at(self, regularizers: Sequence[Regularizer]) -> Iterator[None]:
        """Within it the model trains with the strengths that these give; they must be of the same kinds as before."""
        with contextlib.ExitStack() as stack:
            for part in self._parts:
                stack.enter_context(part.at(regularizers))
            yield

    def alike(self, one: Sequence[Any], other: Sequence[Any]) -> bool:
        """Whether two recipes' regularizations differ in nothing but strengths that can be set here."""
        return list(map(self._without_strength, one)) == list(map(self._without_strength, other))

    def _without_strength(self, choice: Any) -> Any:
        given = {"name": choice} if isinstance(choice, str) else choice
        option = self.options.get(given.get("name", "")) if isinstance(given, dict) else None
        if option is None or given.get(option) == 0:  # at 0 the model has no such layer
            return given
        return {name: value for name, value in given.items() if name != option}
