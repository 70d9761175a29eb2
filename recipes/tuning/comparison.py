"""Comparison: the outcome of a search, in memory and in its directory."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...callbacks.checked import checked
from ...callbacks.checks import InvalidArgument, check_integer
from ..files import check_new_file, write_text
from ..recipe import Recipe
from ..report.results import Results
from ..stored.links import check_no_links
from .arms import Arm
from .candidate import Candidate
from .continuing import looks_of
from .counted import count
from .environment_file import read_environment
from .judging.exported import exported_repeat
from .judging.main_effects import main_effects
from .judging.record_tables import record_tables
from .judging.samples import Contributions, Rule
from .judging.summary import summary
from .judging.verdict import verdict
from .ledger import read_records
from .outcomes import read_outcomes
from .plan import Records
from .protocol import Protocol
from .record import IN_PARTS, Record
from .resuming import resumption_of
from .settings import arms_in, metric_in, overlap_in, plan_in, settings_in
from .space import Space

if TYPE_CHECKING:
    import pandas as pd

    from ..data import Data
    from ..report.mistakes import Mistakes
    from .ensembles.search_ensemble import SearchEnsemble
    from .outcomes import Outcomes

__all__ = ["Comparison"]


class Comparison:
    """The outcome of :func:`recipes.search`; :meth:`load` reads it back from its directory.

    Attributes:
        directory: where everything is written.
        settings: how the arms were compared.
        finished: whether no training is missing.
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
        records: Records,
        tuner: Any = None,
    ):
        self.directory = Path(directory)
        self.settings = settings
        self.tuner = tuner
        counted, resumption = count(plan_in(settings), records), resumption_of(directory)
        if not counted.complete:
            accepted = f"that of a search with a complete arm ({counted.state}). {resumption.again().rstrip('.')}"
            raise InvalidArgument("directory", str(directory), accepted)
        self.finished = counted.finished == counted.planned
        if not self.finished:
            settings = {**settings, "unfinished": counted.state}
        if counted.superseded:
            settings = {**settings, "superseded": counted.superseded}
        trials, epochs = record_tables(counted.records)
        metric = metric_in(settings)
        protocol, examples = Protocol.from_settings(settings), settings["data"]["counts"]["test"]
        self._final = [record for record in counted.records if record.stage == "confirm"]
        contributions, missing = _contributions(directory, self._final, examples)
        if missing:
            settings = {**settings, "without_outcomes": missing}
        judged: dict[str, Any] = {
            "metric": metric,
            "rule": Rule(1.0 - protocol.level, metric.resolution(examples), overlap_in(settings), looks_of(protocol)),
            "contributions": contributions,
            "margin": protocol.margin,
        }
        space, arms = Space.from_settings(settings), {arm.name: arm for arm in arms_in(settings)}
        table = summary(trials, settings["default_arm"], epochs=epochs, space=space, arms=arms, **judged)
        reference = table.loc[table["verdict"] == "reference", "arm"]
        name = reference.iloc[0] if len(reference) else settings["default_arm"]
        effects = main_effects(trials, arms[name], design=protocol.design, **judged)
        self.results = Results(settings=settings, trials=trials, epochs=epochs, summary=table, main_effects=effects)
        self.results = dataclasses.replace(self.results, verdict=verdict(self.results, resumption))

    @classmethod
    @checked
    def load(cls, directory: str | os.PathLike[str]) -> Comparison:
        """The comparison in a directory that :func:`recipes.search` wrote, or is still writing.

        Of an unfinished search the arms whose trainings have all ended are compared; the verdict begins with what is
        missing.

        Raises:
            InvalidArgument: when there is none, or none of its arms is complete.
        """
        settings = settings_in(directory)
        records = read_records(directory)[0]
        return cls(directory, {**settings, **read_environment(directory)}, records)

    def table(self) -> pd.DataFrame:
        """One row per arm, best validation score first: settings, scores, difference from the reference, verdict."""
        return self.results.summary.copy()

    @property
    def verdict(self) -> list[str]:
        """The outcome in sentences."""
        return list(self.results.verdict)

    @property
    def best(self) -> Recipe:
        """The recipe of the decision, at its best setting.

        Raises:
            InvalidArgument: for a model that was trained as it was compiled, by no recipe.
        """
        arm = self.best_arm
        if isinstance(arm, Candidate) and arm.compiled:
            accepted = "that of a comparison whose decision is a recipe; this model is trained as it is compiled"
            raise InvalidArgument("comparison", arm.label, accepted)
        return self.best_setting

    @property
    def best_setting(self) -> Recipe:
        """The same of any decision; of a model that is trained as it is compiled only its name and its rate count."""
        row, arm = self._decision, self.best_arm
        names = ["learning_rate", *(name for name in self.results.strengths if not math.isnan(row[name]))]
        values = {name: float(row[name]) for name in names}
        return arm.recipe(Recipe.from_json(json.dumps(self.settings["recipe"])), values)

    @property
    def best_batch_size(self) -> int | None:
        """The examples of a training batch of the decision; None where batch sizes are not compared: the data's."""
        return self.best_arm.batch_size

    @property
    def best_arm(self) -> Arm:
        """The arm that was decided on."""
        return next(arm for arm in arms_in(self.settings) if arm.name == self._decision["arm"])

    @property
    def in_parts(self) -> bool:
        """Whether trainings of the decision had too little of an accelerator's memory for whole batches."""
        trials = self.results.trials
        of_decision = trials["arm"] == self._decision["arm"]
        return bool((of_decision & trials["message"].astype(str).str.startswith(IN_PARTS)).any())

    @property
    def best_seed(self) -> int:
        """The seed of that arm's repeat with the best validation score, of those on the data's own split."""
        trials = self.results.trials
        rows = trials[(trials["arm"] == self._decision["arm"]) & (trials["stage"] == "confirm")]
        return int(exported_repeat(rows, metric_in(self.settings).sign)["seed"])

    @property
    def _decision(self) -> pd.Series:
        """The row of the arm that was decided on; the first if no arm has a score."""
        table = self.results.summary
        return table[table["arm"] == (self.results.winner or table["arm"].iloc[0])].iloc[0]

    def plot(self) -> Any:
        """The scores of all arms, one dot per seed.

        Returns:
            A matplotlib ``Figure``; :meth:`report` has more plots.
        """
        from ..report.plots import scores

        return scores(self.results)

    @checked
    def data(self, data_dir: str | os.PathLike[str] | None = None) -> Data:
        """The data of the search, loaded again in the same way.

        Args:
            data_dir: where the dataset is prepared, or the folder of its table files.

        Raises:
            InvalidArgument: if they were arrays of one's own, or have changed since.
        """
        from ..saved_run import load_again

        return self._checked(load_again(self.settings["data"], data_dir))

    @checked
    def mistakes(self, data: Data | None = None, slices: Sequence[str] = (), worst: int = 12) -> Mistakes:
        """Where the decision errs on the test split, from the outcomes that are kept of each final training.

        Args:
            data: those of the search. Default: they are loaded again by name.
            slices: columns of the inputs: scores are given for each of their values with 20 test examples, or for the
                quarters of a number of many values; "class" for the right answer. Default: none.
            worst: how many of the worst examples, and of the most confused classes, to list. Default 12.

        Returns:
            A :class:`recipes.report.mistakes.Mistakes`: ``.slices`` and ``.confused`` (pandas), and ``.worst``;
            :meth:`report` shows it.

        Raises:
            InvalidArgument: for other data, unknown columns, and where the outcomes are missing.

        Example:
            >>> comparison.mistakes(slices=["town"]).slices                                   # doctest: +SKIP
        """
        from .judging.mistakes import find_mistakes

        data = self.data() if data is None else self._checked(data)
        return find_mistakes(self.results, self._outcomes(), data, slices, check_integer("worst", worst, low=1))

    def _checked(self, data: Data) -> Data:
        """The data, if they are those of the search."""
        if data.fingerprint != self.settings["data"]["fingerprint"]:
            raise InvalidArgument("data", data.settings["name"], "those of the search, but they have changed since")
        return data

    def _outcomes(self) -> dict[str, dict[int, Outcomes]]:
        """The outcomes of the final trainings on the data's own test split, by arm and seed."""
        outcomes: dict[str, dict[int, Outcomes]] = {}
        for record in self._final:
            if record.split and overlap_in(self.settings) is not None:
                continue
            found = read_outcomes(self.directory, record.key)
            if found is not None:
                outcomes.setdefault(record.arm, {})[record.seed] = found
        return outcomes

    @checked
    def ensemble(
        self,
        data: Data | None = None,
        *,
        select: str = "forward",
        size: int | None = None,
        bags: int = 20,
        seed: int = 0,
    ) -> SearchEnsemble:
        """One model that averages the answers of several of the search's final trainings; nothing is trained.

        The search must have run with ``keep_weights=True``. What is chosen, and how much it weighs, is decided by the
        search's metric on the validation split; whether it is better than the decision alone is judged on the test
        split, which the choice has not seen. Where repeats have splits of their own, the trainings of one split are a
        library of their own, from which an ensemble is chosen: the comparison is over all of them, the model that of
        the data's own split. Where they share the split, all repeats are one library. Take it where a better score is
        worth the time that several models take to answer.

        Args:
            data: those of the search. Default: they are loaded again by name.
            select: "forward" (default): models are added to the average as long as they help, see
                :func:`recipes.tuning.ensembles.selection.forward_selection`; or "best": the average of the ``size``
                trainings with the best validation scores.
            size: the models in one selection, with repetitions, >= 1. Default None: 25, or 5 for "best".
            bags: of "forward": selections from a random half of the library (at least ten trainings) each, whose
                averages are averaged, >= 1. With 1 there is one selection, from the whole library, and fewer models.
                Default 20.
            seed: of the bags, >= 0. Default 0.

        Returns:
            A :class:`recipes.tuning.ensembles.search_ensemble.SearchEnsemble`: ``.model`` (Keras), ``.members``
            (pandas), ``.verdict``; :func:`recipes.export` takes it.

        Raises:
            InvalidArgument: for a search that has not kept the weights, or other data.

        Source: Caruana et al. 2004, "Ensemble selection from libraries of models".

        Example:
            >>> comparison = recipes.search(recipes.load("digits"), keep_weights=True)        # doctest: +SKIP
            >>> ensemble = comparison.ensemble()
            >>> print(ensemble.verdict)
            >>> recipes.export(ensemble, "served")
        """
        from .ensembles.selecting import chosen_ensemble
        from .ensembles.selection import Choice

        choice = Choice(select, size, bags, seed)
        data = self.data() if data is None else self._checked(data)
        return chosen_ensemble(self.directory, self.settings, self._final, self.best_arm, data, choice)

    @checked
    def report(self, path: str | os.PathLike[str] | None = None, mistakes: Mistakes | None = None) -> str:
        """Writes the comparison as one HTML page that needs no network.

        Args:
            path: a new file. Default: ``report.html`` in the search's directory, which is overwritten.
            mistakes: of :meth:`mistakes`, to be shown as well. Default: nothing.

        Returns:
            The path.

        Raises:
            InvalidArgument: if ``path`` exists already or cannot be written.

        Example:
            >>> comparison.report("regularizers.html")                                        # doctest: +SKIP
            'regularizers.html'
        """
        from ..report.page import write_page

        if path is None:
            check_no_links(self.directory)
        default = self.directory / "report.html"
        return str(write_page(self.results, default if path is None else check_new_file(path, name="path"), mistakes))

    @checked
    def tensorboard(self, directory: str | os.PathLike[str]) -> str:
        """Writes every training with its curves for TensorBoard, whose HParams view compares them.

        Args:
            directory: new or empty.

        Returns:
            The directory, for ``tensorboard --logdir``.
        """
        from ..report.tensorboard import write_tensorboard

        return str(write_tensorboard(self.results, directory))

    @checked
    def write(self, mistakes: Mistakes | None = None) -> None:
        """Writes the tables (CSV), the plots (PNG) and the page, with the mistakes if given, into the directory."""
        from ..report.plots import save_plots

        self.write_tables()
        save_plots(self.results, self.directory / "plots")
        self.report(mistakes=mistakes)

    def write_tables(self) -> None:
        """Writes the tables (CSV) and the verdict into the directory."""
        check_no_links(self.directory)
        for name in ("trials", "epochs", "summary", "main_effects"):
            write_text(self.directory / f"{name}.csv", getattr(self.results, name).to_csv(index=False))
        write_text(self.directory / "verdict.txt", "\n".join(self.verdict) + "\n")


def _contributions(
    directory: str | os.PathLike[str], records: Sequence[Record], examples: int
) -> tuple[Contributions, int]:
    """What each test example contributes to the score of the final trainings, and how many of these lack that."""
    contributions: dict[str, dict[int, np.ndarray]] = {}
    missing = 0
    for record in records:
        if not math.isfinite(record.test_score):
            continue
        outcomes = read_outcomes(directory, record.key)
        if outcomes is None or not np.isfinite(outcomes.contribution).all():
            missing += 1
            continue
        if record.split == 0 and len(outcomes.contribution) != examples:
            accepted = f"that of an undamaged search (the outcomes of {record.key} are not of {examples} test examples)"
            raise InvalidArgument("directory", str(directory), accepted)
        contributions.setdefault(record.arm, {})[record.seed] = outcomes.contribution
    return contributions, missing
