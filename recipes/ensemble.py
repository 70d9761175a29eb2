"""bagging: models trained on bootstrap samples, or with seeds of their own, combined in one model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from ..callbacks.checked import checked
from ..callbacks.checks import InvalidArgument, check_bool, check_choice, check_integer
from ..callbacks.curves import Finding
from .data.named_arrays import take
from .model_files import set_weights
from .model_output import ends_in
from .recipe import Recipe
from .restarts import warn_of_failures
from .run import Run
from .trainer import LARGEST_SEED, Trainer
from .training_checks import check_data, check_recipe
from .training_length import epochs_or_usual

if TYPE_CHECKING:
    from .data import Data

__all__ = ["Ensemble", "bagging", "bootstrap_sample"]


@dataclass
class Ensemble(Run):
    """The result of :func:`bagging`: a :class:`recipes.Run` whose model combines the members.

    Attributes:
        members: the members' Runs, each with its own model.
        history: the mean over the members that ran the epoch. All other attributes are as in a Run.
        best_epoch: the median over the members.
        seconds: the total of all trainings.
    """

    members: tuple[Run, ...] = ()

    def read_curves(self) -> tuple[Finding, ...]:
        """:meth:`recipes.Run.read_curves` of the members' mean curves."""
        return replace(self.members[0], history=self.history).read_curves()


@checked
def bagging(
    data: Data,
    recipe: Recipe | None = None,
    *,
    members: int = 5,
    combine: str = "average",
    bootstrap: bool = True,
    epochs: int | None = None,
    seed: int = 0,
    directory: str | os.PathLike[str] | None = None,
    verbose: int | str = 0,
) -> Ensemble:
    """Trains ``members`` models, each on a bootstrap sample of the training split or from a seed, and combines them.

    A bootstrap sample has as many examples as the split, drawn with replacement: it holds about 63 % of the examples,
    some of them several times. Members differ in their sample, initialization and data order, so their errors differ,
    and the combined prediction is wrong less often. The combined model takes the same raw inputs, needs no class of
    this package, and saves and exports as one model. Members share one compiled training step.

    Args:
        data: what :func:`recipes.load` returns.
        recipe: the recipe of all members; default ``Recipe()``. A range test, if needed, runs once, for the first
            member; a member that diverges at the rate found starts again at a lower one, as in :func:`recipes.fit`.
        members: the number of models, >= 2. Default 5.
        combine: "average" (default: the mean of the predictions) or "vote" (for classes: the share of members that
            predict the class; judge it by its accuracy, since a class without votes gets probability 0).
        bootstrap: whether each member has a sample of its own. With False all train on all examples, and differ in
            their seed alone: in initialization, data order and dropout (a deep ensemble). Networks differ enough by
            that, and lose nothing of the data; take samples where the models would hardly differ. Default True.
        epochs: of each training, >= 1; None (default) as in :func:`recipes.fit`.
        seed: of the first member, >= 0; the others count up from it. Default 0.
        directory: None (default), or where each member keeps its checkpoints; repeating the call resumes from them.
        verbose: of Keras' ``fit``. Default 0.

    Returns:
        An :class:`Ensemble`: ``run.model`` is the combined model, ``run.members`` the members' Runs.

    Raises:
        InvalidArgument: for a value outside its range, or a vote on a regression; before any training.

    Source: Breiman 1996; Goodfellow et al. 2016, section 7.11; without samples Lakshminarayanan et al. 2017, "Simple
    and scalable predictive uncertainty estimation using deep ensembles".

    Example:
        >>> run = recipes.bagging(recipes.load("digits"), members=5)        # doctest: +SKIP
        >>> run.evaluate()["accuracy"], [member.evaluate()["accuracy"] for member in run.members]
    """
    check_data(data)
    recipe = check_recipe(recipe)
    members = check_integer("members", members, low=2)
    epochs = epochs_or_usual(epochs, data.steps_per_epoch)
    seed = check_integer("seed", seed, low=0, high=LARGEST_SEED - members)
    bootstrap = check_bool("bootstrap", bootstrap)
    check_choice("combine", combine, ("average", "vote"))
    if combine == "vote" and data.spec.task == "regression":
        raise InvalidArgument("combine", combine, "'average' for a regression, which has no classes to vote for")
    trainer = Trainer(data, recipe, seed=seed)
    options: dict[str, Any] = {"spec": data.spec, "weighted_metrics": data.weighted}
    runs: list[Run] = []
    for number in range(members):
        rate, finder = (runs[0].recipe.learning_rate, runs[0].range_test) if runs else (None, None)
        run = trainer.run(
            epochs=epochs,
            seed=seed + number,
            learning_rate=rate,
            found_by=finder,
            data=bootstrap_sample(data, seed, number) if bootstrap else None,
            directory=None if directory is None else Path(directory) / f"member_{number}",
            verbose=verbose,
            warn=False,
        )
        model = recipe.build_model(data.spec, name=f"member_{number}")
        set_weights(model, trainer.model.get_weights())
        runs.append(replace(run, model=recipe.compile(model, **options)))
        warn_of_failures(run.attempts, None, who=f"member {number}: ")
    message = next((f"member {number}: {run.message}" for number, run in enumerate(runs) if run.diverged), None)
    warn_of_failures((), message)
    return Ensemble(
        model=recipe.compile(join([run.model for run in runs], combine), **options),
        recipe=runs[0].recipe,
        data=data,
        history=_mean([run.history for run in runs]),
        epochs=epochs,
        best_epoch=int(np.median([run.best_epoch for run in runs])),
        seed=seed,
        seconds=sum(run.seconds for run in runs),
        message=message,
        range_test=runs[0].range_test,
        members=tuple(runs),
    )


def bootstrap_sample(data: Data, seed: int, number: int) -> Data:
    """The same data with bootstrap sample ``number`` of ``seed`` as the training split.

    Example:
        >>> sample = bootstrap_sample(recipes.load("digits"), seed=0, number=0)        # doctest: +SKIP
        >>> sample.settings["counts"]["train"]
        1150
    """
    x, y = data.arrays("train")
    drawn = np.random.default_rng([seed, number]).integers(0, len(y), len(y))
    weights = data.sample_weight("train")
    drawn_weights = None if weights is None else weights[drawn]
    how = f"bootstrap sample {number} of seed {seed}"
    return data.with_train(take(x, drawn), y[drawn], how=how, sample_weight=drawn_weights)


def join(models: Sequence[keras.Model], combine: str = "average", counts: Sequence[int] | None = None) -> keras.Model:
    """One plain Keras model that returns the mean of the models' predictions, or of their votes.

    Args:
        models: with equal inputs and outputs.
        combine: "average" or "vote".
        counts: how often each model counts in the mean, >= 1. Default None: once.
    """
    first = models[0]
    inputs = keras.tree.map_structure(_same_input, _inputs(first))
    # The same layers without an optimizer: Keras would save an optimizer within the combined model, but not load it.
    bare = [
        keras.Model(_inputs(model), model.outputs[0], name=f"member_{number}") for number, model in enumerate(models)
    ]
    predictions = [model(inputs) for model in bare]
    if combine == "vote":
        predictions = [_vote(prediction, ends_in(first)) for prediction in predictions]
    if counts is not None:
        predictions = [part for part, count in zip(predictions, counts, strict=True) for _ in range(count)]
    if len(predictions) == 1:
        return keras.Model(inputs, keras.layers.Identity(name="joined")(predictions[0]), name="ensemble")
    joined = keras.layers.Average(dtype=predictions[0].dtype, name="joined")(predictions)
    return keras.Model(inputs, joined, name="ensemble")


def _inputs(model: keras.Model) -> Any:
    """The single input, or the dictionary of inputs."""
    return model.input if isinstance(getattr(model, "input", None), dict) else model.inputs[0]  # unset in a Sequential


def _same_input(tensor: Any) -> Any:
    return keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)


def _vote(prediction: Any, ending: str) -> Any:
    """1 for the predicted class, 0 for the others."""
    if ending == "sigmoid":
        return ops.cast(prediction > 0.5, "float32")
    return ops.one_hot(ops.argmax(prediction, axis=-1), prediction.shape[-1], dtype="float32")


def _mean(histories: Sequence[dict[str, list[float]]]) -> dict[str, list[float]]:
    """The mean per epoch over the histories that reach it."""

    def mean(name: str, epoch: int) -> float:
        return float(np.mean([history[name][epoch] for history in histories if len(history[name]) > epoch]))

    epochs = max(len(history["loss"]) for history in histories)
    return {name: [mean(name, epoch) for epoch in range(epochs)] for name in histories[0]}
