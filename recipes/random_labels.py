"""random_label_test: how many examples with random labels a network can memorize."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_integer, check_number
from .data.named_arrays import take
from .recipe import Recipe
from .run import Run
from .training import fit
from .training_checks import check_data

if TYPE_CHECKING:
    from .data import Data

__all__ = ["StopAt", "random_label_test"]


class StopAt(keras.callbacks.Callback):
    """Ends the training at a training accuracy."""

    def __init__(self, accuracy: float):
        super().__init__()
        self.accuracy = accuracy

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs["accuracy"] >= self.accuracy:
            self.model.stop_training = True


@checked
def random_label_test(
    data: Data,
    recipe: Recipe | None = None,
    *,
    examples: int = 2000,
    epochs: int = 100,
    until: float = 0.99,
    seed: int = 0,
    verbose: int | str = "auto",
) -> Run:
    """Trains on labels drawn at random, uniformly over the classes, to see what the network can memorize.

    A network that fits them has the capacity to fit anything of this size. If it generalizes on true labels, this is
    due to the data, the training and the regularizers, not to a small capacity. With a regularizer in the recipe, the
    test shows how much capacity is left.

    Args:
        data: with classes: what :func:`recipes.load` returns. The first ``examples`` of its training split are used.
        recipe: default: ``Recipe(regularizer="none", schedule="constant")``.
        examples: the number of examples, >= 1; the whole split if it has fewer. Default 2000.
        epochs: the largest number of epochs, >= 1. Default 100.
        until: the training accuracy at which to stop, in (0, 1]. Default 0.99.
        seed: of the labels and of the training, >= 0. Default 0.
        verbose: of Keras' ``fit``. Default "auto".

    Returns:
        A :class:`recipes.Run`: ``run.history["accuracy"]`` is the curve, ``run.plot()`` its plot,
        ``run.evaluate("train")["accuracy"]`` the accuracy reached.

    Raises:
        InvalidArgument: for data without classes, or a value outside its range.

    Source: Zhang et al. 2017, arXiv:1611.03530.

    Example:
        >>> run = recipes.random_label_test(recipes.load("digits"))        # doctest: +SKIP
        >>> run.evaluate("train")["accuracy"]
    """
    check_data(data)
    if data.spec.task not in ("binary", "multiclass"):
        raise InvalidArgument("data", data.spec.name, f"one with classes: {data.spec.task} has no labels to shuffle")
    examples = check_integer("examples", examples, low=1)
    epochs = check_integer("epochs", epochs, low=1)
    seed = check_integer("seed", seed, low=0)
    until = check_number("until", until, above=0, high=1)
    x, y = data.arrays("train")
    count = min(examples, len(y))
    labels = np.random.default_rng(seed).integers(0, max(2, data.spec.outputs), count).astype(y.dtype)
    weights = data.sample_weight("train")
    how = f"{count} examples with random labels, seed {seed}"
    first = None if weights is None else weights[:count]
    random = data.with_train(take(x, np.arange(count)), labels, how=how, sample_weight=first)
    recipe = recipe or Recipe(regularizer="none", schedule="constant")
    return fit(random, recipe, epochs=epochs, seed=seed, callbacks=[StopAt(until)], verbose=verbose)
