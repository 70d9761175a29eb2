"""``fit`` and ``evaluate`` under a ``tf.distribute`` strategy with several replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ..callbacks.inside.training import build_no_more, is_multi_worker

__all__ = ["replicas", "settle_in"]


def replicas() -> int:
    """The number of replicas of the current strategy, over all machines."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def settle_in(model: keras.Model) -> None:
    """Works around faults of Keras 3 with several replicas; does nothing with one.

    - Before each ``fit`` and ``evaluate``, Keras builds the model from a batch averaged over the replicas. This fails
      if the replicas have parts of different sizes, as in the last batch of an evaluation. The model is built already,
      so this step is switched off.
    - With a collective strategy over several processes, Keras averages the results of a step along an axis, which
      scalars do not have (TensorFlow issue 72388). They get one.

    Args:
        model: built and compiled within the strategy's scope, with one step per execution: a strategy with several
            replicas cannot run the loop that Keras makes of several steps.
    """
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1 or not build_no_more(model):  # done before an earlier training
        return
    if is_multi_worker(strategy):
        for name in ("train_step", "test_step"):
            setattr(model, name, _with_an_axis(getattr(model, name)))


def _with_an_axis(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def wrapped(data: Any) -> Any:
        return keras.tree.map_structure(lambda value: tf.expand_dims(value, 0), step(data))

    return wrapped
