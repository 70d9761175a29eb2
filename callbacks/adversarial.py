"""Adversarial examples by the fast gradient sign method, for any Keras model, in the units of its raw inputs."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from .checks import InvalidArgument, check_number

__all__ = ["GradientSign", "input_scale"]

LOSS_SCALE = 2.0**10
"""By what the loss is multiplied: its gradient's sign is the same, and less of it vanishes in half precision."""


class GradientSign:
    """``x + epsilon scale sign(dJ/dx)``: the step of a given size in every input that raises the loss J most.

    A model that takes whole numbers gets whole numbers: the step is rounded and stays in the range of its input's type,
    so that an adversarial image is an image. The gradient is that of the model's own preprocessing and layers, taken
    through it in floating point.

    Args:
        model: a built Keras model with one input. Its layers are referred to, the model itself is not.
        epsilon: size of the step, >= 0, in units of ``scale``.
        scale: what 1 means in raw inputs: a number, or one for each feature; "auto" (default) for
            :func:`input_scale`.

    Raises:
        InvalidArgument: for a negative epsilon, or a model that has several inputs or none that is known.

    Source: Goodfellow et al. 2015, arXiv:1412.6572.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> sign = GradientSign(model, 0.5)
        >>> sign(keras.ops.array([[1.0, -1.0]]), lambda answer: answer[0, 0]).numpy().tolist()
        [[1.5, -0.5]]
    """

    def __init__(self, model: keras.Model, epsilon: float, scale: Any = "auto"):
        check_number("epsilon", epsilon, low=0)
        if len(getattr(model, "inputs", None) or ()) != 1:
            raise InvalidArgument("model", model.name, "one with one input, built: give it a keras.Input")
        self._dtype = np.dtype(model.inputs[0].dtype)
        scale = input_scale(model) if isinstance(scale, str) and scale == "auto" else scale
        self._step = np.asarray(epsilon * np.asarray(scale, np.float32), np.float32)
        whole = np.issubdtype(self._dtype, np.integer)
        self._twin = _on_floats(model) if whole else None
        self._model = weakref.ref(model)

    def __call__(self, x: Any, loss: Callable[[Any], Any], *, training: bool = False) -> Any:
        """The adversarial example of each example in ``x``.

        Args:
            x: shape (batch, ...), as the model takes it.
            loss: of the model's answer, a scalar to be raised.
            training: whether the model answers as in training. No moving average or random state moves on.
        """
        import tensorflow as tf

        network = self._twin if self._twin is not None else self._model()
        if network is None:
            raise ReferenceError("the model of this GradientSign is gone")
        raw = tf.cast(x, tf.float32)
        # Penalties ask the scope for the weights: in an empty one Keras finds none.
        values = [(each, each.value) for each in network.variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape, keras.StatelessScope(state_mapping=values):
            tape.watch(raw)
            value = LOSS_SCALE * loss(network(raw, training=training))
        gradient = tape.gradient(value, raw)
        if gradient is None:
            raise InvalidArgument("model", network.name, "one through which a gradient passes from loss to input")
        moved = raw + self._step * tf.sign(gradient)
        if self._twin is not None:
            limits = np.iinfo(self._dtype)
            moved = tf.clip_by_value(tf.round(moved), float(limits.min), float(limits.max))
        return tf.cast(moved, x.dtype)


def input_scale(model: keras.Model) -> Any:
    """What an epsilon of 1 means for the raw inputs of a model.

    255 where they are bytes (images); the standard deviation of each feature where the first layer normalizes them; 1
    otherwise.

    Returns:
        A number or an array that broadcasts with a batch of inputs.
    """
    dtype = np.dtype(model.inputs[0].dtype)
    if np.issubdtype(dtype, np.integer):
        return float(np.iinfo(dtype).max)
    first = next((each for each in model.layers if not isinstance(each, keras.layers.InputLayer)), None)
    if isinstance(first, keras.layers.Normalization):
        return np.sqrt(np.asarray(first.variance, np.float32))
    return 1.0


def _on_floats(model: keras.Model) -> keras.Model:
    """The same layers behind an input of floating-point numbers: through whole ones no gradient passes."""
    given = model.inputs[0]
    inputs = keras.Input(batch_shape=given.shape, dtype="float32")

    def same(layer: Any) -> Any:
        nested = isinstance(layer, keras.Model) and np.issubdtype(np.dtype(layer.inputs[0].dtype), np.integer)
        return _on_floats(layer) if nested else layer

    return keras.models.clone_model(model, input_tensors=inputs, clone_function=same)
