"""search: the fair comparison, from data to a Comparison on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..recipe import Recipe
from .comparison import Comparison
from .protocol import Protocol
from .run_search import run_search
from .where import Where

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["search"]


def search(
    data: Data,
    *,
    optimizers: Sequence[str] | None = None,
    regularizers: Sequence[str] | None = None,
    schedules: Sequence[str] | None = None,
    initializers: Sequence[str] | None = None,
    activations: Sequence[str] | None = None,
    normalizations: Sequence[str] | None = None,
    models: Sequence[str] | None = None,
    design: str = "crossed",
    recipe: Recipe | None = None,
    epochs: int = 10,
    trials: int = 4,
    seeds: int = 3,
    seed: int = 0,
    prune: str = "none",
    widen: bool = False,
    confidence: float | None = None,
    budget: int | None = None,
    workers: int = 1,
    memory_limit: float | None = None,
    ray: str | None = None,
    cores: float = 1,
    gpus: float = 0,
    retry_failed: bool = False,
    directory: str | os.PathLike[str] | None = None,
    verbose: int = 1,
) -> Comparison:
    """Compares choices on a dataset, every one at a learning rate and strength tuned for it.

    What is compared, by name, makes the *arms*. Every arm gets the same number of trials, spread evenly over its own
    ranges of learning rate and strengths by a Sobol sequence; the setting with the best validation score is then
    trained again with fresh seeds, the same for every arm. Arms are ranked by their validation scores; the test split
    is looked at once, when such a training has ended, and decides nothing. The difference of each arm from the default
    one is taken seed by seed and tested by Dunnett's test, which corrects for the number of arms. The best recipe is
    trained once more and exported to ``directory/best``.

    Every finished training is on disk at once: a search that was killed goes on where it was when it is called again. A
    training that diverges, fails or is pruned is recorded as that, with its cause, and stops nothing.

    Args:
        data: what :func:`recipes.load` returns.
        optimizers, regularizers, schedules, initializers, activations, normalizations, models: the names to compare;
            see ``recipes list``. Regularizers: "none", or several joined by "+". What is None is not compared, and as
            the recipe says; if all are None, five optimizers are compared with five regularizers.
        design: "crossed" (default), every combination; or "one_at_a_time", the recipe's own arm and those that differ
            from it in one choice.
        recipe: everything that the arms share; default ``Recipe()``.
        epochs: of each training, >= 1. Default 10.
        trials: settings tried for each arm, >= 1. Default 4.
        seeds: fresh seeds for the best setting of each arm, >= 1; below 2 no spread can be told. Default 3.
        seed: from which all random numbers follow, >= 0. Default 0.
        prune: "none" (default), "asha" (successive halving: after 1, 2, 4, ... epochs, up to half of them, only the
            better half of an arm's trials so far goes on) or "median" (a trial stops when it is below the median of
            those before it).
        widen: whether an arm whose best learning rate lies at an end of its range gets ``trials / 2`` more trials in
            the decade beyond it. Default False: such an arm is marked.
        confidence: of the intervals, and with which a difference is called more than noise, above 0 and below 1; takes
            at least 2 seeds. Default None: 0.95, and no intervals from one seed.
        budget: the most trainings that the search may take, >= 1; None (default) for any number.
        workers: trainings at a time, each in a process of its own, which may be killed; at most one a core. Default 1:
            in this process.
        memory_limit: in GiB, > 0: what the process of a training may use before the training counts as failed; also one
            worker then is a process of its own. Default None: any amount.
        ray: the address of a Ray cluster whose nodes train, "HOST:PORT", "ray://HOST:PORT", "auto" or "local"; see
            :class:`recipes.tuning.cluster.Cluster`. Default None: this machine without Ray. Needs the extra "ray".
        cores, gpus: what a training takes on the cluster. Default 1 and 0.
        retry_failed: whether trainings that failed in an earlier call (not those that diverged or were pruned) run
            again, with those that depended on them. Default False: a failure stays in the table.
        directory: where to write; by default ``searches/NAME``. New, empty, or of the same search.
        verbose: 0 silent, 1 a progress bar.

    Returns:
        A :class:`recipes.Comparison`.

    Raises:
        InvalidArgument: for unknown names, values outside their range, more arms than the budget allows, or a directory
            with other settings or files; before any training, and with nothing written.

    Source: the protocol of DeepOBS (Schneider et al. 2019) and of Google's Deep Learning Tuning Playbook.

    Example:
        >>> comparison = recipes.search(recipes.load("digits"), optimizers=["momentum", "adam"])   # doctest: +SKIP
        >>> print(*comparison.verdict)
    """
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
        },
        Protocol(
            design=design,
            epochs=epochs,
            trials=trials,
            seeds=seeds,
            seed=seed,
            prune=prune,
            widen=widen,
            confidence=confidence,
            budget=budget,
            retry_failed=retry_failed,
        ),
        Where(workers=workers, memory_limit=memory_limit, ray=ray, cores=cores, gpus=gpus),
        directory=directory,
        verbose=verbose,
    )
