"""run_search: runs a search, from its options as values to a Comparison on disk."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument
from ...callbacks.warning import warn
from ..as_compiled.served import as_run
from ..as_compiled.trainer import CompiledTrainer
from ..files import folder_name
from ..machine_fault import MachineFault, is_of_machine
from ..optimizer_choice import schedules_in_words
from ..packed.members import Member
from ..packed.trainings import CannotPack, trained_together
from ..recipe import Recipe
from ..run import Run
from ..saved_run import recipe_text
from ..serving.saved_model import EXPORT, EXPORTED
from ..shared_steps import SharedSteps
from ..stored.json_files import parse, read_json
from ..stored.reading import read_bytes
from ..trainer import Trainer
from ..training import fit
from ..training_checks import check_data
from .arms import Arm
from .built_models import built_models
from .candidate import Candidate
from .checking import check_search_of
from .comparison import Comparison
from .config_file import write_config
from .continuing import Budget
from .designs import factors_of, left_out_in_words
from .environment_file import write_environment
from .foresight import in_a_line, rare_in_a_line
from .idle_pruning import without_idle_pruning
from .kept_weights import weights_file
from .ledger import Ledger
from .own_callbacks import OwnCallbacks
from .packing import with_pack
from .plan import Plan
from .protocol import Protocol
from .repeats import seed_of_repeat
from .running.assignment import Assignment
from .running.progress import Progress
from .running.where import Where
from .settings import make_settings, plan_in

if TYPE_CHECKING:
    from ..data import Data

__all__ = ["export_best", "run_search"]


def run_search(
    data: Data,
    recipe: Recipe | None,
    levels: Mapping[str, Sequence[Any] | None] | Sequence[Arm],
    protocol: Protocol,
    where: Where,
    *,
    directory: str | os.PathLike[str] | None = None,
    command: str = "recipes.search(...)",
    data_dir: str | None = None,
    finish: bool = True,
    callbacks: Any = None,
    verbose: int = 1,
) -> Comparison:
    """Runs a search like :func:`recipes.search`, with its options as values.

    Args:
        data, recipe, directory, callbacks, verbose: as for :func:`recipes.search`.
        levels: what to compare, by the names of factors or their arguments of :func:`recipes.search`; or the arms.
        protocol: how the arms are compared.
        where: where they are trained.
        command: the call of the search, for the report.
        data_dir: the folder of prepared datasets, for the file that repeats the search. Default: TFDS's own.
        finish: whether to draw the plots and the page, and to export the decision. Default True.
    """
    check_data(data)
    directory = Path(directory or os.path.join("searches", folder_name(str(data.settings["name"]))))
    checked = check_search_of(data, recipe, levels, protocol, where, directory)
    chosen, base, protocol, metrics, arms, space, recipe_of = checked
    own_callbacks = OwnCallbacks.of(callbacks)
    if where.elsewhere:
        own_callbacks.check_importable()
    protocol, idle = without_idle_pruning(protocol, data, arms, recipe_of)
    protocol, packing = with_pack(protocol, data, arms, recipe_of, where, own_callbacks, directory)
    settings = make_settings(data, base, arms, protocol, space, own_callbacks)
    settings |= built_models(data, arms, recipe_of)
    ledger = Ledger(directory, settings)

    # KerasTuner is slow to import, so it comes after all checks
    from .hypermodel import ArmHyperModel
    from .tuner import ArmOracle, ArmTuner

    plan = plan_in(settings)
    own = settings.get("own", ())
    runner = where.runner(Assignment.of(data, base, protocol, directory, own, own_callbacks))
    with contextlib.ExitStack() as stack:
        if where.ray is not None:  # a cluster is checked on entering, before anything is written
            entered = stack.enter_context(runner)
        stack.enter_context(ledger)
        if protocol.retry_failed:
            _forget_failed(ledger, plan)
        if protocol.keep_weights:
            _forget_without_weights(ledger, plan)
        progress = stack.enter_context(Progress(plan, ledger, enabled=bool(verbose)))
        environment = write_environment(ledger, command, str(where))
        decided_metric = dataclasses.replace(protocol, metric=tuple(metrics))
        if isinstance(levels, Mapping) and not (own or own_callbacks.makers):  # which the command line does not know
            write_config(directory, data.settings, chosen, factors_of(arms), decided_metric, where, data_dir)
        if where.ray is None:
            entered = stack.enter_context(runner)
        if idle is not None:
            progress.say(idle) if verbose else warn(idle)
        factors = settings.get("factors") or {}
        schedules = schedules_in_words(base.schedule, base.optimizer, factors)
        if verbose and schedules is not None:
            progress.say(schedules)
        left_out = left_out_in_words(chosen, base, data.spec, levels)
        if verbose and left_out is not None:
            progress.say(left_out)
        if verbose and packing is not None:
            progress.say(packing)
        tuned = any(map(space.tuned, arms))
        told = protocol if tuned else dataclasses.replace(protocol, tunings="once")
        if verbose and (line := in_a_line(data, told, len(arms))) is not None:
            progress.say(line)
        if verbose and (line := rare_in_a_line(data, protocol)) is not None:
            progress.say(line)
        budget = Budget(protocol, where.workers)
        while True:
            ledger.check_there()  # KerasTuner would make the directory again
            hypermodel = ArmHyperModel(data, base, arms, space)
            tuner = ArmTuner(ArmOracle(plan, ledger), hypermodel, entered, progress.update, own_callbacks)
            tuner.search()
            comparison = Comparison(ledger.directory, {**settings, **environment}, ledger, tuner)
            further = budget.next_plan(plan, comparison.results, ledger)
            if further is None:
                break
            plan = further
            progress.replan(plan)
        if not finish:
            comparison.write_tables()
            return comparison
        comparison.write()
        export_best(data, comparison, protocol, own_callbacks, ledger)
    return comparison


def _forget_failed(ledger: Ledger, plan: Plan) -> None:
    """Makes the failed trainings and those that depended on them run again; removes the winner, which may change."""
    again = plan.failed(ledger)
    if again:
        if (ledger.directory / "best" / "export.json").is_file():
            shutil.rmtree(ledger.directory / "best")
        ledger.forget(again)


def _forget_without_weights(ledger: Ledger, plan: Plan) -> None:
    """Makes the final trainings run again of which an earlier call has not kept the weights."""
    ended = [ledger[training.key] for training in plan.all(ledger) if training.key in ledger]
    finished = [record.key for record in ended if record.stage == "confirm" and record.status == "finished"]
    ledger.forget([key for key in finished if not weights_file(ledger.directory, key).is_file()])


def export_best(
    data: Data, comparison: Comparison, protocol: Protocol, callbacks: OwnCallbacks, ledger: Ledger
) -> None:
    """Trains the decision once more, with its best seed, and exports it, unless that is done or no arm has a score.

    Raises:
        FileNotFoundError: if the directory is gone.
    """
    from ..serving.export import export
    from ..serving.gate import ExportMismatch

    ledger.check_there()
    target = comparison.directory / "best"
    if comparison.results.winner is None:
        return
    stale = (target / "export.json").is_file() and not _is_exported(comparison, target)  # that of an earlier decision
    if target.exists() and not stale:
        if not target.is_dir():
            warn(f"the decision was not exported to {target}, which is no directory")
        return
    try:
        run = best_run(data, comparison, protocol, callbacks.new())
        if run.parts > 1 and not comparison.in_parts:
            raise MachineFault("the decision", "its batches do not fit into memory, but did before")
        ledger.check_there()  # which export would make again
        export(run, target, overwrite=stale)
        try:
            ledger.check_there()
        except FileNotFoundError:
            shutil.rmtree(target, ignore_errors=True)  # or nothing but the model would be left of the search
            raise
    except Exception as error:  # the results are there all the same
        if is_of_machine(error):
            raise
        explained = isinstance(error, (ExportMismatch, InvalidArgument))
        reason = str(error) if explained else f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        warn(f"the decision was not exported to {target}: {reason}")


def best_run(data: Data, comparison: Comparison, protocol: Protocol, callbacks: list[Any]) -> Run:
    """Trains the decision with its best seed."""
    arm, recipe, seed = comparison.best_arm, comparison.best_setting, comparison.best_seed
    epochs = protocol.epochs
    if isinstance(arm, Candidate) and arm.compiled:
        with CompiledTrainer(data, recipe).running(epochs=epochs, seed=seed, callbacks=callbacks) as run:
            return as_run(run, epochs=epochs, seed=seed)
    size = comparison.best_batch_size
    if protocol.places > 1:
        packed = _packed_run(data if size is None else data.with_batch_size(size), recipe, seed, protocol)
        if packed is not None:
            return packed
    logged = [protocol.metric_for(data.spec)] if callbacks else []  # which they may monitor
    options: dict[str, Any] = {"batch_size": size, "callbacks": callbacks, "metrics": logged}
    return fit(data, recipe, epochs=epochs, seed=seed, **options, verbose=0)


def _packed_run(data: Data, recipe: Recipe, seed: int, protocol: Protocol) -> Run | None:
    """The training of a repeat with the same numbers as in the search; None if it was not packed there."""
    trainer = Trainer(data, recipe, seed=seed, keep_functions=True, steps=SharedSteps(1))
    place = (seed - seed_of_repeat(protocol.seed, 0)) % protocol.places
    try:
        ((_, run),) = trained_together([Member(trainer, seed, place)], epochs=protocol.epochs, size=protocol.places)
    except CannotPack:
        return None
    return run


def _is_exported(comparison: Comparison, target: Path) -> bool:
    """Whether the model in ``target`` is that of the decision, trained with its best seed."""
    trials = comparison.results.stage("confirm")
    trials = trials[(trials["arm"] == comparison.results.winner) & (trials["seed"] == comparison.best_seed)]
    try:
        exported = parse(read_bytes(target / "recipe.json"))
        loss = read_json(target / EXPORT, EXPORTED)["test"]["loss"]
        same = exported == json.loads(recipe_text(comparison.best_setting))
        if isinstance(comparison.best_arm, Candidate) and comparison.best_arm.compiled:
            return same  # the export has the task's usual loss
        return same and math.isclose(loss, trials["test_loss"].iloc[0], rel_tol=1e-3)
    except (OSError, ValueError, KeyError, TypeError):
        return False
