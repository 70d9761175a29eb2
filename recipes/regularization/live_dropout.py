"""LiveRate, LiveDropout: the rate of dropout in a compiled model, changed without tracing anew."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from ...callbacks.inside.layers import all_layers, noise_shape
from .base import Regularizer
from .dropout import SPATIAL, Dropout

__all__ = ["LAYERS", "LiveDropout", "LiveRate"]

LAYERS = (keras.layers.Dropout, *SPATIAL.values())
"""Those whose rate can be a variable."""


class LiveRate:
    """Makes a variable of the rate of dropout layers, while a model is trained.

    Keras bakes the number into the compiled step. Here, while steps are compiled and run, the layers do the same
    arithmetic with a variable; before and after they are Keras' own, with a number. Whose steps are compiled so must
    keep this object alive.

    Args:
        layers: of the types :data:`LAYERS`, all of one rate above 0, without a ``noise_shape``.
    """

    def __init__(self, layers: Sequence[keras.layers.Dropout]):
        self._layers, self.rate = list(layers), float(layers[0].rate)
        # As exact as a number in Python, so that rounding to the layers' precision gives what it gives there.
        self._rate, self._scale = (
            keras.Variable(0.0, trainable=False, dtype="float64", autocast=False, name=name)
            for name in ("rate", "scale")
        )

    @contextlib.contextmanager
    def at(self, rate: float) -> Iterator[None]:
        """Within it the layers drop at this rate, above 0 and below 1."""
        self.rate = rate
        self._rate.assign(rate)
        self._scale.assign(1 / (1 - rate))
        for layer in self._layers:
            layer.call = self._call_of(layer)
        try:
            yield
        finally:
            for layer in self._layers:
                del layer.call
                layer.rate = rate

    def _call_of(self, layer: keras.layers.Dropout) -> Callable[..., Any]:
        """What Keras' own layer does, with variables; from the same random numbers."""

        def call(inputs: Any, training: bool = False) -> Any:
            if not training:
                return inputs
            drawn = keras.random.uniform(noise_shape(layer, inputs), dtype=inputs.dtype, seed=layer.seed_generator)
            kept = drawn >= keras.ops.cast(self._rate, inputs.dtype)
            scaled = inputs * keras.ops.cast(self._scale, inputs.dtype)
            return keras.ops.where(kept, scaled, keras.ops.zeros((), inputs.dtype))

        return call


class LiveDropout:
    """The rate of dropout in a model of this package, changed without tracing anew.

    Nothing can be set in models that drop within recurrent layers or on their input, or not at all.

    Args:
        model: made by a factory of this package with ``regularizers``, and not trained yet.
        regularizers: of its recipe.

    Example:
        >>> model = recipes.mlp(input_shape=(4,), outputs=1, regularizer="dropout")   # doctest: +SKIP
        >>> live = LiveDropout(model, [Dropout()])
        >>> with live.at([Dropout(0.5)]):
        ...     model.fit(...)
    """

    options: dict[str, str]
    """Names of regularizers whose strength can be set, each with that option."""

    def __init__(self, model: keras.Model, regularizers: Sequence[Regularizer]):
        self.options = {}
        given = [each for each in regularizers if isinstance(each, Dropout)]
        layers = all_layers(model, include_self=False)
        if len(given) != 1 or given[0].input_rate or any(getattr(layer, "dropout", 0) for layer in layers):
            return
        dropping = [layer for layer in layers if type(layer) in LAYERS and layer.rate == given[0].rate]
        if dropping:
            self.options["dropout"] = "rate"
            self._live = LiveRate(dropping)
            model.live_dropout = self  # its compiled steps have the variables in them, which must live as long

    @contextlib.contextmanager
    def at(self, regularizers: Sequence[Regularizer]) -> Iterator[None]:
        """Within it the model trains with the rate that these give; they must be of the same kinds as before."""
        if not self.options:
            yield
            return
        with self._live.at(next(each.rate for each in regularizers if isinstance(each, Dropout))):
            yield
