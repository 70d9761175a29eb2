"""search: a fair comparison of recipes, from data to a Comparison on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument
from ..recipe import Recipe
from .comparison import Comparison
from .levels import parse_factors
from .protocol import Protocol
from .ranges import ranges_text
from .run_search import run_search
from .running.where import Where

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["search"]


@checked
def search(
    data: Data,
    *,
    optimizers: Sequence[Any] | None = None,
    regularizers: Sequence[Any] | None = None,
    schedules: Sequence[Any] | None = None,
    initializers: Sequence[Any] | None = None,
    activations: Sequence[Any] | None = None,
    normalizations: Sequence[Any] | None = None,
    models: Sequence[Any] | None = None,
    class_weights: Sequence[Any] | None = None,
    factors: Mapping[str, Sequence[Any]] | str | None = None,
    design: str = "crossed",
    recipe: Recipe | None = None,
    epochs: int = 10,
    trials: int = 4,
    repeats: int | str = 3,
    tunings: str = "some",
    resplit: bool | None = None,
    seed: int = 0,
    metric: Any = None,
    callbacks: Any = None,
    prune: str = "none",
    ranges: Mapping[str, Any] | str | None = None,
    widen: bool = False,
    confidence: float | None = None,
    margin: float | None = None,
    minutes: float | None = None,
    budget: int | None = None,
    pack: int | None = None,
    workers: int = 1,
    memory_limit: float | None = None,
    ray: str | None = None,
    cores: float = 1,
    gpus: float = 0,
    retry_failed: bool = False,
    keep_weights: bool = False,
    directory: str | os.PathLike[str] | None = None,
    verbose: int = 1,
    **renamed: Any,
) -> Comparison:
    """Compares choices on a dataset, each at a learning rate and strengths tuned for it.

    The combinations of the names to compare are the *arms*. Every arm gets the same number of trials: first its
    default setting, that of :func:`recipes.fit`, then settings spread evenly over its own ranges of learning rate
    and strengths by a Sobol sequence. The setting with the best validation score is then trained again: these are
    the *repeats*. Each has a fresh seed, on small data its own split, and some have a tuning of their own; all this
    is the same for every arm. Arms are ranked by their validation scores; the test split is evaluated at the end of
    these trainings, and what each of its examples was answered is kept. The difference of each arm from the
    reference, the default arm, is taken repeat by repeat and example by example; Dunnett's test corrects for the
    number of arms. An arm is *better*, *worse*, *as good* (the interval lies within the margin) or *open*. Of the
    best arm and those as good as it, the one that is cheap and least sensitive to its setting is the decision: it
    is trained once more and exported to ``directory/best``.

    Every finished training is on disk at once: to resume a search that was killed, call it again. With more
    ``repeats``, ``trials`` or names to compare in the same directory the search is extended: no training runs twice. If
    a further trial of an arm is better than its earlier ones, its setting is repeated; the repeats of the earlier
    setting stay on record and are not counted. A training that diverges, fails or is pruned is recorded as such, with
    its cause, and the search continues.

    Args:
        data: from :func:`recipes.load`.
        optimizers, regularizers, schedules, initializers, activations, normalizations, models, class_weights: the names
            to compare; see ``recipes list``. A name can have options: ``{"name": "adam", "beta_2": 0.95}`` or
            "mlp(hidden=(300, 100))"; a rate or strength among them is not tuned. Regularizers can be "none", or several
            joined by "+"; class weights are "none", "balanced" and "effective". A factor that is None (default) is not
            compared and set by ``recipe``; if all are None, five optimizers are compared with five regularizers, but
            for those that have no place in the model.
        factors: more of what to compare, by name, with its values: ``{"batch_size": [32, 128], "model.hidden": [(100,),
            (300, 100)], "dropout.rate": [0.1, 0.5]}`` for the batch size, an option of whatever the model is, and an
            option of a choice that every arm has. Any other field of a Recipe can be one ("bias", "precision",
            "learning_rate"), and so can the arguments above. Or the same as text, as on the command line:
            "batch_size=32/128,model.hidden=(100,)/(300,100)". Default None.
        design: "crossed" (default), every combination; or "one_at_a_time", the arm of ``recipe`` and those that differ
            from it in one choice.
        recipe: what the arms share. What it fixes is not tuned: its learning rate in the arms of its optimizer, the
            strengths of its regularizers in theirs. Default ``Recipe()``.
        epochs: epochs per training, >= 1. Default 10.
        trials: settings to try per arm, >= 1; with 1 it is the default setting. An arm with nothing to tune takes one.
            Default 4.
        repeats: final trainings of each arm, >= 1; one shows no spread; or "auto": 3 of each arm, then 5, 8, 12, 18 and
            at most 27 of those that are open and that more repeats have a chance to decide, with intervals and verdicts
            that hold however often the search looks at its results (Lan and DeMets). Default 3.
        tunings: how often an arm is tuned, with other points of its ranges: "some" (default), for the first two repeats
            and every third one; "once"; or "each", for each repeat. With "once", what one arm's setting owes to luck
            counts as its merit.
        resplit: whether each repeat has its own split of the data: :meth:`recipes.Data.resplit`. A test split that was
            given stays. Default None: where there are fewer than 10,000 training and validation examples and every
            class has enough for that.
        seed: determines all random numbers, >= 0. Default 0.
        metric: the score that chooses settings and ranks arms, by name: see ``recipes list metrics``; a
            :class:`keras.metrics.Metric`; or a function of y and predictions that has a name: :func:`recipes.register`.
            All are computed from the predictions for whole splits. Of several, in a list or joined by commas, the
            first decides; the others are recorded for the final trainings, on the test split. "accuracy" says
            little where one class is rare; "balanced_accuracy", "auc", "pr_auc" and "f1" say more. Sample weights
            count, if the data have any. Early stopping follows the validation loss all the same. Default None:
            "accuracy", "root_mean_squared_error", or "standardized_error" for several targets.
        callbacks: Keras callbacks of every training: a function that returns new ones, a class, or a callback, which is
            copied for each; or a list of these. They come after the recipe's. Processes import them. Default None.
        prune: "none" (default); "asha" (successive halving: a trial is first trained for a sixteenth and for a quarter
            of the epochs, each with its own end of the schedule; the best third and then the best quarter of an arm's
            trials so far go on to the next training, which starts anew) or "median" (a trial stops when it is below the
            median of the earlier ones; for the schedules "constant" and "performance" only, since under others early
            scores do not tell the last). No trial is judged before 50 updates; where a quarter of the epochs has fewer,
            "asha" stops nothing, and a line says so.
        ranges: what to tune in place of the ranges that ``recipes list`` shows, by name: ``{"adam.learning_rate":
            (1e-4, 1e-2), "l2.strength": [1e-5, 1e-4], "dropout.rate": 0.2}`` for a range, a grid and a fixed value.
            Other options of what is compared can be tuned too, ``{"adam.beta_1": (0.8, 0.95)}``; None stands for the
            listed range, ``{"one_cycle.start_fraction": None}``. Ranges whose positive ends are a factor of 10 or more
            apart are searched on a logarithmic scale, and a range's middle is its default. Or the same as text, as on
            the command line. Default None.
        widen: whether an arm whose best learning rate lies at an end of its range gets ``trials / 2`` more trials in
            the decade beyond it. Default False: such an arm is only marked.
        confidence: of the intervals and of the verdict that a difference is more than noise, above 0 and below 1; it
            requires at least 2 repeats. Default None: 0.95, and no intervals from one repeat.
        margin: a difference that does not matter, >= 0: in percentage points of an accuracy, else in the unit of the
            score. Default None: 0.5 points; 0.005 of other scores of which more is better (they are at most 1); 1 % of
            the reference's error.
        minutes: with ``repeats="auto"``, how long the search may take, > 0: it begins no further repeats that would end
            later, as far as the time of the earlier ones tells. Each arm has its first 3 in any case. Default None.
        budget: the most trainings that the search may take, >= 1; None (default) for any number.
        pack: the trainings of an arm computed at once, >= 1, where that is possible: not with pruning, callbacks, other
            processes or a metric that Keras does not measure. On processors each has a core, but those of recurrent
            networks, which like those on accelerators are one step of operations on all of them. 1 trains one by one.
            Their numbers agree to rounding, and are the same whenever the search is resumed; a search keeps to its
            ``pack``. Default None: 16 if a measurement of some seconds finds it faster, which is made if the trainings
            of the search have 300 epochs in all; else 1.
        workers: trainings at a time, each in a separate process, which may be killed; at most one per core. Default 1:
            in this process.
        memory_limit: in GiB, > 0: the memory that the process of a training may use before the training counts as
            failed; even a single worker is then a separate process. Default None: any amount.
        ray: the address of a Ray cluster whose nodes train, "HOST:PORT", "ray://HOST:PORT", "auto" or "local"; see
            :class:`recipes.tuning.running.cluster.Cluster`. Default None: this machine, no Ray. Needs the extra "ray".
        cores, gpus: what a training takes on the cluster. Default 1 and 0.
        retry_failed: whether trainings that failed in an earlier call (not those that diverged or were pruned) run
            again, with those that depended on them. Default False: failures stay in the table.
        keep_weights: whether the weights of all final trainings are kept, for :meth:`recipes.Comparison.ensemble`. In
            the directory of a search without them, its final trainings run again. They take the space of so many
            models. Default False.
        directory: where to write: new, empty, or that of the same search, with at most as many repeats, trials and arms
            (a search is not made smaller, and with ``widen`` it gets no more trials). Default ``searches/NAME``.
        verbose: 0 for silence, 1 (default) for a progress bar.
        **renamed: refused: ``seeds`` is called ``repeats``.

    Returns:
        A :class:`recipes.Comparison`.

    Raises:
        InvalidArgument: for unknown names, values outside their range, choices that change nothing in a model, more
            arms than the budget allows, or a directory with other settings or files; before any training, with nothing
            written.

    Source: the protocol of DeepOBS (Schneider et al. 2019) and of Google's Deep Learning Tuning Playbook.

    Example:
        >>> comparison = recipes.search(recipes.load("digits"), optimizers=["momentum", "adam"])   # doctest: +SKIP
        >>> print(*comparison.verdict)
    """
    for name, value in renamed.items():
        if name == "seeds":
            raise InvalidArgument(name, value, f"given by its new name, repeats={value!r}")
        raise TypeError(f"search() got an unexpected keyword argument {name!r}")
    return run_search(
        data,
        recipe,
        {
            "optimizers": optimizers,
            "regularizers": regularizers,
            "schedules": schedules,
            "initializers": initializers,
            "activations": activations,
            "normalizations": normalizations,
            "models": models,
            "class_weights": class_weights,
            **parse_factors(factors),
        },
        Protocol(
            design=design,
            epochs=epochs,
            trials=trials,
            repeats=repeats,
            tunings=tunings,
            resplit=resplit,
            seed=seed,
            metric=metric,
            prune=prune,
            ranges=ranges_text(ranges),
            widen=widen,
            confidence=confidence,
            margin=margin,
            minutes=minutes,
            budget=budget,
            pack=pack,
            retry_failed=retry_failed,
            keep_weights=keep_weights,
        ),
        Where(workers=workers, memory_limit=memory_limit, ray=ray, cores=cores, gpus=gpus),
        directory=directory,
        callbacks=callbacks,
        verbose=verbose,
    )
