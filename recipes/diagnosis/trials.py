"""Short trainings that show what a long one would: whether a batch is learned by heart, the rate, held-out examples.

All run inside :func:`borrowed`, which puts everything back.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from ...callbacks.gradients.measurement import named_weights
from ...callbacks.inside.fit_end import fit_unnoticed
from ...callbacks.inside.loss_facts import data_loss, stateless
from ...callbacks.inside.model_optimizers import raise_on_nan_in
from ...callbacks.inside.optimizer_values import get_learning_rate, leaves, range_test_divisor, rate_source
from ...callbacks.inside.state import set_training_state, training_state
from ...callbacks.inside.training import compute_loss, forward, initial_epoch, set_initial_epoch
from ...callbacks.range_test.lr_finder import LRFinder, NoSuggestion, run_range_test

__all__ = [
    "Batch",
    "Clock",
    "borrowed",
    "by_heart",
    "dataset",
    "own_rate",
    "suggested_rate",
    "told_by_inputs",
    "untouched",
    "weights_of",
]

Batch = tuple[Any, Any, Any]
"""(x, y, sample weights) of tensors."""

LEARNED = 0.6
"""A batch is learned once its loss has fallen to this part of the loss of chance: a network that learns by heart goes
to 0, and dropout or augmentation slow it down."""

CHUNK, MOST = 50, 300
"""Steps between two looks at the loss, and in all."""

SWEEP = 200
"""Steps of the range test."""

SHUFFLES = 30
INFORMED = 4.0
"""Labels depend on inputs if shuffling them raises the loss on held-out examples by as many standard deviations."""


class Clock(keras.callbacks.Callback):
    """Ends a training when the time is over.

    Args:
        end: in seconds of ``time.monotonic``.
    """

    def __init__(self, end: float):
        super().__init__()
        self.end = end

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.end

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.over:
            self.model.stop_training = True


def dataset(batches: Sequence[Batch]) -> Any:
    """Batches in memory as a ``tf.data.Dataset``, whose batch size is not part of its type: one trace serves all.

    Args:
        batches: (x, y, sample weights) of tensors.
    """
    import tensorflow as tf

    elements = [keras.tree.lists_to_tuples(keras.utils.pack_x_y_sample_weight(*batch)) for batch in batches]

    def spec(*leaves: Any) -> Any:
        sizes = [{leaf.shape[axis] for leaf in leaves} for axis in range(len(leaves[0].shape))]
        shape = [None if not axis or len(size) > 1 else size.pop() for axis, size in enumerate(sizes)]
        return tf.TensorSpec(shape, leaves[0].dtype)

    data = tf.data.Dataset.from_generator(
        lambda: iter(elements), output_signature=keras.tree.map_structure(spec, *elements)
    )
    options = tf.data.Options()
    options.autotune.enabled = False  # TensorFlow may wait long for its thread when an iterator is dropped
    return data.apply(tf.data.experimental.assert_cardinality(len(elements))).with_options(options)


@contextlib.contextmanager
def borrowed(model: keras.Model) -> Iterator[dict[str, Any]]:
    """A context that lends a model for trainings of one step a call: yields its state, and puts everything back."""
    before = training_state(model)
    steps, function, history = model.steps_per_execution, model.train_function, getattr(model, "history", None)
    start, stop = initial_epoch(model), getattr(model, "stop_training", False)
    model.steps_per_execution, model.train_function = 1, None
    set_initial_epoch(model, None)
    raise_on_nan_in(model, False)
    try:
        yield before
    finally:
        set_training_state(model, before)
        raise_on_nan_in(model, True)
        model.steps_per_execution, model.train_function = steps, function
        set_initial_epoch(model, start)
        model.history, model.stop_training = history, stop


def _train(model: keras.Model, batches: Any, steps: int, clock: Clock) -> None:
    fit_unnoticed(model, batches, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False, callbacks=[clock])


def by_heart(
    model: keras.Model, batch: Batch, start: float, clock: Clock, lowest: float = 0.0
) -> tuple[bool | None, float]:
    """Trains on one batch. Returns whether it is learned, None if there was no time to tell, and the last loss.

    The model is left trained.

    Args:
        model: built and compiled.
        batch: a small one.
        start: the loss of chance, or the first one.
        clock: ends it early; a batch counts as learned then if the loss has fallen at all, and else nothing is known.
        lowest: the loss of a perfect answer. Default 0.
    """
    enough = lowest + LEARNED * (start - lowest)
    batches = dataset([batch]).repeat()
    first = loss = data_loss(model, batch)
    for _ in range(0, MOST, CHUNK):
        _train(model, batches, CHUNK, clock)
        loss = data_loss(model, batch)
        if loss <= enough or not np.isfinite(loss):
            break
        if clock.over:
            return loss < first or None, loss
    return bool(loss <= enough), loss


def untouched(model: keras.Model, before: dict[str, Any]) -> list[str]:
    """The layers of which a training has changed no trainable weight.

    Args:
        model: after it.
        before: layer -> its weights before, as :func:`weights_of` returns them.
    """
    after = weights_of(model)
    return [name for name, old in before.items() if all(map(np.array_equal, old, after[name]))]


def weights_of(model: keras.Model) -> dict[str, list[np.ndarray]]:
    """Layer -> copies of its trainable weights."""
    return {name: [np.array(weight.numpy()) for weight in group] for name, group in named_weights(model)}


def own_rate(model: keras.Model) -> float | None:
    """The learning rate that the optimizer was compiled with; None for a schedule, or one that finds its own step."""
    for leaf in leaves(model.optimizer):
        if getattr(leaf, "finds_its_own_step", False) or not isinstance(rate_source(leaf), keras.Variable):
            return None
    return get_learning_rate(model.optimizer)


def suggested_rate(model: keras.Model, batches: Sequence[Batch], clock: Clock) -> tuple[float, float] | None:
    """What a range test suggests, and the rate at which the loss starts to rise; None if it finds none in time."""
    finder = LRFinder(steps=SWEEP)
    run_range_test(model, dataset(batches), finder, callbacks=[clock])
    try:
        rate = finder.suggest()
    except NoSuggestion:
        return None
    if clock.over and not finder.diverged:
        return None
    return rate, rate * range_test_divisor(model.optimizer)


def told_by_inputs(
    model: keras.Model, batches: Sequence[Batch], held_out: Sequence[Batch], clock: Clock
) -> tuple[bool | None, float]:
    """Trains, and says whether the loss on held-out examples rises where their labels are shuffled.

    Returns:
        (whether it does, or None if there was no time to tell; by how many standard deviations, at best).
    """
    random = np.random.default_rng(0)
    data = dataset(batches).repeat()
    best = _informed(model, held_out, random)
    for done in range(0, MOST, CHUNK):
        if best >= INFORMED:
            return True, best
        if clock.over:
            return (None if done < 2 * CHUNK else False), best
        _train(model, data, CHUNK, clock)
        best = max(best, _informed(model, held_out, random))
    return best >= INFORMED, best


def _informed(model: keras.Model, held_out: Sequence[Batch], random: np.random.Generator) -> float:
    """By how many standard deviations shuffling the labels of held-out examples raises their loss.

    In training mode: the moving averages of batch normalization have not settled yet.
    """
    true, shuffled = 0.0, np.zeros(SHUFFLES)
    for x, y, weights in held_out:
        predicted = forward(model, x)
        with stateless(model):
            true += float(compute_loss(model, x, y, predicted, weights))
            for number in range(SHUFFLES):
                order = random.permutation(keras.tree.flatten(y)[0].shape[0])
                mixed, mixed_weights = (_taken(part, order) for part in (y, weights))
                shuffled[number] += float(compute_loss(model, x, mixed, predicted, mixed_weights))
    return float((shuffled.mean() - true) / max(shuffled.std(), 1e-12))


def _taken(part: Any, order: np.ndarray) -> Any:
    return None if part is None else keras.tree.map_structure(lambda leaf: keras.ops.take(leaf, order, axis=0), part)
