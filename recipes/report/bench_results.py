"""BenchResults: the outcome of the same arms on several datasets, as plain tables."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..judging.profiles import performance_profile, ratios_to_best
from ..judging.ranks import RankTest, rank_test
from ..judging.signed_rank import Chances, signed_rank
from .results import Results

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ARMS", "FEWEST", "SURE", "BenchResults", "Group"]

ARMS = "arm"
"""The name of the group of arms; others are factors."""

SURE = 0.95
"""The probability from which one of two candidates is called better or as good."""


FEWEST = 5
"""With fewer datasets nothing is called better: not even a sign test on which all agree would be sure."""


@dataclass(frozen=True, eq=False)
class Group:
    """Candidates that are compared over datasets: the arms, or the levels of a factor.

    Args:
        name: "arm", or that of the factor.
        reference: the candidate that the others are compared with.
        losses: one row per dataset, one column per candidate: 1 - score where more is better, else the score; NaN
            where a candidate has none.
        margins: the difference that does not matter, for each dataset.
        floors: the smallest loss to tell from 0, for each dataset.
    """

    name: str
    reference: str
    losses: pd.DataFrame
    margins: np.ndarray
    floors: np.ndarray

    @property
    def candidates(self) -> list[str]:
        """Their names."""
        return [str(name) for name in self.losses.columns]

    @functools.cached_property
    def test(self) -> RankTest:
        """Their ranks and Friedman's test."""
        return rank_test(self.losses.to_numpy())

    @functools.cached_property
    def ratios(self) -> np.ndarray:
        """The loss of each over the best one's, shape (datasets, candidates)."""
        return ratios_to_best(self.losses.to_numpy(), self.floors)

    @functools.cached_property
    def gains(self) -> np.ndarray:
        """The losses in margins, with the sign changed; -inf where a candidate has none."""
        losses = self.losses.to_numpy()
        spread = [np.std(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in losses]
        units = np.where(self.margins > 0, self.margins, spread)
        units = np.where(np.isfinite(units) & (units > 0), units, 1.0)
        return np.where(np.isnan(losses), -np.inf, -losses / units[:, None])

    def chances(self, first: str, second: str) -> Chances:
        """The probabilities that the first is better, as good or worse on a further dataset like these."""
        a, b = (self.gains[:, self.candidates.index(name)] for name in (first, second))
        with np.errstate(invalid="ignore"):
            differences = np.where(a == b, 0.0, a - b)
        return signed_rank(differences, region=1.0 if (self.margins > 0).all() else 0.0)

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """One row per candidate, best average rank first."""
        import pandas as pd

        rows = []
        best = self.gains.max(axis=1, keepdims=True)
        best = np.where(np.isfinite(best), best, 0.0)
        for place, name in enumerate(self.candidates):
            behind = (best - self.gains)[:, place]
            chances = self.chances(name, self.reference)
            is_reference = name == self.reference
            rows.append(
                {
                    "factor": self.name,
                    "level": name,
                    "rank": float(self.test.average[place]),
                    "first": int((self.test.ranks[:, place] == self.test.ranks.min(axis=1)).sum()),
                    "near_best": int((behind <= 1.0).sum()),
                    "behind": float(np.median(behind)),
                    "most_behind": float(behind.max()),
                    "without_score": int(np.isnan(self.losses.iloc[:, place]).sum()),
                    "p_value": math.nan if is_reference else self.test.p_of(place, self._reference),
                    "better": math.nan if is_reference else chances.better,
                    "as_good": math.nan if is_reference else chances.as_good,
                    "worse": math.nan if is_reference else chances.worse,
                    "verdict": "reference" if is_reference else word_of(chances, len(behind)),
                }
            )
        return pd.DataFrame(rows).sort_values("rank", kind="stable", ignore_index=True)

    @property
    def _reference(self) -> int:
        return self.candidates.index(self.reference)

    @property
    def pairs(self) -> pd.DataFrame:
        """One row per pair of candidates."""
        import pandas as pd

        rows = []
        for i, first in enumerate(self.candidates):
            for j in range(i + 1, len(self.candidates)):
                second, chances = self.candidates[j], self.chances(first, self.candidates[j])
                rows.append(
                    {
                        "factor": self.name,
                        "first": first,
                        "second": second,
                        "rank_difference": float(self.test.average[i] - self.test.average[j]),
                        "p_value": self.test.p_of(i, j),
                        "better": chances.better,
                        "as_good": chances.as_good,
                        "worse": chances.worse,
                        "verdict": word_of(chances, len(self.losses)),
                    }
                )
        return pd.DataFrame(rows)

    @property
    def profile(self) -> pd.DataFrame:
        """The performance profiles: one row per factor of the best loss, one column per candidate."""
        import pandas as pd

        factors, shares = performance_profile(self.ratios)
        return pd.DataFrame(shares, columns=self.candidates, index=pd.Index(factors, name="ratio"))


def word_of(chances: Chances, datasets: int) -> str:
    """The answer that is at least as probable as :data:`SURE`, in a word; "open" if none is, or datasets are few."""
    words = {"better": chances.better, "as good": chances.as_good, "worse": chances.worse}
    sure = [word for word, chance in words.items() if chance >= SURE]
    return sure[0] if sure and datasets >= FEWEST else "open"


@dataclass(frozen=True, eq=False)
class BenchResults:
    """Everything that the report of a bench shows.

    Args:
        datasets: the results of each dataset by its label.
        settings: of the bench: "command", "directory", ...
        missing: the state of datasets without results, by label.
        verdict: the outcome in sentences, the decision last.
    """

    datasets: Mapping[str, Results]
    settings: dict[str, Any] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    verdict: list[str] = field(default_factory=list)

    @functools.cached_property
    def scores(self) -> pd.DataFrame:
        """One row per dataset and arm: its scores there, in the order of the datasets and of their arms."""
        import pandas as pd

        rows = []
        for label, results in self.datasets.items():
            choices = list(dict.fromkeys(results.main_effects["factor"]))
            for row in results.rows():
                rows.append(
                    {
                        "dataset": label,
                        "arm": row["arm"],
                        **{name: row[name] for name in choices},
                        "metric": results.metric.name,
                        "direction": results.metric.direction,
                        **{name: row[name] for name in ("repeats", "test_mean", "test_sd", "learning_rate")},
                        "margin": results.margin,
                        **{name: row[name] for name in ("difference", "p_value", "verdict", "seconds")},
                        "commit": results.settings.get("commit"),
                    }
                )
        return pd.DataFrame(rows)

    @property
    def arms(self) -> list[str]:
        """The arms that all datasets have."""
        first, *others = [[row["arm"] for row in results.rows()] for results in self.datasets.values()]
        return [arm for arm in first if all(arm in names for names in others)]

    @property
    def reference(self) -> str:
        """The arm that the others are compared with: the default arm of most datasets."""
        defaults = [results.settings["default_arm"] for results in self.datasets.values()]
        common = [arm for arm in defaults if arm in self.arms]
        return max(common, key=common.count) if common else self.arms[0]

    @functools.cached_property
    def groups(self) -> dict[str, Group]:
        """What is compared over the datasets, by name: the factors, if two have several levels, and then the arms."""
        arms, reference = self.arms, next(iter(self.datasets.values())).row(self.reference) or {}
        factors = [list(dict.fromkeys(results.main_effects["factor"])) for results in self.datasets.values()]
        groups = {}
        for factor in (name for name in factors[0] if all(name in names for names in factors)):
            first, *others = [results.levels(factor) for results in self.datasets.values()]
            shared = [level for level in first if all(level in levels for levels in others)]
            if len(shared) > 1:
                means = {label: _level_means(r, factor, shared, factors[0]) for label, r in self.datasets.items()}
                level = reference.get(factor)
                groups[factor] = self._group(factor, level if level in shared else shared[0], shared, means)
        if len(groups) < 2:
            groups = {}  # the arms say the same
        if len(arms) > 1:
            means = {
                label: {row["arm"]: row["test_mean"] for row in results.rows()}
                for label, results in self.datasets.items()
            }
            groups[ARMS] = self._group(ARMS, self.reference, arms, means)
        return groups

    def _group(
        self, name: str, reference: str, candidates: list[str], scores: Mapping[str, Mapping[str, float]]
    ) -> Group:
        import pandas as pd

        losses, margins, floors = {}, [], []
        for label, results in self.datasets.items():
            metric = results.metric
            values = [scores[label][candidate] for candidate in candidates]
            losses[label] = [1 - value if metric.higher_is_better else value for value in values]
            margins.append(results.margin)
            floors.append(metric.resolution(results.test_examples) / 2)
        table = pd.DataFrame.from_dict(losses, orient="index", columns=candidates)
        return Group(name, reference, table, np.array(margins, float), np.array(floors, float))


def _level_means(results: Results, factor: str, levels: list[str], factors: list[str]) -> dict[str, float]:
    """The mean test score of each level of a factor over the company that all levels have.

    A level has none if one of its arms has no score, unless the other levels have none in the same company either:
    that tells nothing about the factor.
    """
    others = [name for name in factors if name != factor]
    scores: dict[tuple[str, ...], dict[str, float]] = {}
    for row in results.rows():
        scores.setdefault(tuple(str(row[name]) for name in others), {})[str(row[factor])] = row["test_mean"]
    company = [by_level for by_level in scores.values() if all(level in by_level for level in levels)]
    told = [by_level for by_level in company if any(math.isfinite(by_level[level]) for level in levels)]
    return {level: sum(by[level] for by in told) / len(told) if told else math.nan for level in levels}
