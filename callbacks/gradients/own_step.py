"""The gradients of a training step of the model's own: those that its optimizers are really given."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras

from ..inside.layers import LayerCall, recorded_calls, replaced_method
from ..inside.model_optimizers import optimizers_of
from ..inside.optimizer_values import trained_variables
from .idle_units import Idle, judged_calls
from .measurement import activation_scales, named_layers, over_replicas, summary

__all__ = ["OwnStep", "recorded_step"]


class OwnStep:
    """What a ``train_step`` does, as it runs or is traced: the gradients that it applies and the layers that it calls.

    Of a weight that is updated several times in a step, the last gradient counts.

    Args:
        model: whose step it is.
        calls: of its layers; the list grows while the step runs.
    """

    def __init__(self, model: keras.Model, calls: list[LayerCall]):
        self._model, self._calls = model, calls
        self._squares: dict[int, Any] = {}  # the squared norm of each weight's gradient, by the id of the weight

    def noting(self, optimizer: keras.Optimizer, apply: Callable[..., Any]) -> Callable[..., Any]:
        """``apply`` of an optimizer, noting the gradients that it is given."""
        import tensorflow as tf

        def noting_apply(grads: Any, trainable_variables: Any = None) -> Any:
            gradients = list(grads)
            weights = trained_variables(optimizer) if trainable_variables is None else list(trainable_variables)
            scale = tf.cast(optimizer.scale_loss(tf.ones(())), tf.float64)
            pairs = [pair for pair in zip(gradients, weights, strict=True) if pair[0] is not None]
            dense = [tf.cast(tf.convert_to_tensor(gradient), tf.float64) for gradient, _ in pairs]
            dense = over_replicas("sum", dense)  # as the optimizer adds them
            for gradient, (_, weight) in zip(dense, pairs, strict=True):
                self._squares[id(weight)] = tf.reduce_sum(tf.square(gradient / scale))
            return apply(gradients, trainable_variables)

        return noting_apply

    def measure(self) -> tuple[Any, Any, Any]:
        """The norms and scales of the step, as :func:`callbacks.gradients.measurement.measure` returns them.

        Raises:
            ValueError: for gradients inside a loop or condition that TensorFlow compiles.
        """
        import tensorflow as tf

        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        if graph is not None and any(square.graph is not graph for square in self._squares.values()):
            raise ValueError(
                "Gradients can be measured only if train_step applies them outside of loops and conditions of "
                f"TensorFlow. Received: model={self._model.name!r}"
            )
        return summary(self._model, self._squares, activation_scales(self._model, self._calls))

    def idle(self) -> tuple[Idle, ...]:
        """The layers of which a large part is dead or saturated, in a step that runs eagerly."""
        return judged_calls(self._model, self._calls)


@contextlib.contextmanager
def recorded_step(model: keras.Model) -> Iterator[OwnStep]:
    """A context in which the step of this model is recorded.

    Example:
        >>> with recorded_step(model) as step:               # doctest: +SKIP
        ...     model.train_step(batch)
        >>> whole, norms, scales = step.measure()
    """
    with contextlib.ExitStack() as stack:
        calls = stack.enter_context(recorded_calls([layer for _, layer in named_layers(model)]))
        step = OwnStep(model, calls)
        for optimizer in optimizers_of(model).values():
            stack.enter_context(replaced_method(optimizer, "apply", functools.partial(step.noting, optimizer)))
        yield step
