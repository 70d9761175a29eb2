"""StepNumbers: what can be changed in a compiled training step: the strengths of penalties, the rates of dropout."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

from ..callbacks.inside.layers import all_layers, noise_shape, replaced_method

__all__ = ["StepNumbers", "equal_numbers", "penalties_of"]

STRENGTHS = {keras.regularizers.L1: "l1", keras.regularizers.L2: "l2"}
"""Penalties whose strength can be a variable. Keras' L1L2 cannot: it asks in Python whether its strengths are 0."""

DROPOUT = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)
"""Layers whose rate can be a variable."""


class StepNumbers:
    """Makes variables of the strengths of L1 and L2 penalties and of the rates of dropout layers in a model.

    Keras bakes these numbers into the compiled step. Here, while steps are compiled and run, the layers do the same
    arithmetic with variables; before and after they are Keras' own, with numbers. Whose steps are compiled so must keep
    this object alive.

    A rate of 0 or 1, at which a layer draws no random numbers, and one with a ``noise_shape`` cannot be changed, nor
    can L1 and L2 in one penalty and the dropout of recurrent layers. :func:`equal_numbers` sets all that can.

    Args:
        model: built.

    Example:
        >>> numbers = StepNumbers(model)                                                    # doctest: +SKIP
        >>> with numbers.live():
        ...     model.fit(...)
        >>> numbers.copy(another)
        >>> with numbers.live():  # with the strengths and rates of the other, and the same compiled step
        ...     model.fit(...)
    """

    def __init__(self, model: keras.Model):
        self._penalties = [(penalty, STRENGTHS[type(penalty)]) for penalty in penalties_of(model)]
        self._layers = _dropout_layers(model)
        self._strengths = [
            keras.Variable(float(getattr(penalty, name)), trainable=False, dtype="float32", name=name)
            for penalty, name in self._penalties
        ]
        self._rates = [_Rate(layer) for layer in self._layers]

    def copy(self, other: keras.Model) -> None:
        """Takes over the strengths and rates of another model of the same layers."""
        for (penalty, name), given in zip(self._penalties, penalties_of(other), strict=True):
            setattr(penalty, name, float(getattr(given, name)))
        for layer, given in zip(self._layers, _dropout_layers(other), strict=True):
            layer.rate = float(given.rate)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Within it the numbers are variables, which have the values that the numbers had."""
        before = [(penalty, name, float(getattr(penalty, name))) for penalty, name in self._penalties]
        with contextlib.ExitStack() as stack:
            for rate in self._rates:
                stack.enter_context(rate.live())
            for (penalty, name, number), strength in zip(before, self._strengths, strict=True):
                strength.assign(number)
                setattr(penalty, name, strength)
            try:
                yield
            finally:
                for penalty, name, number in before:
                    setattr(penalty, name, number)


class _Rate:
    """The rate of one dropout layer, as a variable."""

    def __init__(self, layer: keras.layers.Dropout):
        self._layer = layer
        # As exact as a number in Python, so that rounding to the layer's precision gives what it gives there.
        self._rate, self._scale = (
            keras.Variable(0.0, trainable=False, dtype="float64", autocast=False, name=name)
            for name in ("rate", "scale")
        )

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        rate = float(self._layer.rate)
        self._rate.assign(rate)
        self._scale.assign(1 / (1 - rate))
        with replaced_method(self._layer, "call", self._call):
            yield

    def _call(self, keras_call: Callable[..., Any]) -> Callable[..., Any]:
        """What Keras' own layer does, with variables; from the same random numbers."""
        layer = self._layer

        def call(inputs: Any, training: bool = False) -> Any:
            if not training:
                return keras_call(inputs, training=False)
            drawn = keras.random.uniform(noise_shape(layer, inputs), dtype=inputs.dtype, seed=layer.seed_generator)
            kept = drawn >= keras.ops.cast(self._rate, inputs.dtype)
            scaled = inputs * keras.ops.cast(self._scale, inputs.dtype)
            return keras.ops.where(kept, scaled, keras.ops.zeros((), inputs.dtype))

        return call


@contextlib.contextmanager
def equal_numbers(model: keras.Model) -> Iterator[None]:
    """Within it all numbers of a model that can be changed are 0.5, so that its configuration has only the others."""
    places = [(penalty, STRENGTHS[type(penalty)]) for penalty in penalties_of(model)]
    places += [(layer, "rate") for layer in _dropout_layers(model)]
    before = [getattr(owner, name) for owner, name in places]
    for owner, name in places:
        setattr(owner, name, 0.5)
    try:
        yield
    finally:
        for (owner, name), number in zip(places, before, strict=True):
            setattr(owner, name, number)


def penalties_of(model: keras.Model) -> list[Any]:
    """The penalties of a model whose strength can be changed, each once, in the order of the layers."""
    penalties = [
        value
        for layer in all_layers(model, include_self=False)
        for _, value in sorted(vars(layer).items())
        if type(value) in STRENGTHS
    ]
    return list({id(penalty): penalty for penalty in penalties}.values())


def _dropout_layers(model: keras.Model) -> list[Any]:
    """The layers of a model whose rate of dropout can be changed, each once, in their order."""
    layers = {id(layer): layer for layer in all_layers(model, include_self=False) if type(layer) in DROPOUT}
    return [layer for layer in layers.values() if 0 < layer.rate < 1 and layer.noise_shape is None]
