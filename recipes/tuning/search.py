"""search: the fair comparison, from data to a Comparison on disk."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from callbacks.checks import InvalidArgument, check_integer
from recipes.environment import versions
from recipes.files import check_new_directory
from recipes.recipe import Recipe
from recipes.training import LARGEST_SEED, check_data, fit
from recipes.tuning.arms import DEFAULT_OPTIMIZERS, DEFAULT_REGULARIZERS, Arm, cross, default_arm
from recipes.tuning.comparison import Comparison, write_environment
from recipes.tuning.ledger import SETTINGS, Ledger
from recipes.tuning.progress import Progress
from recipes.tuning.statistics import best_setting

if TYPE_CHECKING:
    from recipes.data import Data

__all__ = ["check_search", "search"]


def search(
    data: Data,
    *,
    optimizers: Sequence[str] = DEFAULT_OPTIMIZERS,
    regularizers: Sequence[str] = DEFAULT_REGULARIZERS,
    recipe: Recipe | None = None,
    epochs: int = 10,
    trials: int = 4,
    seeds: int = 3,
    seed: int = 0,
    directory: str | os.PathLike[str] | None = None,
    command: str = "recipes.search(...)",
    verbose: int = 1,
) -> Comparison:
    """Compares optimizers and regularizers on a dataset, every one at a learning rate and strength tuned for it.

    Every arm (an optimizer with a regularizer) gets the same number of trials, spread evenly over its own ranges; the
    setting with the best validation score is then trained again with fresh seeds, the same for every arm. Arms are
    ranked by their validation scores; the test split is used only for the scores that are reported. The difference of
    each arm from the default one is tested by Dunnett's test, which corrects for the number of arms. The best recipe is
    trained once more and exported to ``directory/best``.

    Every finished training is on disk at once: a search that was killed goes on where it was when it is called again.

    Args:
        data: what :func:`recipes.load` returns.
        optimizers: names; see ``recipes list optimizers``.
        regularizers: names, "none", or several joined by "+"; see ``recipes list regularizers``.
        recipe: everything that the arms share; default ``Recipe()``.
        epochs: of each training, >= 1. Default 10.
        trials: settings tried for each arm, >= 1. Default 4.
        seeds: fresh seeds for the best setting of each arm, >= 1; below 2 no spread can be told. Default 3.
        seed: from which all random numbers follow, >= 0. Default 0.
        directory: where to write; by default ``searches/NAME``. New, empty, or of the same search.
        command: how this search was called, for the report.
        verbose: 0 silent, 1 a progress bar.

    Returns:
        A :class:`recipes.Comparison`.

    Raises:
        InvalidArgument: for unknown names, values outside their range, or a directory with other settings or files;
            before any training, and with nothing written.

    Source: the protocol of DeepOBS (Schneider et al. 2019) and of Google's Deep Learning Tuning Playbook.

    Example:
        >>> found = recipes.search(recipes.load("digits"), optimizers=["momentum", "adam"])   # doctest: +SKIP
        >>> print(*found.verdict)
    """
    check_data(data)
    base = Recipe() if recipe is None else recipe
    directory = directory or os.path.join("searches", str(data.settings["name"]))
    arms = check_search(
        base,
        optimizers=optimizers,
        regularizers=regularizers,
        epochs=epochs,
        trials=trials,
        seeds=seeds,
        seed=seed,
        directory=directory,
    )
    for arm in arms:
        arm.recipe(base, {each.name: each.default or each.low for each in arm.hyperparameters}).check(data.spec)
    base = base.resolved(data.spec)
    base.build_model(data.spec)  # a model that does not fit the data is refused before anything is written
    settings = {
        "dataset": data.settings["name"],
        "data": {**data.settings, "fingerprint": data.fingerprint},
        "recipe": _shared(base),
        "optimizers": list(optimizers),
        "regularizers": list(regularizers),
        "epochs": epochs,
        "trials": trials,
        "seeds": seeds,
        "seed": seed,
        "metric": data.spec.metric,
        "direction": data.spec.direction,
        "default_arm": default_arm(arms, base).name,
        "libraries": {name: versions()[name] for name in ("tensorflow", "keras")},
    }
    ledger = Ledger(directory, settings)

    # KerasTuner is slow to import: not before everything above has been found right
    from recipes.tuning.tuner import ArmHyperModel, ArmOracle, ArmTuner, Plan

    plan = Plan(arms, trials, seeds, seed)

    def best(arm: Arm) -> dict[str, float]:
        tuned = [ledger.get(t.key) for t in plan.trainings() if t.arm == arm and t.stage == "tune"]
        return best_setting([each for each in tuned if each is not None], settings["direction"])

    with ledger, Progress(plan, ledger, settings, enabled=bool(verbose)) as progress:
        environment = write_environment(ledger, command)
        oracle = ArmOracle(plan, settings["direction"], best)
        tuner = ArmTuner(oracle, ArmHyperModel(data, base), ledger, epochs, progress.update)
        try:
            tuner.search(verbose=0)
        except Exception as error:
            raise error.__cause__ or error from None
        records = [ledger.get(each.key) for each in plan.trainings()]
        found = Comparison(ledger.directory, {**settings, **environment}, [r for r in records if r is not None], tuner)
        found.write()
        _export_best(data, found, epochs)
    return found


def check_search(
    base: Recipe,
    *,
    optimizers: Sequence[str],
    regularizers: Sequence[str],
    epochs: int,
    trials: int,
    seeds: int,
    seed: int,
    directory: str | os.PathLike[str],
) -> list[Arm]:
    """Everything about a search that can be found wrong without its data. Arguments and errors as :func:`search`.

    Returns:
        The arms.
    """
    check_integer("epochs", epochs, low=1)
    check_integer("trials", trials, low=1)
    check_integer("seeds", seeds, low=1)
    check_integer("seed", seed, low=0, high=LARGEST_SEED - seeds)
    check_new_directory(directory, marker=SETTINGS, overwrite=True)
    _shared(base)
    return cross(optimizers, regularizers)


def _shared(base: Recipe) -> dict[str, Any]:
    """The part of a recipe that all arms share, as JSON values."""
    if not isinstance(base, Recipe):
        raise InvalidArgument("recipe", base, "a recipes.Recipe")
    try:
        return json.loads(base.to_json())
    except InvalidArgument:
        raise InvalidArgument(
            "recipe", base, "a recipe that can be written as JSON (names rather than functions)"
        ) from None


def _export_best(data: Data, found: Comparison, epochs: int) -> None:
    """Trains the winner once more, with its best seed, and exports it; not if that was done before, or all diverged."""
    from recipes.serving.export import export

    target = found.directory / "best"
    if not target.exists() and math.isfinite(found.results.summary.iloc[0]["test_mean"]):
        export(fit(data, found.best, epochs=epochs, seed=found.best_seed, verbose=0), target)
