"""Comparison: the outcome of a search, in memory and in its directory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...callbacks.checks import InvalidArgument
from ..environment import commit, hardware, versions
from ..files import check_new_file, write_text
from ..recipe import Recipe
from ..report.results import Results
from .judging.main_effects import main_effects
from .judging.record_tables import record_tables
from .judging.summary import summary
from .judging.verdict import verdict
from .ledger import Ledger, read_records
from .protocol import Protocol
from .record import Record
from .settings import arms_in, metric_in, plan_in, settings_in

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "write_environment"]


class Comparison:
    """The outcome of :func:`recipes.search`; :meth:`load` reads it back from its directory.

    Attributes:
        directory: where everything is written.
        settings: how the arms were compared.
        results: the tables (pandas): ``.trials``, ``.epochs``, ``.summary``, ``.main_effects``, and ``.verdict``.
        tuner: KerasTuner's tuner with all trials; None when read back from a directory.

    Example:
        >>> comparison = Comparison.load("searches/digits")    # doctest: +SKIP
        >>> comparison.table()
        >>> comparison.best.optimizer
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        settings: dict[str, Any],
        records: list[Record],
        tuner: Any = None,
    ):
        self.directory = Path(directory)
        self.settings = settings
        self.tuner = tuner
        trials, epochs = record_tables(records)
        metric = metric_in(settings)
        default = next(arm for arm in arms_in(settings) if arm.name == settings["default_arm"])
        protocol = Protocol.from_settings(settings)
        confidence = protocol.level
        step = metric.resolution(settings["data"]["counts"]["test"])
        table = summary(trials, default.name, metric, epochs, confidence, step)
        effects = main_effects(trials, default, metric, protocol.design, confidence, step)
        failures = list(trials.loc[trials["status"] == "failed", "message"])
        self.results = Results(
            settings=settings,
            trials=trials,
            epochs=epochs,
            summary=table,
            main_effects=effects,
            verdict=verdict(table, effects, metric, failures, confidence),
        )

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Comparison:
        """The comparison in a directory that :func:`recipes.search` wrote.

        Raises:
            InvalidArgument: when there is none, or it is not finished.
        """
        settings = settings_in(directory)
        finished = read_records(directory)[0]
        planned = [training.key for training in plan_in(settings).all(finished)]
        records = [finished[key] for key in planned if key in finished]
        if len(records) < len(planned):
            raise InvalidArgument(
                "directory",
                str(directory),
                f"that of a finished search (it has {len(records)} of {len(planned)} trainings: search again to go on)",
            )
        facts = Path(directory) / "environment.json"
        environment = json.loads(facts.read_text(encoding="utf-8")) if facts.is_file() else {}
        return cls(directory, {**settings, **environment}, records)

    def table(self) -> pd.DataFrame:
        """One row per arm, best first: settings, scores, and the difference from the default arm."""
        return self.results.summary.copy()

    @property
    def verdict(self) -> list[str]:
        """The outcome in sentences."""
        return list(self.results.verdict)

    @property
    def best(self) -> Recipe:
        """The recipe of the best arm, at its best setting."""
        row = self.results.summary.iloc[0]
        arm = next(arm for arm in arms_in(self.settings) if arm.name == row["arm"])
        values = {parameter.name: float(row[parameter.name]) for parameter in arm.hyperparameters}
        return arm.recipe(Recipe.from_json(json.dumps(self.settings["recipe"])), values)

    @property
    def best_seed(self) -> int:
        """The seed of the best arm's run with the best validation score."""
        trials = self.results.trials
        rows = trials[(trials["arm"] == self.results.summary.iloc[0]["arm"]) & (trials["stage"] == "confirm")]
        sign = metric_in(self.settings).sign
        return int(rows.iloc[int((sign * rows["validation_score"]).fillna(-float("inf")).to_numpy().argmax())]["seed"])

    def plot(self) -> Any:
        """The scores of all arms, one dot per seed.

        Returns:
            A matplotlib ``Figure``; :meth:`report` has more plots.
        """
        from ..report.plots import scores

        return scores(self.results)

    def report(self, path: str | os.PathLike[str] | None = None) -> str:
        """Writes the comparison as one HTML page that needs no network.

        Args:
            path: a new file. Default: ``report.html`` in the search's directory, which is overwritten.

        Returns:
            The path.

        Raises:
            InvalidArgument: if ``path`` exists already or cannot be written.

        Example:
            >>> comparison.report("regularizers.html")                                        # doctest: +SKIP
            'regularizers.html'
        """
        from ..report.page import write_page

        default = self.directory / "report.html"
        return str(write_page(self.results, default if path is None else check_new_file(path, name="path")))

    def tensorboard(self, directory: str | os.PathLike[str]) -> str:
        """Writes every training with its curves for TensorBoard, whose HParams view compares them.

        Args:
            directory: new or empty.

        Returns:
            The directory, for ``tensorboard --logdir``.
        """
        from ..report.tensorboard import write_tensorboard

        return str(write_tensorboard(self.results, directory))

    def write(self) -> None:
        """Writes the tables (CSV), the plots (PNG) and the page into the directory."""
        from ..report.plots import save_plots

        for name in ("trials", "epochs", "summary", "main_effects"):
            write_text(self.directory / f"{name}.csv", getattr(self.results, name).to_csv(index=False))
        write_text(self.directory / "verdict.txt", "\n".join(self.verdict) + "\n")
        save_plots(self.results, self.directory / "plots")
        self.report()


def write_environment(ledger: Ledger, command: str, runs_on: str) -> dict[str, Any]:
    """Writes commit, versions, hardware, runner and command beside the ledger, unless it is there; returns its content.

    A search that is resumed keeps the facts of its first call.
    """
    path = ledger.directory / "environment.json"
    if not path.is_file():
        facts = {
            "commit": commit(),
            "versions": versions(),
            "hardware": hardware(),
            "runs_on": runs_on,
            "command": command,
        }
        write_text(path, json.dumps(facts, indent=2) + "\n")
    return json.loads(path.read_text(encoding="utf-8"))
