"""adversarial_accuracy: the accuracy of a model on adversarial examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.adversarial import GradientSign
from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_choice, check_number
from .data.batching import in_order
from .model_output import ends_in
from .training_checks import check_data, check_fits

if TYPE_CHECKING:
    from .data import Data

__all__ = ["adversarial_accuracy"]


@checked
def adversarial_accuracy(
    model: keras.Model, data: Data, epsilon: float, *, split: str = "test", scale: Any = "auto"
) -> float:
    """The accuracy after moving each example by ``epsilon`` in the direction that raises its loss most.

    The move is ``epsilon sign(dJ/dx)``, the fast gradient sign method, with the true labels and the model in inference
    mode. It is the cheapest attack: a model that withstands it may fail under a stronger one.
    Sample weights count, if the data have any.

    Args:
        model: a model that fits the data, such as ``run.model``.
        data: with classes: what :func:`recipes.load` returns.
        epsilon: size of the move, >= 0: for images a share of their range (up to the largest value of the training
            images: 0.1 is 25.5 of 255), for tables in standard deviations of each feature. 0 is the ordinary accuracy.
        split: "test" (default), "validation" or "train".
        scale: the size of an ``epsilon`` of 1 in raw inputs; "auto" (default): as above.

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
    epsilon = check_number("epsilon", epsilon, low=0)
    check_choice("split", split, ("train", "validation", "test"))
    import tensorflow as tf

    if isinstance(scale, str) and scale == "auto":
        scale = data.spec.input_max or scale
    sign = GradientSign(model, epsilon, scale)
    binary = ends_in(model) == "sigmoid"
    # The sum, not the mean: then an example's gradient does not depend on the size of the batch.
    losses = keras.losses.BinaryCrossentropy if binary else keras.losses.SparseCategoricalCrossentropy
    loss = losses(reduction="sum")

    @tf.function(autograph=False)
    def are_correct(x: Any, y: Any) -> Any:
        moved = sign(x, lambda predicted: loss(tf.reshape(y, (-1, 1)), predicted))
        scores = model(moved, training=False)
        labels = tf.cast(scores[:, 0] > 0.5, y.dtype) if binary else tf.argmax(scores, axis=-1, output_type=y.dtype)
        return labels == y

    correct = [are_correct(x, y).numpy() for x, y in in_order(*data.on_device(split), 256)]
    return float(np.average(np.concatenate(correct), weights=data.sample_weight(split)))
