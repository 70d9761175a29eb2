"""Gradient norms and activation scales of a model's layers on one batch, without changing the model.

:class:`callbacks.GradientMonitor` measures inside the compiled training step, :func:`callbacks.gradient_report` once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ..checks import InvalidArgument
from ..inside.backend import on_jax, plain_tensor, value_and_gradients, widest_float
from ..inside.layers import LayerCall, recorded_calls
from ..inside.step_hooks import has_own_step
from ..inside.training import build_by_batch, step_loss

__all__ = [
    "NOT_MEASURED",
    "activation_scales",
    "build",
    "check_visible_gradients",
    "measure",
    "named_layers",
    "named_weights",
    "over_replicas",
    "summary",
]

NOT_MEASURED = -1.0
"""Marks a missing norm or scale; neither can be negative."""


def named_layers(model: keras.Model, prefix: str = "") -> list[tuple[str, keras.layers.Layer]]:
    """The layers of a model from input to output, those of nested models as "inner/layer"; inputs are left out.

    A layer made of layers (``Bidirectional``, ``MultiHeadAttention``) is one layer. A layer used several times appears
    once. Of two layers with the same name the second gets the suffix "_2".

    Example:
        >>> inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="a")], name="inner")
        >>> model = keras.Sequential([inner, keras.layers.Dense(1, name="b")])
        >>> [name for name, _ in named_layers(model)]
        ['inner/a', 'b']
    """
    layers: dict[str, keras.layers.Layer] = {}
    for child in model.layers:
        if isinstance(child, keras.layers.InputLayer) or any(child is known for known in layers.values()):
            continue
        nested = isinstance(child, keras.Model)
        for name, layer in named_layers(child, f"{prefix}{child.name}/") if nested else [(prefix + child.name, child)]:
            if not any(layer is known for known in layers.values()):
                layers[_unused(name, layers)] = layer
    return list(layers.items())


def named_weights(model: keras.Model) -> list[tuple[str, list[keras.Variable]]]:
    """The trainable weights of each layer that has any, in the order of :func:`named_layers`.

    A weight that two layers share belongs to the first. Weights of the model itself come last, under its name.
    """
    remaining = {id(weight): weight for weight in model.trainable_weights}
    groups: dict[str, list[keras.Variable]] = {}
    for name, layer in [*named_layers(model), (model.name, model)]:
        weights = [remaining.pop(id(weight)) for weight in layer.trainable_weights if id(weight) in remaining]
        if weights:
            groups[_unused(name, groups)] = weights
    return list(groups.items())


def _unused(name: str, used: dict[str, Any]) -> str:
    number, unused = 1, name
    while unused in used:
        number += 1
        unused = f"{name}_{number}"
    return unused


def check_visible_gradients(model: keras.Model) -> None:
    """Raises if the gradients of a model's step cannot be measured.

    Raises:
        InvalidArgument: on JAX, for a model with a ``train_step`` of its own.
    """
    if on_jax() and has_own_step(model):
        accepted = "one with Keras' train_step on JAX, where the gradients of another one cannot be seen"
        raise InvalidArgument("model", model.name, accepted)


def build(model: keras.Model, data: Any) -> None:
    """Builds what Keras builds when it traces the first step: the model, the losses, metrics and optimizer."""
    if on_jax():
        build_by_batch(model, data)
        return
    import tensorflow as tf

    if tf.distribute.has_strategy() and not tf.distribute.in_cross_replica_context():
        return  # one of several replicas: Keras builds everything before it splits the work
    with tf.init_scope(), model.distribute_strategy.scope():
        build_by_batch(model, data)


def measure(model: keras.Model, data: Any, due: Any = None) -> tuple[Any, Any, Any]:
    """The gradient norms and activation scales that a training step on this batch would have.

    With dropout or augmentation it is the very gradient of the step: the same random numbers are drawn, but no random
    state, moving average or metric advances.

    Args:
        model: a compiled Keras model, built as by :func:`build`.
        data: a batch as ``train_step`` gets it: x, (x, y) or (x, y, sample_weight).
        due: whether to measure, shape (); where it is False the results mean nothing. Default None: measure. Replicas
            of TensorFlow need it, since they cannot add up their gradients inside a condition.

    Returns:
        Three tensors in float64 (on JAX in float32, unless ``jax_enable_x64`` is set):

        - the norm of the whole gradient, shape (): sqrt(sum of g^2) over all trainable weights,
        - the norm of each layer of :func:`named_weights`, shape (layers,),
        - the scale of each layer of :func:`named_layers`, shape (layers,): the standard deviation of its output over
          the batch and all units; their mean where a layer has several outputs or is called several times.

        ``NOT_MEASURED`` if the loss does not depend on a layer (on JAX the norm is 0 then), or its output is not a
        floating-point tensor.

    The loss is what the optimizer minimizes: ``model.compute_loss`` with sample weights and all penalties (L1, L2,
    activity). Under loss scaling the loss is scaled as in training and the gradient scaled back, so that float16
    neither loses small gradients nor shows them too large. The gradients of several replicas are added, as by the
    optimizer; a scale is the mean of theirs.
    """
    layers, groups = named_layers(model), named_weights(model)
    weights = [weight for _, group in groups for weight in group]
    optimizer = model.optimizer
    connected: list[bool] = []

    def scaled_loss(values: Sequence[Any]) -> tuple[Any, Any]:
        with recorded_calls([layer for _, layer in layers]) as calls:
            loss = step_loss(model, data, weights, values, as_assigned=not on_jax()).loss
        return loss if optimizer is None else optimizer.scale_loss(loss), activation_scales(model, calls)

    def computed() -> list[Any]:
        """The scaled gradient of each weight, zero if there is none, then the scales of the layers."""
        values = [plain_tensor(weight.value) for weight in weights]
        _, gradients, scales = value_and_gradients(scaled_loss, values)
        connected[:] = [gradient is not None for gradient in gradients]
        pairs = zip(gradients, values, strict=True)
        dense = [ops.zeros_like(value) if gradient is None else plain_tensor(gradient) for gradient, value in pairs]
        return [*dense, scales]

    *gradients, scales = computed() if due is None else _where_due(due, computed, weights, len(layers))
    gradients = over_replicas("sum", gradients)
    squares = {
        id(weight): ops.sum(ops.square(ops.cast(gradient, widest_float())))
        for weight, gradient, reached in zip(weights, gradients, connected, strict=True)
        if reached
    }
    one = ops.ones((), keras.config.floatx())
    factor = one if optimizer is None else optimizer.scale_loss(one)
    return summary(model, squares, scales, ops.cast(factor, widest_float()))


def _where_due(due: Any, computed: Callable[[], list[Any]], weights: Sequence[Any], layers: int) -> list[Any]:
    """What ``computed`` returns if a condition of TensorFlow's is true, else zeros."""
    import tensorflow as tf

    def nothing() -> list[Any]:
        return [*(tf.zeros_like(weight.value) for weight in weights), tf.zeros((layers,), tf.float64)]

    return tf.cond(due, computed, nothing)


def over_replicas(operation: str, tensors: Any) -> Any:
    """The tensors of all replicas of TensorFlow reduced; themselves where there is one replica.

    Args:
        operation: "sum" or "mean".
        tensors: a list.
    """
    if on_jax() or not tensors:
        return tensors
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tensors
    return context.all_reduce(operation, tensors)


def summary(model: keras.Model, squares: Mapping[int, Any], scales: Any, factor: Any = 1.0) -> tuple[Any, Any, Any]:
    """The norms and scales that :func:`measure` returns.

    Args:
        model: whose layers they are.
        squares: the id of a weight -> the squared norm of its gradient, times ``factor`` squared, shape ().
        scales: of the layers, as :func:`activation_scales` returns them.
        factor: on the loss. Default 1.
    """
    missing = ops.convert_to_tensor(NOT_MEASURED, widest_float())
    norms = []
    for _, group in named_weights(model):
        summands = [squares[id(weight)] for weight in group if id(weight) in squares]
        norms.append(ops.sqrt(sum(summands[1:], summands[0])) / factor if summands else missing)
    summands = list(squares.values())
    whole = ops.sqrt(sum(summands[1:], summands[0])) / factor if summands else ops.zeros((), widest_float())
    (scales,) = over_replicas("mean", [scales])
    return whole, ops.stack(norms) if norms else ops.zeros((0,), widest_float()), scales


def activation_scales(model: keras.Model, calls: Sequence[LayerCall]) -> Any:
    """The scale of each layer of :func:`named_layers` in these calls, shape (layers,)."""
    scales = [_scale([call.result for call in calls if call.layer is layer]) for _, layer in named_layers(model)]
    return ops.stack(scales) if scales else ops.zeros((0,), widest_float())


def _scale(results: list[Any]) -> Any:
    """The mean standard deviation of the floating-point tensors in ``results`` that belong to the traced graph."""
    scales = []
    for tensor in keras.tree.flatten(results):
        if not ops.is_tensor(tensor) or not keras.backend.is_float_dtype(tensor.dtype) or not _is_in_reach(tensor):
            continue
        wide = ops.cast(tensor, keras.backend.result_type(tensor.dtype, "float32"))
        size = ops.max(ops.abs(wide))  # divided out, or the squares of large outputs would overflow
        size = ops.where(ops.logical_and(size > 0, ops.isfinite(size)), size, ops.ones_like(size))
        scales.append(ops.cast(ops.std(wide / size), widest_float()) * ops.cast(size, widest_float()))
    return sum(scales[1:], scales[0]) / len(scales) if scales else ops.convert_to_tensor(NOT_MEASURED, widest_float())


def _is_in_reach(tensor: Any) -> bool:
    """Whether a tensor is not from inside a loop or condition that is compiled within the step."""
    if on_jax():
        return True
    import tensorflow as tf

    return tf.executing_eagerly() or getattr(tensor, "graph", None) is tf.compat.v1.get_default_graph()
