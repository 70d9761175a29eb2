"""OwnRegularizer: a regularizer of one's own, or a penalty for Keras' layers, by its registered name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from ..regularization import Regularizer

__all__ = ["OwnRegularizer"]


class OwnRegularizer:
    """What makes a registered regularizer.

    Args:
        function: a class or function that makes a :class:`recipes.regularization.Regularizer`, or a
            :class:`keras.regularizers.Regularizer`, which is then put on all kernels.
        name: that it is registered by.
    """

    def __init__(self, function: Callable[..., Any], name: str):
        self.function, self.name = function, name

    def __call__(self, **options: Any) -> Any:
        """The regularizer with these options."""
        made = self.function(**options)
        if isinstance(made, keras.regularizers.Regularizer):
            return _Penalty(self.name, options, made)
        if isinstance(made, Regularizer) and made.name != self.name:
            made.name = self.name
        return made


class _Penalty(Regularizer):
    """A penalty of Keras on all kernels."""

    def __init__(self, name: str, options: dict[str, Any], penalty: keras.regularizers.Regularizer):
        self.name, self._options, self._penalty = name, options, penalty

    def to_choice(self) -> dict[str, Any]:
        """The registered name, and the options."""
        return {"name": self.name, **self._options}

    def kernel_regularizer(self) -> keras.regularizers.Regularizer:
        """The penalty."""
        return self._penalty
