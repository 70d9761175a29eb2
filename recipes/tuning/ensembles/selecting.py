"""chosen_ensemble: the ensemble of a search's final trainings, and its comparison with the decision alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ....callbacks.checks import InvalidArgument
from ...ensemble import join
from ...judging.dunnett import NOTHING, Difference
from ...judging.paired import compare_paired
from ...judging.words import word_of
from ...metric import Metric
from ...metrics import contributions, metric_named, score
from ..arms import Arm
from ..judging.samples import Rule, Sample, compare_samples
from ..kept_weights import weights_file
from ..protocol import Protocol
from ..record import Record
from ..settings import overlap_in
from .library import Library, Models
from .search_ensemble import SearchEnsemble
from .selection import Choice, Rating

if TYPE_CHECKING:
    from ...data import Data

__all__ = ["chosen_ensemble"]


def chosen_ensemble(
    directory: str | os.PathLike[str],
    settings: Mapping[str, Any],
    records: Sequence[Record],
    decision: Arm,
    data: Data,
    choice: Choice,
) -> SearchEnsemble:
    """The ensemble as :meth:`recipes.Comparison.ensemble` returns it.

    Args:
        directory, settings: of the search.
        records: of its final trainings.
        decision: the arm that it decided on.
        data: of the search.
        choice: how members are chosen.

    Raises:
        InvalidArgument: for a search without weights, or without a finished training of the decision.
    """
    finished = [record for record in records if record.status == "finished"]
    _check_kept(directory, finished)
    protocol = Protocol.from_settings(settings)
    metric = protocol.metric_for(data.spec)
    metric = metric if metric.function is not None else metric_named(metric.name)  # exact, over all examples
    models = Models(directory, settings)
    compared: list[_Compared] = []
    for split in sorted({record.split for record in finished if record.arm == decision.name}):
        of_split = data.resplit(split) if split else data
        library = models.library([record for record in finished if record.split == split], of_split)
        compared.append(_Compared(library, choice, metric, decision))
    first = compared[0]
    if first.records[0].split:
        accepted = f"that of a search with a finished training of {decision.name} on the data's own split"
        raise InvalidArgument("directory", str(directory), accepted)
    chosen = [place for place in np.argsort(-first.counts, kind="stable") if first.counts[place]]
    model = join(
        [models.model(first.records[place], data) for place in chosen],
        counts=[int(first.counts[place]) for place in chosen],
    )
    found = _difference(compared, protocol, metric, settings)
    scores = {who: float(np.mean([one.scores[who] for one in compared])) for who in ("ensemble", "alone")}
    margin = metric.margin(protocol.margin, scores["alone"])
    return SearchEnsemble(
        model=model,
        data=data,
        members=first.table(chosen),
        library=len(first.records),
        metric=metric,
        validation_score=first.validation_score,
        score=scores["ensemble"],
        alone=scores["alone"],
        arm=decision.name,
        low=found.low,
        high=found.high,
        word=word_of(scores["ensemble"] - scores["alone"], found, metric, 1.0 - protocol.level, margin),
        splits=len(compared),
    )


def _check_kept(directory: str | os.PathLike[str], finished: Sequence[Record]) -> None:
    """Raises if the weights of some trainings were not kept."""
    lacking = [record for record in finished if not weights_file(directory, record.key).is_file()]
    if lacking or not finished:
        have = f"{len(lacking)} of {len(finished)} final trainings have no weights"
        again = "the same search with it in this directory runs them again"
        accepted = f"that of a search with keep_weights=True ({have}: {again})"
        raise InvalidArgument("directory", str(directory), accepted)


class _Compared:
    """The ensemble that is chosen on the validation examples of a split, and the decision alone, on its test examples.

    Of several trainings of the decision it is the one with the best validation score, which a search exports.
    """

    def __init__(self, library: Library, choice: Choice, metric: Metric, decision: Arm):
        data = library.data
        self.records, self._metric = library.records, metric
        y, weight = data.arrays("validation")[1], data.sample_weight("validation")
        self.counts = choice.counts(library.validation, Rating(metric, data.spec.task, y, weight))
        self.validation_score = score(metric, y, _average(library.validation, self.counts), weight)
        self._y, self._weight, self._test = data.arrays("test")[1], data.sample_weight("test"), library.test
        own = [place for place, record in enumerate(self.records) if record.arm == decision.name]
        best = max(own, key=lambda place: metric.sign * self.records[place].validation_score)
        self.record = self.records[best]
        predicted = {"ensemble": _average(library.test, self.counts), "alone": library.test[best]}
        self.scores = {who: score(metric, self._y, values, self._weight) for who, values in predicted.items()}
        rating = Rating(metric, data.spec.task, self._y, self._weight)
        self.losses = {who: -rating.second(values) for who, values in predicted.items()}
        self.contributions = {
            who: contributions(metric, self._y, values, self._weight) for who, values in predicted.items()
        }

    def table(self, places: Sequence[int]) -> Any:
        """The members at these places of the library."""
        import pandas as pd

        rows = [
            {
                "arm": self.records[place].arm,
                "seed": self.records[place].seed,
                "weight": float(self.counts[place] / self.counts.sum()),
                "validation_score": self.records[place].validation_score,
                "test_score": score(self._metric, self._y, self._test[place], self._weight),
            }
            for place in places
        ]
        return pd.DataFrame(rows)


def _average(predictions: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.average(predictions.astype(np.float64), axis=0, weights=counts)


def _difference(
    compared: Sequence[_Compared], protocol: Protocol, metric: Metric, settings: Mapping[str, Any]
) -> Difference:
    """The difference of the ensembles from the decision alone: over examples and, if there are several, over splits."""
    level, resolution = 1.0 - protocol.level, metric.resolution(len(compared[0].contributions["alone"]))
    if not all(np.isfinite(list(one.scores.values())).all() for one in compared):
        return NOTHING
    if len(compared) == 1:
        of = compared[0].contributions
        return compare_paired(of["ensemble"] - of["alone"], level=level, resolution=resolution)
    seeds = [one.record.split for one in compared]

    def sample(who: str) -> Sample:
        return Sample(
            seeds,
            [one.scores[who] for one in compared],
            [one.losses[who] for one in compared],
            {seed: one.contributions[who] for seed, one in zip(seeds, compared, strict=True)},
            [one.record.tuning for one in compared],
        )

    rule = Rule(level, resolution, overlap_in(settings))
    return compare_samples(sample("alone"), {"ensemble": sample("ensemble")}, rule)["ensemble"]
