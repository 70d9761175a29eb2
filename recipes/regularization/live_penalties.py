"""LivePenalties: the strength of L1 or L2 in a compiled model, changed without tracing anew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from ...callbacks.inside.layers import all_layers
from .base import Regularizer
from .penalties import penalty_of

__all__ = ["LivePenalties"]

KINDS = {"l1": keras.regularizers.L1, "l2": keras.regularizers.L2}
"""Those of which a strength can be a variable. Keras' L1L2 cannot: it asks in Python whether its strengths are 0."""


class LivePenalties:
    """Makes a variable of the strength that L1 or L2 gave to the kernels of a model, while it is trained.

    Keras bakes the number into the compiled step. Here a variable takes its place, one for all kernels, while steps are
    compiled and run; before and after, the model has a number again. Where L1 and L2 act together nothing can be set.

    Args:
        model: made by a factory of this package with ``regularizers``, and not trained yet.
        regularizers: of its recipe.

    Example:
        >>> model = recipes.mlp(input_shape=(4,), outputs=1, regularizer="l2")        # doctest: +SKIP
        >>> live = LivePenalties(model, [L2()])
        >>> with live.at([L2(0.1)]):
        ...     model.fit(...)
    """

    options: dict[str, str]
    """Names of regularizers whose strength can be set, each with that option."""

    def __init__(self, model: keras.Model, regularizers: Sequence[Regularizer]):
        self.options = {}
        self._model, self._name, self._evaluation = model, "", None
        self._penalties: list[Any] = []
        penalty = penalty_of(regularizers)
        for name, kind in KINDS.items():
            if type(penalty) is kind:
                self._name = name
        if not self._name:
            return
        self.options[self._name] = "strength"
        before = float(getattr(penalty, self._name))
        self._variable = keras.Variable(before, trainable=False, dtype="float32", name=self._name)
        model.live_penalties = self  # its compiled steps have the variable in them, which must live as long
        for layer in all_layers(model, include_self=False):
            for attribute in ("kernel_regularizer", "recurrent_regularizer"):
                own = getattr(layer, attribute, None)
                if type(own) is type(penalty) and getattr(own, self._name) == before:
                    self._penalties.append(own)

    @contextlib.contextmanager
    def at(self, regularizers: Sequence[Regularizer]) -> Iterator[None]:
        """Within it the model trains with the strength that these give; they must be of the same kinds as before."""
        if not self._name:
            yield
            return
        strength = float(getattr(penalty_of(regularizers), self._name))
        self._variable.assign(strength)
        if self._model.test_function is not self._evaluation:
            self._model.test_function = None  # made outside: it has a number in it
        self._put(self._variable)
        try:
            yield
        finally:
            self._put(strength)
            self._evaluation = self._model.test_function

    def _put(self, value: Any) -> None:
        for penalty in self._penalties:
            setattr(penalty, self._name, value)
