"""refit: training on the validation data too, after early stopping."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_choice, check_integer, check_number
from ..callbacks.inside.layers import is_functional
from ..callbacks.warning import warn
from .catalogue import Lookup, Option
from .choice import name_of
from .data.named_arrays import concatenate
from .linear_blend import set_linear_share
from .model_files import set_weights
from .recipe import Recipe
from .run import Run
from .trainer import LARGEST_SEED, Trainer

if TYPE_CHECKING:
    from .data import Data

__all__ = ["WAYS", "merged", "refit"]

WAYS = Lookup(
    "refit",
    [
        Option(
            "epochs",
            "From new weights, for as many passes as early stopping found best.",
            "Goodfellow et al. 2016, algorithm 7.2",
            when="The first choice: as long as the best training was, in passes. Not for much larger data "
            "than before, where an epoch has more updates: updates.",
        ),
        Option(
            "updates",
            "From new weights, for as many updates as early stopping found best.",
            "Goodfellow et al. 2016, section 7.8",
            when="Where the validation data are a large share, so that an epoch becomes longer. Examples are "
            "then seen less often than before.",
        ),
        Option(
            "continue",
            "From the trained weights, until the validation loss is no higher than the training loss at the stop.",
            "Goodfellow et al. 2016, algorithm 7.3",
            when="For trainings too long to repeat. Not under 1cycle, whose rate has ended near zero; and the "
            "loss it aims at may never be reached.",
        ),
        Option(
            "plateau",
            "From the trained weights, until the training loss is not decreasing much any more.",
            "the rule of early stopping, on the training loss",
            when="For trainings too long to repeat, when the validation loss should not decide. Not for small "
            "noisy data: the training loss always falls a little longer.",
        ),
    ],
)

GOES_ON = ("continue", "plateau")
"""The ways that go on from the run's weights."""

FLAT = 3
"""After so many epochs without a decrease that counts, the training loss is on its plateau."""

SLOWER = 10.0
"""Divides the peak rate when a trained model is trained further."""


@checked
def refit(
    run: Run,
    how: str = "epochs",
    *,
    epochs: int | None = None,
    learning_rate: float | None = None,
    decrease: float | None = None,
    seed: int | None = None,
    directory: str | os.PathLike[str] | None = None,
    verbose: int | str = "auto",
) -> Run:
    """Trains on training and validation data together, for as long as early stopping found best.

    - ``"epochs"``: from new weights, for as many passes as the run's best epoch. With more examples, there are more
      updates.
    - ``"updates"``: from new weights, for as many updates as the run made until its best epoch. Each example is seen
      less often.
    - ``"continue"``: from the run's weights, at a constant rate, until the loss on the validation examples, which are
      now trained on, is no higher than the loss on the training examples was at the stop. This may never happen:
      ``epochs`` is the limit. Both losses are those of the whole split without dropout, noise and the like.
    - ``"plateau"``: the same until the training loss, the mean over an epoch's batches, is not decreasing much any
      more: until for three epochs it has not been lower than its lowest before by ``decrease``, a share of it. Whether
      the model then generalizes better, nothing tells.

    For the first two, a schedule that gains most at its end, such as 1cycle, is scaled to the new length; any other
    schedule keeps the run's length and is cut at the best epoch. No data are held out, so there is no validation: only
    the test score is unbiased, and ``result.evaluate("validation")`` scores examples that were trained on.

    Args:
        run: of :func:`recipes.fit`; its model, weights and history do not change.
        how: one of the above. Default "epochs".
        epochs: the largest number of passes for "continue" and "plateau", >= 1; None (default) for those of the run.
            A warning says if the training ended by it.
        learning_rate: for these two; None (default) for a tenth of the run's peak rate.
        decrease: for "plateau": the relative decrease that counts, in (0, 1); None (default) for 0.01.
        seed: >= 0; None (default) for the run's.
        directory: None (default), or where to keep a checkpoint after each epoch: see :func:`recipes.fit`.
        verbose: of Keras' ``fit``. Default "auto".

    Returns:
        A new :class:`recipes.Run` with its own model. Its recipe has no early stopping. An epoch of "updates" has as
        many batches as one of the run.

    Raises:
        InvalidArgument: for a value outside its range, a run that diverged, an option that ``how`` does not take, or a
            schedule that monitors the validation loss where there is none; before any training.

    Source: Goodfellow et al. 2016, section 7.8, algorithms 7.2 and 7.3.

    Example:
        >>> run = recipes.fit(recipes.load("digits"), epochs=20)        # doctest: +SKIP
        >>> final = recipes.refit(run)
        >>> recipes.export(final, "served")
    """
    if not isinstance(run, Run) or run.diverged:
        raise InvalidArgument("run", run, "a recipes.Run that did not diverge, as recipes.fit returns it")
    check_choice("how", how, WAYS)
    for name, value in (("epochs", epochs), ("learning_rate", learning_rate)):
        if how not in GOES_ON and value is not None:
            raise InvalidArgument(name, value, f"None for how={how!r}, which takes it from the run")
    if decrease is not None and how != "plateau":
        raise InvalidArgument("decrease", decrease, f"None for how={how!r}: it is that of 'plateau'")
    decrease = 0.01 if decrease is None else check_number("decrease", decrease, above=0, below=1)
    seed = run.seed if seed is None else check_integer("seed", seed, low=0, high=LARGEST_SEED)
    epochs = run.epochs if epochs is None else check_integer("epochs", epochs, low=1)
    recipe = _recipe(run, how, learning_rate)
    data = merged(run.data)
    options: dict[str, Any] = {"seed": seed, "directory": directory, "verbose": verbose}
    keras.utils.set_random_seed(seed)
    steps = run.data.steps_per_epoch if how == "updates" else None
    model = _copy(run.model, weights=how in GOES_ON)
    trainer = Trainer(data, recipe, model=model, steps_per_epoch=steps)
    if how in GOES_ON:
        stop = _StopBelow(run.evaluate("train")["loss"]) if how == "continue" else StopFlat(decrease)
        result = trainer.run(epochs=epochs, callbacks=[stop], **options)
        if not result.diverged and not stop.reached and len(result.history["loss"]) == epochs:
            what = "the validation loss was still above it" if how == "continue" else "the loss was still decreasing"
            warn(f"refit ended after epochs={epochs}, its limit, where {what}; give it more epochs")
        return dataclasses.replace(result, linear_share=run.linear_share)  # the linear part is kept as it is
    schedule = recipe.build_schedule(1.0)
    best = max(1, run.best_epoch)  # 0: the run's model is a linear regression
    if schedule is not None and schedule.gains_late:
        result = trainer.run(epochs=best, validate=False, **options)
    else:
        result = trainer.run(epochs=run.epochs, callbacks=[_StopAfter(best)], validate=False, **options)
    set_linear_share(result.model, data, run.linear_share, class_weight=recipe.class_weight)
    return dataclasses.replace(result, linear_share=run.linear_share, best_epoch=min(run.best_epoch, result.best_epoch))


def _recipe(run: Run, how: str, learning_rate: float | None) -> Recipe:
    recipe = run.recipe
    regularizer = tuple(
        choice for choice in recipe.resolved(run.data.spec).regularizer if name_of(choice) != "early_stopping"
    )
    recipe = dataclasses.replace(recipe, regularizer=regularizer)
    if how in GOES_ON:
        peak = recipe.learning_rate
        if learning_rate is None and peak is None:
            raise InvalidArgument("learning_rate", None, "given for a run whose recipe does not say its rate")
        rate = peak / SLOWER if learning_rate is None and peak is not None else learning_rate
        return dataclasses.replace(
            recipe, schedule="constant", learning_rate=check_number("learning_rate", rate, above=0)
        )
    if str(getattr(recipe.build_schedule(1.0), "monitor", "")).startswith("val_"):
        raise InvalidArgument("how", how, "'continue' for a schedule that follows the validation loss")
    return recipe


def merged(data: Data) -> Data:
    """The data with the validation examples in the training split too."""
    (x, y), (more_x, more_y) = data.arrays("train"), data.arrays("validation")
    weights = [data.sample_weight(split) for split in ("train", "validation")]
    joined = None if weights[0] is None else np.concatenate([values for values in weights if values is not None])
    how = "with validation"
    return data.with_train(concatenate(x, more_x), np.concatenate([y, more_y]), how=how, sample_weight=joined)


def _copy(model: keras.Model, *, weights: bool) -> keras.Model:
    """A copy of the model, with new weights or its own."""
    if not is_functional(model):
        raise InvalidArgument("run", model.name, "a run whose model Keras can copy: a functional or sequential one")
    copy = keras.models.clone_model(model)
    if weights:
        set_weights(copy, model.get_weights())
    return copy


class _StopAfter(keras.callbacks.Callback):
    """Ends the training after this many epochs; the schedule is made for more."""

    def __init__(self, epochs: int):
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch + 1 >= self.epochs:
            self.model.stop_training = True


class StopFlat(keras.callbacks.Callback):
    """Ends the training once the training loss has not decreased by this share for three epochs."""

    def __init__(self, decrease: float):
        super().__init__()
        self.decrease, self.lowest, self.waited, self.reached = decrease, float("inf"), 0, False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        loss = float(logs["loss"])
        least = self.decrease * abs(self.lowest) if epoch else 0.0
        self.waited = 0 if loss < self.lowest - least else self.waited + 1
        self.lowest = min(self.lowest, loss)
        if self.waited >= FLAT:
            self.model.stop_training = self.reached = True


class _StopBelow(keras.callbacks.Callback):
    """Ends the training once the validation loss is at most ``loss``."""

    def __init__(self, loss: float):
        super().__init__()
        self.loss, self.reached = loss, False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs["val_loss"] <= self.loss:
            self.model.stop_training = self.reached = True
