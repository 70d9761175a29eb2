"""SharpnessAware: each training step takes its gradient where the loss is highest nearby."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras

from .callback import Callback
from .checks import InvalidArgument, check_number
from .inside.backend import check_tensorflow, replicas
from .inside.layers import has_stateful_rnn, replaced_method
from .inside.model_optimizers import chosen_optimizer
from .inside.step_hooks import StepHooks, has_own_step
from .inside.training import step_loss

__all__ = ["SharpnessAware"]


class SharpnessAware(Callback):
    """Sharpness-aware minimization: the step of any optimizer, with the gradient at the worst weights nearby.

    With gradient g of the batch's loss at the weights w::

        the gradient that the optimizer gets is that at w + rho g / |g|

    where |g| is the norm over all weights. So it looks for flat minima, where neighbours have a low loss too. A step
    takes twice as long. Both gradients have the same dropout masks; the moving averages of batch normalization advance
    once, with the second.

    Args:
        rho: distance, >= 0. Default 0.05.

    Raises:
        InvalidArgument: for a negative value; at the start of training, for several replicas, an optimizer that
            evaluates the loss itself, a ``train_step`` of the model's own, and a stateful RNN.
        ValueError: in a training loop of the user's own.

    Source: Foret et al. 2021, arXiv:2010.01412, with the 2-norm.

    Example:
        >>> model.fit(x, y, callbacks=[callbacks.SharpnessAware(0.05)])    # doctest: +SKIP
    """

    changes_step = True
    """Whether it changes the step that ``fit`` compiles, and so needs a ``fit``."""

    def __init__(self, rho: float = 0.05):
        super().__init__()
        self.rho = check_number("rho", rho, low=0)

    def on_train_begin(self, logs: Any = None) -> None:
        if not self.rho:
            return
        check_tensorflow(type(self).__name__)
        count = replicas(self.model)
        if count > 1:
            raise InvalidArgument("replicas", count, "1 for SharpnessAware: several would have different weights")
        if has_own_step(self.model):
            accepted = "one with Keras' train_step: what a train_step of its own minimizes is not known"
            raise InvalidArgument("model", self.model.name, accepted)
        if has_stateful_rnn(self.model):
            raise InvalidArgument("model", self.model.name, "one without a stateful RNN, which would see batches twice")
        optimizer = chosen_optimizer(self.model, None, type(self).__name__)
        if getattr(optimizer, "finds_its_own_step", False):
            accepted = "one that uses the step's gradient: this one evaluates the loss again"
            raise InvalidArgument("optimizer", optimizer.name, accepted)
        climb = _Climb(self.model, self.rho)
        hooks = StepHooks.of(self.model)
        hooks.add(self.model, type(self).__name__, climb.climbed, around_step=climb.around)

    def on_train_end(self, logs: Any = None) -> None:
        StepHooks.of(self.model).remove(self.model, type(self).__name__)


class _Climb:
    """The hooks inside the step: up before the gradient is taken, and back before it is applied."""

    def __init__(self, model: keras.Model, rho: float):
        self._model, self._rho = weakref.ref(model), rho
        self._before: list[tuple[Any, Any]] = []

    def _trained(self) -> keras.Model:
        model = self._model()
        if model is None:
            raise ReferenceError("the model that this step was made for is gone")
        return model

    def climbed(self, data: Any, _state: Any) -> None:
        """Moves the weights to where the loss is higher."""
        import tensorflow as tf

        model = self._trained()
        variables = list(model.trainable_variables)
        values = [tf.identity(variable.value) for variable in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            loss = step_loss(model, data, variables, values).loss
        gradients = tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        gradients = [tf.cast(tf.convert_to_tensor(gradient), tf.float32) for gradient in gradients]
        norm = tf.linalg.global_norm(gradients)
        scale = tf.where(norm > 0, self._rho / norm, 0.0)
        self._before = list(zip(variables, values, strict=True))
        for variable, value, gradient in zip(variables, values, gradients, strict=True):
            variable.assign(value + tf.cast(scale * gradient, value.dtype))

    @contextlib.contextmanager
    def around(self, _state: Any) -> Iterator[None]:
        """A context in which the optimizer gets the weights back before it applies the gradients."""
        import tensorflow as tf

        def back() -> None:
            for variable, value in self._before:
                variable.assign(value)

        def without_climb(apply: Callable[..., Any]) -> Callable[..., Any]:
            def apply_below(grads: Any, trainable_variables: Any = None) -> Any:
                with tf.control_dependencies([gradient for gradient in grads if gradient is not None]):
                    back()
                return apply(grads, trainable_variables)

            return apply_below

        optimizer = chosen_optimizer(self._trained(), None, "SharpnessAware")
        try:
            with replaced_method(optimizer, "apply", without_climb):
                yield
        except BaseException:
            if tf.executing_eagerly():  # a compiled step has not run yet
                back()
            raise
        finally:
            self._before = []
