"""searched: a search without export and pictures, whose directory can be resumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import recipes
from recipes.tuning.checking import check_search
from recipes.tuning.comparison import Comparison
from recipes.tuning.ledger import Ledger
from recipes.tuning.protocol import Protocol
from recipes.tuning.resplitting import decided
from recipes.tuning.running.assignment import Assignment
from recipes.tuning.running.runner import Job
from recipes.tuning.running.where import Where
from recipes.tuning.running.worker import Worker
from recipes.tuning.settings import make_settings, plan_in

__all__ = ["searched"]


def searched(
    data: recipes.Data, recipe: recipes.Recipe, levels: Mapping[str, Sequence[str]], protocol: Protocol, folder: Path
) -> Comparison:
    """The comparison of one search, whose trainings are those of ``recipes.search`` and are kept in a folder."""
    base, protocol = recipe.resolved(data.spec), decided(protocol, data)
    arms, space = check_search(recipe, levels, protocol, Where(), folder, base)
    settings = make_settings(data, base, arms, protocol, space)
    plan, worker = plan_in(settings), Worker(Assignment.of(data, base, protocol))
    with Ledger(folder, settings) as ledger:
        while (training := next(plan.ready(ledger), None)) is not None:
            ledger.add(worker.run(Job.of(training, plan, ledger)))
    return Comparison.load(folder)
