"""LivePenalties: the strengths of L1 and L2 in a compiled model as variables, so that they change without tracing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from recipes.regularization.base import Regularizer
from recipes.regularization.penalties import penalty_of

__all__ = ["LivePenalties", "without_strengths"]

KINDS = {"l1": keras.regularizers.L1, "l2": keras.regularizers.L2}
"""Those of which a strength can be a variable. Keras' L1L2 cannot: it asks in Python whether its strengths are 0."""


class LivePenalties:
    """Makes a variable of the strength that L1 or L2 gave to the kernels of a model.

    Keras bakes the number into the compiled step. Here it is put into a variable, one for all kernels, before the step
    is compiled; what Keras saves of the model is still a number. Where L1 and L2 act together nothing can be set.

    Args:
        model: made by a factory of this package with ``regularizers``, and not trained yet.
        regularizers: of its recipe.

    Example:
        >>> model = recipes.mlp(input_shape=(4,), outputs=1, regularization="l2")        # doctest: +SKIP
        >>> live = LivePenalties(model, [L2()])
        >>> live.set([L2(0.1)])
    """

    def __init__(self, model: keras.Model, regularizers: Sequence[Regularizer]):
        self._name = self._variable = None
        penalty = penalty_of(regularizers)
        for name, kind in KINDS.items():
            if type(penalty) is kind:
                self._name, before = name, float(getattr(penalty, name))
        if self._name is None:
            return
        self._variable = keras.Variable(before, trainable=False, dtype="float32", name=self._name)
        for layer in model._flatten_layers(include_self=False):
            for attribute in ("kernel_regularizer", "recurrent_regularizer"):
                own = getattr(layer, attribute, None)
                if type(own) is type(penalty) and getattr(own, self._name) == before:
                    setattr(own, self._name, self._variable)

    def set(self, regularizers: Sequence[Regularizer]) -> None:
        """The strength that these give to a kernel; they must be of the same kinds as those before."""
        if self._name is not None and self._variable is not None:
            self._variable.assign(getattr(penalty_of(regularizers), self._name))


def without_strengths(choices: Sequence[Any]) -> list[Any]:
    """A recipe's regularizers with the default strength where :class:`LivePenalties` can set another."""
    penalties = [name for name in map(_name, choices) if name in (*KINDS, "elastic_net")]
    live = penalties[0] if len(penalties) == 1 and penalties[0] in KINDS else None
    return [live if live is not None and _name(each) == live else each for each in choices]


def _name(choice: Any) -> str | None:
    return choice.get("name") if isinstance(choice, dict) else choice if isinstance(choice, str) else None
