"""What differs between Keras' backends: where a model's values are during a ``fit``, gradients, double precision.

TensorFlow's step changes the variables themselves. JAX's step is a function of their values: within an epoch the
variables are empty, and what is assigned to them is lost, unless :func:`sync_variables` comes before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from ..checks import InvalidArgument

__all__ = [
    "StepState",
    "check_tensorflow",
    "compiled",
    "is_concrete",
    "on_jax",
    "other_variables",
    "plain_tensor",
    "replicas",
    "sync_variables",
    "value_and_gradients",
    "widest_float",
]

if keras.backend.backend() not in ("tensorflow", "jax"):
    raise ImportError(
        "keras_recipes works on Keras' backends tensorflow and jax (callbacks and optimizers): set KERAS_BACKEND "
        f"before keras is imported. Received: KERAS_BACKEND={keras.backend.backend()}"
    )


def on_jax() -> bool:
    """Whether Keras runs on JAX."""
    return keras.backend.backend() == "jax"


def check_tensorflow(who: str) -> None:
    """Raises if Keras runs on another backend than TensorFlow.

    Args:
        who: the name of what needs TensorFlow, for the message.

    Raises:
        InvalidArgument: in one line, which says what to set.
    """
    name = keras.backend.backend()
    if name != "tensorflow":
        accepted = f"'tensorflow' for {who}: set KERAS_BACKEND=tensorflow before keras is imported"
        raise InvalidArgument("backend", name, accepted)


def sync_variables(model: keras.Model) -> None:
    """Gives a model's variables their values of the last step; what is assigned then counts for the next step.

    A callback calls it in the hooks of a batch, before it reads or assigns a variable. On TensorFlow there is nothing
    to do.

    Example:
        >>> class Look(keras.callbacks.Callback):
        ...     def on_train_batch_end(self, batch, logs=None):
        ...         sync_variables(self.model)
        ...         print(self.model.optimizer.iterations.numpy())
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.fit(np.ones((4, 1)), np.ones((4, 1)), batch_size=2, verbose=0, callbacks=[Look()])
        1
        2
    """
    if on_jax():
        model.jax_state_sync()


class StepState:
    """The values of a model's variables before a step on JAX.

    Args:
        model: whose step it is.
        values: what Keras passes to ``train_step``: the values of the trainable variables, the others, the optimizer's
            and the metrics'.
    """

    def __init__(self, model: keras.Model, values: Sequence[Sequence[Any]]):
        self._model = model
        self._values = [list(group) for group in values]

    def _groups(self) -> Iterator[tuple[list[keras.Variable], list[Any]]]:
        """Variables and values, the optimizer's first: to list the variables of a deep model takes long."""
        model = self._model
        yield ([] if model.optimizer is None else model.optimizer.variables), self._values[2]
        for name, index in (("trainable_variables", 0), ("non_trainable_variables", 1), ("metrics_variables", 3)):
            yield getattr(model, name), self._values[index]

    def pairs(self) -> Iterator[tuple[keras.Variable, Any]]:
        """Every variable with its value."""
        for variables, values in self._groups():
            yield from zip(variables, values, strict=True)

    def scope(self) -> keras.StatelessScope:
        """A context in which the variables have these values."""
        return keras.StatelessScope(list(self.pairs()))

    def set(self, variable: keras.Variable, value: Any) -> None:
        """Replaces the value of a variable.

        Raises:
            InvalidArgument: for a variable that is no part of the step, such as that of a second optimizer.
        """
        for variables, values in self._groups():
            for index, known in enumerate(variables):
                if known is variable:
                    values[index] = keras.ops.convert_to_tensor(value, variable.dtype)
                    return
        raise InvalidArgument("variable", variable.path, "one of the model's or of its optimizer's, in a step on JAX")

    def values(self) -> tuple[list[Any], ...]:
        """The values as ``train_step`` takes them."""
        return tuple(self._values)


def other_variables(model: keras.Model, variables: Sequence[keras.Variable]) -> list[tuple[keras.Variable, Any]]:
    """A model's other variables with their values, which a ``keras.StatelessScope`` on JAX must be given too."""
    known = set(map(id, variables))
    return [(other, other.value) for other in model.variables if id(other) not in known] if on_jax() else []


def value_and_gradients(
    function: Callable[[Sequence[Any]], tuple[Any, Any]], values: Sequence[Any]
) -> tuple[Any, list[Any], Any]:
    """The gradients of a function of tensors.

    Args:
        function: takes the tensors; returns a scalar, and a structure of other tensors that were computed on the way.
        values: floating-point tensors.

    Returns:
        The scalar, its gradient for each tensor (on TensorFlow, None where it does not depend on it), and the rest.

    Example:
        >>> function = lambda values: (keras.ops.sum(values[0] ** 2), values[0] + 1)
        >>> value, gradients, more = value_and_gradients(function, [keras.ops.array([1.0, 2.0])])
        >>> float(value), np.asarray(gradients[0]).tolist(), np.asarray(more).tolist()
        (5.0, [2.0, 4.0], [2.0, 3.0])
    """
    if on_jax():
        import jax

        (value, more), gradients = jax.value_and_grad(function, has_aux=True)(list(values))
        return value, gradients, more
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        value, more = function(values)
    return value, tape.gradient(value, values) if values else [], more


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A pure function compiled by JAX."""
    import jax

    return jax.jit(function)


def plain_tensor(value: Any) -> Any:
    """A dense tensor of a backend's variable, sparse gradient or tensor.

    Example:
        >>> plain_tensor(keras.Variable([1.0, 2.0]).value)
        <tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>
    """
    if on_jax():
        return keras.ops.convert_to_tensor(value)
    import tensorflow as tf

    return tf.convert_to_tensor(value)


def is_concrete(value: Any) -> bool:
    """Whether a value is a tensor with numbers, not a symbol of a traced function.

    Example:
        >>> is_concrete(keras.ops.ones(2)), is_concrete(keras.KerasTensor((2,))), is_concrete(None)
        (True, False, False)
    """
    if on_jax():
        import jax

        return isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer)
    return hasattr(value, "numpy")


def widest_float() -> str:
    """The type for sums that lose digits: "float64", or "float32" on JAX unless its ``jax_enable_x64`` is set."""
    if on_jax():
        from jax import numpy as jnp

        return jnp.result_type(float).name
    return "float64"


def replicas(model: keras.Model) -> int:
    """The copies of the model that train at the same time. On JAX a distributed model is still one."""
    return 1 if on_jax() else model.distribute_strategy.num_replicas_in_sync
