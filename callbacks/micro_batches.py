"""MicroBatches: computes each training batch in parts, one after another, and applies the mean of their gradients."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import keras

from .callback import Callback
from .checks import InvalidArgument, check_integer
from .inside.backend import check_tensorflow
from .inside.layers import all_layers, has_stateful_rnn, mask_of, replaced_method
from .inside.step_hooks import StepHooks, has_own_step

__all__ = ["MicroBatches"]


class MicroBatches(Callback):
    """Computes each batch in ``parts`` equal parts, so that a step needs the memory of a part.

    The optimizer is called once a batch, with the mean of the parts' gradients: that of the whole batch, to rounding.
    Unlike an optimizer with ``gradient_accumulation_steps``, it leaves the number of steps, schedules, metrics and
    clipping as they are. Some things depend on the parts: batch normalization normalizes each by itself, random layers
    such as dropout draw anew for each, and gradients of embeddings become dense (Keras' Adam and clipping treat each
    row of a sparse one separately, even rows of the same word). When to use it: for batches that do not fit into the
    device's memory. Validation is unaffected, and nothing in the model stays changed afterwards.

    Args:
        parts: the number of parts, >= 1. If they do not divide a batch evenly, a smaller one follows; a batch of fewer
            examples than parts has a part for each.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, for models whose gradient is not the
            mean of the parts': with a ``train_step`` of its own, an optimizer that evaluates the loss itself, or a loss
            whose reduction is not "sum_over_batch_size", for a stateful RNN, for several replicas, and on JAX; in the
            first step, for masked outputs, losses that layers add, and batches that are not dense.
        ValueError: in a training loop of the user's own.

    Example:
        >>> x, y = np.ones((64, 3), "float32"), np.ones((64, 1), "float32")
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(x, y, batch_size=32, callbacks=[callbacks.MicroBatches(4)], verbose=0)
        >>> int(model.optimizer.iterations)
        2
    """

    changes_step = True
    """Whether it changes the step that ``fit`` compiles, and so needs a ``fit``."""

    def __init__(self, parts: int):
        super().__init__()
        self.parts = check_integer("parts", parts, low=1)

    def on_train_begin(self, logs: Any = None) -> None:
        if self.parts == 1:
            return
        check_tensorflow(type(self).__name__)
        _check_model(self.model)
        hook = _Parts(self.model, self.parts)
        StepHooks.of(self.model).add(self.model, type(self).__name__, instead=hook)

    def on_train_end(self, logs: Any = None) -> None:
        StepHooks.of(self.model).remove(self.model, type(self).__name__)


def _check_model(model: keras.Model) -> None:
    replicas = model.distribute_strategy.num_replicas_in_sync
    if replicas > 1:
        raise InvalidArgument("replicas", replicas, "1 for MicroBatches")
    if has_own_step(model):
        accepted = "one with Keras' train_step: what a train_step of its own does with the gradients is not known"
        raise InvalidArgument("model", model.name, accepted)
    if has_stateful_rnn(model):
        raise InvalidArgument("model", model.name, "one without a stateful RNN, whose batches cannot be divided")
    if type(model).compute_loss is not keras.Model.compute_loss:
        accepted = "one without a compute_loss of its own, for MicroBatches: it may be no mean over the batch"
        raise InvalidArgument("model", model.name, accepted)
    if getattr(model.optimizer, "finds_its_own_step", False):
        accepted = "one that uses the step's gradient: this one evaluates the loss again"
        raise InvalidArgument("optimizer", model.optimizer.name, accepted)
    for loss in keras.tree.flatten(model.loss):
        reduction = getattr(loss, "reduction", "sum_over_batch_size")
        if reduction not in ("sum_over_batch_size", "mean"):
            accepted = "'sum_over_batch_size', a mean over the batch, for MicroBatches"
            raise InvalidArgument("reduction", reduction, accepted)


class _Parts:
    """A hook in place of Keras' step: calls it for each part and the optimizer once."""

    def __init__(self, model: keras.Model, parts: int):
        self._model, self._parts = weakref.ref(model), parts

    def __call__(self, train_step: Callable[[Any], Any], data: Any) -> Any:
        import tensorflow as tf

        model = self._model()
        if model is None:
            raise ReferenceError("the model that this step was made for is gone")
        variables = list(model.trainable_variables)
        missing = {id(variable) for variable in variables}

        def gradients_of(part: Any) -> list[Any]:
            found: dict[int, Any] = {}

            def collecting(_: Callable[..., Any]) -> Callable[..., Any]:
                def collect(grads: Any, trainable_variables: Any = None) -> Any:
                    for gradient, variable in zip(grads, trainable_variables or variables, strict=True):
                        if gradient is not None:
                            found[id(variable)] = tf.convert_to_tensor(gradient)

                return collect

            checked = replaced_method(model, "compute_loss", _checked(model))
            with replaced_method(model.optimizer, "apply", collecting), checked:
                train_step(part)
            missing.difference_update(found)
            return [found.get(id(variable), tf.zeros(variable.shape, variable.dtype)) for variable in variables]

        def add(totals: Sequence[Any], part: Any, examples: Any) -> list[Any]:
            """Adds the gradient of a part, weighted by its share of the batch."""
            share = tf.cast(examples, tf.float32) / tf.cast(size, tf.float32)
            return [
                total + tf.cast(share, total.dtype) * gradient
                for total, gradient in zip(totals, gradients_of(part), strict=True)
            ]

        # All sizes follow from the batch's shape alone, as XLA needs.
        size = _examples(data)
        parts = min(self._parts, size) if isinstance(size, int) else tf.minimum(self._parts, size)
        each = size // parts
        divided = keras.tree.map_structure(lambda values: _divided(values, parts, each), data)

        def add_part(number: Any, *totals: Any) -> tuple[Any, ...]:
            part = keras.tree.map_structure(lambda values: values[number], divided)
            return (number + 1, *add(totals, part, each))

        zeros = [tf.zeros(variable.shape, variable.dtype) for variable in variables]
        first = (tf.constant(0), *zeros)
        _, *totals = tf.while_loop(lambda number, *_: number < parts, add_part, first, parallel_iterations=1)
        left = size - parts * each
        if not isinstance(left, int) or left:
            rest = keras.tree.map_structure(lambda values: values[parts * each :], data)
            totals = tf.cond(left > 0, lambda: add(totals, rest, left), lambda: totals)
        gradients = [
            None if id(variable) in missing else total for variable, total in zip(variables, totals, strict=True)
        ]
        model.optimizer.apply(gradients, variables)
        return model.get_metrics_result()


def _examples(data: Any) -> Any:
    """The number of examples of a batch: a number, or a scalar tensor while it is not known."""
    import tensorflow as tf

    tensors = keras.tree.flatten(data)
    for values in tensors:
        if values is not None and not isinstance(values, tf.Tensor):
            raise InvalidArgument("data", type(values).__name__, "of dense tensors for MicroBatches")
    values = next(values for values in tensors if values is not None)
    return tf.shape(values)[0] if values.shape[0] is None else values.shape[0]


def _divided(values: Any, parts: Any, each: Any) -> Any:
    """The first rows of a tensor (n, ...) as one of shape (parts, each, ...)."""
    import tensorflow as tf

    if values is None:
        return None
    inner = [tf.shape(values)[axis] if n is None else n for axis, n in enumerate(values.shape)][1:]
    divided = tf.reshape(values[: parts * each], (parts, each, *inner))
    return tf.ensure_shape(divided, (None, each if isinstance(each, int) else None, *values.shape[1:]))


def _checked(model: keras.Model) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A wrapper of ``compute_loss`` that raises for a loss that is not the mean of the parts' losses."""

    def wrap(compute_loss: Callable[..., Any]) -> Callable[..., Any]:
        def compute(*args: Any, **kwargs: Any) -> Any:
            predicted = kwargs.get("y_pred", args[2] if len(args) > 2 else None)
            if any(mask_of(output) is not None for output in keras.tree.flatten(predicted)):
                accepted = "one without masked outputs for MicroBatches: the loss is a mean over unmasked steps"
                raise InvalidArgument("model", model.name, accepted)
            penalties = sum(weight.regularizer is not None for weight in model.trainable_weights)
            if len(model.losses) > penalties:
                adding = [layer.name for layer in all_layers(model) if getattr(layer, "activity_regularizer", None)]
                by = f", as {adding[0]!r} does" if adding else ""
                accepted = f"one whose layers add no losses{by}, for MicroBatches"
                raise InvalidArgument("model", model.name, accepted)
            return compute_loss(*args, **kwargs)

        return compute

    return wrap
