"""run_search: a search from its values to a Comparison on disk."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..recipe import Recipe
from ..trainer import check_data, check_recipe
from ..training import fit
from .assignment import Assignment
from .checking import check_search
from .comparison import Comparison, write_environment
from .ledger import Ledger
from .plan import Plan
from .progress import Progress
from .protocol import Protocol
from .settings import make_settings, plan_in
from .where import Where

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["run_search"]

WORKERS = "workers"
"""The folder, in that of a search, of what its processes share while it runs."""


def run_search(
    data: Data,
    recipe: Recipe | None,
    levels: Mapping[str, Sequence[str] | None],
    protocol: Protocol,
    where: Where,
    *,
    directory: str | os.PathLike[str] | None = None,
    command: str = "recipes.search(...)",
    verbose: int = 1,
) -> Comparison:
    """What :func:`recipes.search` does, for whoever has its options as values.

    Args:
        data, recipe, directory, verbose: as for :func:`recipes.search`.
        levels: the names to compare, by the argument of :func:`recipes.search` that takes them.
        protocol: how they are compared.
        where: what trains.
        command: how the search was called, for the report.
    """
    check_data(data)
    base = check_recipe(recipe).resolved(data.spec)
    directory = Path(directory or os.path.join("searches", str(data.settings["name"])))
    arms = check_search(base, levels, protocol, where, directory)
    for arm in arms:
        arm.recipe(base, {each.name: each.default or each.low for each in arm.hyperparameters}).check(data.spec)
    for name in dict.fromkeys(arm.model for arm in arms):  # one that does not fit is refused before anything is written
        dataclasses.replace(base, model=name or base.model).build_model(data.spec)
    settings = make_settings(data, base, arms, protocol)
    ledger = Ledger(directory, settings)

    # KerasTuner is slow to import: not before everything above has been found right
    from .hypermodel import ArmHyperModel
    from .tuner import ArmOracle, ArmTuner

    plan = plan_in(settings)
    runner = where.runner(Assignment.of(data, base, protocol, directory), directory / WORKERS)
    with contextlib.ExitStack() as stack:
        if where.ray is not None:  # a cluster that cannot do it is found before anything is written
            trains = stack.enter_context(runner)
        stack.enter_context(ledger)
        if protocol.retry_failed:
            _forget_failed(ledger, plan)
        progress = stack.enter_context(Progress(plan, ledger, enabled=bool(verbose)))
        environment = write_environment(ledger, command, str(where))
        shutil.rmtree(directory / WORKERS, ignore_errors=True)  # what a killed search has left there
        if where.ray is None:
            trains = stack.enter_context(runner)
        tuner = ArmTuner(ArmOracle(plan, ledger), ArmHyperModel(data, base, arms), trains, progress.update)
        tuner.search()
        records = [ledger[training.key] for training in plan.all(ledger)]
        comparison = Comparison(ledger.directory, {**settings, **environment}, records, tuner)
        comparison.write()
        _export_best(data, comparison, protocol.epochs)
    return comparison


def _forget_failed(ledger: Ledger, plan: Plan) -> None:
    """Makes the trainings that failed run again, and what depended on them; the winner is another one then, perhaps."""
    again = plan.failed(ledger)
    if again:
        if (ledger.directory / "best" / "export.json").is_file():
            shutil.rmtree(ledger.directory / "best")
        ledger.forget(again)


def _export_best(data: Data, comparison: Comparison, epochs: int) -> None:
    """Trains the winner once more, with its best seed, and exports it; not if that was done before, or all diverged."""
    from ..serving.export import export

    target = comparison.directory / "best"
    if not target.exists() and math.isfinite(comparison.results.summary.iloc[0]["test_mean"]):
        export(fit(data, comparison.best, epochs=epochs, seed=comparison.best_seed, verbose=0), target)
