"""SearchEnsemble: a model that averages what a search has trained, and what it is worth."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras

from ...metric import Metric
from ...report import formatting
from ...saved_run import Savable, SavedRun

if TYPE_CHECKING:
    import pandas as pd

    from ...data import Data

__all__ = ["SearchEnsemble"]


@dataclass(frozen=True, eq=False)
class SearchEnsemble(Savable):
    """The result of :meth:`recipes.Comparison.ensemble`; :func:`recipes.export` takes it.

    Args:
        model: a plain Keras model that takes raw inputs and returns the weighted average of the members' answers. Its
            members were trained on the data's own split.
        data: of the search.
        members: one row a training: "arm", "seed", "weight" (they sum to 1), "validation_score" and "test_score" of its
            own, in the order of the weights.
        library: the trainings to choose from.
        metric: of the search.
        validation_score: of ``model``; it is too good, since the members were chosen by it.
        score: the mean test score of the ensembles, of one or of each split.
        alone: that of the search's decision on the same splits, each time the training that would be exported.
        arm: the name of the decision.
        low, high: the interval of ``score - alone`` at the search's confidence. It holds the noise of the test
            examples; with several splits that of the trainings, too.
        word: "better", "worse", "as good" or "open": see :func:`recipes.judging.words.word_of`.
        splits: how many splits of the data ``score`` is the mean of.
    """

    model: keras.Model
    data: Data
    members: pd.DataFrame
    library: int
    metric: Metric
    validation_score: float
    score: float
    alone: float
    arm: str
    low: float
    high: float
    word: str
    splits: int

    @property
    def verdict(self) -> str:
        """What it is worth, in a sentence."""
        metric, unit = self.metric, " %" * self.metric.percentage
        found = formatting.difference(self.score - self.alone, metric, self.low, self.high, reference=self.alone)
        over = f", mean over {self.splits} splits" if self.splits > 1 else ""
        return (
            f"The ensemble of {len(self.members)} of {self.library} trainings is {self.word}: test {metric.words}"
            f" {formatting.score(self.score, metric)}{unit} against {formatting.score(self.alone, metric)}{unit} of"
            f" {self.arm} alone, a difference of {found}{over}."
        )

    def to_saved(self) -> SavedRun:
        """What :func:`recipes.export` writes: the model, its test scores, its members and some raw examples."""
        from ...serving.trained_models import trained_model

        saved = trained_model(self.model, self.data)
        return dataclasses.replace(saved, facts={**saved.facts, "members": self.members.to_dict("records")})
