"""settle_in: a model's ``fit`` and ``evaluate`` where ``tf.distribute`` spreads them over several replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ..callbacks.inside.training import build_no_more, is_multi_worker

__all__ = ["replicas", "settle_in"]


def replicas() -> int:
    """How many devices, of this machine and of others, share the work of the present strategy."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def settle_in(model: keras.Model) -> None:
    """Goes round what Keras 3 does wrong with several replicas; does nothing with one.

    - Before each ``fit`` and ``evaluate`` Keras averages a batch over the replicas, to build the model by it. That
      fails where they have parts of different size, as of the last batch of an evaluation. The model is built already.
    - With a collective strategy over several processes Keras averages what a step gives along an axis that numbers do
      not have (TensorFlow issue 72388). They get one.

    Args:
        model: built and compiled within the strategy's scope, with one step per execution: of several steps Keras makes
            a loop that no strategy with several replicas can run.
    """
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1 or not build_no_more(model):  # a second training has it already
        return
    if is_multi_worker(strategy):
        for name in ("train_step", "test_step"):
            setattr(model, name, _with_an_axis(getattr(model, name)))


def _with_an_axis(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def wrapped(data: Any) -> Any:
        return keras.tree.map_structure(lambda value: tf.expand_dims(value, 0), step(data))

    return wrapped
