"""penalty_of, sum_of: several penalties on one kernel as one Keras regularizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from .base import Regularizer

__all__ = ["SumOfPenalties", "penalty_of", "sum_of"]


def penalty_of(regularizers: Sequence[Regularizer]) -> keras.regularizers.Regularizer | None:
    """The penalty that a recipe's regularizers together put on one kernel, or None.

    Example:
        >>> penalty_of([L2(0.1), Dropout()])                                  # doctest: +SKIP
        <L2 ...>
    """
    penalties = (regularizer.kernel_regularizer() for regularizer in regularizers)
    return sum_of([penalty for penalty in penalties if penalty is not None])


def sum_of(penalties: Sequence[keras.regularizers.Regularizer]) -> keras.regularizers.Regularizer | None:
    """One regularizer equal to the sum of several, since a layer takes only one; None for none.

    If all are Keras' L1, L2 or L1L2, so is the sum: a saved model then needs no class of this package.

    Example:
        >>> both = sum_of([keras.regularizers.L1(0.1), keras.regularizers.L2(0.5)])
        >>> type(both).__name__, round(float(both(keras.ops.array([2.0, -1.0]))), 4)
        ('L1L2', 2.8)
    """
    if len(penalties) < 2:
        return penalties[0] if penalties else None
    kinds = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
    if all(type(penalty) in kinds for penalty in penalties):
        l1, l2 = (sum(float(getattr(penalty, name, 0.0)) for penalty in penalties) for name in ("l1", "l2"))
        return keras.regularizers.L1L2(l1, l2)
    return SumOfPenalties(penalties)


@keras.saving.register_keras_serializable(package="recipes")
class SumOfPenalties(keras.regularizers.Regularizer):
    """The sum of Keras regularizers of any kind.

    Args:
        penalties: Keras regularizers.

    Example:
        >>> both = SumOfPenalties([keras.regularizers.L1(0.1), keras.regularizers.OrthogonalRegularizer()])
        >>> round(float(both(keras.ops.array([[2.0, 0.0], [0.0, -1.0]]))), 4)
        0.3
    """

    def __init__(self, penalties: Sequence[keras.regularizers.Regularizer]):
        self.penalties = list(penalties)

    def __call__(self, x: Any) -> Any:
        """The sum of all penalties on the weights ``x``."""
        return sum(penalty(x) for penalty in self.penalties)

    def get_config(self) -> dict[str, Any]:
        """The penalties as Keras serializes them."""
        return {"penalties": [keras.saving.serialize_keras_object(penalty) for penalty in self.penalties]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SumOfPenalties:
        """The regularizer that :meth:`get_config` describes."""
        return cls([keras.saving.deserialize_keras_object(penalty) for penalty in config["penalties"]])
