"""Training: the first epoch of a ``fit``, the loss of a step, random seeds, and TensorFlow's state while it traces."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras

from .backend import other_variables
from .layers import replaced_method

__all__ = [
    "StepLoss",
    "better_direction",
    "build_by_batch",
    "build_no_more",
    "compile_arguments",
    "compute_loss",
    "forward",
    "initial_epoch",
    "is_multi_worker",
    "replaced_loss",
    "restart_layer_names",
    "restart_seed_generator",
    "seed_generator",
    "set_initial_epoch",
    "step_loss",
    "traced_often",
    "under_xla",
]


# --- the start of a fit ---------------------------------------------------------------------------------------------


def initial_epoch(model: keras.Model) -> int | None:
    """The epoch that overrides the next ``fit``'s argument ``initial_epoch``, or None.

    ``keras.callbacks.BackupAndRestore`` sets it and does not reset it.
    """
    return model._initial_epoch


def set_initial_epoch(model: keras.Model, epoch: int | None) -> None:
    """Makes ``fit`` start at ``epoch``, counted from 0. None or 0: at its argument ``initial_epoch``.

    It stays in effect until it is set again. Set in ``on_train_begin``, it still affects the ``fit`` that begins.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> set_initial_epoch(model, 3)
        >>> model.fit(keras.ops.ones((2, 1)), keras.ops.ones((2, 1)), epochs=5, verbose=0).epoch
        [3, 4]
    """
    model._initial_epoch = epoch


def build_by_batch(model: keras.Model, data: Any) -> None:
    """Builds what Keras builds before the first step: the model, losses, metrics and optimizer.

    Args:
        model: a compiled Keras model.
        data: a batch as ``train_step`` gets it: x, (x, y) or (x, y, sample_weight).
    """
    model._symbolic_build(data_batch=data)


def compile_arguments(model: keras.Model) -> dict[str, Any]:
    """Losses and metrics as they were given to ``compile``: "loss", "metrics", ... -> what is not None.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse", metrics=["mae"])
        >>> compile_arguments(model)
        {'loss': 'mse', 'metrics': ['mae']}
    """
    given = getattr(getattr(model, "_compile_config", None), "config", {})
    names = ("loss", "loss_weights", "metrics", "weighted_metrics")
    return {name: given[name] for name in names if given.get(name) is not None}


def build_no_more(model: keras.Model) -> bool:
    """Turns off the build by a batch before ``fit`` and ``evaluate``. Returns False if it was off already."""
    if "_maybe_symbolic_build" in vars(model):
        return False
    model._maybe_symbolic_build = lambda **_: None
    return True


# --- the loss of a batch --------------------------------------------------------------------------------------------


class StepLoss(NamedTuple):
    """The loss of one batch.

    Attributes:
        loss: what the step minimizes, shape (): the data's loss and all penalties.
        penalties: the share of regularizers and ``add_loss`` in it, shape (), or None.
        predicted: the model's output, or outputs.
    """

    loss: Any
    penalties: Any
    predicted: Any


def compute_loss(model: keras.Model, x: Any, y: Any, predicted: Any, sample_weight: Any = None) -> Any:
    """``model.compute_loss`` in training mode, shape (), even if its override lacks the argument ``training``."""
    return model._compute_loss(x=x, y=y, y_pred=predicted, sample_weight=sample_weight, training=True)


def replaced_loss(model: keras.Model, make: Callable[[Any], Any]) -> contextlib.AbstractContextManager[None]:
    """A context in which Keras' ``train_step`` minimizes ``make(loss)`` instead of the model's ``loss``.

    Both are called with ``x``, ``y``, ``y_pred``, ``sample_weight`` and ``training``, all by name.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(loss="mse")
        >>> with replaced_loss(model, lambda loss: lambda **batch: 3 * loss(**batch)):
        ...     model.train_on_batch(keras.ops.ones((4, 2)), keras.ops.ones((4, 1)), return_dict=True)["loss"]
        3.0
    """

    def by_name(loss: Any) -> Any:
        made = make(loss)

        def named(x: Any, y: Any, y_pred: Any, sample_weight: Any = None, training: bool = True) -> Any:
            return made(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)

        return named

    return replaced_method(model, "_compute_loss", by_name)


class _AsAssigned(keras.StatelessScope):
    """A scope in which the gradient for a variable that a layer assigns to is that for the assigned value."""

    def __init__(self, mapping: list[tuple[Any, Any]], variables: Sequence[Any]):
        super().__init__(mapping, collect_losses=True)
        self._watched = {id(variable): self.state_mapping[id(variable)] for variable in variables}

    def add_update(self, update: tuple[Any, Any]) -> None:
        variable, value = update
        watched = self._watched.get(id(variable))
        if watched is not None:
            value = watched + keras.ops.stop_gradient(value - watched)
        super().add_update((variable, value))


def step_loss(
    model: keras.Model, data: Any, variables: Sequence[Any], values: Sequence[Any], *, as_assigned: bool = False
) -> StepLoss:
    """The loss of a batch as the model's own training step computes it, as a function of the weights.

    It is ``model.compute_loss`` of a forward pass in training mode, with sample weights and all penalties. No weight,
    random state, moving average or metric changes, so every call draws the same dropout masks and random augmentation,
    as far as they come from Keras' seed generators. Batch normalization uses the batch's statistics.

    Args:
        model: a compiled Keras model, built as by :func:`build_by_batch`.
        data: a batch as ``train_step`` gets it: x, (x, y) or (x, y, sample_weight).
        variables: the weights to replace by ``values``; the others keep theirs.
        values: tensors, one per variable. A gradient tape that watches them sees the penalties too.
        as_assigned: whether the gradient for a weight that its layer assigns to, such as ``SpectralNormalization``, is
            that for the assigned value, as in the step on TensorFlow. Default False: it is that of the loss as a
            function of ``values``.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
        >>> model.compile(loss="mse")
        >>> batch = keras.ops.ones((4, 2)), keras.ops.zeros((4, 1))
        >>> float(step_loss(model, batch, model.trainable_weights, [keras.ops.ones((2, 1))]).loss)
        4.0
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    # Regularizers look the weights up in the scope, and the tape must see their values: hence the explicit mapping.
    mapping = [*zip(variables, values, strict=True), *other_variables(model, variables)]
    with _AsAssigned(mapping, variables if as_assigned else ()):
        predicted = model(x, training=True) if model._call_has_training_arg else model(x)
        loss = compute_loss(model, x, y, predicted, sample_weight)
        penalties = [keras.ops.cast(keras.ops.sum(penalty), loss.dtype) for penalty in model.losses]
        model._clear_losses()
    return StepLoss(loss, sum(penalties[1:], penalties[0]) if penalties else None, predicted)


def forward(model: keras.Model, x: Any) -> Any:
    """The model's output in training mode. No random state, moving average or metric changes."""
    with keras.StatelessScope(other_variables(model, ()), collect_losses=True):
        predicted = model(x, training=True) if model._call_has_training_arg else model(x)
        model._clear_losses()
    return predicted


def better_direction(metric: Any) -> str | None:
    """ "up" if a higher value of a Keras metric is better, "down" if a lower one is, None if Keras does not know.

    Example:
        >>> better_direction(keras.metrics.MeanSquaredError()), better_direction(keras.metrics.Accuracy())
        ('down', 'up')
    """
    direction = getattr(metric, "_direction", None)
    return direction if direction in ("up", "down") else None


# --- random state ---------------------------------------------------------------------------------------------------


def seed_generator(*, make: bool = False) -> keras.random.SeedGenerator | None:
    """The generator that Keras uses if no seed is given, or None if Keras has not made it yet.

    Args:
        make: whether to make it if there is none. Default False.

    Example:
        >>> keras.utils.set_random_seed(3)
        >>> seed_generator() is None, seed_generator(make=True) is seed_generator()
        (True, True)
    """
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR, global_seed_generator

    return global_seed_generator() if make else global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)


def restart_seed_generator(seed: int | None = None) -> None:
    """Does what ``keras.utils.set_random_seed`` does to Keras alone: records the seed and drops the shared generator.

    Keras seeds the next generator, like those of layers, from Python's random state: set that too.

    Args:
        seed: the seed to record; None (default) keeps the present one.

    Example:
        >>> import random
        >>> draws = []
        >>> for _ in range(2):
        ...     restart_seed_generator(3)
        ...     random.seed(3)
        ...     draws.append(float(keras.random.uniform(())))
        >>> draws[0] == draws[1]
        True
    """
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR
    from keras.src.utils.rng_utils import GLOBAL_RANDOM_SEED

    if seed is not None:
        global_state.set_global_attribute(GLOBAL_RANDOM_SEED, seed)
    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, None)


def restart_layer_names() -> None:
    """Restarts the numbers in default layer names ("dense", "dense_1"), without the other effects of ``clear_session``.

    Example:
        >>> restart_layer_names()
        >>> keras.layers.Dense(1).name
        'dense'
    """
    from keras.src.utils.naming import reset_uids

    reset_uids()


# --- TensorFlow -----------------------------------------------------------------------------------------------------


def under_xla() -> bool:
    """Whether TensorFlow is tracing for XLA, which supports neither assertions nor strings."""
    import tensorflow as tf
    from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

    return not tf.executing_eagerly() and GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def keras_uses_xla(model: keras.Model) -> bool:
    """Whether ``jit_compile="auto"`` compiles this model by XLA: on accelerators, if all its layers are fit for it."""
    return bool(model._resolve_auto_jit_compile())


def traced_often(function: Any) -> Any:
    """Turns off TensorFlow's warning of frequent retracing for a ``tf.function``, and returns the function."""
    function._omit_frequent_tracing_warning = True
    return function


def is_multi_worker(strategy: Any) -> bool:
    """Whether a ``tf.distribute`` strategy is a ``MultiWorkerMirroredStrategy`` with several workers."""
    import tensorflow as tf

    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) and strategy.extended._in_multi_worker_mode()
