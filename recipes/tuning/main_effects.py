"""main_effects: what each level of a factor does, averaged over the arms that have it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..metric import ACCURACY, Metric
from .arms import Arm
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
    """Each level of each factor averaged over all arms that have it: optimizers over the regularizers, and so on.

    With "one_at_a_time" only arms count that differ from the default one in that factor alone. The averages are taken
    seed by seed and compared with those of the default arm's level, as arms are. Arms that diverged or failed leave
    their level without a number. Optimizers and regularizers are always there, other factors where they are compared.
    """
    import pandas as pd

    confirm = trials[trials["stage"] == "confirm"]
    rows = []
    for factor, control in default.choices.items():
        alike = confirm
        if design == "one_at_a_time":
            for other, level in default.choices.items():
                alike = alike if other == factor else alike[alike[other] == level]
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
        step = resolution / math.sqrt(max(1.0, averaged))  # of a mean over so many arms
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
