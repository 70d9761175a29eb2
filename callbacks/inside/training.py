"""A model's training step, the start of its ``fit`` and random state: what Keras and TensorFlow keep to themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

__all__ = [
    "StepLoss",
    "better_direction",
    "build_by_batch",
    "build_no_more",
    "compute_loss",
    "initial_epoch",
    "is_multi_worker",
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
    """The epoch from which the next ``fit`` starts whatever its ``initial_epoch`` says; None for what it says.

    ``keras.callbacks.BackupAndRestore`` leaves it behind.
    """
    return model._initial_epoch


def set_initial_epoch(model: keras.Model, epoch: int | None) -> None:
    """Has ``fit`` start at ``epoch``, counted from 0; None or 0: at its own ``initial_epoch``.

    It counts until it is set again. In ``on_train_begin`` it is in time for the ``fit`` that begins.

    Example:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> set_initial_epoch(model, 3)
        >>> model.fit(keras.ops.ones((2, 1)), keras.ops.ones((2, 1)), epochs=5, verbose=0).epoch
        [3, 4]
    """
    model._initial_epoch = epoch


def build_by_batch(model: keras.Model, data: Any) -> None:
    """Builds what Keras would build when it traces the first step: the model, the losses, metrics and optimizer.

    Args:
        model: a compiled Keras model.
        data: a batch as ``train_step`` gets it: x, (x, y) or (x, y, sample_weight).
    """
    model._symbolic_build(data_batch=data)


def build_no_more(model: keras.Model) -> bool:
    """Has ``fit`` and ``evaluate`` build nothing by a batch before they start; whether they did until now."""
    if "_maybe_symbolic_build" in vars(model):
        return False
    model._maybe_symbolic_build = lambda **_: None
    return True


# --- the loss of a batch --------------------------------------------------------------------------------------------


class StepLoss(NamedTuple):
    """The loss of one batch.

    Attributes:
        loss: what the step minimizes, shape (): the data's loss and all penalties.
        penalties: the part of it that regularizers and ``add_loss`` give, shape (); None where there are none.
        predicted: the model's output, or outputs.
    """

    loss: Any
    penalties: Any
    predicted: Any


def compute_loss(model: keras.Model, x: Any, y: Any, predicted: Any, sample_weight: Any = None) -> Any:
    """The loss in training mode, shape (), of outputs that are known: ``model.compute_loss``, also an older one.

    A ``compute_loss`` of one's own may lack the argument ``training``.
    """
    return model._compute_loss(x=x, y=y, y_pred=predicted, sample_weight=sample_weight, training=True)


def step_loss(model: keras.Model, data: Any, variables: Sequence[Any], values: Sequence[Any]) -> StepLoss:
    """The loss of a batch as the model's own training step computes it, as a function of its weights.

    It is ``model.compute_loss`` of a forward pass in training mode, with sample weights and all penalties. It moves no
    weight, random state, moving average or metric, so every call draws the same dropout masks and random augmentation,
    as far as they come from Keras' seed generators. Batch normalization uses the batch's statistics.

    Args:
        model: a compiled Keras model, built as by :func:`build_by_batch`.
        data: a batch as ``train_step`` gets it: x, (x, y) or (x, y, sample_weight).
        variables: the weights that the values stand for; the others keep theirs.
        values: tensors, one a variable. A gradient tape that watches them sees the penalties too.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
        >>> model.compile(loss="mse")
        >>> batch = keras.ops.ones((4, 2)), keras.ops.zeros((4, 1))
        >>> float(step_loss(model, batch, model.trainable_weights, [keras.ops.ones((2, 1))]).loss)
        4.0
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    # Regularizers ask the scope for each weight's value, and the tape has to see it: hence the explicit values.
    with keras.StatelessScope(list(zip(variables, values, strict=True)), collect_losses=True):
        predicted = model(x, training=True) if model._call_has_training_arg else model(x)
        loss = compute_loss(model, x, y, predicted, sample_weight)
        penalties = [keras.ops.cast(keras.ops.sum(penalty), loss.dtype) for penalty in model.losses]
        model._clear_losses()
    return StepLoss(loss, sum(penalties[1:], penalties[0]) if penalties else None, predicted)


def better_direction(metric: Any) -> str | None:
    """ "up" where more of a Keras metric is better, "down" where less is; None where Keras does not know.

    Example:
        >>> better_direction(keras.metrics.MeanSquaredError()), better_direction(keras.metrics.Accuracy())
        ('down', 'up')
    """
    direction = getattr(metric, "_direction", None)
    return direction if direction in ("up", "down") else None


# --- random state ---------------------------------------------------------------------------------------------------


def seed_generator(*, make: bool = False) -> keras.random.SeedGenerator | None:
    """The generator from which Keras draws where no seed is given, or None while nothing was drawn.

    Args:
        make: make it if there is none. Default False.

    Example:
        >>> keras.utils.set_random_seed(3)
        >>> seed_generator() is None, seed_generator(make=True) is seed_generator()
        (True, True)
    """
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR, global_seed_generator

    return global_seed_generator() if make else global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)


def restart_seed_generator(seed: int | None = None) -> None:
    """What ``keras.utils.set_random_seed`` does to Keras alone: the seed is noted, and its generator is forgotten.

    Keras makes the next one, as the generators of layers, from Python's random state: set that too.

    Args:
        seed: to note; None (default) leaves the one that is.

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
    """Has the names of layers count from 1 again ("dense", "dense_1"), without what ``clear_session`` throws away.

    Example:
        >>> restart_layer_names()
        >>> keras.layers.Dense(1).name
        'dense'
    """
    from keras.src.utils.naming import reset_uids

    reset_uids()


# --- TensorFlow -----------------------------------------------------------------------------------------------------


def under_xla() -> bool:
    """Whether XLA will compile what TensorFlow is tracing: it knows neither errors nor texts."""
    import tensorflow as tf
    from tensorflow.python.ops.control_flow_util import GraphOrParentsInXlaContext

    return not tf.executing_eagerly() and GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def traced_often(function: Any) -> Any:
    """A ``tf.function``, marked as one that may be traced often: TensorFlow does not warn of it. Returns it."""
    function._omit_frequent_tracing_warning = True
    return function


def is_multi_worker(strategy: Any) -> bool:
    """Whether a ``tf.distribute`` strategy works with several processes that average by collectives."""
    import tensorflow as tf

    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) and strategy.extended._in_multi_worker_mode()
