"""chosen: KerasTuner's HyperParameters with given values, for functions that build a model from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras_tuner

__all__ = ["HP", "chosen", "is_number", "position"]

HP = "hp"
"""The parameter by which a function takes hyperparameters."""


def is_number(value: Any) -> bool:
    """Whether a value of a choice is a number, and no boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def position(values: Sequence[Any], number: float) -> Any:
    """The value of a choice that a number stands for: the nearest number, or the value at that position."""
    if all(map(is_number, values)):
        return min(values, key=lambda value: abs(value - number))
    return values[round(number)]


def chosen(numbers: Mapping[str, float]) -> keras_tuner.HyperParameters:
    """Hyperparameters whose values are these numbers; those that are not among them have their defaults.

    Args:
        numbers: by name. Of choices among other values than numbers it is the position, from 0; of booleans 0 or 1.

    Example:
        >>> hp = chosen({"units": 40.0, "activation": 1.0})
        >>> hp.Int("units", 8, 64), hp.Choice("activation", ["relu", "elu"]), hp.Boolean("deep")
        (40, 'elu', False)
    """
    import keras_tuner

    class Chosen(keras_tuner.HyperParameters):
        """Hyperparameters with these values."""

        def _value(self, name: str, usual: Any, of: Callable[[float], Any]) -> Any:
            return of(numbers[name]) if name in numbers else usual

        def Choice(self, name: str, values: Sequence[Any], *args: Any, **options: Any) -> Any:
            usual = super().Choice(name, values, *args, **options)
            return self._value(name, usual, lambda number: position(values, number))

        def Int(self, name: str, *args: Any, **options: Any) -> Any:
            return self._value(name, super().Int(name, *args, **options), round)

        def Float(self, name: str, *args: Any, **options: Any) -> Any:
            return self._value(name, super().Float(name, *args, **options), float)

        def Boolean(self, name: str, *args: Any, **options: Any) -> Any:
            return self._value(name, super().Boolean(name, *args, **options), bool)

    return Chosen()
