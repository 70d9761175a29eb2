"""main_effects: the scores of each level of a factor, averaged over the arms that have it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ...judging.dunnett import NOTHING
from ...judging.words import word_of
from ...metric import ACCURACY, Metric
from ...report.results import COLUMNS
from ..arms import Arm
from .samples import DEFAULT_RULE, Contributions, Rule, compare_samples, mean_sample, samples_of
from .spread import mean_sd

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["main_effects"]


def main_effects(
    trials: pd.DataFrame,
    reference: Arm,
    metric: Metric = ACCURACY,
    design: str = "crossed",
    rule: Rule = DEFAULT_RULE,
    contributions: Contributions | None = None,
    margin: float | None = None,
) -> pd.DataFrame:
    """The average of each level of each factor over all arms that have it: optimizers over regularizers, and so on.

    With "one_at_a_time" only arms that differ from the reference in no other factor count. Averages are taken seed by
    seed and compared with those of the reference's level, as arms are. A level has no average if one of its arms
    diverged or failed. Of an unfinished search only arms count whose other choices all levels have. Optimizer and
    regularizer are always included, other factors where they are compared.

    Args:
        trials: one row per training, from :func:`record_tables`.
        reference: the arm whose levels are compared with.
        metric, rule, contributions, margin: as for :func:`recipes.tuning.judging.summary.summary`.
        design: of the search.
    """
    import pandas as pd

    samples = samples_of(trials, contributions or {})
    arms = trials[trials["stage"] == "confirm"].drop_duplicates("arm").set_index("arm")
    failed = set(trials.loc[(trials["stage"] == "confirm") & (trials["status"] == "failed"), "arm"])
    rows = []
    for factor, control in reference.choices.items():
        alike = arms
        if design == "one_at_a_time":
            for name, level in reference.choices.items():
                alike = alike if name == factor else alike[alike[name] == level]
        members = _alike(alike, factor, [name for name in reference.choices if name != factor])
        if not members:
            continue
        means = {level: mean_sample([samples[arm] for arm in names]) for level, names in members.items()}
        averaged = min(len(names) for names in members.values())
        step = rule.resolution / math.sqrt(averaged)  # the step of a mean over this many arms
        others = {level: sample for level, sample in means.items() if level != control}
        compared = compare_samples(means[control], others, replace(rule, resolution=step))
        base = mean_sd(means[control].scores)[0]
        for level, sample in means.items():
            mean, sd = mean_sd(sample.scores)
            difference, found = (0.0, NOTHING) if level == control else (mean - base, compared[level])
            if level == control:
                word = "reference"
            elif math.isfinite(mean):
                word = word_of(difference, found, metric, rule.level, metric.margin(margin, base))
            else:
                word = "failed" if failed & set(members[level]) else "diverged"
            rows.append(
                {
                    "factor": factor,
                    "level": level,
                    "test_mean": mean,
                    "test_sd": sd,
                    "difference": difference,
                    "difference_low": 0.0 if level == control else found.low,
                    "difference_high": 0.0 if level == control else found.high,
                    "p_value": found.p,
                    "verdict": word,
                }
            )
    return pd.DataFrame(rows, columns=COLUMNS["main_effects"])


def _alike(arms: pd.DataFrame, factor: str, others: list[str]) -> dict[str, list[str]]:
    """The arms of each level whose other choices all levels have; none if there are no such choices.

    That is every arm of a finished search; of an unfinished one, averages over other arms could not be compared.
    """
    company = dict(zip(arms.index, arms[others].itertuples(index=False, name=None), strict=True))
    levels = {level: list(arms.index[arms[factor] == level]) for level in dict.fromkeys(arms[factor])}
    shared = set.intersection(*({company[arm] for arm in names} for names in levels.values()))
    return (
        {level: [arm for arm in names if company[arm] in shared] for level, names in levels.items()} if shared else {}
    )
