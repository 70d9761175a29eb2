"""search: the fair comparison, from data to a Comparison on disk."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...callbacks.checks import check_bool
from ..environment import versions
from ..recipe import Recipe
from ..training import check_data, check_recipe, fit
from .arms import default_arm, factors_of
from .checking import check_search, shared_part
from .cluster import Cluster
from .comparison import Comparison, plan_in, write_environment
from .ledger import Ledger
from .plan import Plan
from .processes import Processes
from .progress import Progress
from .worker import InThisProcess, Runner, Worker

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["search"]

WORKERS = "workers"
"""The folder, in that of a search, of what its processes share while it runs."""


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
    command: str = "recipes.search(...)",
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
        command: how this search was called, for the report.
        verbose: 0 silent, 1 a progress bar.

    Returns:
        A :class:`recipes.Comparison`.

    Raises:
        InvalidArgument: for unknown names, values outside their range, more arms than the budget allows, or a directory
            with other settings or files; before any training, and with nothing written.

    Source: the protocol of DeepOBS (Schneider et al. 2019) and of Google's Deep Learning Tuning Playbook.

    Example:
        >>> found = recipes.search(recipes.load("digits"), optimizers=["momentum", "adam"])   # doctest: +SKIP
        >>> print(*found.verdict)
    """
    check_data(data)
    base = check_recipe(recipe).resolved(data.spec)
    widen, retry_failed = check_bool("widen", widen), check_bool("retry_failed", retry_failed)
    directory = directory or os.path.join("searches", str(data.settings["name"]))
    levels = {
        "optimizers": optimizers,
        "regularizers": regularizers,
        "schedules": schedules,
        "initializers": initializers,
        "activations": activations,
        "normalizations": normalizations,
        "models": models,
    }
    arms = check_search(
        base,
        levels,
        design=design,
        epochs=epochs,
        trials=trials,
        seeds=seeds,
        seed=seed,
        prune=prune,
        widen=widen,
        confidence=confidence,
        budget=budget,
        workers=workers,
        memory_limit=memory_limit,
        ray=ray,
        cores=cores,
        gpus=gpus,
        directory=directory,
    )
    for arm in arms:
        arm.recipe(base, {each.name: each.default or each.low for each in arm.hyperparameters}).check(data.spec)
    for name in dict.fromkeys(arm.model for arm in arms):  # one that does not fit is refused before anything is written
        dataclasses.replace(base, model=name or base.model).build_model(data.spec)
    settings = {
        "dataset": data.settings["name"],
        "data": {**data.settings, "fingerprint": data.fingerprint},
        "recipe": shared_part(base),
        "factors": factors_of(arms),
        "optimizers": factors_of(arms)["optimizers"],
        "regularizers": factors_of(arms)["regularizers"],
        "design": design,
        "epochs": epochs,
        "trials": trials,
        "seeds": seeds,
        "seed": seed,
        "prune": prune,
        "widen": widen,
        "confidence": 0.95 if confidence is None else confidence,
        "metric": data.spec.metric,
        "direction": data.spec.direction,
        "default_arm": default_arm(arms, base).name,
        "libraries": {name: versions()[name] for name in ("tensorflow", "keras")},
    }
    ledger = Ledger(directory, settings)
    runs_on = "this process"
    if ray is not None:
        runs_on = "a Ray cluster"
    elif workers > 1 or memory_limit is not None:
        runs_on = f"{workers} process{'es' * (workers > 1)} of one machine"

    # KerasTuner is slow to import: not before everything above has been found right
    from .hypermodel import ArmHyperModel
    from .tuner import ArmOracle, ArmTuner

    plan = plan_in(settings)
    with contextlib.ExitStack() as stack:
        cluster = None
        if ray is not None:  # one that cannot do it is found before anything is written
            cluster = stack.enter_context(Cluster(ray, data, base, epochs, prune, cores=cores, gpus=gpus))
        stack.enter_context(ledger)
        if retry_failed:
            _forget_failed(ledger, plan)
        progress = stack.enter_context(Progress(plan, ledger, enabled=bool(verbose)))
        environment = write_environment(ledger, command, runs_on)
        shutil.rmtree(ledger.directory / WORKERS, ignore_errors=True)  # what a killed search has left there
        here = _on_this_machine(ledger, data, base, epochs, prune, workers, memory_limit)
        with here if cluster is None else contextlib.nullcontext(cluster) as runner:
            tuner = ArmTuner(ArmOracle(plan, ledger), ArmHyperModel(data, base, arms), runner, progress.update)
            tuner.search()
        records = [ledger[each.key] for each in plan.all(ledger)]
        found = Comparison(ledger.directory, {**settings, **environment}, records, tuner)
        found.write()
        _export_best(data, found, epochs)
    return found


def _forget_failed(ledger: Ledger, plan: Plan) -> None:
    """Makes the trainings that failed run again, and what depended on them; the winner is another one then, perhaps."""
    again = plan.failed(ledger)
    if again:
        if (ledger.directory / "best" / "export.json").is_file():
            shutil.rmtree(ledger.directory / "best")
        ledger.forget(again)


def _on_this_machine(
    ledger: Ledger, data: Data, base: Recipe, epochs: int, prune: str, workers: int, memory_limit: float | None
) -> contextlib.AbstractContextManager[Runner]:
    """What trains without a cluster."""
    if workers > 1 or memory_limit is not None:
        return Processes(
            workers,
            data,
            base,
            epochs,
            prune,
            folder=ledger.directory / WORKERS,
            memory_limit=memory_limit,
            directory=ledger.directory,
        )
    return contextlib.nullcontext(InThisProcess(Worker(data, base, epochs, prune, ledger.directory)))


def _export_best(data: Data, found: Comparison, epochs: int) -> None:
    """Trains the winner once more, with its best seed, and exports it; not if that was done before, or all diverged."""
    from ..serving.export import export

    target = found.directory / "best"
    if not target.exists() and math.isfinite(found.results.summary.iloc[0]["test_mean"]):
        export(fit(data, found.best, epochs=epochs, seed=found.best_seed, verbose=0), target)
