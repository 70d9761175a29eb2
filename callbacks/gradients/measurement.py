"""Gradient norms and activation scales of a model's layers on one batch, without changing anything in the model.

What :class:`callbacks.GradientMonitor` does inside the compiled training step and
:func:`callbacks.gradient_report` does once.
"""

from __future__ import annotations

from typing import Any

import keras

from ..inside.layers import recorded_calls
from ..inside.training import build_by_batch, step_loss

__all__ = ["NOT_MEASURED", "build", "measure", "named_layers", "named_weights"]

NOT_MEASURED = -1.0
"""Stands for a norm or a scale that there is none of, since neither can be negative."""


def named_layers(model: keras.Model, prefix: str = "") -> list[tuple[str, keras.layers.Layer]]:
    """The layers of a model from input to output, those of models inside it as "inner/layer"; inputs are left out.

    A layer made of layers (``Bidirectional``, ``MultiHeadAttention``) is one layer; one used several times is there
    once. Of two layers with the same name the second gets "_2" behind it.

    Example:
        >>> inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="a")], name="inner")
        >>> model = keras.Sequential([inner, keras.layers.Dense(1, name="b")])
        >>> [name for name, _ in named_layers(model)]
        ['inner/a', 'b']
    """
    found: dict[str, keras.layers.Layer] = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer) or any(layer is known for known in found.values()):
            continue
        inside = isinstance(layer, keras.Model)
        for name, each in named_layers(layer, f"{prefix}{layer.name}/") if inside else [(prefix + layer.name, layer)]:
            if not any(each is known for known in found.values()):
                found[_free(name, found)] = each
    return list(found.items())


def named_weights(model: keras.Model) -> list[tuple[str, list[keras.Variable]]]:
    """The trainable weights of each layer that has some, in the order of :func:`named_layers`.

    A weight that two layers share belongs to the first. Weights that the model holds itself come last, under the
    model's name.
    """
    left = {id(weight): weight for weight in model.trainable_weights}
    found: dict[str, list[keras.Variable]] = {}
    for name, layer in [*named_layers(model), (model.name, model)]:
        own = [left.pop(id(weight)) for weight in layer.trainable_weights if id(weight) in left]
        if own:
            found[_free(name, found)] = own
    return list(found.items())


def _free(name: str, known: dict[str, Any]) -> str:
    number, free = 1, name
    while free in known:
        number += 1
        free = f"{name}_{number}"
    return free


def build(model: keras.Model, data: Any) -> None:
    """Builds what Keras would build when it traces the first step: the model, the losses, metrics and optimizer."""
    import tensorflow as tf

    if tf.distribute.has_strategy() and not tf.distribute.in_cross_replica_context():
        return  # one of several replicas: before it splits the work, Keras has built everything
    with tf.init_scope(), model.distribute_strategy.scope():
        build_by_batch(model, data)


def measure(model: keras.Model, data: Any) -> tuple[Any, Any, Any]:
    """The gradient norms and activation scales that a training step on this batch would have.

    With dropout or augmentation it is the very gradient that the step makes: the same random numbers are drawn, but
    no random state, no moving average and no metric moves on.

    Args:
        model: a compiled Keras model on the TensorFlow backend, built as by :func:`build`.
        data: a batch as ``train_step`` gets it: x, (x, y) or (x, y, sample_weight).

    Returns:
        Three TensorFlow tensors in float64:

        - the norm of the whole gradient, shape (): sqrt(sum of g^2) over all trainable weights,
        - the norm of each layer of :func:`named_weights`, shape (layers,),
        - the scale of each layer of :func:`named_layers`, shape (layers,): the standard deviation of its output over
          the batch and all units; their mean where a layer has several outputs or is called several times.

        ``NOT_MEASURED`` where the loss does not depend on a layer, or its output is no floating-point tensor.

    The loss is what the optimizer minimizes: ``model.compute_loss`` with sample weights and all penalties (L1, L2,
    activity). Under loss scaling the loss is scaled as in training and the gradient scaled back, so that
    float16 neither loses small gradients nor shows them too large. Under a strategy with several replicas, each
    replica measures its share of the batch, and the loss carries the factor 1/replicas that Keras gives it.
    """
    import tensorflow as tf

    layers, groups = named_layers(model), named_weights(model)
    weights = [weight for _, group in groups for weight in group]
    values = [tf.convert_to_tensor(weight.value) for weight in weights]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        with recorded_calls([layer for _, layer in layers]) as calls:
            loss = step_loss(model, data, weights, values).loss
        optimizer = model.optimizer
        scaled = loss if optimizer is None else optimizer.scale_loss(loss)
        factor = tf.ones_like(loss) if optimizer is None else optimizer.scale_loss(tf.ones_like(loss))
    gradients = tape.gradient(scaled, values) if values else []
    squares = {
        id(weight): tf.reduce_sum(tf.square(tf.cast(tf.convert_to_tensor(gradient), tf.float64)))
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is not None
    }
    factor = tf.cast(factor, tf.float64)
    nothing = tf.constant(NOT_MEASURED, tf.float64)
    norms = []
    for _, group in groups:
        parts = [squares[id(weight)] for weight in group if id(weight) in squares]
        norms.append(tf.sqrt(tf.add_n(parts)) / factor if parts else nothing)
    whole = tf.sqrt(tf.add_n(list(squares.values()))) / factor if squares else tf.zeros((), tf.float64)
    scales = [_scale([call.result for call in calls if call.layer is layer]) for _, layer in layers]
    empty = tf.zeros((0,), tf.float64)
    return whole, tf.stack(norms) if norms else empty, tf.stack(scales) if scales else empty


def _scale(results: list[Any]) -> Any:
    """The mean standard deviation of the floating-point tensors among these that belong to the graph being traced."""
    import tensorflow as tf

    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    scales = []
    for each in keras.tree.flatten(results):
        if not isinstance(each, tf.Tensor) or not each.dtype.is_floating:
            continue
        if graph is None or getattr(each, "graph", None) is graph:  # not from inside a loop
            wide = each if each.dtype == tf.float64 else tf.cast(each, tf.float32)
            size = tf.reduce_max(tf.abs(wide))  # taken out, or the squares of large outputs would overflow
            size = tf.where(tf.logical_and(size > 0, tf.math.is_finite(size)), size, tf.ones_like(size))
            scales.append(tf.cast(tf.math.reduce_std(wide / size), tf.float64) * tf.cast(size, tf.float64))
    return tf.add_n(scales) / len(scales) if scales else tf.constant(NOT_MEASURED, tf.float64)
