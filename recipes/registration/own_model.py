"""OwnModel: a function that makes a model, in place of one of the factories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument, check_signature
from ..choice import check_makes_model, is_named, name_of, options_of
from ..models import MODELS
from .hyperparameters import HP, chosen
from .origins import origin_of

__all__ = ["STYLE", "OwnModel", "is_own_model", "own_model", "own_takes"]

STYLE = ("spec", "activation", "initializer", "bias", "normalization", "regularizer")
"""What a function that makes a model gets of a recipe."""


class OwnModel:
    """A function that makes a model, called with those of the recipe's choices that it takes.

    Args:
        function: with any of the parameters of :data:`STYLE`, and options of its own. A first parameter of another name
            without a default gets the spec too. If it takes ``hp``, KerasTuner's, the options are its values.
    """

    def __init__(self, function: Callable[..., keras.Model]):
        check_makes_model("build", function)
        self.function = function
        parameters = list(check_signature("model", function).parameters.values())
        self._open = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        self._names = {parameter.name for parameter in named}
        self._needed = [parameter.name for parameter in named if parameter.default is parameter.empty]
        self._first = named[0].name if named and self._needed[:1] == [named[0].name] else None

    def takes(self, name: str) -> bool:
        """Whether the function has a parameter of this name."""
        return name in self._names

    @property
    def tunes(self) -> bool:
        """Whether the function takes KerasTuner's hyperparameters."""
        return HP in self._names

    def __call__(self, spec: Any = None, **options: Any) -> keras.Model:
        """The model.

        Raises:
            InvalidArgument: for a function that needs something else, and for anything but a model.
        """
        origin = origin_of(self.function)
        if self.tunes and HP not in options:
            options = {**options, HP: chosen({})}
        taken = {name: value for name, value in options.items() if name in self._names}
        if "spec" in self._names:
            taken["spec"] = spec
        of_spec = self._first is not None and self._first not in (*STYLE, HP, *options) and spec is not None
        if self._open:
            taken |= {name: value for name, value in options.items() if name not in STYLE}
        unknown = [name for name in options if name not in (*taken, *STYLE)]
        missing = [name for name in self._needed[of_spec:] if name not in taken]
        if unknown or missing:
            accepted = f"a function that takes {unknown[0]!r}" if unknown else f"one with a default for {missing[0]!r}"
            raise InvalidArgument("model", origin, f"{accepted}; it gets what it takes of {', '.join(STYLE)}")
        model = self.function(spec, **taken) if of_spec else self.function(**taken)
        if not isinstance(model, keras.Model):
            raise InvalidArgument("model", origin, f"a function that returns a keras.Model, not {type(model).__name__}")
        return model


def is_own_model(model: Any) -> bool:
    """Whether a choice of a model is a function of one's own, with a name or without."""
    if not is_named(model):
        return True
    entry = MODELS.entries.get(model if isinstance(model, str) else str(model["name"]))
    return entry is not None and isinstance(entry.build, OwnModel)


def own_takes(model: Any, name: str) -> bool:
    """Whether the function of one's own that makes a model has a parameter of this name."""
    build = MODELS[name_of(model)].build if is_named(model) else OwnModel(model)
    return isinstance(build, OwnModel) and build.takes(name)


def own_model(model: Any, spec: Any) -> keras.Model:
    """The model that a function of one's own makes for the data, with the defaults of its other parameters.

    Args:
        model: the function, or the choice of one by name.
        spec: of the data.
    """
    build, options = MODELS[name_of(model)].build if is_named(model) else OwnModel(model), options_of(model)
    return build(spec=spec, **({HP: chosen(options)} if getattr(build, "tunes", False) else options))
