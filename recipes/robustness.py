"""adversarial_accuracy: how many examples a model still gets right when each was moved against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.adversarial import GradientSign
from ..callbacks.checks import InvalidArgument, check_choice, check_number
from .losses import ends_in
from .trainer import check_data, check_fits

if TYPE_CHECKING:
    from .data import Data

__all__ = ["adversarial_accuracy"]


def adversarial_accuracy(
    model: keras.Model, data: Data, epsilon: float, *, split: str = "test", scale: Any = "auto"
) -> float:
    """The accuracy on examples each moved by ``epsilon`` in the direction that raises its own loss most.

    The move is ``epsilon sign(dJ/dx)``, the fast gradient sign method, with the true labels and the model as at
    inference. It is the cheapest of attacks: a model that withstands it may fall to a stronger one.

    Args:
        model: that fits the data: ``run.model``.
        data: of classes: what :func:`recipes.load` returns.
        epsilon: size of the move, >= 0: in shares of the range for images (up to the largest value of the training
            images: 0.1 is 25.5 of 255), in standard deviations of each feature for tables. 0 is the ordinary accuracy.
        split: "test" (default), "validation" or "train".
        scale: what 1 means in raw inputs; "auto" (default) as said above.

    Returns:
        A number in [0, 1].

    Raises:
        InvalidArgument: for data without classes, a model that does not fit them, or a value outside its range.

    Source: Goodfellow et al. 2015, arXiv:1412.6572.

    Example:
        >>> recipes.adversarial_accuracy(run.model, data, 0.1)        # doctest: +SKIP
        0.33
    """
    check_data(data)
    if data.spec.task not in ("binary", "multiclass"):
        raise InvalidArgument("data", data.spec.name, f"one with classes: {data.spec.task} has none to be right about")
    if not data.spec.movable:
        raise InvalidArgument("data", data.spec.name, f"images or a table of numbers, not {data.spec.kind} data")
    check_fits(model, data)
    check_number("epsilon", epsilon, low=0)
    check_choice("split", split, ("train", "validation", "test"))
    import tensorflow as tf

    if isinstance(scale, str) and scale == "auto":
        scale = data.spec.input_max or scale
    sign = GradientSign(model, epsilon, scale)
    binary = ends_in(model) == "sigmoid"
    # The sum, not the mean: an example's gradient does not depend on how many others there are.
    losses = keras.losses.BinaryCrossentropy if binary else keras.losses.SparseCategoricalCrossentropy
    loss = losses(reduction="sum")

    @tf.function(autograph=False)
    def right(x: Any, y: Any) -> Any:
        moved = sign(x, lambda predicted: loss(tf.reshape(y, (-1, 1)), predicted))
        answer = model(moved, training=False)
        decided = tf.cast(answer[:, 0] > 0.5, y.dtype) if binary else tf.argmax(answer, axis=-1, output_type=y.dtype)
        return tf.reduce_sum(tf.cast(decided == y, tf.int32))

    found = sum(int(right(x, y)) for x, y in data.batches(split, batch_size=256))
    return found / data.settings["counts"][split]
