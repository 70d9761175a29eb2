"""SharedSteps: one compiled model for all that differ only in numbers which can be set."""

from __future__ import annotations

import contextlib
import gc
import json
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from ...callbacks.inside.layers import all_layers
from ...callbacks.inside.optimizer_values import rate_source, spares_from_decay
from ..regularization.live_dropout import LAYERS, LiveRate

__all__ = ["STEPS", "Form", "SharedSteps", "form_of"]

STRENGTHS = {keras.regularizers.L1: "l1", keras.regularizers.L2: "l2"}
"""Penalties whose strength can be a variable. Keras' L1L2 cannot: it asks in Python whether its strengths are 0."""

UNCLEAR = ("function", "__lambda__")
"""Classes in a configuration that do not say all about what they stand for: two functions may have one name."""

CLEAR = ("keras", "builtins", "callbacks", "recipes")
"""Packages whose classes have all that they are made from in their configuration."""

STEPS = ("train_step", "test_step", "compute_loss", "call")
"""What a model may have been given in place of its class's own."""


class SharedSteps:
    """Compiled models by their form: a second model of a form is trained as the first one, with its own numbers.

    Tracing a training step takes longer than many a training. Two models have the same form if their configurations
    differ in nothing but the learning rate of the optimizer, the strengths of L1 and L2 penalties and the rates of
    dropout layers; those are variables of the step here. Models that contain anything of which the configuration does
    not tell all (functions, classes from elsewhere, adapted layers, subclassed models) are left alone.

    Args:
        count: the most forms to keep, >= 1; the one that was not used for the longest time is dropped. Default 16.

    Example:
        >>> steps = SharedSteps()                                                         # doctest: +SKIP
        >>> for rate in (0.1, 0.01):
        ...     model = build(rate)
        ...     with steps.like(model, form_of(model)) as form:
        ...         form.model.fit(...)      # the second time the first model, as if newly built; nothing is traced
    """

    def __init__(self, count: int = 16):
        self._count = count
        self._forms: OrderedDict[str, _SettableForm] = OrderedDict()

    @contextlib.contextmanager
    def like(self, model: keras.Model, key: str | None, *, watched: bool = True) -> Iterator[Form]:
        """Within it a compiled model that trains as ``model`` would, which is used up; ``model`` itself if it must.

        Args:
            model: newly built.
            key: its :func:`form_of`.
            watched: look afterwards whether the training has changed the model's form, as by freezing a layer; such a
                model is not used again. Only a callback can do that.
        """
        if key is None:
            yield Form(model)
            return
        form = self._forms.pop(key, None)
        if form is None:
            form = _SettableForm(model)
        else:
            form.become(model)
        with form.live():
            yield form
        if not watched or form_of(form.model) == key:
            self._forms[key] = form
        if len(self._forms) > self._count:
            self._forms.popitem(last=False)
            gc.collect()  # a model and its functions refer to each other

    def __len__(self) -> int:
        return len(self._forms)


class Form:
    """A compiled model to train.

    Attributes:
        model: the model.
        epochs: where who trains it may keep what takes long to make; None at first.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self.epochs: Any = None


class _SettableForm(Form):
    """A compiled model whose numbers can be set."""

    def __init__(self, model: keras.Model):
        super().__init__(model)
        model.optimizer.build(model.trainable_variables)
        self._optimizer_start = [np.array(variable.numpy()) for variable in model.optimizer.variables]
        self._penalties = _penalties(model)
        self._strengths = [
            keras.Variable(float(getattr(each, name)), trainable=False, dtype="float32", name=name)
            for each, name in self._penalties
        ]
        self._rates = [LiveRate([layer]) for layer in _dropping(model)]

    def become(self, other: keras.Model) -> None:
        """Takes over all that ``other``, newly built, has: weights, random states, learning rate, strengths."""
        for variable, value in zip(self.model.variables, other.variables, strict=True):
            variable.assign(value)
        for variable, start in zip(self.model.optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(start)
        rate = other.optimizer.learning_rate
        if not isinstance(rate_source(other.optimizer), keras.optimizers.schedules.LearningRateSchedule):
            self.model.optimizer.learning_rate = float(rate)
        for variable, (each, name) in zip(self._strengths, _penalties(other), strict=True):
            variable.assign(float(getattr(each, name)))
        for live, layer in zip(self._rates, _dropping(other), strict=True):
            live.rate = float(layer.rate)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Within it the strengths and rates are variables; after it, the numbers that these have."""
        for (each, name), variable in zip(self._penalties, self._strengths, strict=True):
            setattr(each, name, variable)
        try:
            with contextlib.ExitStack() as stack:
                for live in self._rates:
                    stack.enter_context(live.at(live.rate))
                yield
        finally:
            for (each, name), variable in zip(self._penalties, self._strengths, strict=True):
                setattr(each, name, float(variable.numpy()))


def _penalties(model: keras.Model) -> list[tuple[Any, str]]:
    """The penalties of a model with the names of their strengths, each once, in the order of the layers."""
    found: dict[int, tuple[Any, str]] = {}
    for layer in all_layers(model, include_self=False):
        for _, value in sorted(vars(layer).items()):
            if type(value) in STRENGTHS:
                found.setdefault(id(value), (value, STRENGTHS[type(value)]))
    return list(found.values())


def _dropping(model: keras.Model) -> list[Any]:
    """The layers of a model whose rate of dropout can be set, each once, in their order."""
    found = {id(layer): layer for layer in all_layers(model, include_self=False) if type(layer) in LAYERS}
    return [layer for layer in found.values() if _is_settable(layer.get_config())]


def _is_settable(config: dict[str, Any]) -> bool:
    """Whether the rate of a dropout layer with this configuration can be set; at 0 it draws no random numbers."""
    return bool(config["rate"]) and config.get("noise_shape") is None


def form_of(model: keras.Model) -> str | None:
    """What a compiled model is but for the numbers that can be set, as JSON; None where that cannot be told."""
    if not model.built or not model.compiled or model.run_eagerly or any(name in vars(model) for name in STEPS):
        return None
    if spares_from_decay(model.optimizer):
        return None
    if any(hasattr(layer, "adapt") for layer in all_layers(model, include_self=False)):
        return None
    try:
        config = keras.saving.serialize_keras_object(model)
        optimizer = config["compile_config"]["optimizer"]["config"]
    except Exception:  # a layer or a metric that has no configuration, each in its own way
        return None
    if config["class_name"] not in ("Sequential", "Functional"):
        return None
    if isinstance(optimizer.get("learning_rate"), float):
        optimizer["learning_rate"] = None
    config = _without_numbers(config)
    if not _is_clear(config):
        return None
    # Where two layers share one penalty, the configuration has it twice: which are shared is part of the form.
    # The configuration has the steps a call that `compile` was given, not those set since.
    return json.dumps([config, _sharing(model), model.steps_per_execution], sort_keys=True, default=repr)


def _sharing(model: keras.Model) -> list[int]:
    """For each place of a penalty, which of the model's penalties stands there."""
    order = {id(each): number for number, (each, _) in enumerate(_penalties(model))}
    return [
        order[id(value)]
        for layer in all_layers(model, include_self=False)
        for _, value in sorted(vars(layer).items())
        if id(value) in order
    ]


def _is_clear(config: Any) -> bool:
    """Whether everything in a configuration is Keras' own, or of the packages here, and says all about itself."""
    if isinstance(config, dict):
        if "class_name" in config:
            home = (config.get("module") or "keras").partition(".")[0]
            if config["class_name"] in UNCLEAR or home not in CLEAR:
                return False
        return all(map(_is_clear, config.values()))
    return all(map(_is_clear, config)) if isinstance(config, (list, tuple)) else True


def _without_numbers(config: Any) -> Any:
    """A configuration without strengths of L1 and L2, rates of dropout, and initializers, whose work is done."""
    if isinstance(config, (list, tuple)):
        return [_without_numbers(each) for each in config]
    if not isinstance(config, dict):
        return config
    if config.get("module") == "keras.regularizers" and config.get("class_name") in ("L1", "L2"):
        return {**config, "config": None}
    dropping = config.get("module") == "keras.layers" and config.get("class_name") in [each.__name__ for each in LAYERS]
    if dropping and _is_settable(config["config"]):
        return {**config, "config": {**config["config"], "rate": None}}
    return {key: _without_numbers(value) for key, value in config.items() if not key.endswith("_initializer")}
