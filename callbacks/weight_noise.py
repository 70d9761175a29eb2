"""WeightNoise: each training step computes its gradient at noisy weights and updates the weights without the noise."""

from __future__ import annotations

import contextlib
import random
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras

from .callback import Callback
from .checks import InvalidArgument, check_bool, check_integer, check_number
from .inside.backend import StepState, replicas
from .inside.layers import replaced_method
from .inside.model_optimizers import chosen_optimizer
from .inside.optimizer_values import trained_variables
from .inside.step_hooks import StepHooks
from .inside.weights import is_kernel

__all__ = ["WeightNoise"]


class WeightNoise(Callback):
    """Adds Gaussian noise to the kernels for the forward and backward pass of each training step, then removes it.

    The gradient is taken at the noisy weights and applied to the weights without noise. This pulls towards flat minima,
    where the loss changes little when the weights do. Validation and the trained model have no noise. Biases and the
    scale and shift of normalization get none.

    Args:
        stddev: standard deviation, >= 0. Default 0.01.
        relative: whether ``stddev`` is a fraction of the root mean square of each kernel's weights (default), or the
            same for all kernels.
        seed: of the noise, >= 0. None (default): drawn at the start of training from Python's ``random``, which
            ``keras.utils.set_random_seed`` seeds. The seed and ``optimizer.iterations`` determine the noise of a step;
            XLA draws other numbers from the same seed.

    Raises:
        InvalidArgument: for a value outside its range; at the start of training, for several replicas, whose weights
            must stay equal, for an optimizer that evaluates the loss itself, and for a ``train_step`` of its own with
            several optimizers.
        ValueError: in the first step, for a ``train_step`` of its own that does not apply its gradients exactly once;
            in a training loop of the user's own.

    Source: Jim et al. 1996; Graves 2011; Goodfellow et al. 2016, section 7.5.

    Example:
        >>> model.fit(x, y, callbacks=[callbacks.WeightNoise(0.05)])    # doctest: +SKIP
    """

    changes_step = True
    """Whether it changes the step that ``fit`` compiles, and so needs a ``fit``."""

    def __init__(self, stddev: float = 0.01, *, relative: bool = True, seed: int | None = None):
        super().__init__()
        self.stddev = check_number("stddev", stddev, low=0)
        self.relative = check_bool("relative", relative)
        self.seed = None if seed is None else check_integer("seed", seed, low=0)

    def on_train_begin(self, logs: Any = None) -> None:
        if not self.stddev:
            return
        count = replicas(self.model)
        if count > 1:
            raise InvalidArgument("replicas", count, "1 for WeightNoise: several would have different weights")
        optimizer = chosen_optimizer(self.model, None, type(self).__name__)
        if getattr(optimizer, "finds_its_own_step", False):
            raise InvalidArgument(
                "optimizer",
                optimizer.name,
                "one that uses the step's gradient: this one evaluates the loss again",
            )
        seed = random.randrange(2**31) if self.seed is None else self.seed
        noise = _Noise(self.model, self.stddev, self.relative, seed)
        StepHooks.of(self.model).add(self.model, type(self).__name__, around_step=noise)

    def on_train_end(self, logs: Any = None) -> None:
        StepHooks.of(self.model).remove(self.model, type(self).__name__)


class _Noise:
    """A hook inside the step: a context in which the kernels are noisy until the optimizer receives the gradients."""

    def __init__(self, model: keras.Model, stddev: float, relative: bool, seed: int):
        self._model, self._stddev, self._relative, self._seed = weakref.ref(model), stddev, relative, seed

    @contextlib.contextmanager
    def __call__(self, state: StepState | None) -> Iterator[None]:
        model = self._model()
        if model is None:
            raise ReferenceError("the model that this step was made for is gone")
        kernels = [variable for variable in model.trainable_variables if is_kernel(variable)]
        optimizer = chosen_optimizer(model, None, "WeightNoise")
        applied: list[bool] = []
        with (
            self._in_variables(optimizer, kernels, applied)
            if state is None
            else self._in_state(optimizer, kernels, applied, state)
        ):
            yield
            if len(applied) != 1:
                raise ValueError(
                    f"WeightNoise needs a train_step that applies its gradients once. Received: {len(applied)} times"
                )

    @contextlib.contextmanager
    def _in_variables(self, optimizer: Any, kernels: list[Any], applied: list[bool]) -> Iterator[None]:
        """Assigns the noisy values to the variables, as a step on TensorFlow needs them."""
        import tensorflow as tf

        before = [tf.identity(kernel.value) for kernel in kernels]
        iterations = keras.ops.convert_to_tensor(optimizer.iterations)  # not a variable with gradient accumulation
        step = tf.stack([self._seed, tf.cast(iterations, tf.int32)])
        for index, (kernel, value) in enumerate(zip(kernels, before, strict=True)):
            scale = tf.sqrt(tf.reduce_mean(tf.square(value))) if self._relative else 1.0
            seed = tf.random.experimental.stateless_fold_in(step, index)
            noise = tf.random.stateless_normal(kernel.shape, seed, stddev=self._stddev, dtype=value.dtype)
            kernel.assign(value + scale * noise)

        def without_noise(apply: Callable[..., Any]) -> Callable[..., Any]:
            def apply_without_noise(grads: Any, trainable_variables: Any = None) -> Any:
                applied.append(True)
                with tf.control_dependencies([gradient for gradient in grads if gradient is not None]):
                    for kernel, value in zip(kernels, before, strict=True):
                        kernel.assign(value)
                return apply(grads, trainable_variables)

            return apply_without_noise

        try:
            with replaced_method(optimizer, "apply", without_noise):
                yield
        except BaseException:
            if tf.executing_eagerly():  # a compiled step has not run yet
                for kernel, value in zip(kernels, before, strict=True):
                    kernel.assign(value)
            raise

    @contextlib.contextmanager
    def _in_state(self, optimizer: Any, kernels: list[Any], applied: list[bool], state: StepState) -> Iterator[None]:
        """Gives the step the noisy values, as it needs them on JAX."""
        import jax

        with state.scope():
            before = [kernel.value for kernel in kernels]
            iterations = keras.ops.convert_to_tensor(optimizer.iterations)
        step = jax.random.fold_in(jax.random.key(self._seed), iterations)
        for index, (kernel, value) in enumerate(zip(kernels, before, strict=True)):
            scale = keras.ops.sqrt(keras.ops.mean(keras.ops.square(value))) if self._relative else 1.0
            noise = jax.random.normal(jax.random.fold_in(step, index), value.shape, value.dtype)
            state.set(kernel, value + self._stddev * scale * noise)
        clean = {id(kernel): value for kernel, value in zip(kernels, before, strict=True)}

        def without_noise(apply: Callable[..., Any]) -> Callable[..., Any]:
            def apply_without_noise(optimizer_variables: Any, grads: Any, trainable_variables: Any) -> Any:
                applied.append(True)
                pairs = zip(trained_variables(optimizer), trainable_variables, strict=True)
                values = [clean.get(id(variable), value) for variable, value in pairs]
                return apply(optimizer_variables, grads, values)

            return apply_without_noise

        with replaced_method(optimizer, "stateless_apply", without_noise):
            yield
