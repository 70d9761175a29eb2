"""StepNumbers: strengths, rates of dropout and what layers know of the data as variables of a compiled step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from ..callbacks.inside.layers import all_layers, noise_shape, replaced_method
from ..callbacks.inside.loss_weight import LossWeight

__all__ = ["StepNumbers", "equal_numbers", "penalties_of"]

STRENGTHS = {keras.regularizers.L1: "l1", keras.regularizers.L2: "l2"}
"""Penalties whose strength can be a variable. Keras' L1L2 cannot: it tests in Python whether its strengths are 0."""

DROPOUT = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)
"""Layers whose rate can be a variable."""

STATISTICS = {keras.layers.Normalization: ("mean", "variance"), keras.layers.Rescaling: ("scale", "offset")}
"""Layers that know the data, which differ from split to split, and the attributes that hold what they know."""


class StepNumbers:
    """Turns the numbers that differ between like models into variables: the strengths of L1 and L2 penalties, the rates
    of dropout layers, the means, variances, scales and offsets of Normalization and Rescaling layers, of which each
    split of the data has its own, and the weight of the only loss, which makes up for the scale of a target.

    Keras compiles these numbers into the step as constants. Within :meth:`live`, the layers do the same arithmetic with
    variables; outside they are unmodified Keras layers with numbers. Keep this object alive as long as the steps
    compiled within.

    Constants stay: a rate of 0 or 1, at which a layer draws no random numbers; the rate of a layer with a
    ``noise_shape``; L1 and L2 in one penalty; the dropout of recurrent layers. :func:`equal_numbers` covers all others.

    Args:
        model: a built model.

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
        self._knowing = _knowing_layers(model)
        self._statistics = [_Statistics(layer) for layer in self._knowing]
        self._loss_weight = LossWeight.of(model)

    @property
    def variables(self) -> list[keras.Variable]:
        """The variables."""
        weight = [] if self._loss_weight is None else [self._loss_weight.variable]
        of_layers = [layer.variables for layer in self._rates] + [layer.variables for layer in self._statistics]
        return [*self._strengths, *weight, *(variable for variables in of_layers for variable in variables)]

    def copy(self, other: keras.Model, loss_weight: float | None = None) -> None:
        """Copies the numbers of another model with the same layers.

        Args:
            other: the model, which need not be compiled.
            loss_weight: the weight of its only loss. Default None: stays as it is.
        """
        if self._loss_weight is not None and loss_weight is not None:
            self._loss_weight.value = loss_weight
        for (penalty, name), source in zip(self._penalties, penalties_of(other), strict=True):
            setattr(penalty, name, float(getattr(source, name)))
        for layer, source in zip(self._layers, _dropout_layers(other), strict=True):
            layer.rate = float(source.rate)
        for layer, source in zip(self._knowing, _knowing_layers(other), strict=True):
            for name in _attributes(layer):
                setattr(layer, name, getattr(source, name))

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """A context in which the numbers are variables with the numbers' values."""
        before = [(penalty, name, float(getattr(penalty, name))) for penalty, name in self._penalties]
        with contextlib.ExitStack() as stack:
            for rate in self._rates:
                stack.enter_context(rate.live())
            for statistics in self._statistics:
                stack.enter_context(statistics.live())
            if self._loss_weight is not None:
                stack.enter_context(self._loss_weight.live())
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
        # As exact as a Python number, so that rounding to the layer's precision gives the same value.
        self._rate, self._scale = (
            keras.Variable(0.0, trainable=False, dtype="float64", autocast=False, name=name)
            for name in ("rate", "scale")
        )
        self.variables = [self._rate, self._scale]

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        rate = float(self._layer.rate)
        self._rate.assign(rate)
        self._scale.assign(1 / (1 - rate))
        with replaced_method(self._layer, "call", self._call):
            yield

    def _call(self, keras_call: Callable[..., Any]) -> Callable[..., Any]:
        """The computation of Keras' layer with variables, and with the same random numbers."""
        layer = self._layer

        def call(inputs: Any, training: bool = False) -> Any:
            if not training:
                return keras_call(inputs, training=False)
            drawn = keras.random.uniform(noise_shape(layer, inputs), dtype=inputs.dtype, seed=layer.seed_generator)
            kept = drawn >= keras.ops.cast(self._rate, inputs.dtype)
            scaled = inputs * keras.ops.cast(self._scale, inputs.dtype)
            return keras.ops.where(kept, scaled, keras.ops.zeros((), inputs.dtype))

        return call


class _Statistics:
    """What a layer knows of the data, as variables."""

    def __init__(self, layer: keras.layers.Layer):
        self._layer, self._names = layer, STATISTICS[type(layer)]
        options: dict[str, Any] = {"trainable": False, "autocast": False, "dtype": layer.compute_dtype}
        self.variables = [keras.Variable(np.array(getattr(layer, name)), name=name, **options) for name in self._names]

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        for variable, name in zip(self.variables, self._names, strict=True):
            variable.assign(getattr(self._layer, name))
        call = self._normalized if isinstance(self._layer, keras.layers.Normalization) else self._rescaled
        with replaced_method(self._layer, "call", lambda _: call):
            yield

    def _normalized(self, inputs: Any) -> Any:
        """The computation of Keras' Normalization with variables."""
        ops, (mean, variance) = keras.ops, self.variables
        centred = ops.subtract(ops.convert_to_tensor(inputs, dtype=self._layer.compute_dtype), mean)
        return ops.divide(centred, ops.maximum(ops.sqrt(variance), keras.config.epsilon()))

    def _rescaled(self, inputs: Any) -> Any:
        """The computation of Keras' Rescaling with variables."""
        scale, offset = self.variables
        return keras.ops.cast(inputs, self._layer.compute_dtype) * scale + offset


@contextlib.contextmanager
def equal_numbers(model: keras.Model) -> Iterator[None]:
    """A context in which all variable numbers of a model are 0.5, so that they do not affect its configuration."""
    attributes = [(penalty, STRENGTHS[type(penalty)]) for penalty in penalties_of(model)]
    attributes += [(layer, "rate") for layer in _dropout_layers(model)]
    for layer in _knowing_layers(model):
        # A Normalization that has its statistics from its `adapt` does not have them in its configuration.
        names = [name for name in _attributes(layer) if name not in STATISTICS[keras.layers.Normalization]]
        attributes += [(layer, name) for name in names if getattr(layer, name) is not None]
    before = [getattr(owner, name) for owner, name in attributes]
    for owner, name in attributes:
        setattr(owner, name, np.full(np.shape(getattr(owner, name)), 0.5))
    try:
        yield
    finally:
        for (owner, name), number in zip(attributes, before, strict=True):
            setattr(owner, name, number)


def penalties_of(model: keras.Model) -> list[Any]:
    """The penalties of a model whose strength can be a variable, without repetitions, in the order of the layers."""
    penalties = [
        value
        for layer in all_layers(model, include_self=False)
        for _, value in sorted(vars(layer).items())
        if type(value) in STRENGTHS
    ]
    return list({id(penalty): penalty for penalty in penalties}.values())


def _dropout_layers(model: keras.Model) -> list[Any]:
    """The dropout layers of a model whose rate can be a variable, without repetitions, in order."""
    layers = {id(layer): layer for layer in all_layers(model, include_self=False) if type(layer) in DROPOUT}
    return [layer for layer in layers.values() if 0 < layer.rate < 1 and layer.noise_shape is None]


def _knowing_layers(model: keras.Model) -> list[Any]:
    """The layers of a model that know something of the data, without repetitions, in order."""
    layers = {id(layer): layer for layer in all_layers(model, include_self=False) if type(layer) in STATISTICS}
    return [layer for layer in layers.values() if _is_usual(layer)]


def _is_usual(layer: Any) -> bool:
    """Whether a layer computes what :class:`_Statistics` computes."""
    if isinstance(layer, keras.layers.Normalization):
        return layer.mean is not None and not layer.invert
    return keras.config.image_data_format() == "channels_last" or np.ndim(layer.scale) == 0


def _attributes(layer: keras.layers.Layer) -> tuple[str, ...]:
    """The attributes of a layer that knows the data which differ from split to split."""
    names = STATISTICS[type(layer)]
    inputs = tuple(f"input_{name}" for name in names) if isinstance(layer, keras.layers.Normalization) else ()
    return (*names, *inputs)
