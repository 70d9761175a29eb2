"""siamese: one encoder for two inputs, to tell whether they are of the same class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_choice
from ..choice import Choice
from .encoder import encoder, head_style, of_factory

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["siamese"]

TINY = 1e-6
"""Added under the square root: equal inputs have distance 0, where the slope of the root is infinite."""


@checked
def siamese(
    spec: Spec | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    model: Choice = "mlp",
    distance: str = "absolute",
    name: str = "siamese",
    **options: Any,
) -> keras.Model:
    """The probability that two inputs are of the same class, from one encoder with shared weights.

    The encoder, a factory's model without its output layer, maps both inputs to embeddings. One sigmoid unit turns the
    distance of the two into the probability. Both sides share the same weights, and swapping the inputs changes
    nothing.

    :func:`recipes.pairs` makes batches of pairs. The encoder alone is ``model.get_layer("encoder")``: with its
    embeddings you can also compare inputs of classes that were not in the training data.

    Args:
        spec: of the data (``data.spec``), which must have classes; it provides the shape and the normalization of the
            raw inputs.
        input_shape: of one of the two inputs, without the batch; instead of ``spec``.
        model: the factory of the encoder: a name, a mapping of a name and options, or a function from a Spec to a Keras
            model whose last dense layer is called "outputs". Default "mlp".
        distance: the input of the last unit, from two embeddings of n numbers: "absolute" (default), their n absolute
            differences, each with its own weight; "euclidean", the root of the differences' mean square; or "cosine",
            the cosine of their angle.
        name: of the model.
        **options: of the factory: ``hidden=(100, 50)``, ``regularizer="l2"``, ...

    Returns:
        A plain, uncompiled model from a dictionary of "left" and "right", both of shape (batch, *input_shape), to
        (batch, 1).

    Raises:
        InvalidArgument: for an unknown name, an invalid size, a Spec without classes, or a factory whose model cannot
            be cut.

    Source: Bromley et al. 1993; weighted absolute differences: Koch et al. 2015. Parameter sharing: Goodfellow et al.
    2016, section 7.9.

    Example:
        >>> model = siamese(input_shape=(28, 28, 1), hidden=(100, 50))
        >>> model.output_shape, model.get_layer("encoder").output_shape
        ((None, 1), (None, 50))
        >>> model.count_params() == model.get_layer("encoder").count_params() + 50 + 1
        True
    """
    measure, slope = DISTANCES[check_choice("distance", distance, DISTANCES)]
    if spec is not None and spec.task == "regression":
        raise InvalidArgument("spec", spec.name, "that of data with classes, not of a regression")
    model, options = of_factory(model, options)
    style = head_style(options)
    shared = encoder(model, spec, input_shape, options, name="encoder")
    single = shared.inputs[0]
    sides = {side: keras.Input(single.shape[1:], dtype=single.dtype, name=side) for side in ("left", "right")}
    # Half precision is too coarse for differences and their squares.
    left, right = (ops.cast(shared(side), "float32") for side in sides.values())
    kernel = style.kernel(linear=True)
    if slope is not None:
        kernel["kernel_initializer"] = keras.initializers.Constant(slope)
    x = keras.layers.Dense(1, **kernel, name="outputs")(measure(left, right))
    return keras.Model(sides, keras.layers.Activation("sigmoid", dtype="float32", name="probability")(x), name=name)


def _absolute(left: Any, right: Any) -> Any:
    return ops.abs(left - right)


def _euclidean(left: Any, right: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(left - right), axis=-1, keepdims=True) + TINY)


def _cosine(left: Any, right: Any) -> Any:
    return ops.sum(ops.normalize(left, axis=-1) * ops.normalize(right, axis=-1), axis=-1, keepdims=True)


DISTANCES: dict[str, tuple[Callable[[Any, Any], Any], float | None]] = {
    "absolute": (_absolute, None),
    "euclidean": (_euclidean, -3.0),
    "cosine": (_cosine, 5.0),
}
"""The function of two embeddings and, if its result is one number, the initial weight on it.

A random initial weight has the wrong sign half of the time; the encoder then first learns to separate inputs of the
same class. Of five trainings of 5 epochs on the digits with the cosine, one was right on only half of the test pairs,
and the mean was 76 %. With an initial weight of 5, all five reach 95 %.
"""
