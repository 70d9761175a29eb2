"""Adversarial examples by the fast gradient sign method, for any Keras model, in the units of its raw inputs."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from .checked import checked
from .checks import LARGEST, InvalidArgument, check_number
from .inside.backend import value_and_gradients, widest_float

__all__ = ["GradientSign", "check_scale", "input_scale", "on_floats"]

LOSS_SCALE = 2.0**10
"""A factor on the loss. It keeps the gradient's sign, and less of the gradient underflows in half precision."""


class GradientSign:
    """``x + epsilon scale sign(dJ/dx)``: of all steps of this size in every input, the one that raises the loss J most.

    A model with integer inputs gets integers: the step is rounded and clipped to the range of the input's type, so that
    an adversarial image is an image. The gradient is taken in floating point, through the model's own preprocessing and
    layers.

    Args:
        model: a built Keras model with one input. It is referenced weakly, its layers may be referenced strongly.
        epsilon: size of the step, >= 0, in units of ``scale``.
        scale: one unit of ``epsilon`` in raw inputs: a number, or one for each feature; "auto" (default) for
            :func:`input_scale`.

    Raises:
        InvalidArgument: for a negative epsilon, or a model without exactly one known input.

    Source: Goodfellow et al. 2015, arXiv:1412.6572.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> sign = GradientSign(model, 0.5)
        >>> sign(keras.ops.array([[1.0, -1.0]]), lambda answer: answer[0, 0]).numpy().tolist()
        [[1.5, -0.5]]
    """

    @checked
    def __init__(self, model: keras.Model, epsilon: float, scale: Any = "auto"):
        epsilon = check_number("epsilon", epsilon, low=0)
        check_scale(scale)
        if len(getattr(model, "inputs", None) or ()) != 1:
            raise InvalidArgument("model", model.name, "a built model with one input: give it a keras.Input")
        self._dtype = np.dtype(model.inputs[0].dtype)
        scale = input_scale(model) if isinstance(scale, str) and scale == "auto" else scale
        whole = np.issubdtype(self._dtype, np.integer)
        self._wide = widest_float() if self._dtype.itemsize > 4 else "float32"
        shape = tuple(model.inputs[0].shape)[1:]
        try:
            fits = None in shape or np.broadcast_shapes(np.shape(scale), (1, *shape)) == (1, *shape)
        except ValueError:
            fits = False
        if not fits:
            raise InvalidArgument(
                "scale", f"shape {np.shape(scale)}", f"one number, or of the shape of an input, {shape}"
            )
        self._step = np.asarray(epsilon * np.asarray(scale, self._wide), self._wide)
        self._twin = on_floats(model) if whole else None
        self._model = weakref.ref(model)

    def __call__(self, x: Any, loss: Callable[[Any], Any], *, training: bool = False) -> Any:
        """The adversarial examples of the examples in ``x``, of its shape and type.

        Args:
            x: shape (batch, ...), as the model takes it.
            loss: takes the model's output and returns the scalar to raise.
            training: whether the model runs in training mode. No moving average or random state advances.
        """
        network = self._twin if self._twin is not None else self._model()
        if network is None:
            raise ReferenceError("the model of this GradientSign is gone")
        raw = ops.cast(x, self._wide)
        # Penalties look the weights up in the scope, and would find none in an empty one.
        values = [(variable, variable.value) for variable in network.variables]

        def scaled_loss(inputs: Any) -> tuple[Any, tuple[()]]:
            with keras.StatelessScope(state_mapping=values):
                return LOSS_SCALE * loss(network(inputs[0], training=training)), ()

        _, (gradient,), _ = value_and_gradients(scaled_loss, [raw])
        if gradient is None:
            raise InvalidArgument("model", network.name, "one through which a gradient passes from loss to input")
        moved = raw + self._step * ops.sign(gradient)
        if self._twin is not None:
            limits = np.iinfo(self._dtype)
            moved = ops.clip(ops.round(moved), float(limits.min), float(limits.max))
        return ops.cast(moved, x.dtype)


def check_scale(scale: Any) -> None:
    """Raises unless a scale is "auto", a number >= 0, or one for each feature."""
    if isinstance(scale, str) and scale == "auto":
        return
    try:
        values = np.asarray(scale, "float64")
        usable = (
            values.size > 0
            and not isinstance(scale, (bool, str, bytes))
            and bool(np.all((values >= 0) & (values <= LARGEST)))
        )
    except (TypeError, ValueError, MemoryError):
        usable = False
    if not usable:
        raise InvalidArgument("scale", scale, "'auto', a number >= 0, or one for each feature")


def input_scale(model: keras.Model) -> Any:
    """An epsilon of 1 in the units of a model's raw inputs.

    255 for bytes (images); the standard deviation of each feature if the first layer is a ``Normalization``; the
    divisors if the first two layers are a ``Rescaling`` that only subtracts and one that only divides; else 1.

    Returns:
        A number, or an array that broadcasts with a batch of inputs.
    """
    dtype = np.dtype(model.inputs[0].dtype)
    if np.issubdtype(dtype, np.integer) and dtype.itemsize < 8:
        return float(np.iinfo(dtype).max)
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)][:2]
    if layers and isinstance(layers[0], keras.layers.Normalization):
        return np.sqrt(np.asarray(layers[0].variance, np.float32))
    if len(layers) == 2 and all(isinstance(layer, keras.layers.Rescaling) for layer in layers):
        first, second = layers
        if np.all(np.equal(first.scale, 1)) and not np.any(second.offset):
            return 1 / np.asarray(second.scale)
    return 1.0


def on_floats(model: keras.Model) -> keras.Model:
    """The same layers behind a floating-point input: no gradient passes through integers."""
    dtype = widest_float() if np.dtype(model.inputs[0].dtype).itemsize == 8 else "float32"
    inputs = keras.Input(batch_shape=model.inputs[0].shape, dtype=dtype)

    def same_layer(layer: Any) -> Any:
        nested = isinstance(layer, keras.Model) and np.issubdtype(np.dtype(layer.inputs[0].dtype), np.integer)
        return on_floats(layer) if nested else layer

    return keras.models.clone_model(model, input_tensors=inputs, clone_function=same_layer)
