"""register: an optimizer, a model, ... of one's own by name, for recipes, searches and their files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import keras

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice, check_signature
from ..activations import ACTIVATIONS
from ..catalogue import Catalogue, Entry, Range
from ..choice import RESERVED
from ..initializers import INITIALIZERS
from ..loss_names import LOSSES, OwnLoss
from ..metric import Metric
from ..metrics import METRICS, is_own
from ..models import MODELS
from ..optimizers import OPTIMIZERS
from ..own_metrics import own_metric
from ..regularization import REGULARIZERS
from ..schedules import SCHEDULES
from .origins import is_of_keras, origin_of
from .own_model import OwnModel
from .own_regularizer import OwnRegularizer

__all__ = ["CATALOGUES", "NAME", "RATE", "Absent", "origin_of_entry", "register"]

CATALOGUES: dict[str, Catalogue] = {
    catalogue.kind: catalogue
    for catalogue in (OPTIMIZERS, REGULARIZERS, SCHEDULES, INITIALIZERS, ACTIVATIONS, MODELS, LOSSES)
}
"""By kind."""

NAME = re.compile(r"[a-z][a-z0-9_]{,99}")

RATES = 30.0
"""The range of an optimizer's rate, unless it is given: from its default divided by this to its default times this."""

RATE = "learning_rate"


@checked
def register(
    kind: str,
    name: str,
    build: Any,
    *,
    direction: str | None = None,
    hyperparameters: Sequence[Range] = (),
    summary: str = "",
    source: str = "",
) -> None:
    """Gives an optimizer, a model, ... of one's own a name, which recipes, searches and the command line then accept.

    Searches register classes and functions that are passed to them by themselves, under their names in lower case.
    Processes and clusters that train import it from its module, so it has to be defined in one, not in a script or
    notebook that is run; what a search has written can be read by any program.

    Args:
        kind: "optimizer", "regularizer", "schedule", "initializer", "activation", "model", "loss" or "metric".
        name: in lower case, such as "ftrl"; of nothing else of its kind, and not "auto", "none" or "own".
        build: makes one; its keyword arguments are the options. Of an optimizer it takes ``learning_rate``; of a
            schedule ``peak``. Of a regularizer it makes a :class:`recipes.regularization.Regularizer`, or a
            :class:`keras.regularizers.Regularizer`, which is put on all kernels. A model's may take ``spec`` (a
            :class:`recipes.Spec`) and any of the recipe's ``activation``, ``initializer``, ``bias``, ``normalization``
            and ``regularizer``; it gets what it takes. Of an activation, a function of a tensor, or a layer's class. Of
            a loss, a function of targets and predictions to a value for each example, or a class of
            :class:`keras.losses.Loss`. A metric is itself a function of y and predictions, as
            :mod:`recipes.metric_functions` take them, and perhaps ``sample_weight``, to a number; or a
            :class:`keras.metrics.Metric`.
        direction: of a metric, "max" or "min". Default: that of Keras' metrics.
        hyperparameters: the :class:`recipes.Range` of the options that a search tunes. Default: an optimizer's rate,
            from a thirtieth of its default to thirty times that.
        summary, source: for ``recipes list``.

    Raises:
        InvalidArgument: for another kind, a name that is taken, or something that cannot be called like that.

    Example:
        >>> register("optimizer", "ftrl", keras.optimizers.Ftrl, hyperparameters=[Range("learning_rate", 3e-4, 3e-2)])
        >>> recipes.Recipe(optimizer="ftrl").build_optimizer().name
        'ftrl'
    """
    check_choice("kind", kind, (*CATALOGUES, METRICS.kind))
    if kind == METRICS.kind:
        _register_metric(name, build, direction)
        return
    if direction is not None:
        raise InvalidArgument("direction", direction, "left out: only metrics have one")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InvalidArgument("name", name, "of at most 100 lower-case letters, digits and underscores, such as 'lamb'")
    if name in RESERVED:
        raise InvalidArgument("name", name, f"another: {', '.join(map(repr, RESERVED))} mean something in every recipe")
    if not callable(build) or _is_object(build):
        accepted = f"a class or function that makes one, since it is {_article(kind)} {kind}"
        raise InvalidArgument("build", build, accepted)
    if kind == LOSSES.kind and is_of_keras(build) and build in LOSSES.classes.values():
        raise InvalidArgument("build", build, "a loss of your own: Keras' losses have names, see `recipes list losses`")
    listed = isinstance(hyperparameters, (list, tuple))
    if not listed or not all(isinstance(tunable, Range) for tunable in hyperparameters):
        raise InvalidArgument("hyperparameters", hyperparameters, "a sequence of recipes.Range")
    tunables = tuple(hyperparameters)
    if kind == "optimizer":
        tunables = _with_rate(name, build, tunables)
    made: Any = build
    if kind == "regularizer":
        made = OwnRegularizer(build, name)
    elif kind in WRAPPED:
        made = WRAPPED[kind](build)
    catalogue = CATALOGUES[kind]
    known = catalogue.entries.get(name)
    if known is not None and not isinstance(known.build, Absent) and origin_of_entry(known) != origin_of(build):
        raise InvalidArgument("name", name, f"a name that no other {kind} has: recipes.register({kind!r}, NAME, ...)")
    catalogue.entries[name] = Entry(name, made, summary or f"From {origin_of(build)}.", source, tunables)


def _register_metric(name: str, made_by: Any, direction: str | None) -> None:
    metric = own_metric(made_by, name=name, direction=direction)
    known = METRICS.get(name)
    if known is not None and (not is_own(known) or _origin_of(known) != _origin_of(metric)):
        raise InvalidArgument("name", name, 'a name that no other metric has: recipes.register("metric", NAME, ...)')
    METRICS.entries[name] = metric


def _origin_of(metric: Metric) -> str:
    return origin_of(getattr(metric.function, "made_by", metric.function))


class _OwnActivation:
    def __init__(self, function: Callable[..., Any]):
        self.function = function

    def __call__(self, **options: Any) -> keras.layers.Layer:
        """A layer with the activation."""
        if isinstance(self.function, type) and issubclass(self.function, keras.layers.Layer):
            return self.function(**options)
        return keras.layers.Activation(self.function, **options)


WRAPPED: dict[str, Callable[..., Any]] = {"model": OwnModel, "activation": _OwnActivation, "loss": OwnLoss}
"""What makes an entry of a class or function, by kind."""


def _is_object(build: Any) -> bool:
    """Whether something that can be called is an object of Keras, not what makes new ones; models say it themselves."""
    return hasattr(build, "get_config") and not isinstance(build, (type, keras.Model))


def _article(kind: str) -> str:
    return "an" if kind[0] in "aio" else "a"


class Absent:
    """In place of something that has not been imported."""

    def __init__(self, kind: str, name: str, origin: str):
        self.kind, self.name, self.origin = kind, name, origin

    def __call__(self, **options: Any) -> Any:
        """Raises."""
        accepted = f"registered by this program first: it is {self.origin} (recipes.register)"
        raise InvalidArgument(self.kind, self.name, accepted)


def _with_rate(name: str, build: Any, tunables: tuple[Range, ...]) -> tuple[Range, ...]:
    if any(tunable.name == RATE for tunable in tunables):
        return tunables
    parameter = check_signature("build", build).parameters.get(RATE)
    default = None if parameter is None else parameter.default
    if not isinstance(default, float) or default <= 0:
        accepted = f"with a {RATE} that has a default above 0, or with hyperparameters=[Range({RATE!r}, LOW, HIGH)]"
        raise InvalidArgument("optimizer", name, accepted)
    return (Range(RATE, default / RATES, default * RATES, default), *tunables)


def origin_of_entry(entry: Entry) -> str:
    if isinstance(entry.build, Absent):
        return entry.build.origin
    return origin_of(getattr(entry.build, "function", entry.factory))
