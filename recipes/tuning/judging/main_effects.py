"""main_effects: the scores of each level of a factor, averaged over the arms that have it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...metric import ACCURACY, Metric
from ..arms import Arm
from .dunnett import LEVEL, NOTHING, compare_with
from .spread import mean_sd, word_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["main_effects"]


def main_effects(
    trials: pd.DataFrame,
    default: Arm,
    metric: Metric = ACCURACY,
    design: str = "crossed",
    confidence: float = 1.0 - LEVEL,
    resolution: float = 0.0,
) -> pd.DataFrame:
    """The average of each level of each factor over all arms that have it: optimizers over regularizers, and so on.

    With "one_at_a_time" only arms that differ from the default arm in no other factor count. Averages are taken seed by
    seed and compared with those of the default arm's level, as arms are. A level has no average if one of its arms
    diverged or failed. Optimizer and regularizer are always included, other factors where they are compared.
    """
    import pandas as pd

    confirm = trials[trials["stage"] == "confirm"]
    rows = []
    for factor, control in default.choices.items():
        alike = confirm
        if design == "one_at_a_time":
            for name, level in default.choices.items():
                alike = alike if name == factor else alike[alike[name] == level]
        levels = list(dict.fromkeys(alike[factor]))
        by_level = {
            level: [
                float(np.mean(seed_group["test_score"].to_numpy()))
                for _, seed_group in alike[alike[factor] == level].groupby("seed")
            ]
            for level in levels
        }
        others = [level for level in levels if level != control]
        averaged = int(alike[factor].value_counts().min()) / max(1, alike["seed"].nunique())
        step = resolution / math.sqrt(max(1.0, averaged))  # the step of a mean over this many arms
        compared = compare_with(by_level[control], [by_level[level] for level in others], resolution=step)
        tests = dict(zip(others, compared, strict=True))
        for level in levels:
            mean, sd = mean_sd(by_level[level])
            difference = 0.0 if level == control else mean - mean_sd(by_level[control])[0]
            p = tests.get(level, NOTHING)[0]
            of_level = alike[alike[factor] == level]
            failed = bool((of_level["status"] == "failed").any())
            if level == control:
                word = "default"
            elif math.isfinite(mean):
                word = word_of(difference, p, metric, 1.0 - confidence)
            else:
                word = "failed" if failed else "diverged"
            rows.append(
                {
                    "factor": factor,
                    "level": level,
                    "test_mean": mean,
                    "test_sd": sd,
                    "difference": difference,
                    "p_value": p,
                    "verdict": word,
                }
            )
    return pd.DataFrame(rows)
