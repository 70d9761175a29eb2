"""fit: trains a model by a recipe."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_integer
from ..callbacks.resume.resume import Resume
from .device_memory import batch_sizes
from .metrics import find_metric, listed_metrics
from .recipe import Recipe
from .recipe_checks import warn_of_missing, warn_of_self_normalization
from .registration.own_model import is_own_model
from .run import Run
from .scoring import EpochScores, check_scorable
from .trainer import LARGEST_SEED, Trainer
from .training_checks import check_data, check_recipe, warn_of_layers
from .training_length import epochs_or_usual

if TYPE_CHECKING:
    from .data import Data

__all__ = ["fit"]


@checked
def fit(
    data: Data,
    recipe: Recipe | None = None,
    *,
    epochs: int | None = None,
    seed: int = 0,
    model: keras.Model | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    metrics: Sequence[Any] = (),
    steps_per_execution: int | None = None,
    batch_size: int | str | None = None,
    directory: str | os.PathLike[str] | None = None,
    verbose: int | str = "auto",
) -> Run:
    """Trains a model on ``data.train`` by ``recipe`` and validates it on ``data.validation`` after each epoch.

    The peak learning rate is the recipe's; if it is None, a range test of at most 300 batches finds it first. If the
    loss becomes NaN, training stops: ``run.diverged`` is set, and a warning says where it diverged and what to try.
    The model then gets the weights of the last epoch without NaN. A rate found by the range test is divided by 4 and
    the training started again, at most 3 times, if the training diverges or ends with a higher loss than it began
    with: ``run.attempts`` and a warning say so. A given rate is never changed.
    Sets the seeds of Python, NumPy and Keras: the same seed gives the same numbers on the same machine.

    Args:
        data: what :func:`recipes.load` returns.
        recipe: default ``Recipe()``.
        epochs: passes over the training split, >= 1; None (default) for at least 3,000 updates: as many passes as they
            take, between 10 and 300 (see :func:`recipes.training_length.usual_epochs`). 1cycle spans all of them.
        seed: of initialization, data order and dropout, >= 0. Default 0.
        model: a Keras model to train in place of the recipe's; it is compiled again.
        callbacks: further Keras callbacks, called after the recipe's.
        metrics: more metrics of the validation split after each epoch, as for :meth:`recipes.Run.evaluate`:
            ``run.history["val_auc"]``. Default: none.
        steps_per_execution: batches per call of the compiled step; None (default) chooses by the size of the model. It
            does not affect the results.
        batch_size: examples per training batch; None (default) for the data's own; "auto" for the largest power of two
            that fits into the device's memory, up to 4,096 and with at least 32 batches an epoch. ``run.data`` has the
            size. Where a step of the smallest size to try runs out of memory, batches are computed in parts with a
            warning: see :class:`callbacks.MicroBatches` and ``run.parts``.
        directory: None (default), or where to keep a checkpoint after each epoch. Repeating the call resumes after the
            last one, with the same results as an unbroken training. See :class:`callbacks.Resume`.
        verbose: of Keras' ``fit``: 0 silent, 1 a progress bar, 2 one line per epoch. Default "auto".

    Returns:
        A :class:`recipes.Run`, whose recipe holds the learning rate that was used.

    Raises:
        InvalidArgument: for a value outside its range, a model that does not fit the data, or a directory with another
            training; before any training.

    Example:
        >>> run = recipes.fit(recipes.load("digits"), recipes.Recipe())   # doctest: +SKIP
        >>> run.evaluate()
    """
    check_data(data)
    recipe = check_recipe(recipe)
    epochs = None if epochs is None else check_integer("epochs", epochs, low=1)
    seed = check_integer("seed", seed, low=0, high=LARGEST_SEED)
    if not isinstance(metrics, (list, tuple)):
        raise InvalidArgument("metrics", metrics, "a list of metrics, such as ['auc']")
    scored = [find_metric(metric, data.spec.task) for metric in listed_metrics(metrics)] if metrics else []
    check_scorable(data, scored, "validation")
    *sizes, last = batch_sizes(batch_size, data.settings["counts"]["train"], data.batch_size)
    if sizes and directory is not None:  # the size that was found before
        found = Resume(directory).saved_settings().get("batch_size")
        sizes, last = ([], int(found)) if found is not None else (sizes, last)

    def trainer_for(size: int) -> Trainer:
        options: dict[str, Any] = {"model": model, "steps_per_execution": steps_per_execution}
        return Trainer(data.with_batch_size(size), recipe, seed=seed, **options)

    for size in sizes:
        trainer = trainer_for(size)
        if trainer.fits(seed):
            break
    else:
        trainer = trainer_for(last)
    if model is not None or is_own_model(recipe.model):
        warn_of_missing(recipe, trainer.model)
        warn_of_layers(trainer.model)
    else:
        warn_of_self_normalization([(recipe, trainer.model)])
    epochs = epochs_or_usual(epochs, trainer.data.steps_per_epoch)
    callbacks = [*(EpochScores(trainer.data, metric) for metric in scored), *callbacks]
    return trainer.run(epochs=epochs, seed=seed, callbacks=callbacks, directory=directory, verbose=verbose)
