"""named_choice: a choice by name for classes, functions and objects of one's own."""

from __future__ import annotations

import re
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..catalogue import Catalogue
from ..choice import is_named, named
from .origins import is_of_keras
from .registered import RATE, register

__all__ = ["named_choice"]


def named_choice(catalogue: Catalogue, value: Any) -> Any:
    """A choice by name: a class, function or object gets one, if it has none yet: "slow_lion" of SlowLion.

    Args:
        catalogue: of its kind.
        value: a choice; a class or function that makes one; or an optimizer, whose settings become options.

    Raises:
        InvalidArgument: for a function without a name, a name that is taken, or settings that text cannot hold.

    Example:
        >>> from recipes.optimizers import OPTIMIZERS
        >>> named_choice(OPTIMIZERS, keras.optimizers.Adam(0.01, beta_2=0.95))
        {'name': 'keras_adam', 'learning_rate': 0.01, 'beta_2': 0.95}
    """
    value = catalogue.convert(value)
    if is_named(value):
        return value
    if hasattr(value, "to_choice") and type(value) in catalogue.classes.values():
        return value.to_choice()
    if isinstance(value, type) or (callable(value) and not hasattr(value, "get_config")):
        return _name_of(catalogue, value)
    if not isinstance(value, catalogue.objects or ()) or not hasattr(value, "get_config"):
        raise InvalidArgument(catalogue.kind, value, "a name, a name with options, a class or a function")
    name = _name_of(catalogue, type(value))
    return named(name, _settings(catalogue, name, value))


def _name_of(catalogue: Catalogue, made_by: Any) -> str:
    """The name of a class or function: it is registered if it has none."""
    for name, entry in catalogue.items():
        if made_by in (entry.factory, getattr(entry.build, "function", None)):
            return name
    own = getattr(made_by, "__name__", "")
    if not own.isidentifier():
        accepted = f"a class or a named function, or registered: recipes.register({catalogue.kind!r}, NAME, ...)"
        raise InvalidArgument(catalogue.kind, made_by, accepted)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", own).lower().strip("_")
    if name in catalogue and is_of_keras(made_by):  # Keras' Adam is not the one of this package
        name = f"keras_{name}"
    register(catalogue.kind, name, made_by)
    return name


def _settings(catalogue: Catalogue, name: str, value: Any) -> dict[str, Any]:
    """The settings of a Keras object that differ from those of its name; an optimizer's rate in any case."""
    config = value.get_config()
    try:
        usual = catalogue.build(name).get_config()
    except TypeError:  # it has no defaults
        usual = {}
    settings = {key: setting for key, setting in config.items() if key != "name" and usual.get(key, ...) != setting}
    if catalogue.kind == "optimizer":
        if not isinstance(config.get(RATE), (int, float)):
            raise InvalidArgument("optimizer", type(value).__name__, "made with a number as its learning rate")
        settings = {RATE: float(f"{config[RATE]:.7g}"), **{key: v for key, v in settings.items() if key != RATE}}
    return settings
