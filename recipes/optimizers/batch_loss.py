"""BatchLoss: the loss on one batch as a function of the weights, with its gradient and curvature products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras

from ...callbacks.checks import InvalidArgument
from ...callbacks.inside.backend import check_tensorflow
from ...callbacks.inside.layers import logits_of
from ...callbacks.inside.training import step_loss

__all__ = ["BatchLoss", "FunctionLoss", "Product", "epsilon", "flatten", "unflatten"]

Product = Callable[[Sequence[Any]], list[Any]]

LOSS = 1 / 3
"""Cost of one evaluation of the loss, in gradient evaluations."""

HESSIAN_PRODUCT = 2.0
"""Cost of one product of the Hessian with a vector, in gradient evaluations: 6 matrix products per layer, not 3."""

GAUSS_NEWTON_PRODUCT = 4 / 3
"""Cost of one product of the Gauss-Newton matrix: 4 matrix products per layer, 2 for J and 2 for its transpose."""


def flatten(values: Sequence[Any], dtype: Any = None) -> Any:
    """Tensors of any shape as one vector, shape (n,), of ``dtype`` or of the widest dtype among them.

    Example:
        >>> flatten([keras.ops.ones((2, 2)), keras.ops.zeros(3)]).shape
        TensorShape([7])
    """
    import tensorflow as tf

    dtype = dtype or keras.backend.result_type(*(keras.backend.standardize_dtype(value.dtype) for value in values))
    return tf.concat([tf.reshape(tf.cast(value, dtype), [-1]) for value in values], 0)


def unflatten(vector: Any, like: Sequence[Any]) -> list[Any]:
    """The inverse of :func:`flatten`: tensors with the shapes and dtypes of those in ``like``."""
    import tensorflow as tf

    pieces = tf.split(vector, [tensor.shape.num_elements() for tensor in like])
    return [tf.cast(tf.reshape(piece, tensor.shape), tensor.dtype) for piece, tensor in zip(pieces, like, strict=True)]


def epsilon(dtype: Any) -> float:
    """The relative rounding error of a floating-point type: 1.2e-07 for float32.

    Example:
        >>> epsilon("float64")
        2.220446049250313e-16
    """
    digits = {"float64": 52, "float32": 23, "float16": 10, "bfloat16": 7}
    return 2.0 ** -digits[keras.backend.standardize_dtype(dtype)]


class FunctionLoss:
    """A loss given as a function, with its derivatives.

    Args:
        function: takes a list of TensorFlow tensors, one per weight, and returns a scalar tensor.

    All methods take ``values``, a list of tensors, one per weight, and work eagerly, in a ``tf.function``, in loops and
    under XLA. A weight on which the loss does not depend has gradient zero.

    Example:
        >>> bowl = FunctionLoss(lambda values: keras.ops.sum(values[0] ** 2))
        >>> loss, (gradient,) = bowl.loss_and_gradient([keras.ops.array([3.0, 4.0])])
        >>> float(loss), gradient.numpy().tolist()
        (25.0, [6.0, 8.0])
        >>> bowl.hessian_at([keras.ops.array([3.0, 4.0])])[2]([keras.ops.array([1.0, 0.0])])[0].numpy().tolist()
        [2.0, 0.0]
    """

    gauss_newton_cost = HESSIAN_PRODUCT
    """Cost of a product of :meth:`gauss_newton_at`, in gradient evaluations."""

    def __init__(self, function: Callable[[list[Any]], Any]):
        if not callable(function) or isinstance(function, (type, keras.layers.Layer)):
            raise InvalidArgument("loss_function", function, "a function that takes a list of tensors")
        self._function = function

    def _forward(self, values: list[Any]) -> tuple[Any, Any, list[Any]]:
        """The whole loss; the penalties, which do not depend on the outputs, or None; the model's outputs."""
        return self._function(values), None, []

    def loss(self, values: Sequence[Any]) -> Any:
        """The loss, shape ()."""
        return self._forward(list(values))[0]

    def loss_and_gradient(self, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The loss, shape (), and its gradient, one tensor per weight."""
        import tensorflow as tf

        values = list(values)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss = self.loss(values)
        return loss, _derivative(tape, loss, values)

    def hessian_at(self, values: Sequence[Any]) -> tuple[Any, list[Any], Product]:
        """The loss, its gradient, and the function v -> H v: exact products with the Hessian.

        The network runs and is differentiated once, here; each product differentiates the gradient once more.
        """
        import tensorflow as tf

        values = list(values)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss, gradient = self.loss_and_gradient(values)
        return loss, gradient, lambda vectors: _derivative(tape, gradient, values, list(vectors))

    def gauss_newton_at(self, values: Sequence[Any]) -> tuple[Any, list[Any], Product]:
        """The loss, its gradient, and the function v -> J' H_L J v + H_P v, the generalized Gauss-Newton product.

        J is the Jacobian of the network's outputs with respect to the weights, H_L the Hessian of the data loss with
        respect to these outputs, and H_P that of L2 and the other penalties. If the loss is computed from the logits
        before a final softmax or sigmoid, as Keras does for cross-entropy, the outputs are those logits. So H_L is
        positive semi-definite for cross-entropy and squared error, and so is the whole matrix if the penalties are
        convex. A loss given as a function has no outputs: its product is that of the exact Hessian.
        """
        import tensorflow as tf

        values = list(values)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as outer:
            outer.watch(values)
            with tf.GradientTape(persistent=True, watch_accessed_variables=False) as inner:
                inner.watch(values)
                loss, penalty, outputs = self._forward(values)
                data_loss = loss if penalty is None else loss - penalty
            gradient = _derivative(inner, loss, values)
            if not outputs:
                return loss, gradient, lambda vectors: _derivative(outer, gradient, values, list(vectors))
            outputs = _inputs_of_the_loss(inner, loss, penalty, outputs)
            seeds = [tf.zeros_like(output) for output in outputs]
            outer.watch(seeds)
            transposed = _derivative(inner, outputs, values, seeds)  # J' u is linear in u: its derivative is J
            slopes = _derivative(inner, data_loss, outputs)
            penalty_gradient = None if penalty is None else _derivative(inner, penalty, values)

        def product(vectors: Sequence[Any]) -> list[Any]:
            vectors = list(vectors)
            forward = _derivative(outer, transposed, seeds, vectors)
            curved = _derivative(outer, slopes, outputs, forward)
            back = _derivative(inner, outputs, values, curved)
            if penalty_gradient is None:
                return back
            penalized = _derivative(outer, penalty_gradient, values, vectors)
            return [a + b for a, b in zip(back, penalized, strict=True)]

        return loss, gradient, product

    def part(self, fraction: float) -> FunctionLoss:
        """The loss on the first ``fraction`` of the examples; itself for a loss given as a function, which has none."""
        return self


class BatchLoss(FunctionLoss):
    """The loss of a compiled model on one batch, as a function of its weights.

    It is what the training step minimizes: ``model.compute_loss`` in training mode, with sample weights and all
    penalties. Evaluating it changes no weight, random state, moving average or metric. So every evaluation draws the
    same dropout masks and random augmentation, if they come from Keras' seed generators. Batch normalization uses the
    batch's statistics.

    Args:
        model: a compiled and built Keras model on the TensorFlow backend.
        data: a batch as passed to ``train_step``: x, (x, y) or (x, y, sample_weight).
        variables: the weights that ``values`` replaces; all others stay as they are. Default: all trainable weights.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(loss="mse")
        >>> loss = BatchLoss(model, (keras.ops.ones((4, 2)), keras.ops.zeros((4, 1))))
        >>> float(loss.loss([weight.value for weight in model.trainable_weights]))
        4.0
    """

    gauss_newton_cost = GAUSS_NEWTON_PRODUCT

    def __init__(self, model: keras.Model, data: Any, variables: Sequence[Any] | None = None):
        if not isinstance(model, keras.Model) or not model.compiled:
            raise InvalidArgument("model", model, "a compiled keras.Model")
        check_tensorflow(type(self).__name__)
        self._model, self._data = model, data
        self._variables = list(model.trainable_weights if variables is None else variables)

    def part(self, fraction: float) -> BatchLoss:
        """The loss on the first ``fraction`` of the batch, at least one example: random ones, as ``fit`` shuffles."""
        if fraction == 1:
            return self
        import tensorflow as tf

        def first(tensor: Any) -> Any:
            if tensor is None:
                return None
            if tensor.shape[0] is not None:  # XLA needs a static size
                return tensor[: math.ceil(fraction * tensor.shape[0])]
            return tensor[: tf.cast(tf.math.ceil(fraction * tf.cast(tf.shape(tensor)[0], tf.float64)), tf.int32)]

        return BatchLoss(self._model, keras.tree.map_structure(first, self._data), self._variables)

    def _forward(self, values: list[Any]) -> tuple[Any, Any, list[Any]]:
        loss, penalties, predicted = step_loss(self._model, self._data, self._variables, values)
        return loss, penalties, keras.tree.flatten(predicted)


def _inputs_of_the_loss(tape: Any, loss: Any, penalty: Any, outputs: list[Any]) -> list[Any]:
    """Each output, or the logits before it if the loss was computed from those."""
    inputs = []
    for output in outputs:
        logits = logits_of(output)
        through = tape.gradient(loss, output) is not None
        if through and penalty is not None:  # perhaps only through an activity regularizer
            through = tape.gradient(penalty, output) is None
        inputs.append(output if logits is None or through else logits)
    return inputs


def _derivative(tape: Any, targets: Any, sources: list[Any], output_gradients: Any = None) -> list[Any]:
    import tensorflow as tf

    zero = tf.UnconnectedGradients.ZERO
    gradients = tape.gradient(targets, sources, output_gradients=output_gradients, unconnected_gradients=zero)
    return [tf.convert_to_tensor(gradient) for gradient in gradients]
